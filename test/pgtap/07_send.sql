-- send(), bulk statements, what a rollback leaves.
BEGIN;
\ir setup.inc
SELECT plan(22);
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('t', 'mail', 'S', 'M');

SELECT io_notify.send('mail', 'RSSMRA85T10A562S', 't', '{"a": 1}') AS id \gset
SELECT results_eq(format('SELECT service, recipient, template, params::text, priority, created_by::text FROM io_notify.message WHERE id = %L', :'id'),
	$$SELECT 'mail', 'RSSMRA85T10A562S', 't', '{"a": 1}', 'normal', current_user::text$$, 'four arguments in order');
UPDATE io_notify.service SET explicit_addresses = true WHERE name = 'mail';
SELECT io_notify.send(service => 'mail', recipient => 'RSSMRA85T10A562S', template => NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'), priority => 'emergency',
	send_after => now() + interval '1 hour', time_to_live => '2 hours', reference => 'prot. 7', idempotency_key => 'k', language => 'de', email => 'a@b.it', phone => '+393331234567') AS id \gset
SELECT results_eq(format('SELECT template, params::text, subject, markdown, priority, send_after, time_to_live, reference, idempotency_key, language, email, phone FROM io_notify.message WHERE id = %L', :'id'),
	$$SELECT NULL, NULL, 'Oggetto di prova', rpad('Testo', 80, '.'), 'emergency', now() + interval '1 hour', interval '2 hours', 'prot. 7', 'k', 'de', 'a@b.it', '+393331234567'$$, 'every argument by name');
SELECT is((SELECT priority FROM io_notify.message WHERE id = io_notify.send('mail', 'RSSMRA85T10A562S', 't', priority => NULL)), NULL, 'not visible to the statement that sends');
SELECT is((SELECT count(*) FROM io_notify.message WHERE priority IS NULL), 0::bigint, 'no priority means normal');
SELECT throws_ok($$SELECT io_notify.send(NULL, 'RSSMRA85T10A562S', 't')$$, '22023', NULL, 'no service');
SELECT throws_ok($$SELECT io_notify.send('mail', NULL, 't')$$, '22023', NULL, 'no recipient');
SELECT throws_ok($$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', NULL)$$, '22023', NULL, 'no content');
SELECT throws_ok($$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', 't', subject => 'S')$$, '22023', NULL, 'two contents');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', 't')$$), '42501', 'a stranger');
SELECT matches(pg_temp.run_as('tap_sender', $$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', 't')$$), '^[0-9a-f-]{36}$', 'a member');
SELECT is((SELECT string_agg(DISTINCT created_by, ' ') FROM io_notify.message WHERE created_by <> current_user), 'tap_sender', 'is who it is');

-- a bulk statement steps behind the others by itself
DELETE FROM io_notify.queue;
CREATE FUNCTION pg_temp.bulk(rows integer, how text DEFAULT 'normal') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	INSERT INTO io_notify.message (service, recipient, subject, markdown, priority) SELECT 'mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), how FROM generate_series(1, rows);
	SELECT string_agg(DISTINCT priority::text, ' ') || ' ' || count(*) INTO answer FROM io_notify.queue;
	DELETE FROM io_notify.queue;
	RETURN answer;
END
$$;
SELECT is(pg_temp.bulk(1000), '1 1000', 'a thousand rows are normal');
SELECT is(pg_temp.bulk(1001), '2 1001', 'more are bulk');
SELECT is(pg_temp.bulk(1001, 'emergency'), '0 1001', 'an emergency stays one');
SELECT is(pg_temp.bulk(1, 'bulk'), '2 1', 'bulk by name');

-- rollback and savepoint
DELETE FROM io_notify.delivery;
SAVEPOINT s;
SELECT pg_temp.put('all') AS id \gset
ROLLBACK TO s;
SELECT is((SELECT count(*) FROM io_notify.queue) + (SELECT count(*) FROM io_notify.delivery) + (SELECT count(*) FROM io_notify.message WHERE id = :'id'), 0::bigint, 'a rolled-back savepoint leaves nothing');
DO $$
BEGIN
	PERFORM pg_temp.put('all');
	RAISE EXCEPTION 'no';
EXCEPTION WHEN raise_exception THEN
END
$$;
SELECT is((SELECT count(*) FROM io_notify.queue) + (SELECT count(*) FROM io_notify.delivery), 0::bigint, 'nor does a caught error');
SAVEPOINT s;
SELECT pg_temp.put('all') AS id \gset
RELEASE s;
SELECT is(pg_temp.queued(:'id'), 'send email, send sms, send webhook, send pec', 'a released one counts');
INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT 'mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.') WHERE false;
SELECT is((SELECT count(*) FROM io_notify.queue), 4::bigint, 'a statement of no rows does nothing');

-- several services and templates in one statement
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('t', 'plain', 'S', 'M');
INSERT INTO io_notify.message (service, recipient, template) SELECT CASE WHEN i % 2 = 0 THEN 'mail' ELSE 'plain' END, 'RSSMRA85T10A562S', 't' FROM generate_series(1, 300) i;
SELECT results_eq($$SELECT d.service, d.channel, count(*)::int FROM io_notify.delivery d JOIN io_notify.message m ON m.id = d.message_id WHERE m.template = 't' GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$VALUES ('mail', 'email', 150), ('mail', 'inbox', 150), ('plain', 'inbox', 150)$$, 'services may alternate');
SELECT throws_ok($$INSERT INTO io_notify.message (service, recipient, template) VALUES ('mail', 'RSSMRA85T10A562S', 't'), ('all', 'RSSMRA85T10A562S', 't')$$,
	'42704', NULL, 'a template of one service is not another''s');

-- evidence
SELECT throws_ok('UPDATE io_notify.message SET markdown = ''x''', '55000', NULL, 'messages are not changed');
SELECT * FROM finish();
ROLLBACK;
