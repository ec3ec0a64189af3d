-- The citizen's inbox, and what a sender may know of readings and payments.
BEGIN;
\ir setup.inc
CREATE ROLE tap_app;
SELECT io_notify.grant_app('tap_app');
INSERT INTO io_notify.service (name, organization, state, channels, capabilities, max_payment_amount)
VALUES ('curious', 'tap', 'published', '{inbox}', '{advanced,read_status,payee,third_party_data}', 100000), ('proud', 'tap', 'published', '{inbox}', '{advanced}', 100000);
SELECT io_notify.grant_sender('tap_sender', s) FROM unnest('{curious,proud}'::text[]) s;
UPDATE io_notify.organization SET fiscal_code = '01488650142' WHERE code = 'tap';
INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled, language) VALUES ('VRDGPP70A01H501S', true, 'de');
CREATE FUNCTION pg_temp.act(who text, command text, role name DEFAULT 'tap_app') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.run_as(role, format('SELECT CASE WHEN io_notify.act_for(%L) IS NOT NULL THEN (%s)::text END', who, command))
$$;
CREATE FUNCTION pg_temp.seen(id uuid, service text DEFAULT 'tap_sender') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.run_as('tap_sender', format('SELECT concat_ws('' '', status, read_status, payment_status) FROM io_notify.message_status WHERE message_id = %L', id))
$$;
SELECT plan(80);

-- what is there
SELECT pg_temp.put('plain') AS one \gset
SELECT pg_temp.put('mail') AS two \gset
SELECT pg_temp.put('plain', 'VRDGPP70A01H501S') AS theirs \gset
SELECT pg_temp.put('plain', send_after => now() + interval '1 hour') AS later \gset
UPDATE io_notify.citizen SET inbox_enabled = false WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT pg_temp.put('plain') AS refused \gset
UPDATE io_notify.citizen SET inbox_enabled = true WHERE fiscal_code = 'RSSMRA85T10A562S';
INSERT INTO io_notify.template (name, service, language, subject, markdown) VALUES
	('t', 'plain', 'it', 'Pratica {{n}}', 'Gentile {{name}}'), ('t', 'plain', 'de', 'Vorgang {{n}}', 'Guten Tag {{name}}');
INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('plain', 'RSSMRA85T10A562S', 't', '{"n": 7, "name": "A*B"}') RETURNING id AS three \gset
INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('plain', 'VRDGPP70A01H501S', 't', '{"n": 8, "name": "Giulia"}') RETURNING id AS german \gset
INSERT INTO io_notify.message (service, recipient, subject, markdown, payment_amount, payment_notice)
	VALUES ('curious', 'RSSMRA85T10A562S', 'Avviso di pagamento', rpad('Testo', 80, '.'), 1234, '301234567890123456') RETURNING id AS four \gset
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level, third_party_data)
	VALUES ('curious', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 'advanced', '{"id": "x"}') RETURNING id AS five \gset
SELECT io_notify.act_for('RSSMRA85T10A562S');
SELECT results_eq('SELECT message_id, service, subject, category FROM io_notify.inbox_list()',
	format($$VALUES (%L::uuid, 'curious', 'Oggetto di prova', 'THIRD_PARTY'), (%L, 'curious', 'Avviso di pagamento', 'PAYMENT'), (%L, 'plain', 'Pratica 7', 'GENERIC'), (%L, 'mail', 'Oggetto di prova', 'GENERIC'), (%L, 'plain', 'Oggetto di prova', 'GENERIC')$$,
	:'five', :'four', :'three', :'two', :'one'), 'the newest first: what reached the inbox, nobody else''s, templates filled in');
SELECT results_eq('SELECT created_at, due_date, payment_amount, read_at, archived_at FROM io_notify.inbox_list() WHERE category = ''PAYMENT''',
	'SELECT now(), NULL::timestamptz, 1234::bigint, NULL::timestamptz, NULL::timestamptz', 'with what a list shows');
SELECT results_eq('SELECT message_id FROM io_notify.inbox_list(2)', format('VALUES (%L::uuid), (%L)', :'five', :'four'), 'a page');
SELECT results_eq(format('SELECT message_id FROM io_notify.inbox_list(2, %L)', :'four'), format('VALUES (%L::uuid), (%L)', :'three', :'two'), 'the next');
SELECT results_eq(format('SELECT message_id FROM io_notify.inbox_list(2, %L)', :'two'), format('VALUES (%L::uuid)', :'one'), 'the last');
SELECT is_empty(format('SELECT FROM io_notify.inbox_list(2, %L)', :'one'), 'and none');
SELECT is((SELECT count(*) FROM io_notify.inbox_list(NULL, NULL, NULL)), 5::bigint, 'null means the default, or both');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('(SELECT count(*) FROM io_notify.inbox_list(%s))', n)), '22023', 'pages of ' || n) FROM (VALUES (0), (-1), (1001)) x (n);
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT io_notify.inbox_list()'), '42501', 'not for strangers');
SELECT is(pg_temp.act('VRDGPP70A01H501S', '(SELECT string_agg(subject, '', '') FROM io_notify.inbox_list())'), 'Vorgang 8, Oggetto di prova', 'each in the citizen''s language');

-- one
SELECT io_notify.act_for('RSSMRA85T10A562S');
SELECT results_eq(format('SELECT x ->> ''subject'', x ->> ''markdown'', x ->> ''category'', x ->> ''read_at'' FROM io_notify.inbox_get(%L) x', :'three'),
	$$VALUES ('Pratica 7', 'Gentile A\*B', 'GENERIC', NULL)$$, 'a message, whole; what fills a template is text');
SELECT is(io_notify.inbox_get(:'four') ->> 'payment_notice', '301234567890123456', 'payment data');
SELECT is(io_notify.inbox_get(:'five') -> 'third_party_data', '{"id": "x"}', 'third-party data');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_get(%L)', id)), '42704', what)
	FROM (VALUES (:'theirs', 'another''s message'), (:'later', 'one not due'), (:'refused', 'one refused'), ('018f0000-0000-7000-8000-000000000000', 'none')) x (id, what);
-- a DBA's surgery, which the table refuses by itself
ALTER TABLE io_notify.template DISABLE TRIGGER template_write;
DELETE FROM io_notify.template;
ALTER TABLE io_notify.template ENABLE TRIGGER template_write;
SELECT is(io_notify.inbox_get(:'three') ->> 'subject', NULL, 'a template that is gone leaves no text, and the message stays');

-- read, archive
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read(%L)', :'one')), 'true', 'read');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read(%L)', :'one')), 'false', 'only once');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read(%L)', id)), '42704', what)
	FROM (VALUES (:'theirs', 'another''s message'), (:'later', 'one not due'), (:'refused', 'one refused')) x (id, what);
SELECT is(pg_temp.act('RSSMRA85T10A562S', 'io_notify.inbox_mark_read(NULL)'), '22023', 'no message at all');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read_bulk(%L)', ARRAY[:'one', :'two', :'two', :'three']::uuid[])), '2', 'many at once');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read_bulk(%L)', ARRAY[:'four', :'theirs']::uuid[])), '42704', 'all');
SELECT is((SELECT read_at FROM io_notify.inbox_state WHERE message_id = :'four'), NULL, 'or none');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_archive(%L)', :'one')), 'true', 'archive');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_archive(%L)', :'one')), 'false', 'it is there already');
SELECT is(pg_temp.act('RSSMRA85T10A562S', '(SELECT count(*) FROM io_notify.inbox_list())'), '4', 'out of the list');
SELECT is(pg_temp.act('RSSMRA85T10A562S', '(SELECT string_agg(message_id::text, '' '') FROM io_notify.inbox_list(archived => true))'), :'one', 'in the archive');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_archive_bulk(%L)', ARRAY[:'one', :'two', :'three']::uuid[])), '2', 'many');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_archive_bulk(%L, false)', ARRAY[:'one', :'two', :'five']::uuid[])), '2', 'and back');
SELECT is(pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_archive(%L, %s)', m, a)), e, what)
	FROM (VALUES (:'theirs', 'true', '42704', 'another''s'), (:'theirs', 'false', '42704', 'either way'), (:'one', 'NULL', '22023', 'in or out')) x (m, a, e, what);
SELECT is((SELECT read_at IS NOT NULL FROM io_notify.inbox_state WHERE message_id = :'one'), true, 'reading and archiving are two things');

-- plain SQL
SELECT io_notify.act_for('RSSMRA85T10A562S');
SELECT is(pg_temp.run_as('tap_app', 'SELECT count(*) FROM io_notify.inbox'), '5', 'the view');
SELECT is(pg_temp.run_as('tap_app', format('SELECT string_agg(service, '' '') FROM (SELECT service FROM io_notify.inbox WHERE message_id < %L ORDER BY message_id DESC LIMIT 2) x', :'five')), 'curious plain', 'by keyset');
SELECT is(pg_temp.run_as('tap_app', format('INSERT INTO io_notify.inbox_state (message_id, read_at) VALUES (%L, ''2001-01-01'') RETURNING fiscal_code || '' '' || (read_at = now())', :'four')), 'RSSMRA85T10A562S true', 'read: who and when we know');
SELECT is(pg_temp.run_as('tap_app', format('INSERT INTO io_notify.inbox_state (message_id, fiscal_code, read_at) VALUES (%L, %L, now())', m, f)), e, what)
	FROM (VALUES (:'theirs', 'RSSMRA85T10A562S', '42704', 'another''s message'), (:'theirs', 'VRDGPP70A01H501S', '42501', 'for another'), (:'refused', 'RSSMRA85T10A562S', '42704', 'one refused')) x (m, f, e, what);
SELECT is(pg_temp.run_as('tap_app', format('UPDATE io_notify.inbox_state SET read_at = NULL WHERE message_id = %L', :'four')), '55000', 'never unread again');
SELECT throws_ok(format('UPDATE io_notify.inbox_state SET read_at = NULL WHERE message_id = %L', :'four'), '55000', NULL, 'not by the owner either');
UPDATE io_notify.inbox_state SET read_at = '2001-01-01' WHERE message_id = :'four';
SELECT is(pg_temp.run_as('tap_app', format('UPDATE io_notify.inbox_state SET read_at = ''2002-01-01'' WHERE message_id = %L RETURNING read_at = now()', :'four')), 'true', 'the first reading stands');
SELECT is(pg_temp.run_as('tap_app', format('UPDATE io_notify.inbox_state SET archived_at = ''2001-01-01'' WHERE message_id = %L RETURNING archived_at = now()', :'four')), 'true', 'archived in plain SQL');
SELECT is(pg_temp.run_as('tap_app', format('UPDATE io_notify.inbox_state SET archived_at = NULL WHERE message_id = %L RETURNING archived_at IS NULL', :'four')), 'true', 'and not');
SELECT is(pg_temp.run_as('tap_app', format('UPDATE io_notify.inbox_state SET message_id = %L WHERE message_id = %L', :'five', :'four')), '42501', 'a state stays with its message');
SELECT is(pg_temp.run_as('tap_app', 'DELETE FROM io_notify.inbox_state'), '42501', 'and is not forgotten');
SELECT is(pg_temp.run_as('tap_app', 'SELECT params FROM io_notify.message'), '42501', 'an app sees no params');

-- what the sender may know of it
SELECT is(pg_temp.seen(:'five'), 'PROCESSED UNREAD', 'an advanced message of a service with the right');
SELECT pg_temp.act('RSSMRA85T10A562S', format('io_notify.inbox_mark_read(%L)', :'five'));
SELECT is(pg_temp.seen(:'five'), 'PROCESSED READ', 'read');
SELECT is(pg_temp.seen(:'four'), 'PROCESSED', 'a standard one tells nothing');
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level) VALUES ('proud', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 'advanced') RETURNING id AS six \gset
SELECT is(pg_temp.seen(:'six'), 'PROCESSED', 'nor a service without the right');
SELECT pg_temp.act('RSSMRA85T10A562S', $$io_notify.disclosure_set('curious', false, 0)$$);
SELECT is(pg_temp.seen(:'five'), 'PROCESSED UNAVAILABLE', 'nor against the citizen''s will');
UPDATE io_notify.citizen SET preference_mode = 'manual' WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is(pg_temp.seen(:'five'), 'PROCESSED UNAVAILABLE', 'manual without a word is no');
SELECT pg_temp.act('RSSMRA85T10A562S', $$io_notify.disclosure_set('curious', true, 1)$$);
SELECT is(pg_temp.seen(:'five'), 'PROCESSED READ', 'with a word is yes');
UPDATE io_notify.citizen SET preference_mode = 'auto' WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is(pg_temp.seen(:'five'), 'PROCESSED READ', 'auto without a word is yes');
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level) VALUES ('curious', 'RSSMRA80A01H501U', 'Oggetto di prova', rpad('Testo', 80, '.'), 'advanced') RETURNING id AS nobody \gset
SELECT is(pg_temp.seen(:'nobody'), 'REJECTED', 'of a message that reached nobody there is nothing to know');
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level, send_after) VALUES ('curious', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 'advanced', now() + interval '1 hour') RETURNING id AS waiting \gset
SELECT is(pg_temp.seen(:'waiting'), 'ACCEPTED', 'nor of one that waits');

-- payments
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level, payment_amount, payment_notice)
	VALUES ('curious', 'RSSMRA85T10A562S', 'Avviso di pagamento', rpad('Testo', 80, '.'), 'advanced', 1234, '301234567890123456') RETURNING id AS bill \gset
INSERT INTO io_notify.message (service, recipient, subject, markdown, feature_level, payment_amount, payment_notice, payment_payee)
	VALUES ('curious', 'RSSMRA85T10A562S', 'Avviso di pagamento', rpad('Testo', 80, '.'), 'advanced', 1234, '301234567890123456', '15376371009') RETURNING id AS other_bill \gset
SELECT is(pg_temp.seen(:'bill'), 'PROCESSED UNREAD NOT_PAID', 'a notice not paid');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.record_payment('01488650142', '301234567890123456')$$), 'true', 'its organization says it is');
SELECT is(pg_temp.run_as('tap_app', $$SELECT io_notify.record_payment('01488650142', '301234567890123456', '2001-01-01')$$), 'false', 'somebody else says it again');
SELECT results_eq('SELECT paid_at, source FROM io_notify.payment', $$VALUES (now(), 'tap_sender'::name)$$, 'which changes nothing');
SELECT is(pg_temp.seen(:'bill'), 'PROCESSED UNREAD PAID', 'paid');
SELECT is(pg_temp.seen(:'other_bill'), 'PROCESSED UNREAD NOT_PAID', 'the same number for another payee is another notice');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.record_payment('15376371009', '301234567890123456')$$), 'true', 'which a service that may name payees can record');
UPDATE io_notify.service SET capabilities = '{}' WHERE name = 'curious';
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.record_payment('15376371009', '001234567890123456')$$), '42501', 'others cannot');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.record_payment('01488650142', '001234567890123456')$$), '42501', 'strangers neither');
SELECT is(pg_temp.run_as('tap_app', format('SELECT io_notify.record_payment(%s)', a)), '22023', a)
	FROM unnest(ARRAY[$$'0148865014', '301234567890123456'$$, $$NULL, '301234567890123456'$$, $$'01488650142', '401234567890123456'$$, $$'01488650142', NULL$$,
		$$'01488650142', '301234567890123456', NULL$$, $$'01488650142', '301234567890123456', 'infinity'$$, $$'01488650142', '301234567890123456', now() + interval '2 days'$$]) a;

-- it is partitioned as messages are, so that retention drops it with them
SELECT results_eq($$SELECT replace(c.relname, 'inbox_state', 'message') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'io_notify.inbox_state'::regclass ORDER BY 1$$,
	$$SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'io_notify.message'::regclass ORDER BY 1$$, 'partition by partition');
SELECT * FROM finish();
ROLLBACK;
