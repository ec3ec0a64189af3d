-- A text that params make too long is refused when it is sent, not when it is
-- tried.
BEGIN;
\ir setup.inc
SELECT plan(10);

INSERT INTO io_notify.template (name, service, subject, markdown) VALUES
	('elenco', 'mail', 'Elenco delle rate', 'Rate: {{#rate}}- rata numero {{.}}, da pagare entro la scadenza indicata nel suo fascicolo' || E'\n' || '{{/rate}}'),
	('valore', 'mail', 'Un valore lungo', 'Ecco: {{x}} e ancora {{x}}');
CREATE FUNCTION pg_temp.fill(template text, params jsonb) RETURNS uuid LANGUAGE sql AS
$$ INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('mail', 'RSSMRA85T10A562S', template, params) RETURNING id $$;

SELECT lives_ok($$SELECT pg_temp.fill('elenco', (SELECT jsonb_build_object('rate', jsonb_agg(i)) FROM generate_series(1, 500) i))$$, 'a long list that still fits');
SELECT throws_ok($$SELECT pg_temp.fill('elenco', (SELECT jsonb_build_object('rate', jsonb_agg(i)) FROM generate_series(1, 1000) i))$$, '22023',
	'params of the message is not valid', 'one that does not');
SELECT lives_ok($$SELECT pg_temp.fill('elenco', '{}')$$, 'no list at all');
SELECT lives_ok($$SELECT pg_temp.fill('valore', jsonb_build_object('x', repeat('a', 32000)))$$, 'a value that fits twice');
SELECT throws_ok($$SELECT pg_temp.fill('valore', jsonb_build_object('x', repeat('a', 33000)))$$, '22023', NULL, 'one that does not');
SELECT throws_ok($$SELECT pg_temp.fill('valore', jsonb_build_object('x', repeat('*', 20000)))$$, '22023', NULL, 'its escapes count');
SELECT lives_ok($$SELECT pg_temp.fill('valore', '{"x": 1}')$$, 'a short one');
SELECT is((SELECT count(*)::int FROM io_notify.message WHERE template IN ('elenco', 'valore')), 4, 'what was refused left nothing');
INSERT INTO io_notify.template (name, service, kind, markdown) VALUES ('corpo', 'mail', 'partial', '{{#l}}' || repeat('x', 1000) || '{{/l}}');
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('parte2', 'mail', 'Una parte', '{{> corpo}}');
SELECT throws_ok($$SELECT pg_temp.fill('parte2', (SELECT jsonb_build_object('l', jsonb_agg(1)) FROM generate_series(1, 70)))$$, '22023', NULL, 'partials count too');
INSERT INTO io_notify.template (name, service, subject, markdown, parameters) VALUES
	('quando', 'mail', 'Appuntamento', '{{#quando}}Il giorno {{quando}}.{{/quando}}', '{"quando": "timestamp"}');
SELECT lives_ok($$SELECT pg_temp.fill('quando', '{"quando": "2030-07-31T12:00:00Z"}')$$, 'times are written without a citizen''s zone');
SELECT * FROM finish();
ROLLBACK;
