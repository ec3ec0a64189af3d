-- The sending side.  message.id (UUID v7, so ordered by time) is the one key:
-- it partitions message, delivery, attempt and receipt alike, so retention
-- drops whole ranges.  No foreign keys here (they would forbid that), no
-- identity columns, built-in types only.

CREATE TABLE IF NOT EXISTS io_notify.message
(
	id uuid NOT NULL DEFAULT io_notify.uuid_v7(),
	service text,
	recipient text,
	template text,
	template_version integer,
	params jsonb,
	subject text,
	markdown text,
	priority text DEFAULT 'normal',
	send_after timestamptz,
	time_to_live interval,
	due_date timestamptz,
	payment_amount bigint,
	payment_notice text,
	payment_payee text,
	payment_invalid_after_due_date boolean,
	require_secure_channels boolean,
	feature_level text DEFAULT 'standard',
	third_party_data jsonb,
	email text,
	phone text,
	language text,
	reference text,
	idempotency_key text,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- The one way from a person to the messages.  By hash, because every message
-- pays for it: comparing codes costs half as much again (measured).
CREATE INDEX IF NOT EXISTS message_recipient ON io_notify.message (hashtextextended(recipient, 0), id);
COMMENT ON TABLE io_notify.message IS 'what services send: insert a row and it is routed in the same transaction; append-only';

CREATE TABLE IF NOT EXISTS io_notify.delivery
(
	message_id uuid NOT NULL,
	seq smallint NOT NULL,
	service text NOT NULL,
	recipient text NOT NULL,
	channel text NOT NULL,
	address text,
	provider text,
	state text NOT NULL,
	reason text,
	attempts integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT now(),
	next_attempt_at timestamptz,
	sent_at timestamptz,
	delivered_at timestamptz,
	settled_at timestamptz,
	provider_ref text,
	PRIMARY KEY (message_id, seq)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE io_notify.delivery IS 'one row per message, channel and address; state: queued sent delivered failed expired cancelled suppressed uncertain (a live claim in queue means sending)';

CREATE TABLE IF NOT EXISTS io_notify.attempt
(
	message_id uuid NOT NULL,
	seq smallint NOT NULL,
	n integer NOT NULL,
	started_at timestamptz NOT NULL,
	finished_at timestamptz,
	provider text,
	outcome text NOT NULL,
	code integer,
	detail text,
	dispatcher text,
	PRIMARY KEY (message_id, seq, n)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE io_notify.attempt IS 'one row per try of a delivery, written once; outcome: accepted permanent transient provider_fault unknown';

CREATE TABLE IF NOT EXISTS io_notify.receipt
(
	message_id uuid NOT NULL,
	seq smallint NOT NULL,
	id uuid NOT NULL DEFAULT io_notify.uuid_v7(),
	received_at timestamptz NOT NULL DEFAULT now(),
	provider text,
	status text NOT NULL,
	detail text,
	payload bytea,
	PRIMARY KEY (message_id, seq, id)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE io_notify.receipt IS 'what the far side reported later, as received and parsed; append-only';

-- The dispatcher's private room.  A claim changes only unindexed columns, so
-- it is a HOT update as long as the page has room: hence the fill factor.
CREATE TABLE IF NOT EXISTS io_notify.queue
(
	message_id uuid NOT NULL,
	seq smallint NOT NULL,
	kind text COLLATE "C" NOT NULL DEFAULT 'send',
	channel text COLLATE "C" NOT NULL,
	destination text COLLATE "C" NOT NULL DEFAULT '',
	priority smallint NOT NULL DEFAULT 1,
	due_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	service text NOT NULL,
	address text,
	attempt integer NOT NULL DEFAULT 0,
	failures integer NOT NULL DEFAULT 0,
	orphaned integer NOT NULL DEFAULT 0,
	claimed_by text COLLATE "C",
	claimed_at timestamptz,
	PRIMARY KEY (message_id, seq)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
		autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
CREATE INDEX IF NOT EXISTS queue_claim ON io_notify.queue (channel, destination, priority, due_at, message_id, seq)
	WITH (deduplicate_items = off);
COMMENT ON TABLE io_notify.queue IS 'work not finished yet: one row per delivery to send, or per message to route later (kind route)';

CREATE TABLE IF NOT EXISTS io_notify.idempotency
(
	service text NOT NULL,
	idempotency_key text NOT NULL,
	payload_hash bytea NOT NULL,
	message_id uuid NOT NULL,
	PRIMARY KEY (service, idempotency_key)
);
COMMENT ON TABLE io_notify.idempotency IS 'keys senders gave, with a hash of what they sent';

-- Each transaction in progress adds to a slot of its own; the sum over the
-- slots is what was used.  Written past the executor: no triggers, and no
-- index but plain ones.
CREATE TABLE IF NOT EXISTS io_notify.usage
(
	service text COLLATE "C" NOT NULL,
	channel text COLLATE "C" NOT NULL,
	period text COLLATE "C" NOT NULL,
	starts_on date NOT NULL,
	slot integer NOT NULL,
	turn integer NOT NULL DEFAULT 0,
	used bigint NOT NULL,
	PRIMARY KEY (service, channel, period, starts_on, slot, turn)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE io_notify.usage IS 'what services have used of their quotas, per period (UTC); channel empty means messages; see service_usage';

CREATE TABLE IF NOT EXISTS io_notify.audit_event
(
	id uuid PRIMARY KEY DEFAULT io_notify.uuid_v7(),
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor name NOT NULL DEFAULT session_user,
	kind text NOT NULL,
	subject text,
	detail jsonb
);
COMMENT ON TABLE io_notify.audit_event IS 'administrative acts and late outcomes; holds no personal data';

CREATE TABLE IF NOT EXISTS io_notify.audit_seal
(
	id uuid PRIMARY KEY DEFAULT io_notify.uuid_v7(),
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	first_event uuid NOT NULL,
	last_event uuid NOT NULL,
	events bigint NOT NULL,
	root bytea NOT NULL,
	previous bytea,
	signature bytea
);
COMMENT ON TABLE io_notify.audit_seal IS 'hash chain over sealed audit batches';
