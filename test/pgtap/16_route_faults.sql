-- Routing goes past the executor: what a DBA may do to the tables, and what a
-- sender may bring, must end in a row or in an error that says what to do,
-- never in a crash and never in somebody else's address.
BEGIN;
\ir setup.inc
SELECT plan(34);

CREATE FUNCTION pg_temp.error_detail(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ': ' || told;
END $$;

-- Names out of wide tables come compressed or out of line
SAVEPOINT plain;
INSERT INTO io_notify.service (name, organization, state, channels) VALUES (rpad('largo', 60, 'x'), 'tap', 'published', '{inbox,email}');
CREATE TABLE pg_temp.wide (service text, recipient text, email text, filler text, more text);
ALTER TABLE pg_temp.wide ALTER service SET STORAGE EXTERNAL, ALTER filler SET STORAGE PLAIN;
INSERT INTO pg_temp.wide SELECT rpad('largo', 60, 'x'), 'RSSMRA85T10A562S', NULL, repeat('y', 7000), NULL FROM generate_series(1, 3);
SELECT is((SELECT count(*)::int FROM pg_class c WHERE c.oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'pg_temp.wide'::regclass)
	AND pg_relation_size(c.oid) > 0), 1, 'a service''s name lies out of line');
SELECT lives_ok($$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	SELECT service, recipient, 'Oggetto di prova', rpad('Testo', 80, '.') FROM pg_temp.wide$$, 'it is sent for');
SELECT is((SELECT count(*)::int FROM io_notify.delivery WHERE service = rpad('largo', 60, 'x') AND state = 'queued'), 3, 'and routed');
UPDATE io_notify.service SET daily_quota = 8 WHERE name = rpad('largo', 60, 'x');
SELECT lives_ok($$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	SELECT service, recipient, 'Oggetto di prova', rpad('Testo', 80, '.') FROM pg_temp.wide$$, 'its quota is drawn');
SELECT throws_matching($$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	SELECT service, recipient, 'Oggetto di prova', rpad('Testo', 80, '.') FROM pg_temp.wide$$, 'over its daily quota', 'to its end');
ROLLBACK TO plain;

-- Columns a DBA adds
ALTER TABLE io_notify.queue ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;
CREATE DOMAIN pg_temp.region AS text DEFAULT 'FVG';
ALTER TABLE io_notify.delivery ADD COLUMN region pg_temp.region;
SELECT pg_temp.put('mail') AS id \gset
SELECT is((SELECT count(n)::int FROM io_notify.queue WHERE message_id = :'id'), 1, 'an identity column counts');
SELECT is((SELECT count(*)::int FROM io_notify.delivery WHERE message_id = :'id' AND region = 'FVG'), 2, 'a domain''s default is given');
ROLLBACK TO plain;

-- Types a DBA changes: where a value cannot be taken for what it was, an error says so
ALTER TABLE io_notify.preference ALTER preference_version TYPE bigint;
INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('RSSMRA85T10A562S', 'mail', 0, 'email', false);
SELECT throws_ok($$SELECT pg_temp.put('mail')$$, '42804', 'column "preference_version" of io_notify.preference has type bigint', 'a key''s type');
ROLLBACK TO plain;
ALTER TABLE io_notify.activation ALTER state TYPE varchar(20);
CREATE DOMAIN pg_temp.channel AS text;
ALTER TABLE io_notify.suppression ALTER channel TYPE pg_temp.channel;
INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'mario@citizens.test');
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed suppressed_address', 'varchar and domains read as text');
ROLLBACK TO plain;
ALTER TABLE io_notify.device ALTER endpoint TYPE bytea USING convert_to(endpoint, 'UTF8');
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'what is not read may be anything');
ROLLBACK TO plain;
ALTER TABLE io_notify.queue ALTER priority TYPE numeric, ALTER attempt TYPE bigint;
SELECT pg_temp.put('mail') AS id \gset
SELECT is((SELECT priority || ' ' || attempt FROM io_notify.queue WHERE message_id = :'id'), '1 0', 'what is written is converted');
ROLLBACK TO plain;
ALTER TABLE io_notify.queue ALTER address TYPE varchar(10);
SELECT throws_ok($$SELECT pg_temp.put('mail')$$, '22001', NULL, 'or refused');
ROLLBACK TO plain;
DO $$ DECLARE v regclass; BEGIN
	FOR v IN SELECT DISTINCT r.ev_class::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
		WHERE d.refobjid = 'io_notify.message'::regclass AND r.ev_class <> d.refobjid LOOP EXECUTE 'DROP VIEW IF EXISTS ' || v || ' CASCADE'; END LOOP;
END $$;
SAVEPOINT unseen;
ALTER TABLE io_notify.message ALTER params TYPE json;
SELECT throws_ok($$SELECT pg_temp.put('mail')$$, '42804', 'column "params" of io_notify.message has type json', 'a message''s type');
ROLLBACK TO plain;

-- NULLs where there were none
ALTER TABLE io_notify.service ALTER default_time_to_live DROP NOT NULL, ALTER capabilities DROP NOT NULL,
	ALTER max_payment_amount DROP NOT NULL, ALTER authorized_cidrs DROP NOT NULL, ALTER mandatory DROP NOT NULL;
UPDATE io_notify.service SET default_time_to_live = NULL, capabilities = NULL, max_payment_amount = NULL, authorized_cidrs = NULL, mandatory = NULL;
SELECT pg_temp.put('mail') AS id \gset
SELECT is((SELECT expires_at - now() FROM io_notify.queue WHERE message_id = :'id'), interval '1 day', 'a service without any value');
ROLLBACK TO plain;
ALTER TABLE io_notify.activation ALTER state DROP NOT NULL, ALTER changed_at DROP NOT NULL, DISABLE TRIGGER USER;
INSERT INTO io_notify.activation (service, fiscal_code, state, changed_at) VALUES ('mail', 'RSSMRA85T10A562S', NULL, NULL);
UPDATE io_notify.service SET category = 'special' WHERE name = 'mail';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'an activation without a state is none');
ROLLBACK TO plain;

-- What fails is not shown: the row is not the sender's
ALTER TABLE io_notify.delivery ADD CHECK (address <> 'Mario@citizens.test') NOT VALID;
SELECT is(pg_temp.error_detail($$SELECT pg_temp.put('mail')$$), '23514: The row is not shown: it may hold personal data.', 'of a CHECK');
ROLLBACK TO plain;
ALTER TABLE io_notify.queue ALTER claimed_at SET NOT NULL;
SELECT is(pg_temp.error_detail($$SELECT pg_temp.put('mail')$$), '23502: The row is not shown: it may hold personal data.', 'of a missing value');
ROLLBACK TO plain;
CREATE UNIQUE INDEX ON io_notify.queue (lower(address));
SELECT pg_temp.put('mail') AS id \gset
SELECT is(pg_temp.error_detail($$SELECT pg_temp.put('mail')$$), '23505: The row is not shown: it may hold personal data.', 'of a duplicate');
ROLLBACK TO plain;
ALTER TABLE io_notify.queue ADD COLUMN twice integer GENERATED ALWAYS AS (priority * 2) STORED, ADD CHECK (address <> 'Mario@citizens.test') NOT VALID;
SELECT is(pg_temp.error_detail($$SELECT pg_temp.put('mail')$$), '23514: The row is not shown: it may hold personal data.', 'nor where a statement writes it');
ROLLBACK TO plain;

-- Statements inside statements
CREATE FUNCTION pg_temp.change(i integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		UPDATE io_notify.service SET channels = CASE i % 2 WHEN 0 THEN '{inbox,email}'::text[] ELSE '{inbox}' END WHERE name = 'mail';
		PERFORM pg_temp.put('mail');
		IF i % 3 = 0 THEN
			RAISE EXCEPTION 'undone';
		END IF;
	EXCEPTION WHEN raise_exception THEN NULL;
	END;
	RETURN 'mail';
END $$;
INSERT INTO io_notify.message (service, recipient, subject, markdown)
SELECT pg_temp.change(i), 'RSSMRA85T10A562S', 'Dal comando esterno', rpad('Testo', 80, '.') FROM generate_series(1, 60) i;
SELECT is((SELECT count(*)::int FROM io_notify.delivery d JOIN io_notify.message m ON m.id = d.message_id WHERE m.subject = 'Dal comando esterno' AND d.channel = 'email'),
	(SELECT 60 * ('email' = ANY (channels))::int FROM io_notify.service WHERE name = 'mail'), 'the outer statement is routed as the service stands at its end');
SELECT is((SELECT count(*)::int FROM io_notify.message WHERE subject = 'Oggetto di prova'), 40, 'the inner ones as they came');
SELECT cmp_ok((SELECT sum(total_bytes)::int FROM pg_backend_memory_contexts WHERE name = 'io_notify services'), '<', 100000, 'nothing is left of services that changed meanwhile');
ROLLBACK TO plain;

CREATE FUNCTION pg_temp.again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.channel = 'email' AND pg_trigger_depth() < 9 THEN
		UPDATE io_notify.service SET title = 'Titolo ' || pg_trigger_depth() WHERE name = 'mail';
		PERFORM io_notify.send('mail', NEW.recipient, NULL, subject => 'Da un trigger', markdown => rpad('Testo', 80, '.'));
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT ON io_notify.delivery FOR EACH ROW EXECUTE FUNCTION pg_temp.again();
INSERT INTO io_notify.message (service, recipient, subject, markdown)
SELECT 'mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.') FROM generate_series(1, 2);
SELECT cmp_ok((SELECT count(*)::int FROM io_notify.message WHERE subject = 'Da un trigger'), '>=', 4, 'a trigger on delivery sends in its turn');
SELECT is((SELECT count(*)::int FROM io_notify.message m WHERE 2 <> (SELECT count(*) FROM io_notify.delivery d WHERE d.message_id = m.id)), 0, 'and every message is routed once');
ROLLBACK TO plain;

-- More services than are kept
INSERT INTO io_notify.service (name, organization, state) SELECT 'many' || i, 'tap', 'published' FROM generate_series(1, 2100) i;
INSERT INTO io_notify.message (service, recipient, subject, markdown)
SELECT 'many' || i % 2100 + 1, 'RSSMRA85T10A562S', 'A tanti servizi', rpad('Testo', 80, '.') FROM generate_series(1, 6300) i;
SELECT is((SELECT count(*)::int FROM io_notify.delivery d WHERE d.service LIKE 'many%' AND d.state = 'delivered'), 6300, 'more services than are kept');
SELECT cmp_ok((SELECT sum(total_bytes)::int FROM pg_backend_memory_contexts WHERE name = 'io_notify services'), '<', 5000000, 'in bounded memory');
ROLLBACK TO plain;

-- One statement, several INSERTs
WITH a AS (INSERT INTO io_notify.message (service, recipient, subject, markdown)
		SELECT 'mail', 'RSSMRA85T10A562S', 'Il primo di due', rpad('Testo', 80, '.') FROM generate_series(1, 3) RETURNING id),
	b AS (INSERT INTO io_notify.message (service, recipient, subject, markdown)
		SELECT 'plain', 'RSSMRA85T10A562S', 'Il secondo di due', rpad('Testo', 80, '.') FROM generate_series(1, 2) RETURNING id),
	c AS (UPDATE io_notify.citizen SET email_enabled = false)
SELECT count(*) AS n FROM a, b \gset
SELECT is((SELECT string_agg(DISTINCT m.subject || ' ' || pg_temp.fate(m.id), '; ') FROM io_notify.message m WHERE m.subject LIKE 'Il % di due'),
	'Il primo di due inbox delivered, email suppressed channel_disabled; Il secondo di due inbox delivered', 'writable CTEs are routed at their end');
SELECT pg_temp.put('mail') AS id \gset
INSERT INTO io_notify.message (id, service, recipient, subject, markdown)
VALUES (:'id', 'mail', 'RSSMRA85T10A562S', 'Lo stesso due volte', rpad('Testo', 80, '.')), (io_notify.uuid_v7(), 'plain', 'RSSMRA85T10A562S', 'Lo stesso due volte', rpad('Testo', 80, '.'))
ON CONFLICT DO NOTHING;
MERGE INTO io_notify.message m USING (VALUES (:'id'::uuid), (io_notify.uuid_v7())) v (id) ON m.id = v.id
	WHEN NOT MATCHED THEN INSERT (id, service, recipient, subject, markdown) VALUES (v.id, 'plain', 'RSSMRA85T10A562S', 'Lo stesso due volte', rpad('Testo', 80, '.'));
SELECT is((SELECT count(*)::int FROM io_notify.message m JOIN io_notify.delivery d ON d.message_id = m.id WHERE m.subject = 'Lo stesso due volte'), 2, 'ON CONFLICT and MERGE');
SET LOCAL session_replication_role = replica;
SELECT pg_temp.put('mail') AS id \gset
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.fate(:'id'), NULL, 'what replication applies was routed elsewhere');
ROLLBACK TO plain;

-- Tokens drawn in savepoints
UPDATE io_notify.service SET rate_per_second = 0.001 WHERE name = 'plain';
SAVEPOINT outer_one;
SAVEPOINT inner_one;
SELECT pg_temp.put('plain') AS id \gset
RELEASE SAVEPOINT inner_one;
SELECT throws_ok($$SELECT pg_temp.put('plain')$$, '53400', NULL, 'the only token is used in a savepoint');
ROLLBACK TO outer_one;
SELECT lives_ok($$SELECT pg_temp.put('plain')$$, 'and returned with the outer one');
ROLLBACK TO plain;

-- What is kept of templates
INSERT INTO io_notify.layout (organization, footer_markdown) VALUES ('tap', 'In fondo alla pagina');
SELECT pg_temp.put('mail') AS id \gset
SELECT ok((SELECT p::text LIKE '%In fondo alla pagina%' FROM io_notify.preview(:'id'::uuid) p WHERE p.channel = 'email'), 'a letterhead');
TRUNCATE io_notify.layout;
SELECT ok((SELECT p::text NOT LIKE '%In fondo alla pagina%' FROM io_notify.preview(:'id'::uuid) p WHERE p.channel = 'email'), 'goes with a TRUNCATE');
ROLLBACK TO plain;

-- Doors
SELECT is_empty($$SELECT d.oid::regprocedure FROM pg_proc d JOIN pg_proc t ON t.pronamespace = d.pronamespace AND t.proname = '_' || d.proname AND t.proargtypes = d.proargtypes
	WHERE d.prosrc = 'ion_as_owner' AND (t.proisstrict AND NOT d.proisstrict OR t.proretset <> d.proretset OR t.prorettype <> d.prorettype)$$,
	'no door lets in a null that what is behind it does not expect');
SELECT * FROM finish();
ROLLBACK;
