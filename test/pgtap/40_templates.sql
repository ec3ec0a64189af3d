-- Templates: their life and who may act in it, versions and what is bound to
-- them, where a template is looked for, which text a reader gets, what params
-- must be, registrations, layouts, and the way out and in.
BEGIN;
\i test/pgtap/setup.inc
SELECT no_plan();

-- --- people and places ------------------------------------------------------
CREATE ROLE tap_writer;
CREATE ROLE tap_town;
CREATE ROLE tap_region;
CREATE ROLE tap_operator;
CREATE ROLE tap_operator2;
INSERT INTO io_notify.organization (code, name, parent, default_language) VALUES
	('regione', 'Regione', NULL, 'it'), ('provincia', 'Provincia', 'regione', 'it'), ('citta', 'Comune', 'provincia', 'it'), ('altrove', 'Altrove', NULL, 'it');
INSERT INTO io_notify.service (name, organization, state, channels) VALUES
	('tributi', 'citta', 'published', '{inbox,email}'), ('anagrafe', 'citta', 'published', '{inbox}'), ('sosta', 'citta', 'published', '{inbox,sms}'),
	('lontano', 'altrove', 'published', '{inbox}');
SELECT io_notify.grant_sender('tap_writer', 'tributi');
SELECT io_notify.grant_organization('tap_town', 'citta');
SELECT io_notify.grant_organization('tap_region', 'regione');
SELECT io_notify.grant_operator(r) FROM unnest('{tap_operator,tap_operator2}'::name[]) r;

-- SQLSTATE, message and detail of a statement that fails
CREATE FUNCTION pg_temp.refused(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE command;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''));
END
$$;
-- one text, approved at once, as a DBA writes it
CREATE FUNCTION pg_temp.text(name text, markdown text, language text DEFAULT 'it', channel text DEFAULT NULL, service text DEFAULT NULL,
	organization text DEFAULT NULL, parameters jsonb DEFAULT NULL, kind text DEFAULT 'template', subject text DEFAULT 'S') RETURNS integer LANGUAGE sql AS $$
	INSERT INTO io_notify.template (name, markdown, language, channel, service, organization, parameters, kind, subject)
	VALUES (name, markdown, language, channel, service, organization, parameters, kind, CASE WHEN kind = 'template' THEN subject END) RETURNING version
$$;
-- the version a message of the service would be bound to, or what is wrong
CREATE FUNCTION pg_temp.bound(service text, template text, params jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	bound integer;
BEGIN
	INSERT INTO io_notify.message (service, recipient, template, params) VALUES (service, 'RSSMRA85T10A562S', template, params) RETURNING template_version INTO bound;
	RETURN bound;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- --- what may become of a row -------------------------------------------------
CREATE FUNCTION pg_temp.row_in(state text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	made uuid;
	step text;
BEGIN
	INSERT INTO io_notify.template (name, service, subject, markdown, state) VALUES ('vita', 'tributi', 'S', 'M', 'draft') RETURNING id INTO made;
	FOREACH step IN ARRAY (CASE row_in.state WHEN 'draft' THEN '{}' WHEN 'submitted' THEN '{submitted}' WHEN 'rejected' THEN '{submitted,rejected}'
		WHEN 'approved' THEN '{approved}' ELSE '{approved,retired}' END)::text[]
	LOOP
		UPDATE io_notify.template t SET state = step WHERE t.id = made;
	END LOOP;
	RETURN made;
END
$$;
CREATE TEMP TABLE allowed (from_state text, to_state text);
INSERT INTO allowed VALUES ('draft', 'submitted'), ('draft', 'approved'), ('submitted', 'draft'), ('submitted', 'approved'), ('submitted', 'rejected'),
	('rejected', 'draft'), ('rejected', 'submitted'), ('approved', 'retired');
SELECT is(left(pg_temp.refused(format('UPDATE io_notify.template SET state = %L WHERE id = %L', b, pg_temp.row_in(a))), 8),
	CASE WHEN a = b OR (a, b) IN (SELECT * FROM allowed) THEN 'accepted' ELSE '55000 | ' END, format('%s to %s', a, b))
FROM unnest('{draft,submitted,approved,rejected,retired}'::text[]) a, unnest('{draft,submitted,approved,rejected,retired}'::text[]) b;
SELECT is(left(pg_temp.refused(format('DELETE FROM io_notify.template WHERE id = %L', pg_temp.row_in(a))), 8),
	CASE WHEN a IN ('approved', 'retired') THEN '55000 | ' ELSE 'accepted' END, 'deleting what is ' || a)
FROM unnest('{draft,submitted,approved,rejected,retired}'::text[]) a;
SELECT is(left(pg_temp.refused(format('INSERT INTO io_notify.template (name, subject, markdown, state) VALUES (''x'', ''S'', ''M'', %L)', a)), 8),
	CASE WHEN a IN ('rejected', 'retired') THEN '55000 | ' ELSE 'accepted' END, 'a new row that is ' || a)
FROM unnest('{draft,submitted,approved,rejected,retired}'::text[]) a;

-- content, column by column
SELECT is(left(pg_temp.refused(format('UPDATE io_notify.template SET %s WHERE id = %L', change, pg_temp.row_in(a))), 8),
	CASE WHEN a IN ('draft', 'rejected') THEN 'accepted' ELSE '55000 | ' END, format('%s: %s', a, change))
FROM unnest('{draft,submitted,rejected,approved,retired}'::text[]) a,
	unnest(ARRAY['name = ''y''', 'service = ''anagrafe''', 'service = NULL', 'channel = ''email''', 'language = ''de''', 'subject = ''T''', 'markdown = ''N''',
		'parameters = ''{"a": "text"}''', 'layout = ''citta''', 'calendar = true', 'sms_max_segments = 2', 'created_by = ''x''', 'created_at = ''today''']) change;
SELECT is(left(pg_temp.refused(format('UPDATE io_notify.template SET %s WHERE id = %L', change, pg_temp.row_in(a))), 8), '55000 | ', format('%s: %s is nobody''s to write', a, change))
FROM unnest('{draft,approved}'::text[]) a, unnest(ARRAY['version = 99', 'retired_version = 99', 'partials = ''{}''']) change;
SELECT is(left(pg_temp.refused('INSERT INTO io_notify.template (name, subject, markdown, version) VALUES (''x'', ''S'', ''M'', 7)'), 8), '22023 | ', 'nor on insertion');
UPDATE io_notify.service SET name = 'imposte' WHERE name = 'tributi';
SELECT cmp_ok((SELECT count(*)::int FROM io_notify.template WHERE service = 'imposte' AND version IS NOT NULL), '>', 0, 'a service that is renamed takes its templates along');
UPDATE io_notify.service SET name = 'tributi' WHERE name = 'imposte';
DELETE FROM io_notify.template WHERE version IS NULL;

-- --- the functions, by role and state -----------------------------------------
CREATE FUNCTION pg_temp.act(who name, action text, id uuid) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(pg_temp.run_as(who, format(CASE action WHEN 'reject' THEN 'SELECT coalesce(io_notify.template_reject(%L, ''perché no'')::text, '''')'
		WHEN 'register' THEN 'SELECT coalesce(io_notify.template_register(%L, ''gw'', ''T1'')::text, '''')'
		WHEN 'lint' THEN 'SELECT count(*) FROM io_notify.template_lint(%L)'
		ELSE 'SELECT coalesce(io_notify.template_' || action || '(%L)::text, '''')' END, id)), '')
$$;
CREATE TEMP TABLE step (action text, states text, who text);
INSERT INTO step VALUES ('submit', 'draft rejected submitted', 'writer town region operator'), ('approve', 'submitted', 'operator'), ('reject', 'submitted', 'operator'),
	('discard', 'draft submitted rejected', 'writer town region operator'), ('register', 'draft submitted rejected approved retired', 'operator'),
	('lint', 'draft submitted rejected approved retired', 'writer town region operator');
SELECT is(CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'done' END,
	CASE WHEN NOT r = ANY (string_to_array(s.who, ' ')) THEN '42501' WHEN state = ANY (string_to_array(s.states, ' ')) THEN 'done' ELSE '55000' END,
	format('%s of what is %s by %s', s.action, state, r))
FROM step s, unnest('{draft,submitted,rejected,approved,retired}'::text[]) state, unnest('{writer,town,region,operator,stranger}'::text[]) r,
	LATERAL pg_temp.act(('tap_' || r)::name, s.action, pg_temp.row_in(state)) answer;
DELETE FROM io_notify.template WHERE version IS NULL;
SELECT is(pg_temp.act(('tap_' || r)::name, action, '018f0000-0000-7000-8000-000000000000'), CASE r WHEN 'operator' THEN '42704' ELSE '42501' END, format('%s of nothing by %s', action, r))
FROM step, unnest('{writer,operator}'::text[]) r;

SELECT is(CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'done' END, want, format('a draft of %s by %s', place, who))
FROM (VALUES ('service => ''tributi''', 'done done done done 42501'), ('service => ''anagrafe''', '42501 done done done 42501'), ('service => ''lontano''', '42501 42501 42501 done 42501'),
	('service => ''nessuno''', '42501 42501 42501 42704 42501'), ('organization => ''citta''', '42501 done done done 42501'), ('organization => ''regione''', '42501 42501 done done 42501'),
	('organization => ''nessuna''', '42501 42501 42501 42704 42501'), ('channel => NULL', '42501 42501 42501 done 42501'),
	('service => ''tributi'', organization => ''citta''', '22023 22023 22023 22023 22023')) p (place, wants),
	LATERAL unnest('{writer,town,region,operator,stranger}'::text[], string_to_array(wants, ' ')) w (who, want),
	LATERAL pg_temp.run_as(('tap_' || who)::name, format('SELECT io_notify.template_draft(''bozza'', ''S'', ''M'', %s)', place)) answer;

-- four eyes
SELECT pg_temp.run_as('tap_operator', $$SELECT io_notify.template_draft('occhi', 'S', 'M')$$) AS id \gset
SELECT is((SELECT format('%s %s', state, created_by) FROM io_notify.template WHERE id = :'id'), 'draft tap_operator', 'a draft bears its author''s name');
SELECT is(pg_temp.act('tap_operator', 'approve', :'id'), '55000', 'what was not submitted is not approved');
SELECT is(pg_temp.act('tap_operator', 'submit', :'id'), '', 'submitted');
SELECT is(pg_temp.act('tap_operator', 'approve', :'id'), '42501', 'nobody approves what he wrote');
SELECT is(pg_temp.bound('anagrafe', 'occhi'), '42704', 'and nobody sends it before');
SELECT is(pg_temp.run_as('tap_operator2', format('SELECT io_notify.template_reject(%L, '' '')', :'id')), '22023', 'a rejection says why');
SELECT is(pg_temp.act('tap_operator2', 'reject', :'id'), '', 'rejected');
SELECT is((SELECT format('%s by %s: %s', state, decided_by, reason) FROM io_notify.template WHERE id = :'id'), 'rejected by tap_operator2: perché no', 'it is known by whom and why');
SELECT is(pg_temp.act('tap_operator', 'submit', :'id'), '', 'submitted again');
SELECT is(pg_temp.act('tap_operator2', 'approve', :'id'), '1', 'approved by another');
SELECT is((SELECT format('%s by %s%s', state, decided_by, reason) FROM io_notify.template WHERE id = :'id'), 'approved by tap_operator2', 'by whom');
SELECT is(pg_temp.bound('anagrafe', 'occhi'), '1', 'and used');
SELECT is(io_notify.template_draft('mio', 'S', 'M') IS NOT NULL, true, 'the owner writes');
SELECT io_notify.template_submit(id) FROM io_notify.template WHERE name = 'mio';
SELECT is((SELECT io_notify.template_approve(id) FROM io_notify.template WHERE name = 'mio'), 1, 'and may approve it');
SELECT results_eq($$SELECT kind, actor::text COLLATE "default", detail - 'id' FROM io_notify.audit_event WHERE subject = 'occhi' ORDER BY id$$,
	$$VALUES ('template_draft', 'tap_operator', '{"kind": "template", "language": "it"}'::jsonb),
		('template_submitted', 'tap_operator', '{"kind": "template", "language": "it"}'),
		('template_rejected', 'tap_operator2', '{"kind": "template", "language": "it", "reason": "perché no"}'),
		('template_submitted', 'tap_operator', '{"kind": "template", "language": "it"}'),
		('template_approved', 'tap_operator2', '{"kind": "template", "language": "it", "version": 1}')$$, 'each step is an audit event');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT count(*) FROM io_notify.template'), '42501', 'the table is nobody''s to read');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify._template_rendered('occhi', 1, NULL, 'inbox', NULL, NULL)$$), '42501', 'nor around it');

-- --- what cannot be approved ----------------------------------------------------
SELECT is(pg_temp.refused(format('SELECT pg_temp.text(%s)', args)), want, args) FROM (VALUES
	('''male'', ''{{#a}}''', '22023 | markdown of the template is not valid | Line 1, column 1: section "a" is not closed.'),
	('''male'', ''M'', subject => ''{{/a}}''', '22023 | subject of the template is not valid | Line 1, column 1: section "a" is closed but not open.'),
	('''male'', ''M'', subject => E''a\nb''', '22023 | subject of the template is not valid | It holds a control character.'),
	('''male'', ''M'', subject => E''a\u2028b''', '22023 | subject of the template is not valid | It holds a control character.'),
	('''male'', E''a\x07b''', '22023 | markdown of the template is not valid | It holds a control character.'),
	('''male'', ''M'', subject => NULL', '22023 | subject of the template is not valid | It is missing, and only an SMS goes without.'),
	('''buono'', ''M'', subject => NULL, channel => ''sms''', 'accepted'),
	('''male'', ''{{{a}}}''', '22023 | template "male" cannot be approved | markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}.'),
	('''male'', ''{{>nessuno}}''', '22023 | template "male" cannot be approved | partial "nessuno" does not exist for this template.'),
	('''male'', ''{{b}}'', parameters => ''{"a": "text"}''', '22023 | template "male" cannot be approved | markdown: line 1, column 3: "b" is not declared.'),
	('''male'', ''M'', parameters => ''{"a": "colour"}''', '22023 | parameters of the template is not valid | parameter "a": unknown type; there are text, integer, number, money, boolean, date, time, timestamp, url, list and object.'),
	('''male'', ''M'', parameters => ''{}'', kind => ''partial''', '22023 | parameters of the template is not valid | A partial has none: it goes into the text of others.')) v (args, want);
SELECT is(left(pg_temp.refused(format('INSERT INTO io_notify.template (name, subject, markdown, %s) VALUES (''male'', ''S'', ''M'', %s)', c, v)), 5), want, c || ' ' || v)
FROM (VALUES ('channel', '''fax''', '23514'), ('language', '''IT''', '23514'), ('kind', '''macro''', '23514'), ('sms_max_segments', '0', '23514'), ('sms_max_segments', '11', '23514'),
	('state', '''maybe''', '55000'), ('service', '''nessuno''', '23503'), ('organization', '''nessuna''', '23503'), ('layout', '''nessuna''', '23503')) x (c, v, want);
SELECT is(left(pg_temp.refused($$INSERT INTO io_notify.template (name, subject, markdown, service, organization) VALUES ('male', 'S', 'M', 'tributi', 'citta')$$), 5), '23514', 'of one place');
SELECT is(pg_temp.refused(format('INSERT INTO io_notify.template (name, subject, markdown, layout, %s) VALUES (''carta'', ''S'', ''M'', %L, %L)', c, l, v)),
	CASE WHEN ok THEN 'accepted' ELSE format('22023 | template "carta" cannot be approved | layout "%s" is of an organization that is not above it.', l) END, format('layout %s for %s %s', l, c, v))
FROM (VALUES ('service', 'tributi', 'citta', true), ('service', 'tributi', 'regione', true), ('service', 'tributi', 'altrove', false), ('organization', 'regione', 'regione', true),
	('organization', 'regione', 'citta', false), ('channel', NULL, 'altrove', true)) v (c, v, l, ok);
SELECT is((SELECT count(*) FROM io_notify.template WHERE name = 'male'), 0::bigint, 'nothing of it was written');
-- errors stop a submission too; drafts may have them
SELECT io_notify.template_draft('storto', 'S', '{{>nessuno}} {{{a}}}', service => 'tributi', parameters => '{"b": "text"}') AS id \gset
SELECT results_eq(format('SELECT severity, problem FROM io_notify.template_lint(%L)', :'id'),
	$$VALUES ('error', 'markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}'), ('error', 'markdown: line 1, column 17: "a" is not declared'),
		('error', 'partial "nessuno" does not exist for this template')$$, 'lint tells all of it');
SELECT is(pg_temp.refused(format('SELECT io_notify.template_submit(%L)', :'id')),
	'22023 | template "storto" cannot be submitted | markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}.', 'a submission stops at the first');

-- --- versions ---------------------------------------------------------------
SELECT is(pg_temp.text('v', 'uno', service => 'tributi'), 1, 'the first version');
SELECT is(pg_temp.text('v', 'zwei', 'de', service => 'tributi'), 2, 'a translation is the next');
SELECT is(pg_temp.text('v', 'tutti'), 3, 'so is one of another scope');
SELECT is(pg_temp.text('w', 'altro'), 1, 'another name counts for itself');
SELECT is(pg_temp.bound('tributi', 'v'), '2', 'a message is bound to the newest of its scope');
SELECT is(pg_temp.bound('anagrafe', 'v'), '3', 'whatever is newer elsewhere');
SELECT is(pg_temp.text('v', 'quattro', service => 'tributi'), 4, 'a new version');
SELECT is(pg_temp.bound('tributi', 'v'), '4', 'is used at once');
SELECT results_eq($$SELECT r.markdown FROM (VALUES (1, 'it'), (1, 'de'), (2, 'it'), (2, 'de'), (3, 'it'), (4, 'it'), (4, 'de'), (5, 'it')) v (version, language),
		io_notify._template_rendered('v', v.version, NULL, 'inbox', ARRAY[v.language], NULL) r$$,
	ARRAY['uno', 'uno', 'uno', 'zwei', 'tutti', 'quattro', 'zwei', NULL], 'a version says the same for ever');
SELECT is((SELECT problem FROM io_notify._template_rendered('v', 5, NULL, 'inbox', NULL, NULL)), 'the template no longer exists', 'and one there is none of says so');
INSERT INTO io_notify.template (name, subject, markdown) SELECT 'molti', 'S', 'M ' || i FROM generate_series(1, 20) i;
SELECT results_eq($$SELECT version, markdown FROM io_notify.template WHERE name = 'molti' ORDER BY version$$, $$SELECT i, 'M ' || i FROM generate_series(1, 20) i$$, 'one statement, many versions, in its order');
-- nobody chooses a version
SELECT is(pg_temp.run_as('tap_writer', $$INSERT INTO io_notify.message (service, recipient, template, template_version) VALUES ('tributi', 'RSSMRA85T10A562S', 'v', 1)$$), '42501', 'a sender may not write it');
INSERT INTO io_notify.message (service, recipient, template, template_version) VALUES ('tributi', 'RSSMRA85T10A562S', 'v', 1) RETURNING template_version AS bound \gset
SELECT is(:'bound'::text, '4', 'what the owner writes is not kept');
INSERT INTO io_notify.message (service, recipient, subject, markdown, template_version) VALUES ('tributi', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('T', 80, '.'), 1) RETURNING coalesce(template_version, -1) AS bound \gset
SELECT is(:'bound'::text, '-1', 'nor without a template');
SELECT is(pg_temp.run_as('tap_writer', $$INSERT INTO io_notify.message (service, recipient, template) VALUES ('tributi', 'RSSMRA85T10A562S', 'v') RETURNING 'sent'$$), 'sent', 'a sender sends');
-- the same message again is the same message, whatever was approved between
INSERT INTO io_notify.message (service, recipient, template, idempotency_key) VALUES ('tributi', 'RSSMRA85T10A562S', 'v', 'chiave');
SELECT pg_temp.text('v', 'cinque', service => 'tributi');
SELECT is_empty($$INSERT INTO io_notify.message (service, recipient, template, idempotency_key) VALUES ('tributi', 'RSSMRA85T10A562S', 'v', 'chiave') RETURNING id$$, 'repeated after a new version');
-- several services and templates in one statement
INSERT INTO io_notify.message (service, recipient, template, reference)
SELECT CASE i % 2 WHEN 0 THEN 'tributi' ELSE 'anagrafe' END, 'RSSMRA85T10A562S', CASE i % 3 WHEN 0 THEN 'w' ELSE 'v' END, 'misti' FROM generate_series(1, 60) i;
SELECT results_eq($$SELECT DISTINCT service, template, template_version FROM io_notify.message WHERE reference = 'misti' ORDER BY 1, 2$$,
	$$VALUES ('anagrafe', 'v', 3), ('anagrafe', 'w', 1), ('tributi', 'v', 5), ('tributi', 'w', 1)$$, 'each row its own');

-- retirement
SELECT is(io_notify.template_retire('v', service => 'tributi'), 4, 'all texts of a scope are retired');
SELECT is(pg_temp.bound('tributi', 'v'), '3', 'the next scope is used');
SELECT is(io_notify.template_retire('v'), 1, 'and that one too');
SELECT is(pg_temp.bound('tributi', 'v'), '42704', 'then there is none');
SELECT is(io_notify.template_retire('v'), 0, 'nothing is left');
SELECT is(pg_temp.run_as('tap_writer', $$SELECT io_notify.template_retire('v')$$), '42501', 'a member retires its own');
SELECT results_eq($$SELECT (io_notify._template_rendered('v', v, NULL, 'inbox', NULL, NULL)).markdown FROM unnest('{2,3,5}'::int[]) v$$,
	ARRAY['zwei', 'tutti', 'zwei'], 'what was bound before still says the same');
SELECT pg_temp.text('r', 'it', service => 'tributi'), pg_temp.text('r', 'de', 'de', service => 'tributi'), pg_temp.text('r', 'it 2', service => 'tributi');
UPDATE io_notify.template SET state = 'retired' WHERE name = 'r' AND version = 3;
SELECT is(pg_temp.bound('tributi', 'r'), '4', 'a retirement is a version of its own');
SELECT results_eq($$SELECT (io_notify._template_rendered('r', v, NULL, 'inbox', '{it}', NULL)).markdown FROM unnest('{1,2,3,4}'::int[]) v$$,
	ARRAY['it', 'it', 'it 2', 'de'], 'after it the text is gone, and the one it had replaced does not come back');
SELECT is(pg_temp.text('r', 'it 5', service => 'tributi'), 5, 'until a new one comes');
SELECT is((SELECT markdown FROM io_notify._template_rendered('r', 5, NULL, 'inbox', '{it}', NULL)), 'it 5', 'which counts');

-- --- scopes -------------------------------------------------------------------
SELECT pg_temp.text('s', 'tutti'), pg_temp.text('s', 'regione', organization => 'regione'), pg_temp.text('s', 'provincia', organization => 'provincia'),
	pg_temp.text('s', 'citta', organization => 'citta'), pg_temp.text('s', 'tributi', service => 'tributi');
SELECT is(pg_temp.bound('tributi', 's'), '5', 'the service''s own');
SELECT is(pg_temp.bound('anagrafe', 's'), '4', 'its organization''s');
SELECT io_notify.template_retire('s', organization => 'citta');
SELECT is(pg_temp.bound('anagrafe', 's'), '3', 'the one''s above');
UPDATE io_notify.organization SET parent = 'regione' WHERE code = 'citta';
SELECT is(pg_temp.bound('anagrafe', 's'), '2', 'whichever that is now');
UPDATE io_notify.service SET organization = 'altrove' WHERE name = 'anagrafe';
SELECT is(pg_temp.bound('anagrafe', 's'), '1', 'everybody''s');
UPDATE io_notify.service SET organization = 'citta' WHERE name = 'anagrafe';
UPDATE io_notify.organization SET parent = 'provincia' WHERE code = 'citta';
SELECT is(pg_temp.bound('anagrafe', 's'), '3', 'and back');
SELECT pg_temp.text('solo', 'M', service => 'lontano'), pg_temp.text('solo', 'M', organization => 'altrove');
SELECT is(pg_temp.bound('tributi', 'solo'), '42704', 'another''s is not ours');

-- --- partials -----------------------------------------------------------------
SELECT pg_temp.text('firma', 'Regione{{>punto}}', organization => 'regione', kind => 'partial'), pg_temp.text('firma', 'Città', organization => 'citta', kind => 'partial'),
	pg_temp.text('firma', 'Stadt', 'de', organization => 'citta', kind => 'partial'), pg_temp.text('punto', '.', kind => 'partial');
SELECT pg_temp.text('lettera', 'Ciao {{>firma}}', service => 'tributi'), pg_temp.text('lettera', 'Hallo {{>firma}}', 'de-AT', service => 'tributi'),
	pg_temp.text('lettera', 'Bonjour {{>firma}}', 'fr', service => 'tributi'), pg_temp.text('lettera', 'Ciao {{>firma}}', organization => 'provincia');
SELECT results_eq($$SELECT language, partials FROM io_notify.template WHERE name = 'lettera' ORDER BY version$$,
	$$VALUES ('it', '{"firma": "Città"}'::jsonb), ('de-AT', '{"firma": "Stadt"}'), ('fr', '{"firma": "Città"}'), ('it', '{"firma": "Regione{{>punto}}", "punto": "."}')$$,
	'partials come from the nearest scope, in the text''s language if there is one, with those they need');
SELECT pg_temp.text('firma', 'Nuova', organization => 'citta', kind => 'partial');
SELECT is((SELECT markdown FROM io_notify._template_rendered('lettera', 1, NULL, 'inbox', '{it}', NULL)), 'Ciao Città', 'a new partial does not change what was approved');
SELECT is((SELECT markdown FROM io_notify._template_rendered('lettera', 4, NULL, 'inbox', '{it}', NULL)), 'Ciao Regione.', 'partials within partials');
SELECT results_eq($$SELECT problem FROM io_notify.template_lint(io_notify.template_draft('lettera', 'S', '{{>firma}}', 'sl', service => 'tributi'))$$,
	ARRAY['partial "firma" has no text in sl: the one in it goes in', 'it declares no parameters, so what messages bring is not checked'], 'lint says which partial speaks another language');
SELECT pg_temp.text('giro', '{{>tondo}}', kind => 'partial'), pg_temp.text('tondo', '{{>giro}}', kind => 'partial');
SELECT is(pg_temp.refused($$SELECT pg_temp.text('male', '{{>giro}}')$$), '22023 | template "male" cannot be approved | partial "giro" includes itself.', 'no circles');
SELECT is(pg_temp.bound('tributi', 'giro'), '42704', 'a partial is no template');

-- --- channel and language -----------------------------------------------------
SELECT pg_temp.text('c', 'it'), pg_temp.text('c', 'it sms', channel => 'sms'), pg_temp.text('c', 'de', 'de'), pg_temp.text('c', 'fr push', 'fr', channel => 'push');
SELECT is((SELECT markdown FROM io_notify._template_rendered('c', 4, NULL, ch, string_to_array(l, ' ', '-'), NULL)), want, format('%s for %s', ch, l)) FROM (VALUES
	('email', 'it', 'it'), ('sms', 'it', 'it sms'), ('sms', 'de it', 'de'), ('email', 'de-AT it', 'de'), ('email', 'fr it', 'it'), ('push', 'fr it', 'fr push'),
	('email', '- - it', 'it'), ('email', 'sl', 'de'), ('email', '', 'de')) v (ch, l, want);
SELECT pg_temp.text('corto', 'solo sms', channel => 'sms');
SELECT is(pg_temp.refused($$INSERT INTO io_notify.message (service, recipient, template) VALUES ('sosta', 'RSSMRA85T10A562S', 'corto')$$),
	'22023 | template of the message is not valid | Template "corto" has no text for channel inbox, which service "sosta" uses.', 'each channel of the service needs a text');
SELECT is((SELECT problem FROM io_notify._template_rendered('corto', 1, NULL, 'email', NULL, NULL)), 'the template has no text for this channel', 'as it is told later');

-- --- params -------------------------------------------------------------------
SELECT pg_temp.text('p', E'{{nome}} paga {{importo}} entro il {{scadenza}}{{#righe}}\n- {{voce}}{{/righe}}', subject => 'Per {{nome}}', service => 'tributi',
	parameters => '{"nome": {"type": "text", "max": 20}, "importo": "money", "scadenza": "date", "nota": {"type": "text", "required": false},
		"righe": {"type": "list", "required": false, "items": {"voce": "text"}}}');
SELECT is(pg_temp.refused(format('INSERT INTO io_notify.message (service, recipient, template, params) VALUES (''tributi'', ''RSSMRA85T10A562S'', ''p'', %L)', p)), want, what) FROM (VALUES
	('{"nome": "A", "importo": 1250, "scadenza": "2030-07-31"}'::jsonb, 'accepted', 'good ones'),
	('{"nome": "A", "importo": 1250, "scadenza": "2030-07-31", "nota": null, "altro": [1]}', '22023 | params of the message is not valid | parameter "altro" is not declared.', 'more than declared'),
	(NULL, '22023 | params of the message is not valid | parameter "nome" is missing.', 'none'),
	('{"nome": "A", "scadenza": "2030-07-31"}', '22023 | params of the message is not valid | parameter "importo" is missing.', 'one missing'),
	('{"nome": null, "importo": 1, "scadenza": "2030-07-31"}', '22023 | params of the message is not valid | parameter "nome" is missing.', 'null is missing'),
	('{"nome": "A", "importo": "12 euro", "scadenza": "2030-07-31"}', '22023 | params of the message is not valid | parameter "importo" must be money: whole euro cents, a number of at most 15 digits.', 'a text for money'),
	('{"nome": "A", "importo": 12.5, "scadenza": "2030-07-31"}', '22023 | params of the message is not valid | parameter "importo" must be money: whole euro cents, a number of at most 15 digits.', 'half a cent'),
	('{"nome": "A", "importo": 1, "scadenza": "31.7.2030"}', '22023 | params of the message is not valid | parameter "scadenza" must be a date: YYYY-MM-DD.', 'no date'),
	('{"nome": "AAAAAAAAAAAAAAAAAAAAA", "importo": 1, "scadenza": "2030-07-31"}', '22023 | params of the message is not valid | parameter "nome" is longer than 20 characters.', 'too long'),
	('{"nome": "A", "importo": 1, "scadenza": "2030-07-31", "righe": [{"voce": "a"}, {}]}', '22023 | params of the message is not valid | parameter "righe[1].voce" is missing.', 'inside a list')) v (p, want, what);
SELECT is(pg_temp.refused($$INSERT INTO io_notify.message (service, recipient, template, params) SELECT 'tributi', 'RSSMRA85T10A562S', 'p',
	jsonb_build_object('nome', 'A', 'importo', CASE WHEN i < 500 THEN i END, 'scadenza', '2030-07-31') FROM generate_series(1, 500) i$$),
	'22023 | params of the message is not valid | parameter "importo" is missing.', 'one bad row spoils its statement');
SELECT unalike(pg_temp.refused($$INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('tributi', 'RSSMRA85T10A562S', 'p', '{"nome": ["SEGRETO"]}')$$), '%SEGRETO%', 'no value is told');
SELECT is(pg_temp.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown, params) VALUES ('tributi', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('T', 80, '.'), '{}')$$),
	'22023 | params of the message is not valid | There is no template they could fill in.', 'params without a template');
SELECT results_eq($$SELECT subject, markdown, language FROM io_notify._template_rendered('p', 1, '{"nome": "A", "importo": 1250, "scadenza": "2030-07-31", "righe": [{"voce": "x"}, {"voce": "y"}]}', 'email', '{it}', NULL)$$,
	$$VALUES ('Per A', E'A paga 12,50\u00a0€ entro il 31 luglio 2030\n- x\n- y', 'it')$$, 'values are written as the language wants them');
-- an application's row brings what is declared, and no more of it
CREATE TABLE public.pratica (nome text, importo integer, scadenza date, segreto text);
CREATE TRIGGER avvisa AFTER INSERT ON public.pratica FOR EACH ROW EXECUTE FUNCTION io_notify.notify('tributi', 'p', 'segreto');
INSERT INTO public.pratica VALUES ('A', 1250, '2030-07-31', 'RSSMRA85T10A562S');
SELECT results_eq($$SELECT params FROM io_notify.message WHERE template = 'p' AND params ->> 'importo' = '1250' ORDER BY id DESC LIMIT 1$$,
	$$VALUES ('{"nome": "A", "importo": 1250, "scadenza": "2030-07-31"}'::jsonb)$$, 'a row''s declared columns are its params');
-- a translation takes the declaration over, and may bring a new one
SELECT pg_temp.text('p', 'DE {{importo}} {{scadenza}}', 'de', service => 'tributi');
SELECT is((SELECT parameters ->> 'importo' FROM io_notify.template WHERE name = 'p' AND language = 'de'), 'money', 'a translation declares the same');
SELECT is((SELECT replace(markdown, '\', '') FROM io_notify._template_rendered('p', 2, '{"nome": "A", "importo": 125099, "scadenza": "2030-07-31"}', 'email', '{de}', NULL)), E'DE 1.250,99\u00a0€ 31. Juli 2030', 'in its own way');
SELECT is(left(pg_temp.refused($$SELECT pg_temp.text('p', '{{nuovo}}', 'fr', service => 'tributi')$$), 5), '22023', 'and nothing else');
SELECT pg_temp.text('p', '{{nuovo}}', service => 'tributi', parameters => '{"nome": "text", "nuovo": "text"}');
SELECT is(pg_temp.bound('tributi', 'p', '{"nome": "A", "importo": 1, "scadenza": "2030-07-31"}'), '22023', 'a new declaration holds for new messages');
SELECT is(pg_temp.bound('tributi', 'p', '{"nome": "A", "nuovo": "B"}'), '3', 'all of them');
SELECT is((SELECT markdown FROM io_notify._template_rendered('p', 2, '{"nome": "A", "importo": 1, "scadenza": "2030-07-31"}', 'email', '{it}', NULL)), E'A paga 0,01\u00a0€ entro il 31 luglio 2030', 'and the old one for those bound to it');
-- hostile values stay text
SELECT pg_temp.text('ostile', 'Ciao {{x}}', subject => 'Per {{x}}'), pg_temp.text('ostile', 'Ciao {{x}}', channel => 'sms');
SELECT is(got, want, format('%s: %s', place, what)) FROM (VALUES
	('a tag', '<b>', 'Per <b>', '&lt;b&gt;', '<b>'),
	('the end of a link', '](javascript:alert(1))', 'Per ](javascript:alert(1))', '](javascript:alert(1))', '](javascript:alert(1))'),
	('a link', '[x](https://male.it)', 'Per [x](https://male.it)', '[x](https://male.it)', '[x](https://male.it)'),
	('a header', E'a\r\nBcc: x@y.it', 'Per a  Bcc: x@y.it', 'a  Bcc: x@y.it', 'a  Bcc: x@y.it'),
	('a heading', E'a\n\n# Titolo', 'Per a  # Titolo', 'a  # Titolo', 'a  # Titolo'),
	('a template', '{{x}} {{>p}} {{{x}}}', 'Per {{x}} {{>p}} {{{x}}}', '{{x}} {{&gt;p}} {{{x}}}', '{{x}} {{>p}} {{{x}}}'),
	('markup', '**forte** `codice` ![i](u)', 'Per **forte** `codice` ![i](u)', '**forte** `codice` ![i](u)', '**forte** `codice` ![i](u)')) v (what, v, s, h, t),
	LATERAL io_notify._template_rendered('ostile', 2, jsonb_build_object('x', v), 'email', NULL, NULL) mail,
	LATERAL io_notify._template_rendered('ostile', 2, jsonb_build_object('x', v), 'sms', NULL, NULL) sms,
	LATERAL (VALUES ('subject', mail.subject, s), ('HTML', io_notify.markdown_to_html(mail.markdown), E'<p>Ciao ' || h || E'</p>\n'),
		('SMS', sms.markdown, 'Ciao ' || t)) r (place, got, want);

-- --- SMS -------------------------------------------------------------------------
SELECT pg_temp.text('m', 'Testo'), pg_temp.text('m', 'Sosta: {{x}}', channel => 'sms'), pg_temp.text('m', 'Parken: {{x}}', 'de', channel => 'sms');
SELECT is(pg_temp.refused(format('INSERT INTO io_notify.message (service, recipient, template, params) VALUES (''sosta'', ''RSSMRA85T10A562S'', ''m'', jsonb_build_object(''x'', repeat(%L, %s)))', c, n)), want, format('%s times %s', n, c))
FROM (VALUES ('a', 451, 'accepted'), ('a', 452, '22023 | params of the message is not valid | The SMS text in de takes 4 segments; 3 are allowed.'),
	('ж', 193, 'accepted'), ('ж', 194, '22023 | params of the message is not valid | The SMS text in de takes 4 segments; 3 are allowed.'),
	('ç', 451, 'accepted')) v (c, n, want);
UPDATE io_notify.service SET sms_transliterate = false WHERE name = 'sosta';
SELECT is(pg_temp.bound('sosta', 'm', jsonb_build_object('x', repeat('ç', 451))), '22023', 'not transliterated it is longer');
UPDATE io_notify.service SET sms_transliterate = true, sms_max_segments = 1 WHERE name = 'sosta';
SELECT is(pg_temp.bound('sosta', 'm', jsonb_build_object('x', repeat('a', n))), want, format('one segment: %s', n)) FROM (VALUES (152, '3'), (153, '22023')) v (n, want);
INSERT INTO io_notify.template (name, channel, markdown, sms_max_segments) VALUES ('m', 'sms', 'Sosta: {{x}}', 4);
SELECT is(pg_temp.bound('sosta', 'm', jsonb_build_object('x', repeat('a', 300))), '22023', 'a text''s own limit is that text''s alone');
INSERT INTO io_notify.template (name, channel, language, markdown, sms_max_segments) VALUES ('m', 'sms', 'de', 'Parken: {{x}}', 4);
SELECT is(pg_temp.bound('sosta', 'm', jsonb_build_object('x', repeat('a', 300))), '5', 'with one for each');
SELECT is(pg_temp.bound('tributi', 'm', jsonb_build_object('x', repeat('a', 5000))), '5', 'a service that sends no SMS does not ask');

-- --- registrations ---------------------------------------------------------------
SELECT is(io_notify._template_matches(t, p), want, format('%s | %s', t, p)) FROM (VALUES ('Rata 12 di luglio', 'Rata {#var#} di {#var#}', true), ('Rata 12', 'Rata {#var#} di {#var#}', false),
	('Rata ' || repeat('x', 31), 'Rata {#var#}', false), ('Rata ' || repeat('x', 31), 'Rata {#var#}{#var#}', true), ('', '', true)) v (t, p, want);
INSERT INTO io_notify.template (name, channel, markdown) VALUES ('reg', 'sms', 'Rata {{n}}{{#x}} urgente{{/x}}'), ('reg', 'sms', 'Rata {{n}} di {{mese}}');
SELECT id FROM io_notify.template WHERE name = 'reg' AND version = 2 \gset
SELECT pg_temp.run_as('tap_operator', format($$SELECT io_notify.template_register(%L, 'tap_sms', 'IT-1', 'Rata {#var#} di {#var#}{#var#}')$$, :'id'));
SELECT is_empty(format($$SELECT FROM io_notify.template_lint(%L) WHERE problem LIKE '%%provider%%'$$, :'id'), 'a pattern that is the text''s');
SELECT pg_temp.run_as('tap_operator', format($$SELECT io_notify.template_register(%L, 'tap_sms', 'IT-2', 'Rata {#var#}')$$, :'id'));
SELECT pg_temp.run_as('tap_operator', format($$SELECT io_notify.template_register(%L, 'nessuno', 'IT-3')$$, :'id'));
SELECT results_eq(format($$SELECT severity, problem FROM io_notify.template_lint(%L) WHERE problem LIKE '%%provider%%' ORDER BY problem$$, :'id'),
	$$VALUES ('warning', 'provider "nessuno" does not exist'), ('error', 'provider "tap_sms": the registered pattern is not this text, which would be: Rata {#var#} di {#var#}')$$, 'one that is not');
SELECT pg_temp.run_as('tap_operator', format($$SELECT io_notify.template_register(%L, 'tap_sms', 'IT-4', 'Rata {#var#}')$$, id)) FROM io_notify.template WHERE name = 'reg' AND version = 1;
SELECT results_eq($$SELECT l.severity FROM io_notify.template t, io_notify.template_lint(t.id) l WHERE t.name = 'reg' AND t.version = 1 AND l.problem LIKE 'provider%'$$, ARRAY['warning'], 'sections: nobody knows before');
SELECT results_eq($$SELECT provider, provider_template_id, registered_by::text COLLATE "default" FROM io_notify.template_registration WHERE provider <> 'gw' ORDER BY 2$$,
	$$VALUES ('tap_sms', 'IT-2', 'tap_operator'), ('nessuno', 'IT-3', 'tap_operator'), ('tap_sms', 'IT-4', 'tap_operator')$$, 'one per text and provider');
SELECT is((SELECT count(*) FROM io_notify.audit_event WHERE kind = 'template_registered' AND subject = 'reg' AND actor = 'tap_operator'), 4::bigint, 'and an audit event each');

-- --- out and in --------------------------------------------------------------------
SELECT is(pg_temp.run_as(who, 'SELECT io_notify.template_export()'), '42501', who || ' reads nothing') FROM unnest('{tap_stranger}'::text[]) who;
SELECT is(pg_temp.run_as(who::name, $$SELECT string_agg(DISTINCT coalesce(t ->> 'service', t ->> 'organization', '*'), ' ' ORDER BY coalesce(t ->> 'service', t ->> 'organization', '*')) FROM jsonb_array_elements(io_notify.template_export() -> 'templates') t$$), want, who || ' reads')
FROM (VALUES ('tap_writer', '* citta provincia regione tributi'), ('tap_town', '* citta tributi'), ('tap_region', '* citta provincia regione tributi'),
	('tap_operator', '* altrove citta lontano provincia regione tributi'), ('tap_sender', '*')) v (who, want);
SELECT io_notify.template_export() AS everything, io_notify.template_export('reg') AS one \gset
SELECT is(:'one'::jsonb, jsonb_build_object('format', 'io_notify templates 1', 'templates', jsonb_build_array(jsonb_build_object('name', 'reg', 'kind', 'template', 'channel', 'sms',
	'language', 'it', 'markdown', 'Rata {{n}} di {{mese}}', 'registrations', jsonb_build_array(jsonb_build_object('provider', 'nessuno', 'provider_template_id', 'IT-3'),
	jsonb_build_object('provider', 'tap_sms', 'provider_template_id', 'IT-2', 'pattern', 'Rata {#var#}'))))), 'a document');
SELECT is(io_notify.template_import(:'everything'), 0, 'what is there already needs no version');
ALTER TABLE io_notify.template DISABLE TRIGGER template_write;
DELETE FROM io_notify.template;
ALTER TABLE io_notify.template ENABLE TRIGGER template_write;
SELECT cmp_ok(io_notify.template_import(:'everything'), '>', 20, 'all of it into an empty database');
SELECT is(io_notify.template_export(), :'everything'::jsonb, 'and out again: the same');
SELECT is((SELECT count(*) FROM io_notify.template WHERE state <> 'approved'), 0::bigint, 'approved, since the owner did it');
SELECT is(pg_temp.run_as('tap_writer', $$SELECT io_notify.template_import('{"format": "io_notify templates 1", "templates": [{"name": "nuovo", "service": "tributi", "subject": "S", "markdown": "M", "parameters": {"a": "text"},
	"registrations": [{"provider": "tap_sms", "provider_template_id": "IT-9"}]}]}')$$), '1', 'a member imports');
SELECT is((SELECT concat_ws(' ', state, created_by, parameters ->> 'a', (SELECT count(*) FROM io_notify.template_registration r WHERE r.template_id = t.id)) FROM io_notify.template t WHERE name = 'nuovo'), 'draft tap_writer text 0', 'drafts, without registrations');
SELECT is(pg_temp.run_as('tap_writer', format('SELECT io_notify.template_import(%L)', :'everything')), '42501', 'but not what is another''s');
SELECT is(left(pg_temp.refused(format('SELECT io_notify.template_import(%L)', d)), 5), '22023', d) FROM unnest(ARRAY['{}', '[]', '{"format": "io_notify templates 2", "templates": []}', '{"format": "io_notify templates 1", "templates": {}}',
	'{"format": "io_notify templates 1", "templates": [1]}', '{"format": "io_notify templates 1", "templates": [{"name": "x", "subject": "S", "markdown": "M", "colour": "red"}]}']) d;

-- --- layouts ---------------------------------------------------------------------------
SELECT is(pg_temp.refused(format('INSERT INTO io_notify.layout (organization, %s) VALUES (''citta'', %s)', c, v)), want, format('%s %s', c, left(v, 40))) FROM (VALUES
	('primary_color', '''#0066CC''', 'accepted'), ('primary_color', '''0066cc''', '22023 | primary_color of the layout is not valid | It must be written #rrggbb.'),
	('primary_color', '''#0066cc;}''', '22023 | primary_color of the layout is not valid | It must be written #rrggbb.'),
	('logo_url', '''http://x.it/l.png''', '22023 | logo_url of the layout is not valid | Its scheme must be https.'),
	('logo_url', '''javascript:alert(1)''', NULL), ('website', '''http://x.it''', NULL), ('unsubscribe_url', '''https://user:pw@x.it''', NULL),
	('logo_alt', 'E''a\nb''', '22023 | logo_alt of the layout is not valid | It must be one short line.'), ('footer_markdown', 'repeat(''a'', 10001)', '22023 | footer_markdown of the layout is not valid | It is too long.'),
	('contacts_markdown', '''Tel. **02**''', NULL)) x (c, v, want) WHERE want IS NOT NULL AND want <> 'accepted';
INSERT INTO io_notify.layout (organization, primary_color, website, contacts_markdown, name) VALUES ('citta', '#0066CC', 'http://x.it', 'Tel. **02**', 'Città');
SELECT is(left(pg_temp.refused(format('UPDATE io_notify.layout SET %s', c)), 5), '22023', c) FROM unnest(ARRAY['logo_url = ''javascript:alert(1)''', 'unsubscribe_url = ''https://user:pw@x.it''', 'website = ''ftp://x.it''', 'name = repeat(''a'', 201)']) c;
SELECT * FROM finish();
ROLLBACK;
