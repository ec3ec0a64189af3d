-- What citizens prove, disclose, pay and did with their messages, and what
-- services learn of it.  No CHECK on what an app's back end writes: a failing
-- one would print the row, so every rule is in the triggers, in C.

CREATE TABLE IF NOT EXISTS io_notify.verification
(
	fiscal_code text NOT NULL,
	channel text NOT NULL,
	address text NOT NULL,
	salt bytea NOT NULL,
	token_hash bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	failures integer NOT NULL DEFAULT 0,
	starts integer NOT NULL DEFAULT 1,
	counted_from timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (fiscal_code, channel)
);
COMMENT ON TABLE io_notify.verification IS 'proofs of an address under way: the token''s hash, never the token';

CREATE TABLE IF NOT EXISTS io_notify.disclosure
(
	fiscal_code text NOT NULL,
	service text NOT NULL,
	preference_version integer NOT NULL,
	read_status boolean NOT NULL,
	PRIMARY KEY (fiscal_code, service, preference_version)
);
COMMENT ON TABLE io_notify.disclosure IS 'whether a service may know that its messages were read; without a row of the current version: yes in mode auto, no in manual';

CREATE TABLE IF NOT EXISTS io_notify.inbox_state
(
	message_id uuid NOT NULL,
	fiscal_code text NOT NULL,
	read_at timestamptz,
	archived_at timestamptz,
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (message_id)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE io_notify.inbox_state IS 'what the citizen did to a message: read, archived; no row: neither';

CREATE TABLE IF NOT EXISTS io_notify.payment
(
	payee text NOT NULL,
	notice text NOT NULL,
	paid_at timestamptz NOT NULL,
	source name NOT NULL DEFAULT current_user,
	PRIMARY KEY (payee, notice)
);
COMMENT ON TABLE io_notify.payment IS 'payment notices known to be paid, by payee (11 digits) and notice number';

CREATE TABLE IF NOT EXISTS io_notify.subscription_event
(
	day date NOT NULL,
	service text NOT NULL,
	fiscal_code text NOT NULL,
	event text NOT NULL,
	PRIMARY KEY (day, service, fiscal_code)
);
COMMENT ON TABLE io_notify.subscription_event IS 'who began (S) or ceased (U) to receive, by UTC day; service '''' is the whole profile; read through subscription_feed()';

CREATE TABLE IF NOT EXISTS io_notify.service_secret
(
	service text NOT NULL,
	purpose text NOT NULL,
	key bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (service, purpose)
);
COMMENT ON TABLE io_notify.service_secret IS 'keys made for a service on first use; for the owner alone';

-- An address proved by one citizen cannot be proved by another.
CREATE UNIQUE INDEX IF NOT EXISTS citizen_verified_email ON io_notify.citizen (lower(email)) WHERE email_verified;
CREATE UNIQUE INDEX IF NOT EXISTS citizen_verified_phone ON io_notify.citizen (phone) WHERE phone_verified;

DO $attach$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT * FROM (VALUES
		('preference', 'check_preference', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_preference'),
		('activation', 'check_activation', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_activation'),
		('device', 'check_device', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_device'),
		('suppression', 'check_suppression', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_suppression'),
		('disclosure', 'check_disclosure', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_disclosure'),
		('inbox_state', 'check_inbox_state', 'BEFORE INSERT OR UPDATE', '', 'FOR EACH ROW', '_check_inbox_state'),
		('citizen', 'feed_insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_row', 'FOR EACH STATEMENT', '_feed_citizen'),
		('citizen', 'feed_update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row', 'FOR EACH STATEMENT', '_feed_citizen'),
		('citizen', 'feed_delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_row', 'FOR EACH STATEMENT', '_feed_citizen'),
		('preference', 'feed_insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_row', 'FOR EACH STATEMENT', '_feed_preference'),
		('preference', 'feed_update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row', 'FOR EACH STATEMENT', '_feed_preference'),
		('preference', 'feed_delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_row', 'FOR EACH STATEMENT', '_feed_preference')
	) x (relation, name, event, tables, level, function)
	LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
					   WHERE tgrelid = pg_catalog.to_regclass('io_notify.' || t.relation) AND tgname = t.name) THEN
			EXECUTE pg_catalog.format('CREATE TRIGGER %I %s ON io_notify.%I %s %s EXECUTE FUNCTION io_notify.%I()',
				t.name, t.event, t.relation, t.tables, t.level, t.function);
		END IF;
	END LOOP;
END
$attach$;
