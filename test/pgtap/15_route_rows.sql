-- How routing writes: what people add to our tables must not be passed over,
-- and what a process keeps of a service must never be out of date.
BEGIN;
\ir setup.inc
SELECT plan(25);

-- Triggers of others
CREATE TABLE pg_temp.seen (what text, n integer);
GRANT INSERT ON pg_temp.seen TO PUBLIC;
CREATE FUNCTION pg_temp.see_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO pg_temp.seen VALUES (TG_TABLE_NAME || ' ' || TG_WHEN, 1); RETURN NEW; END $$;
CREATE FUNCTION pg_temp.see_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO pg_temp.seen SELECT TG_TABLE_NAME || ' statement', count(*) FROM fresh; RETURN NULL; END $$;
CREATE FUNCTION pg_temp.all_seen() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(what || ' ' || sum, ', ' ORDER BY what) FROM (SELECT what, sum(n) FROM pg_temp.seen GROUP BY what) x $$;

SAVEPOINT plain;
CREATE TRIGGER see AFTER INSERT ON io_notify.queue FOR EACH ROW EXECUTE FUNCTION pg_temp.see_row();
SELECT pg_temp.put('mail') AS id \gset
SELECT is(pg_temp.all_seen(), 'queue AFTER 1', 'a row trigger on queue fires');
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email queued', 'and the rows are there');
ROLLBACK TO plain;

CREATE TRIGGER see AFTER INSERT ON io_notify.delivery REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.see_statement();
SELECT pg_temp.put('mail') AS id \gset
SELECT is(pg_temp.all_seen(), 'delivery statement 2', 'a statement trigger on delivery sees every row');
SELECT is(pg_temp.queued(:'id'), 'send email', 'the queue row is there too');
ROLLBACK TO plain;

DO $$ BEGIN EXECUTE format('CREATE TRIGGER see BEFORE INSERT ON io_notify.%I FOR EACH ROW EXECUTE FUNCTION pg_temp.see_row()',
	'delivery_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); END $$;
SELECT pg_temp.put('mail') AS id \gset
SELECT matches(pg_temp.all_seen(), '^delivery_\d+_\d+ BEFORE 2$', 'a trigger on one partition fires');
ROLLBACK TO plain;

-- Columns of others
ALTER TABLE io_notify.delivery ADD COLUMN region text DEFAULT 'FVG', ADD COLUMN noted timestamptz DEFAULT now();
ALTER TABLE io_notify.queue ADD COLUMN twice integer GENERATED ALWAYS AS (priority * 2) STORED;
SELECT pg_temp.put('mail') AS id \gset
SELECT is((SELECT array_agg(DISTINCT region) FROM io_notify.delivery WHERE message_id = :'id' AND noted = now()), '{FVG}', 'an added column gets its default');
SELECT is((SELECT twice FROM io_notify.queue WHERE message_id = :'id'), 2, 'a generated column is generated');
ROLLBACK TO plain;

-- A partition with its columns in another order, one of them dropped
CREATE TABLE io_notify.delivery_far (gone integer, reason text, provider_ref text, settled_at timestamptz, delivered_at timestamptz, sent_at timestamptz,
	next_attempt_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(), attempts integer NOT NULL DEFAULT 0, state text NOT NULL, provider text,
	address text, channel text NOT NULL, recipient text NOT NULL, service text NOT NULL, seq smallint NOT NULL, message_id uuid NOT NULL);
ALTER TABLE io_notify.delivery_far DROP COLUMN gone;
ALTER TABLE io_notify.delivery ATTACH PARTITION io_notify.delivery_far
	FOR VALUES FROM (io_notify._uuid_v7_floor('2031-01-01Z')) TO (io_notify._uuid_v7_floor('2031-02-01Z'));
INSERT INTO io_notify.message (id, service, recipient, subject, markdown)
SELECT CASE i % 2 WHEN 0 THEN overlay(io_notify._uuid_v7_floor('2031-01-15Z')::text PLACING lpad(i::text, 12, '0') FROM 25)::uuid ELSE io_notify.uuid_v7() END,
	'mail', 'RSSMRA85T10A562S', 'Due partizioni alla volta', rpad('Testo', 80, '.') FROM generate_series(1, 1200) i;
SELECT is((SELECT count(*)::int FROM io_notify.delivery_far), 1200, 'rows find a partition of another layout');
SELECT is((SELECT count(DISTINCT (channel, state, recipient))::int FROM io_notify.delivery_far), 2, 'with their values in the right columns');
SELECT is((SELECT count(*)::int FROM io_notify.delivery d JOIN io_notify.message m ON m.id = d.message_id
	WHERE m.subject = 'Due partizioni alla volta'), 2400, 'none is lost on the way between two partitions');
SELECT is((SELECT count(DISTINCT message_id)::int FROM io_notify.queue WHERE priority = 2), 1200, 'a large statement counts as bulk');
SELECT throws_ok($$INSERT INTO io_notify.message (id, service, recipient, subject, markdown) SELECT message_id, 'mail', 'RSSMRA85T10A562S', 'La stessa chiave',
	rpad('Testo', 80, '.') FROM io_notify.delivery_far LIMIT 1$$, '23505', NULL, 'a message id that was used is a conflict');
ROLLBACK TO plain;

-- By the row, as Citus has it
DROP TRIGGER route ON io_notify.message;
CREATE TRIGGER route AFTER INSERT ON io_notify.message FOR EACH ROW EXECUTE FUNCTION io_notify._route();
SELECT pg_temp.put('mail') AS id \gset
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email queued', 'the trigger works by the row');
SELECT pg_temp.put('mail', send_after => now() + interval '1 hour') AS id \gset
SELECT is(pg_temp.queued(:'id'), 'route', 'for later too');
ROLLBACK TO plain;

-- What the process keeps of a service
SELECT pg_temp.put('mail') AS id \gset
SAVEPOINT changed;
UPDATE io_notify.service SET channels = '{inbox,sms}' WHERE name = 'mail';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, sms queued', 'a change to the service counts from the next statement');
INSERT INTO io_notify.pause (kind, name) VALUES ('service', 'mail');
SELECT throws_ok($$SELECT pg_temp.put('mail')$$, '55000', 'service "mail" is paused', 'so does a pause');
DELETE FROM io_notify.pause;
DELETE FROM io_notify.service_member WHERE service = 'mail';
SELECT is(pg_temp.run_as('tap_sender', $$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	VALUES ('mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING 'sent'$$), '42501', 'so does a member''s leaving');
ROLLBACK TO changed;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'and a rollback takes it all back');
SELECT is(pg_temp.run_as('tap_sender', $$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	VALUES ('mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING 'sent'$$), 'sent', 'the member is back');
UPDATE io_notify.organization SET fiscal_code = '01386780454' WHERE code = 'tap';
SELECT lives_ok($$SELECT pg_temp.put('mail')$$, 'a change to the organization does no harm');

-- Quiet hours set the time
UPDATE io_notify.citizen SET quiet_from = (now() AT TIME ZONE 'Europe/Rome' - interval '1 hour')::time, quiet_to = (now() AT TIME ZONE 'Europe/Rome' + interval '2 hours')::time;
SELECT pg_temp.put('all') AS id \gset
SELECT is((SELECT string_agg(channel, ' ' ORDER BY channel) FROM io_notify.queue WHERE message_id = :'id' AND due_at > now() + interval '1 hour'), 'email sms', 'quiet hours hold mail and SMS');
SELECT is((SELECT string_agg(channel, ' ' ORDER BY channel) FROM io_notify.queue WHERE message_id = :'id' AND due_at <= clock_timestamp()), 'pec webhook', 'not certified mail and back ends');
SELECT is((SELECT count(*)::int FROM io_notify.delivery d JOIN io_notify.queue q USING (message_id, seq) WHERE message_id = :'id' AND q.due_at = d.next_attempt_at), 4, 'the delivery tells when');
SELECT pg_temp.put('all', priority => 'emergency') AS id \gset
SELECT is((SELECT count(*)::int FROM io_notify.queue WHERE message_id = :'id' AND due_at > clock_timestamp()), 0, 'an emergency is not held');

-- A mandatory service
UPDATE io_notify.citizen SET quiet_from = NULL, quiet_to = NULL;
UPDATE io_notify.service SET mandatory = true WHERE name = 'mail';
INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'mario@citizens.test');
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued suppression_overridden', 'a mandatory service may use a suppressed address, and that shows');
SELECT * FROM finish();
ROLLBACK;
