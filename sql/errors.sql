-- What a sender can get wrong: SQLSTATE, message, detail, hint, and nothing
-- written afterwards.  What the citizen decided is no error.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
INSERT INTO io_notify.service (name, organization, state, channels) VALUES
	('errors', 'comune', 'published', '{inbox}'),
	('sketch', 'comune', 'draft', '{inbox}'),
	('gone', 'comune', 'suspended', '{inbox}'),
	('halted', 'comune', 'published', '{inbox}');
INSERT INTO io_notify.service (name, organization, state, channels, authorized_recipients)
VALUES ('sandbox', 'comune', 'published', '{inbox}', '{VRDGPP70A01H501S}');
INSERT INTO io_notify.service (name, organization, state, channels, explicit_addresses, max_payment_amount, capabilities)
VALUES ('able', 'comune', 'published', '{inbox}', true, 10000, '{payee,advanced,third_party_data}');
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('own', 'able', 'S {{a}}', 'M'), ('shared', NULL, 'S {{a}}', 'M');
SELECT io_notify.pause('service', 'halted');
CREATE TABLE written AS
SELECT (SELECT count(*) FROM io_notify.message) AS messages, (SELECT count(*) FROM io_notify.delivery) AS deliveries,
	   (SELECT count(*) FROM io_notify.queue) AS queued, (SELECT count(*) FROM io_notify.idempotency) AS keys;

-- one message; the parameters say what differs from a good one
CREATE FUNCTION try(columns text, vals text, service text DEFAULT '''able''', recipient text DEFAULT '''RSSMRA85T10A562S''',
					content text DEFAULT '''Oggetto di prova'', rpad(''Testo'', 80, ''.'')') RETURNS text LANGUAGE sql AS $$
	SELECT public.refused(format('INSERT INTO io_notify.message (service, recipient, subject, markdown%s) VALUES (%s, %s, %s%s)',
								 ', ' || columns, service, recipient, content, ', ' || vals))
$$;
SELECT try(NULL, NULL);

-- service
SELECT try(NULL, NULL, service => '''nobody''');
SELECT try(NULL, NULL, service => 'NULL');
SELECT try(NULL, NULL, service => '''''');
SELECT try(NULL, NULL, service => 'repeat(''x'', 100)');
SELECT try(NULL, NULL, service => '''sketch''');
SELECT try(NULL, NULL, service => '''gone''');
SELECT try(NULL, NULL, service => '''halted''');

-- recipient
SELECT try(NULL, NULL, recipient => 'NULL');
SELECT try(NULL, NULL, recipient => '''''');
SELECT try(NULL, NULL, recipient => '''RSSMRA85T10A562''');
SELECT try(NULL, NULL, recipient => '''rssmra85t10a562s''');
SELECT try(NULL, NULL, recipient => '''RSSMRA85T10A562T''');
SELECT try(NULL, NULL, recipient => '''RSSMRA85T99A562S''');
SELECT try(NULL, NULL, recipient => '''01488650142''');
SELECT try(NULL, NULL, service => '''sandbox''');
SELECT try(NULL, NULL, service => '''sandbox''', recipient => '''VRDGPP70A01H501S''');
SELECT try(NULL, NULL, recipient => '''AAAAAA00A00A000A''');
SELECT try(NULL, NULL, recipient => '''BBBBBB88A01Y123X''');

-- content
SELECT try(NULL, NULL, content => 'NULL, NULL');
SELECT try(NULL, NULL, content => 'NULL, ''Testo''');
SELECT try(NULL, NULL, content => '''Oggetto'', NULL');
SELECT try('template', '''own''');
SELECT try('template', '''own''', content => 'NULL, ''Testo''');
SELECT try('template', '''own''', content => 'NULL, NULL');
SELECT try('template', '''shared''', content => 'NULL, NULL');
SELECT try('template', '''nothing''', content => 'NULL, NULL');
SELECT try('template', '''own''', service => '''errors''', content => 'NULL, NULL');
SELECT try(NULL, NULL, content => ''''', ''Testo''');
SELECT try(NULL, NULL, content => 'repeat(''è'', 9), rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => 'repeat(''è'', 120), rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => 'repeat(''è'', 121), rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', ''''');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', repeat(''è'', 79)');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', repeat(''è'', 10000)');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', repeat(''è'', 10001)');
SELECT try(NULL, NULL, content => 'E''Oggetto\r\nBcc: x@y.it'', rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => 'E''Oggetto di prova\u0085'', rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => 'E''Oggetto di prova\u2028'', rpad(''Testo'', 80, ''.'')');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', rpad(E''Testo\x07'', 80, ''.'')');
SELECT try(NULL, NULL, content => '''Oggetto di prova'', rpad(E''Riga\r\n\tRiga'', 80, ''.'')');
SELECT try('params', '''[1]''');
SELECT try('params', '''"testo"''');
SELECT try('params', '''null''');
SELECT try('params', 'jsonb_build_object(''a'', repeat(''x'', 70000))');
SELECT try('third_party_data', '''3''');
SELECT try('third_party_data', '''{"id": "doc-1", "colour": "red"}''');
SELECT try('third_party_data', '''{"summary": "Sunto"}''');
SELECT try('third_party_data', '''{"id": "doc-1", "has_precondition": "SOMETIMES"}''');
SELECT try('third_party_data', '''{"id": "doc-1", "has_attachments": true}''');
SELECT try('third_party_data, feature_level', '''{"id": "doc-1", "has_attachments": true}'', ''advanced''');
SELECT try('third_party_data', '''{"id": "doc-1"}''', service => '''errors''');
SELECT try('feature_level', '''advanced''', service => '''errors''');

-- time
SELECT try('time_to_live', '''0''');
SELECT try('time_to_live', '''-1 second''');
SELECT try('time_to_live', '''1 month -31 days''');
SELECT try('time_to_live', '''367 days''');
SELECT try('time_to_live', '''366 days''');
SELECT try('send_after', 'now() + interval ''367 days''');
SELECT try('send_after', 'now() + interval ''366 days''');
SELECT try('send_after', '''infinity''');
SELECT try('send_after', '''-infinity''');
SELECT try('due_date', '''infinity''');
SELECT try('due_date', '''0044-03-15 BC''');

-- payment
SELECT try('payment_amount, payment_notice', '10000, ''301234567890123456''');
SELECT try('payment_amount, payment_notice', '10001, ''301234567890123456''');
SELECT try('payment_amount, payment_notice', '1, ''301234567890123456''', service => '''errors''');
SELECT try('payment_amount, payment_notice', '0, ''301234567890123456''');
SELECT try('payment_amount, payment_notice', '-5, ''301234567890123456''');
SELECT try('payment_amount, payment_notice', '10000000000, ''301234567890123456''');
SELECT try('payment_amount', '100');
SELECT try('payment_notice', '''301234567890123456''');
SELECT try('payment_amount, payment_notice', '100, ''30123456789012345''');
SELECT try('payment_amount, payment_notice', '100, ''401234567890123456''');
SELECT try('payment_amount, payment_notice', '100, ''30123456789012345A''');
SELECT try('payment_payee', '''01488650142''');
SELECT try('payment_amount, payment_notice, payment_payee', '100, ''301234567890123456'', ''01488650142''');
SELECT try('payment_amount, payment_notice, payment_payee', '100, ''301234567890123456'', ''01488650143''');
SELECT try('payment_amount, payment_notice, payment_payee', '100, ''301234567890123456'', ''01488650142''', service => '''errors''');
SELECT try('payment_invalid_after_due_date', 'true');
SELECT try('payment_amount, payment_notice, payment_invalid_after_due_date', '100, ''301234567890123456'', true');
SELECT try('payment_amount, payment_notice, payment_invalid_after_due_date, due_date', '100, ''301234567890123456'', true, now()');

-- addresses
SELECT try('email', '''anna@example.it''');
SELECT try('email', '''anna@example.it''', service => '''errors''');
SELECT try('phone', '''+393331234567''', service => '''errors''');
SELECT try('email', '''''');
SELECT try('email', '''anna''');
SELECT try('email', 'E''anna@example.it\r\nRCPT TO:<x@y.it>''');
SELECT try('email', '''anna@example.it, carlo@example.it''');
SELECT try('email', '''<anna@example.it>''');
SELECT try('phone', '''3331234567''');
SELECT try('phone', '''+39 333''');
SELECT try('phone', '''+3933312345678901''');
SELECT try('phone', 'E''+3933312345\n''');

-- labels
SELECT try('priority', '''urgent''');
SELECT try('priority', 'NULL');
SELECT try('feature_level', '''deluxe''');
SELECT try('language', '''italiano''');
SELECT try('language', '''de-AT''');
SELECT try('reference', 'E''a\tb''');
SELECT try('reference', 'repeat(''r'', 257)');
SELECT try('idempotency_key', '''''');
SELECT try('idempotency_key', 'E''k\x1b''');
SELECT try('idempotency_key', 'repeat(''k'', 257)');

-- the setting drops the check character, never the shape
SET io_notify.check_fiscal_code = off;
SELECT try(NULL, NULL, recipient => '''RSSMRA85T10A562T''');
SELECT try(NULL, NULL, recipient => '''RSSMRA85T10A56''');
RESET io_notify.check_fiscal_code;

-- one bad row spoils its whole statement
SELECT public.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	SELECT 'able', CASE i WHEN 900 THEN 'RSSMRA85T10A562T' ELSE 'RSSMRA85T10A562S' END, 'Oggetto di prova', rpad('Testo', 80, '.') FROM generate_series(1, 1000) i$$);

-- idempotency: the same key with another payload
BEGIN;
INSERT INTO io_notify.message (service, recipient, subject, markdown, idempotency_key) VALUES ('able', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), 'k1');
SELECT try('idempotency_key', '''k1''', content => '''Oggetto di prova'', rpad(''Altro'', 80, ''.'')');
SELECT try('idempotency_key', '''k1''', recipient => '''VRDGPP70A01H501S''');
SELECT try('idempotency_key, reference', '''k1'', ''r''');
SELECT try('idempotency_key', '''k1''', service => '''errors''');
ROLLBACK;

-- rows of the registry
SELECT public.refused($$INSERT INTO io_notify.citizen (fiscal_code) VALUES ('RSSMRA85T10A562T')$$);
SELECT public.refused($$INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ('VRDGPP70A01H501S', 'no address')$$);
SELECT public.refused($$INSERT INTO io_notify.citizen (fiscal_code, pec) VALUES ('VRDGPP70A01H501S', E'a@b.it\n')$$);
SELECT public.refused($$INSERT INTO io_notify.citizen (fiscal_code, phone) VALUES ('VRDGPP70A01H501S', '333')$$);
SELECT public.refused($$INSERT INTO io_notify.citizen (fiscal_code, language) VALUES ('VRDGPP70A01H501S', 'ITA')$$);
SELECT public.refused($$UPDATE io_notify.service SET webhook_url = 'ftp://x.it' WHERE name = 'able'$$);
SELECT public.refused($$UPDATE io_notify.service SET webhook_url = 'https://user:pw@x.it' WHERE name = 'able'$$);
SELECT public.refused($$UPDATE io_notify.service SET authorized_recipients = '{X}' WHERE name = 'able'$$);
SELECT public.refused($$UPDATE io_notify.service SET authorized_recipients = ARRAY[NULL] WHERE name = 'able'$$);
SELECT public.refused($$INSERT INTO io_notify.template (name, subject, markdown) VALUES ('bad', 'S {{#a}}', 'M')$$);
SELECT public.refused($$INSERT INTO io_notify.template (name, subject, markdown) VALUES ('bad', E'S\n', 'M')$$);
SELECT public.refused($$INSERT INTO io_notify.template (name, subject, markdown) VALUES ('bad', 'S', E'Riga\n{{/a}}')$$);

-- other functions
SELECT public.refused($$SELECT io_notify.cancel('018f0000-0000-7000-8000-000000000000')$$);
SELECT public.refused($$SELECT * FROM io_notify.route_explain('nobody', 'RSSMRA85T10A562S')$$);
SELECT public.refused($$SELECT io_notify.grant_sender('regress_ion_nobody', 'able')$$);
SELECT public.refused($$SELECT io_notify.grant_sender(current_user, 'nobody')$$);
SELECT public.refused($$SELECT io_notify.record_receipt('relay', 'x', 'eaten')$$);
SELECT public.refused($$SELECT io_notify.render('{{#a}}', '{}')$$);
SELECT public.refused($$SELECT io_notify.render('{{a}}', '[]')$$);
SELECT public.refused($$SELECT io_notify.render('{{a}}', '{}', 'latex')$$);
SELECT public.refused($$SELECT io_notify.render('{{>p}}', '{}', 'html', '{"p": "{{#x}}"}')$$);
SELECT public.refused($$SELECT io_notify._accept()$$);
SELECT public.refused($$CREATE TABLE t (a int); CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION io_notify._route(); INSERT INTO t VALUES (1)$$);
SELECT public.refused($$CREATE TABLE t (a int); CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION io_notify._accept(); INSERT INTO t VALUES (1)$$);
SELECT public.refused($$SET io_notify.dispatchers = 2$$);
SELECT public.refused($$SET io_notify.nonsense = 2$$);

-- nothing of all this was written
SELECT messages = (SELECT count(*) FROM io_notify.message), deliveries = (SELECT count(*) FROM io_notify.delivery),
	   queued = (SELECT count(*) FROM io_notify.queue), keys = (SELECT count(*) FROM io_notify.idempotency) FROM written;
SELECT io_notify.resume('service', 'halted');
DROP TABLE written;
DROP FUNCTION try(text, text, text, text, text);
