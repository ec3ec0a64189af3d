-- Code that runs in the sender's own transaction.

CREATE OR REPLACE FUNCTION io_notify._accept() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_accept' LANGUAGE C;
COMMENT ON FUNCTION io_notify._accept() IS 'BEFORE ROW on message: checks values, authority and the idempotency key';

CREATE OR REPLACE FUNCTION io_notify._route() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_route' LANGUAGE C;
COMMENT ON FUNCTION io_notify._route() IS 'AFTER INSERT on message: fans out into delivery and queue, wakes the dispatcher at commit';

CREATE OR REPLACE FUNCTION io_notify._registry_changed() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_registry_changed' LANGUAGE C;
COMMENT ON FUNCTION io_notify._registry_changed() IS 'after a change to a table services are read from: every process forgets what it kept of them, at commit';

CREATE OR REPLACE FUNCTION io_notify._append_only() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_append_only' LANGUAGE C;
COMMENT ON FUNCTION io_notify._append_only() IS 'refuses to change a row that is evidence';

CREATE OR REPLACE FUNCTION io_notify._check_service() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_service' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_service() IS 'checks the details of a service: texts, addresses, URLs, channels, authorised recipients';

CREATE OR REPLACE FUNCTION io_notify.notify() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_notify' LANGUAGE C;
COMMENT ON FUNCTION io_notify.notify() IS 'trigger for application tables: notify(service, template, recipient column [, send_after column]): the row becomes the template''s params';

CREATE OR REPLACE FUNCTION io_notify.send(service text, recipient text, template text, params jsonb DEFAULT NULL,
	subject text DEFAULT NULL, markdown text DEFAULT NULL, priority text DEFAULT 'normal', send_after timestamptz DEFAULT NULL,
	time_to_live interval DEFAULT NULL, reference text DEFAULT NULL, idempotency_key text DEFAULT NULL, language text DEFAULT NULL,
	email text DEFAULT NULL, phone text DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'ion_send' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.send IS 'inserts one message and returns its id, or the earlier id for the same idempotency key and payload';

CREATE OR REPLACE FUNCTION io_notify.cancel(message_id uuid) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_cancel' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION io_notify.cancel(uuid) IS 'cancels what has not begun; returns how many deliveries it cancelled (0: all of them had begun or ended)';

CREATE OR REPLACE FUNCTION io_notify.route_explain(service text, recipient text, OUT channel text, OUT would_send boolean, OUT address text, OUT reason text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_route_explain' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION io_notify.route_explain(text, text) IS 'the very decision the trigger takes for a message of service to recipient, without sending';
