-- The same key and payload is one message; another payload is refused.
BEGIN;
\ir setup.inc
SELECT plan(15);

SELECT pg_temp.put('mail', key => 'k') AS id \gset
CREATE TEMP TABLE before_again ON COMMIT DROP AS SELECT (SELECT count(*) FROM io_notify.message) m, (SELECT count(*) FROM io_notify.delivery) d, (SELECT count(*) FROM io_notify.queue) q;
SELECT is(pg_temp.put('mail', key => 'k'), NULL, 'again: nothing is inserted, nothing returned');
SELECT results_eq('SELECT * FROM before_again', 'SELECT (SELECT count(*) FROM io_notify.message), (SELECT count(*) FROM io_notify.delivery), (SELECT count(*) FROM io_notify.queue)', 'and nothing was written');
SELECT is(io_notify.send('mail', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'), idempotency_key => 'k'), :'id'::uuid, 'send() answers with the earlier id');
SELECT throws_ok($$SELECT pg_temp.put('mail', key => 'k', subject => 'Altro oggetto')$$, '23505', NULL, 'another subject');
SELECT throws_ok($$SELECT pg_temp.put('mail', key => 'k', time_to_live => '1 hour')$$, '23505', NULL, 'another time to live');
SELECT throws_ok($$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', NULL, subject => 'Altro oggetto', markdown => rpad('Testo', 80, '.'), idempotency_key => 'k')$$, '23505', NULL, 'send() with another payload');
SELECT isnt(pg_temp.put('plain', key => 'k'), NULL, 'another service has its own keys');
SELECT isnt(pg_temp.put('mail', key => 'K'), NULL, 'keys are exact');
SELECT isnt(pg_temp.put('mail'), NULL, 'no key, no memory');

-- within one statement, and the order of a jsonb's keys
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('t', 'mail', 'S', 'M');
WITH s AS (INSERT INTO io_notify.message (service, recipient, template, params, idempotency_key)
	SELECT 'mail', 'RSSMRA85T10A562S', 't', CASE i % 2 WHEN 0 THEN '{"a": 1, "b": 2}' ELSE '{"b": 2, "a": 1}' END::jsonb, 'k' || i / 10
	FROM generate_series(0, 99) i RETURNING 1)
SELECT is(count(*), 10::bigint, 'duplicates inside one statement collapse') FROM s;
SELECT throws_ok($$INSERT INTO io_notify.message (service, recipient, subject, markdown, idempotency_key)
	SELECT 'mail', 'RSSMRA85T10A562S', 'Oggetto numero ' || i, rpad('Testo', 80, '.'), 'twice' FROM generate_series(1, 2) i$$, '23505', NULL, 'contradictions inside one statement are refused');

-- a message that was never stored leaves no key
SAVEPOINT s;
SELECT pg_temp.put('mail', key => 'undone') IS NOT NULL AS stored \gset
ROLLBACK TO s;
SELECT isnt(pg_temp.put('mail', key => 'undone', subject => 'Altro oggetto'), NULL, 'a rolled-back key is free');
SELECT is(pg_temp.run_as('tap_sender', $$INSERT INTO io_notify.message (service, recipient, subject, markdown, idempotency_key) VALUES ('mail', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 'k') RETURNING 'stored'$$),
	NULL, 'a sender with grants alone may repeat itself');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.send('mail', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'), idempotency_key => 'k')$$),
	:'id', 'and learns the earlier id');
SELECT is((SELECT count(*) FROM io_notify.idempotency WHERE idempotency_key = 'k'), 2::bigint, 'one row per key and service');
SELECT * FROM finish();
ROLLBACK;
