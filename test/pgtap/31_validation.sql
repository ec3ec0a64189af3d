-- What a message may say and what it may not: each limit at the value before,
-- at and after it, with its SQLSTATE; each capability with and without; and
-- that nothing of what was refused was written.
BEGIN;
\ir setup.inc
SELECT plan(236);

UPDATE io_notify.organization SET fiscal_code = '01488650142' WHERE code = 'tap';
INSERT INTO io_notify.organization (code, name) VALUES ('nameless', 'Ente senza codice');
INSERT INTO io_notify.service (name, organization, state, capabilities, max_payment_amount, explicit_addresses) VALUES
	('able', 'tap', 'published', '{advanced,payee,third_party_data}', 9999999999, true),
	('plain_payer', 'tap', 'published', '{}', 10000, false),
	('advanced', 'tap', 'published', '{advanced}', 0, false),
	('third_party', 'tap', 'published', '{third_party_data}', 0, false),
	('nameless', 'nameless', 'published', '{}', 10000, false);
INSERT INTO io_notify.service (name, organization, state, authorized_recipients, capabilities) VALUES ('sandbox', 'tap', 'published', '{VRDGPP70A01H501S}', '{advanced}');
INSERT INTO io_notify.template (name, subject, markdown) VALUES ('short', 'S', 'M');
CREATE TEMP TABLE written ON COMMIT DROP AS
SELECT (SELECT count(*) FROM io_notify.message) AS m, (SELECT count(*) FROM io_notify.delivery) AS d, (SELECT count(*) FROM io_notify.queue) AS q, (SELECT count(*) FROM io_notify.idempotency) AS i;

-- One message of service able, different from a good one in these columns;
-- what becomes of it is undone.  Answers its SQLSTATE, or ok.
CREATE FUNCTION pg_temp.try(differs text, service text DEFAULT 'able') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	good jsonb := jsonb_build_object('service', quote_literal(service), 'recipient', '''RSSMRA85T10A562S''', 'subject', '''Oggetto di prova''', 'markdown', 'rpad(''Testo'', 80, ''.'')');
	columns text;
	vals text;
BEGIN
	SELECT string_agg(e.key, ', ' ORDER BY e.key), string_agg(e.value, ', ' ORDER BY e.key) INTO columns, vals FROM jsonb_each_text(good || differs::jsonb) e;
	EXECUTE format('INSERT INTO io_notify.message (%s) VALUES (%s)', columns, vals);
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN RETURN 'ok';
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
-- one column, one value
CREATE FUNCTION pg_temp.one(name text, value text, service text DEFAULT 'able') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try(jsonb_build_object(name, value)::text, service)
$$;
-- a payment of so much, and what goes with it
CREATE FUNCTION pg_temp.pay(amount text, notice text DEFAULT '''301234567890123456''', others jsonb DEFAULT '{}', service text DEFAULT 'able') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try((jsonb_build_object('payment_amount', amount, 'payment_notice', notice) || others)::text, service)
$$;
SELECT is(pg_temp.try('{}'), 'ok', 'a good message');

-- lengths are counted in characters, whatever their bytes
SELECT is(pg_temp.one('subject', format('repeat(%L, %s)', c, n)), want, format('subject of %s %s', n, CASE c WHEN 'a' THEN 'letters' WHEN 'è' THEN 'accents' ELSE 'emoji' END))
FROM unnest('{a,è,😀}'::text[]) c, (VALUES (0, '22023'), (9, '22023'), (10, 'ok'), (11, 'ok'), (119, 'ok'), (120, 'ok'), (121, '22023')) v (n, want);
SELECT is(pg_temp.one('markdown', format('repeat(%L, %s)', c, n)), want, format('markdown of %s %s', n, CASE c WHEN 'a' THEN 'letters' WHEN 'è' THEN 'accents' ELSE 'emoji' END))
FROM unnest('{a,è,😀}'::text[]) c, (VALUES (0, '22023'), (79, '22023'), (80, 'ok'), (81, 'ok'), (9999, 'ok'), (10000, 'ok'), (10001, '22023')) v (n, want);
SELECT is(pg_temp.try('{"subject": "NULL", "markdown": "NULL", "template": "''short''"}'), 'ok', 'a template may be shorter');
SELECT is(pg_temp.one(c, format('repeat(''r'', %s)', n)), want, format('%s of %s characters', c, n))
FROM unnest('{reference,idempotency_key}'::text[]) c, (VALUES (0, '22023'), (1, 'ok'), (256, 'ok'), (257, '22023')) v (n, want);
SELECT is(pg_temp.try(jsonb_build_object('subject', 'NULL', 'markdown', 'NULL', 'template', '''short''', 'params', format('jsonb_build_object(''a'', repeat(''x'', %s))', n))::text), want, format('params of %s bytes', pg_column_size(jsonb_build_object('a', repeat('x', n))))) FROM (VALUES (65518, 'ok'), (65519, 'ok'), (65520, '22023')) v (n, want);

-- control characters
SELECT is(pg_temp.one(c, format('rpad(''Testo'' || chr(%s), 100, ''.'')', n)), want, format('%s with character %s', c, n))
FROM (VALUES ('subject', 9, '22023'), ('subject', 10, '22023'), ('subject', 13, '22023'), ('subject', 127, '22023'), ('subject', 133, '22023'), ('subject', 8232, '22023'), ('subject', 160, 'ok'),
	('markdown', 9, 'ok'), ('markdown', 10, 'ok'), ('markdown', 13, 'ok'), ('markdown', 7, '22023'), ('markdown', 27, '22023'), ('markdown', 127, '22023')) v (c, n, want);

-- times
SELECT is(pg_temp.one('time_to_live', quote_literal(t)), want, 'time to live of ' || t)
FROM (VALUES ('-1 us', '22023'), ('0', '22023'), ('1 us', 'ok'), ('1 hour', 'ok'), ('366 days', 'ok'), ('366 days 1 us', '22023'), ('13 months', '22023'), ('1 month -30 days', '22023')) v (t, want);
SELECT is(pg_temp.one('send_after', t), want, 'send after ' || t)
FROM (VALUES ('now() + interval ''366 days''', 'ok'), ('now() + interval ''366 days 1 us''', '22023'), ('now() - interval ''10 years''', 'ok'), ('''infinity''', '22023'), ('''-infinity''', '22023')) v (t, want);
SELECT is(pg_temp.one('due_date', quote_literal(t)), want, 'due ' || t)
FROM (VALUES ('infinity', '22023'), ('-infinity', '22023'), ('0044-03-15 BC', '22023'), ('1999-12-31 23:59:59.999999Z', '22023'), ('2000-01-01 00:00Z', 'ok'), ('2000-01-01 00:00:00.000001Z', 'ok'),
	('2099-12-31 23:59:59.999999Z', 'ok'), ('2100-01-01 00:00Z', '22023'), ('2100-01-01 00:00+01', 'ok')) v (t, want);

-- payments
SELECT is(pg_temp.pay(a), want, 'an amount of ' || a)
FROM (VALUES ('-1', '22023'), ('0', '22023'), ('1', 'ok'), ('2', 'ok'), ('9999999998', 'ok'), ('9999999999', 'ok'), ('10000000000', '22023')) v (a, want);
SELECT is(pg_temp.pay(a, service => 'plain_payer'), want, 'an amount of ' || a || ' against a maximum of 10000')
FROM (VALUES ('9999', 'ok'), ('10000', 'ok'), ('10001', '22023')) v (a, want);
SELECT is(pg_temp.pay('1', service => 'plain'), '22023', 'a service may take no payments to begin with');
SELECT is(pg_temp.pay('1', quote_literal(n)), want, format('notice "%s"', n))
FROM (VALUES ('00123456789012345', '22023'), ('001234567890123456', 'ok'), ('0012345678901234567', '22023'), ('301234567890123456', 'ok'), ('401234567890123456', '22023'), ('901234567890123456', '22023'),
	('101234567890123456', 'ok'), ('201234567890123456', 'ok'), ('30123456789012345A', '22023'), ('30123456789012345 ', '22023'), ('', '22023'), (' 30123456789012345', '22023'), ('३01234567890123456', '22023')) v (n, want);
SELECT is(pg_temp.one('payment_amount', '1'), '22023', 'an amount without a notice');
SELECT is(pg_temp.one('payment_notice', '''301234567890123456'''), '22023', 'a notice without an amount');
SELECT is(pg_temp.one('payment_payee', '''01488650142'''), '22023', 'a payee without a payment');
SELECT is(pg_temp.pay('1', others => jsonb_build_object('payment_payee', quote_literal(p))), want, format('payee "%s"', p))
FROM (VALUES ('15376371009', 'ok'), ('01386780454', 'ok'), ('15376371008', '22023'), ('00000000000', '22023'), ('1537637100', '22023'), ('153763710090', '22023'), ('', '22023'), ('1537637100A', '22023')) v (p, want);
SELECT is(pg_temp.one('payment_invalid_after_due_date', v), want, 'invalid after the due date without a payment: ' || v) FROM (VALUES ('true', '22023'), ('false', 'ok'), ('NULL', 'ok')) x (v, want);
SELECT is(pg_temp.pay('1', others => jsonb_build_object('payment_invalid_after_due_date', v)), want, 'nor a due date: ' || v) FROM (VALUES ('true', '22023'), ('false', 'ok')) x (v, want);
SELECT is(pg_temp.pay('1', others => '{"payment_invalid_after_due_date": "true", "due_date": "now()"}'), 'ok', 'with both');

-- the payee that is not named is the organization; what the sender wrote is not changed by it
CREATE FUNCTION pg_temp.payee(id uuid) RETURNS text LANGUAGE sql AS $$ SELECT payment_payee FROM io_notify.message m WHERE m.id = payee.id $$;
SAVEPOINT payee;
INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice, idempotency_key)
VALUES ('plain_payer', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456', 'pay') RETURNING id \gset
SELECT is(pg_temp.payee(:'id'), '01488650142', 'the organization''s fiscal code is written into the message');
UPDATE io_notify.organization SET fiscal_code = '15376371009' WHERE code = 'tap';
SELECT is_empty($$INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice, idempotency_key)
	VALUES ('plain_payer', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456', 'pay') RETURNING id$$, 'the same again is the same, though the default has changed');
INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice)
VALUES ('plain_payer', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456') RETURNING payment_payee AS payee \gset
SELECT is(:'payee'::text, '15376371009', 'a new one has the new code, RETURNING too');
INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice, payment_payee)
VALUES ('able', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456', '01386780454') RETURNING id \gset
SELECT is(pg_temp.payee(:'id'), '01386780454', 'a payee that is named stays');
INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice)
VALUES ('nameless', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456') RETURNING id \gset
SELECT is(pg_temp.payee(:'id'), NULL, 'an organization without a code gives none');
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('plain_payer', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING id \gset
SELECT is(pg_temp.payee(:'id'), NULL, 'nor has a message without a payment one');
WITH s AS (INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice)
	SELECT CASE i % 2 WHEN 0 THEN 'plain_payer' ELSE 'nameless' END, 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 100, '301234567890123456' FROM generate_series(1, 1000) i RETURNING service, payment_payee)
SELECT is(concat_ws(' ', count(*), count(payment_payee), count(*) FILTER (WHERE service = 'plain_payer' AND payment_payee = '15376371009')), '1000 500 500', 'a bulk statement') FROM s;
ROLLBACK TO payee;

-- capabilities: value first, then the right to it
SELECT is(pg_temp.pay('1', others => '{"payment_payee": "''15376371009''"}', service => 'plain_payer'), '42501', 'a payee without the capability');
SELECT is(pg_temp.pay('1', others => '{"payment_payee": "''01488650142''"}', service => 'plain_payer'), '42501', 'even one''s own');
SELECT is(pg_temp.pay('1', others => '{"payment_payee": "''15376371008''"}', service => 'plain_payer'), '22023', 'a payee that is none');
SELECT is(pg_temp.one('feature_level', quote_literal(l), s), want, format('feature level %s of %s', l, s))
FROM (VALUES ('standard', 'plain', 'ok'), ('advanced', 'plain', '42501'), ('advanced', 'advanced', 'ok'), ('premium', 'advanced', '22023'), ('ADVANCED', 'advanced', '22023')) v (l, s, want);
SELECT is(pg_temp.one('email', '''a@b.it''', s), want, 'an address of its own of ' || s) FROM (VALUES ('able', 'ok'), ('plain', '42501')) v (s, want);
SELECT is(pg_temp.one('phone', '''+393331234567''', s), want, 'a number of its own of ' || s) FROM (VALUES ('able', 'ok'), ('plain', '42501')) v (s, want);
SELECT is(pg_temp.one('recipient', quote_literal(r), 'sandbox'), want, 'the sandbox and ' || r)
FROM (VALUES ('VRDGPP70A01H501S', 'ok'), ('RSSMRA85T10A562S', '42501'), ('AAAAAA00A00A000A', '42501'), ('VRDGPP70A01H501T', '22023')) v (r, want);

-- third-party data
SELECT is(pg_temp.one('third_party_data', quote_literal(t), s), want, format('%s: %s', s, left(t, 70))) FROM (VALUES
	('third_party', '{"id": "d"}', 'ok'), ('plain', '{"id": "d"}', '42501'), ('advanced', '{"id": "d"}', '42501'), ('plain', '{"id": ""}', '22023'),
	('third_party', '{}', '22023'), ('third_party', '[]', '22023'), ('third_party', '"d"', '22023'), ('third_party', 'null', '22023'), ('third_party', '[{"id": "d"}]', '22023'),
	('third_party', '{"id": null}', '22023'), ('third_party', '{"id": 1}', '22023'), ('third_party', '{"id": "a\nb"}', '22023'), ('third_party', '{"ID": "d"}', '22023'),
	('third_party', '{"id": "d", "colour": "red"}', '22023'), ('third_party', '{"id": "d", "": 1}', '22023'),
	('third_party', '{"id": "d", "has_attachments": false}', 'ok'), ('third_party', '{"id": "d", "has_attachments": "false"}', '22023'), ('third_party', '{"id": "d", "has_attachments": null}', '22023'),
	('third_party', '{"id": "d", "has_attachments": true}', '42501'), ('able', '{"id": "d", "has_attachments": true}', '42501'), ('plain', '{"id": "d", "has_attachments": true}', '42501'),
	('third_party', '{"id": "d", "has_remote_content": true}', 'ok'), ('third_party', '{"id": "d", "has_remote_content": 1}', '22023'),
	('third_party', '{"id": "d", "has_precondition": "ALWAYS"}', 'ok'), ('third_party', '{"id": "d", "has_precondition": "ONCE"}', 'ok'), ('third_party', '{"id": "d", "has_precondition": "NEVER"}', 'ok'),
	('third_party', '{"id": "d", "has_precondition": "always"}', '22023'), ('third_party', '{"id": "d", "has_precondition": true}', '22023'),
	('third_party', '{"id": "d", "original_sender": "Comune"}', 'ok'), ('third_party', '{"id": "d", "original_sender": ""}', '22023'), ('third_party', '{"id": "d", "original_sender": ["Comune"]}', '22023'),
	('third_party', '{"id": "d", "summary": ""}', 'ok'), ('third_party', '{"id": "d", "summary": "due\nrighe"}', 'ok'), ('third_party', '{"id": "d", "summary": "\u0007"}', '22023'),
	('third_party', '{"id": "d", "configuration_id": "01HQZX3VXK5W8F4T9N2B7M6C1D"}', 'ok'), ('third_party', '{"id": "d", "configuration_id": "01HQZX3VXK5W8F4T9N2B7M6C1"}', '22023'),
	('third_party', '{"id": "d", "configuration_id": "01HQZX3VXK5W8F4T9N2B7M6C1DD"}', '22023'), ('third_party', '{"id": "d", "configuration_id": "01HQZX3VXK5W8F4T9N2B7M6C1U"}', '22023')) v (s, t, want);
SELECT is(pg_temp.try(jsonb_build_object('feature_level', '''advanced''', 'third_party_data', quote_literal('{"id": "d", "has_attachments": true}'))::text), 'ok', 'attachments of an advanced message');
SELECT is(pg_temp.one('third_party_data', format('jsonb_build_object(''id'', repeat(''è'', %s))', n)), want, format('an id of %s characters', n)) FROM (VALUES (1, 'ok'), (255, 'ok'), (256, 'ok'), (257, '22023')) v (n, want);
SELECT is(pg_temp.one('third_party_data', quote_literal(jsonb_build_object('id', 'd', 'original_receipt_date', t))), want, 'received ' || t) FROM (VALUES
	('2026-01-31T12:00:00Z', 'ok'), ('2026-01-31T12:00:00.123456Z', 'ok'), ('2026-01-31T12:00:00+01:00', 'ok'), ('2026-01-31T23:59:60Z', 'ok'), ('2026-01-31', '22023'), ('2026-01-31 12:00:00Z', '22023'),
	('2026-01-31T12:00:00', '22023'), ('2026-01-31T24:00:00Z', '22023'), ('2026-13-31T12:00:00Z', '22023'), ('2026-00-31T12:00:00Z', '22023'), ('2026-01-32T12:00:00Z', '22023'), ('2026-01-31T12:60:00Z', '22023'),
	('2026-01-31T12:00:61Z', '22023'), ('2026-01-31T12:00:00.Z', '22023'), ('2026-01-31T12:00:00+0100', '22023'), ('2026-01-31T12:00:00+24:00', '22023'), ('2026-01-31T12:00:00Z ', '22023'), ('ieri', '22023'), ('', '22023')) v (t, want);

-- who asks comes before what is written, what is written before what it needs
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.send('plain', 'nobody', NULL, subject => 'x', markdown => 'y')$$), '42501', 'a stranger learns nothing of what is wrong with his message');
SELECT is(pg_temp.try('{"recipient": "''nobody''", "subject": "''x''"}', 'no_such_service'), '42704', 'nor anybody of a service that does not exist');
SELECT is(pg_temp.try('{"recipient": "''RSSMRA85T10A562S''", "feature_level": "''advanced''", "subject": "''x''"}', 'plain'), '22023', 'values before capabilities');
SELECT is(pg_temp.pay('20000', others => '{"payment_payee": "''15376371009''"}', service => 'plain_payer'), '42501', 'capabilities before the maximum');
SELECT is(pg_temp.try('{"payment_amount": "1", "payment_notice": "''301234567890123456''"}', 'sandbox'), '42501', 'the sandbox before the maximum');

-- recipients
SELECT is(pg_temp.one('recipient', quote_literal(c)), want, 'recipient ' || c) FROM (VALUES
	('RSSMRA85T10A56NH', 'ok'), ('RSSMRAURTMLARSNL', 'ok'), ('RSSMRAURTMLARSNM', '22023'), ('RSSMRA80A41H501Y', 'ok'), ('AAAAAA00A00A000A', 'ok'), ('AAAAAA00A00A000I', '22023'), ('ABCDEF12A34Y567X', 'ok'),
	('ABCDEF12B34Y567X', '22023'), ('RSSMRA85T32A562X', '22023'), ('01488650142', '22023'), ('rssmra85t10a562s', '22023')) v (c, want);
SET LOCAL io_notify.check_fiscal_code = off;
SELECT is(pg_temp.one('recipient', quote_literal(c)), want, 'by shape alone, recipient ' || c) FROM (VALUES ('RSSMRA85T10A562T', 'ok'), ('RSSMRA85T32A562X', 'ok'), ('RSSMRA85T1OA562S', '22023')) v (c, want);
RESET io_notify.check_fiscal_code;

SELECT results_eq('SELECT (SELECT count(*) FROM io_notify.message), (SELECT count(*) FROM io_notify.delivery), (SELECT count(*) FROM io_notify.queue), (SELECT count(*) FROM io_notify.idempotency)',
	'SELECT m, d, q, i FROM written', 'nothing of all this was written');
SELECT * FROM finish();
ROLLBACK;
