-- Who may call what: every function of the schema × each kind of role.  The
-- catalog says what there is.  A function that could do more than its caller
-- (a door, or anything in C) and every public one must be classified here;
-- what is left runs with the rights of whoever calls it.  Then all of them are
-- called with what somebody who knows everybody's ids would try.
-- Kinds: s member of the service, r of another one, g member of its
-- organization, h of another one, n analyst, o operator, a app, - nobody.
BEGIN;
\ir setup.inc
SELECT plan(20);

INSERT INTO io_notify.organization (code, name, fiscal_code) VALUES ('rival', 'Altro comune', NULL);
UPDATE io_notify.organization SET fiscal_code = '01488650142' WHERE code = 'tap';
UPDATE io_notify.service SET description = 'CANARYSERVICE' WHERE name = 'mail';
INSERT INTO io_notify.service (name, organization, state, channels) VALUES ('other', 'rival', 'published', '{inbox,email}'), ('sketch', 'tap', 'draft', '{inbox}');
INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled) VALUES ('VRDGPP70A01H501S', 'canary.box@citizens.test', true, true);
CREATE ROLE tap_rival;
CREATE ROLE tap_keeper;
CREATE ROLE tap_keeper_of_other;
CREATE ROLE tap_analyst;
CREATE ROLE tap_operator;
CREATE ROLE tap_app;
SELECT io_notify.grant_sender('tap_rival', 'other'), io_notify.grant_organization('tap_keeper', 'tap'), io_notify.grant_organization('tap_keeper_of_other', 'rival'),
	io_notify.grant_analyst('tap_analyst'), io_notify.grant_operator('tap_operator'), io_notify.grant_app('tap_app');
CREATE TEMP TABLE kind (letter text, role name) ON COMMIT DROP;
INSERT INTO kind VALUES ('s', 'tap_sender'), ('r', 'tap_rival'), ('g', 'tap_keeper'), ('h', 'tap_keeper_of_other'), ('n', 'tap_analyst'), ('o', 'tap_operator'),
	('a', 'tap_app'), ('-', 'tap_stranger');

-- the app acts for one citizen, the canary is another's
SELECT set_config('io_notify.citizen', 'RSSMRA85T10A562S', true);
INSERT INTO io_notify.message (service, recipient, subject, markdown, reference, idempotency_key)
	VALUES ('mail', 'VRDGPP70A01H501S', 'CANARYSUBJECT', rpad('CANARYBODY', 80, '.'), 'CANARYREFERENCE', 'CANARYKEY') RETURNING id \gset
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('letter', 'mail', 'CANARYTEMPLATE {{n}}', 'CANARYTEMPLATE {{n}}') RETURNING id AS template \gset
INSERT INTO io_notify.template (name, service, subject, markdown, state) VALUES ('sketch', 'mail', 'CANARYTEMPLATE', 'CANARYTEMPLATE', 'draft') RETURNING id AS sketch \gset
SELECT pg_temp.put('mail') AS own \gset
INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('mail', 'VRDGPP70A01H501S', 'letter', '{"n": "CANARYPARAM"}') RETURNING id AS templated \gset
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('VRDGPP70A01H501S', 'mail', 'email', false);
INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('VRDGPP70A01H501S', 'fcm', 'CANARYDEVICE');
INSERT INTO io_notify.service_history (service, actor, kind, action, reason) VALUES ('mail', 'tap', 'registry', 'update', 'CANARYHISTORY');

SELECT io_notify._service_key('', 'unsubscribe') IS NOT NULL AS made \gset

-- --- what there is -------------------------------------------------------------
CREATE TEMP TABLE there ON COMMIT DROP AS
	SELECT p.oid, p.oid::regprocedure::text AS signature, p.proname::text AS name, l.lanname::text AS language, p.prosrc, p.prorettype = 'trigger'::regtype AS is_trigger,
		   p.prosecdef, p.proconfig, p.proacl
	FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'io_notify'::regnamespace;
SELECT is_empty($$SELECT signature FROM there WHERE prosecdef$$, 'none is SECURITY DEFINER');
SELECT is_empty($$SELECT signature FROM there WHERE language NOT IN ('c', 'sql', 'plpgsql')$$, 'no other language');
SELECT is_empty($$SELECT signature FROM there WHERE language <> 'c' AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)$$, 'every one in SQL pins its search_path');
SELECT is_empty($$SELECT t.signature, k.role FROM there t CROSS JOIN kind k WHERE has_function_privilege(k.role, t.oid, 'EXECUTE')
	<> NOT (t.is_trigger AND t.name <> 'notify' OR t.name IN ('install', 'adopt', '_wake', '_make_partitions'))$$, 'trigger functions and the owner''s own are not for others');

-- in C without being a door: 'harmless' tells nothing but about its arguments or
-- the caller; 'asks' checks rights itself, and is called below
CREATE TEMP TABLE in_c (name text, class text) ON COMMIT DROP;
INSERT INTO in_c VALUES
	('uuid_v7', 'harmless'), ('fiscal_code_valid', 'harmless'), ('markdown_to_html', 'harmless'), ('render', 'harmless'), ('sms_segments', 'harmless'),
	('_uuid_v7_floor', 'harmless'), ('_destination', 'harmless'), ('_hmac_sha256', 'harmless'), ('_same_bytes', 'harmless'), ('_random_bytes', 'harmless'),
	('_partial_names', 'harmless'), ('_preview_page', 'harmless'), ('_registration_problem', 'harmless'), ('_template_check', 'harmless'),
	('_template_matches', 'harmless'), ('_template_problems', 'harmless'), ('_unsubscribe_verify', 'harmless'), ('_quiet_until', 'harmless'),
	('_suppression_address', 'harmless'), ('_provider_validator', 'harmless'), ('_advice', 'harmless'),
	('_caller', 'harmless'), ('_caller_is', 'harmless'), ('_require', 'harmless'), ('_acting_citizen', 'harmless'), ('_require_citizen', 'harmless'),
	('_my_services', 'harmless'), ('_my_organizations', 'harmless'), ('_sees_all', 'harmless'), ('_sends', 'harmless'),
	('_wake', 'owner'), ('_template_number', 'caller'), ('notify', 'caller'), ('send', 'asks'), ('cancel', 'asks'), ('route_explain', 'asks'), ('act_for', 'asks'),
	('_provider_options', 'asks'), ('_provider_runtime', 'asks'), ('_workers', 'asks'), ('_preference_allowed', 'asks'), ('_template_rendered', 'asks'), ('_preview_render', 'asks');
SELECT is_empty($$SELECT signature FROM there WHERE language = 'c' AND NOT is_trigger AND prosrc <> 'ion_as_owner' AND name NOT IN (SELECT name FROM in_c)$$, 'no function in C is left unclassified');
SELECT is_empty($$SELECT name FROM in_c EXCEPT SELECT name FROM there WHERE language = 'c'$$, 'and none is listed that does not exist');
SELECT is_empty($$SELECT d.oid::regprocedure FROM pg_proc d WHERE d.pronamespace = 'io_notify'::regnamespace AND d.prosrc = 'ion_as_owner'
	AND NOT EXISTS (SELECT FROM pg_proc b WHERE b.pronamespace = d.pronamespace AND b.proname = '_' || d.proname AND b.proargtypes = d.proargtypes AND b.prorettype = d.prorettype
		AND b.proretset = d.proretset AND (d.proisstrict OR NOT b.proisstrict) AND b.prosrc <> 'ion_as_owner' AND b.provolatile = d.provolatile)$$, 'behind every door stands what fits it');

-- --- by trial: who gets past the question whether he may ------------------------
CREATE TEMP TABLE call (name text, kinds text, command text, refusal text DEFAULT '42501') ON COMMIT DROP;
INSERT INTO call VALUES
	('grant_sender', '', $$io_notify.grant_sender('tap_stranger', 'mail')$$), ('grant_sender', '', $$io_notify.grant_sender('tap_stranger', 'mail', 'tap')$$),
	('revoke_sender', '', $$io_notify.revoke_sender('tap_sender', 'mail')$$),
	('grant_operator', '', $$io_notify.grant_operator('tap_stranger')$$), ('revoke_operator', '', $$io_notify.revoke_operator('tap_operator')$$),
	('grant_analyst', '', $$io_notify.grant_analyst('tap_stranger')$$), ('revoke_analyst', '', $$io_notify.revoke_analyst('tap_analyst')$$),
	('grant_app', '', $$io_notify.grant_app('tap_stranger')$$), ('revoke_app', '', $$io_notify.revoke_app('tap_app')$$),
	('grant_organization', '', $$io_notify.grant_organization('tap_stranger', 'tap')$$), ('revoke_organization', '', $$io_notify.revoke_organization('tap_keeper', 'tap')$$),
	('install', '', 'io_notify.install()'), ('adopt', '', 'io_notify.adopt()'), ('_wake', '', 'io_notify._wake()'), ('_make_partitions', '', 'io_notify._make_partitions()'),
	('pause', 'o', $$io_notify.pause('service', 'mail')$$), ('resume', 'o', $$io_notify.resume('service', 'mail')$$), ('status', 'o', 'io_notify.status()'),
	('wait_until_idle', 'o', $$io_notify.wait_until_idle('1 ms')$$), ('_default_filled', 'o', 'io_notify._default_filled()'),
	('requeue', 'o', format('io_notify.requeue(%L)', :'id')), ('cancel', 'so', format('io_notify.cancel(%L)', :'id')),
	('record_receipt', 'o', $$io_notify.record_receipt('tap_relay', 'x', 'delivered')$$),
	('record_payment', 'soa', $$io_notify.record_payment('01488650142', '301234567890123456')$$),
	('suppress', 'so', $$io_notify.suppress('email', 'a@example.it', service => 'mail')$$), ('suppress', 'o', $$io_notify.suppress('email', 'a@example.it')$$),
	('unsuppress', 'so', $$io_notify.unsuppress('email', 'a@example.it', 'mail')$$), ('unsuppress', 'o', $$io_notify.unsuppress('email', 'a@example.it')$$),
	('unsubscribe', 'srghnoa-', $$io_notify.unsubscribe('token')$$),
	('send', 's', $$io_notify.send('mail', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('x', 80, 'x'))$$),
	('send', 's', $$io_notify.send('mail', 'VRDGPP70A01H501S', NULL, subject => 'CANARYSUBJECT', markdown => rpad('CANARYBODY', 80, '.'), idempotency_key => 'CANARYKEY')$$),
	('send', 'r', $$io_notify.send('other', 'VRDGPP70A01H501S', NULL, subject => 'Oggetto di prova', markdown => rpad('x', 80, '.'), idempotency_key => 'CANARYKEY')$$),
	('route_explain', 's', $$io_notify.route_explain('mail', 'VRDGPP70A01H501S')$$), ('sender_allowed', 's', $$io_notify.sender_allowed('mail', 'VRDGPP70A01H501S')$$),
	('activation_set', 's', $$io_notify.activation_set('mail', 'VRDGPP70A01H501S', 'active')$$),
	('subscription_feed', 's', $$io_notify.subscription_feed('mail', current_date - 1)$$), ('subscription_hash', 's', $$io_notify.subscription_hash('mail', 'VRDGPP70A01H501S')$$),
	('preview', 'sgo', $$io_notify.preview('letter', '{"n": 1}', service => 'mail')$$), ('preview_html', 'sgo', $$io_notify.preview_html('letter', '{"n": 1}', service => 'mail')$$),
	('service_create', 'g', $$io_notify.service_create('fresh', 'tap')$$), ('service_edit', 'g', $$io_notify.service_edit('sketch', '{"title": "x"}')$$),
	('service_edit', 'o', $$io_notify.service_edit('sketch', '{"max_payment_amount": 1}')$$),
	('service_submit', 'g', $$io_notify.service_submit('sketch')$$), ('service_abort', 'g', $$io_notify.service_abort('sketch')$$),
	('service_publish', 'g', $$io_notify.service_publish('sketch')$$), ('service_unpublish', 'g', $$io_notify.service_unpublish('mail')$$), ('service_delete', 'g', $$io_notify.service_delete('sketch')$$),
	('service_approve', 'o', $$io_notify.service_approve('sketch')$$), ('service_reject', 'o', $$io_notify.service_reject('sketch', 'why')$$),
	('service_suspend', 'o', $$io_notify.service_suspend('mail', 'why')$$), ('service_reinstate', 'o', $$io_notify.service_reinstate('mail')$$),
	('template_draft', 'sgo', $$io_notify.template_draft('fresh', 'Oggetto', 'Testo', service => 'mail')$$),
	('template_draft', 'go', $$io_notify.template_draft('fresh', 'Oggetto', 'Testo', organization => 'tap')$$), ('template_draft', 'o', $$io_notify.template_draft('fresh', 'Oggetto', 'Testo')$$),
	('template_submit', 'sgo', format('io_notify.template_submit(%L)', :'sketch')), ('template_discard', 'sgo', format('io_notify.template_discard(%L)', :'sketch')),
	('template_retire', 'sgo', $$io_notify.template_retire('letter', 'mail')$$), ('template_lint', 'sgo', format('io_notify.template_lint(%L)', :'template')),
	('template_approve', 'o', format('io_notify.template_approve(%L)', :'sketch')), ('template_reject', 'o', format('io_notify.template_reject(%L, ''why'')', :'sketch')),
	('template_register', 'o', format('io_notify.template_register(%L, ''tap_sms'', ''x'')', :'template')),
	('template_export', 'srgho', 'io_notify.template_export()'),
	('template_import', 'sgo', $$io_notify.template_import('{"format": "io_notify templates 1", "templates": [{"name": "fresh", "subject": "Oggetto", "markdown": "Testo", "service": "mail"}]}')$$),
	('act_for', 'a', $$io_notify.act_for('RSSMRA85T10A562S')$$), ('citizen_get', 'a', 'io_notify.citizen_get()'), ('citizen_register', 'a', 'io_notify.citizen_register()'),
	('citizen_update', 'a', $$io_notify.citizen_update(0, '{"language": "de"}')$$), ('preference_get', 'a', $$io_notify.preference_get('mail')$$),
	('preference_set', 'a', $$io_notify.preference_set('mail', 'email', true, 0)$$), ('disclosure_set', 'a', $$io_notify.disclosure_set('mail', true, 0)$$),
	('verification_start', 'a', $$io_notify.verification_start('email')$$), ('verification_complete', 'a', $$io_notify.verification_complete('email', 'x')$$),
	('inbox_list', 'a', 'io_notify.inbox_list()'), ('inbox_get', 'a', format('io_notify.inbox_get(%L)', :'own')),
	('inbox_mark_read', 'a', format('io_notify.inbox_mark_read(%L)', :'own')), ('inbox_mark_read_bulk', 'a', format('io_notify.inbox_mark_read_bulk(ARRAY[%L]::uuid[])', :'own')),
	('inbox_archive', 'a', format('io_notify.inbox_archive(%L)', :'own')),
	('inbox_archive_bulk', 'a', format('io_notify.inbox_archive_bulk(ARRAY[%L]::uuid[])', :'own')),
	('_preference_allowed', '', $$io_notify._preference_allowed('VRDGPP70A01H501S', 'mail', 'email', true, 0)$$),
	('_template_rendered', '', $$io_notify._template_rendered('letter', 1, '{"n": 1}', 'inbox', '{it}', 'Europe/Rome')$$),
	('_preview_render', '', format('io_notify._preview_render(%L, NULL, NULL, NULL, NULL, NULL, ''it'')', :'id'));
-- what is no one else's does not exist for him, and some answer everybody, but others with nothing
INSERT INTO call VALUES ('preview', 's', format('io_notify.preview(%L::uuid)', :'id'), '42704'),
	('preview_html', 's', format('io_notify.preview_html(%L::uuid)', :'id'), '42704'),
	('inbox_get', '', format('io_notify.inbox_get(%L)', :'id'), '42501 42704'),
	('inbox_mark_read', '', format('io_notify.inbox_mark_read(%L)', :'id'), '42501 42704'),
	('inbox_archive', '', format('io_notify.inbox_archive(%L)', :'id'), '42501 42704'),
	('_provider_options', 'o', $$(SELECT io_notify._provider_options(oid) FROM pg_foreign_server WHERE srvname = 'tap_relay')$$, 'nothing'),
	('_workers', 'o', '(SELECT coalesce(max(worker), ''none'') FROM io_notify._workers())', 'none'), ('_provider_runtime', 'o', '(SELECT ''none'' FROM io_notify._provider_runtime())', 'nothing none'),
	('_inbox_text', '', format('(SELECT subject FROM io_notify._inbox_text(%L))', :'templated'), 'nothing');
SELECT is_empty($$SELECT t.signature FROM there t WHERE (t.prosrc = 'ion_as_owner' OR t.name !~ '^_' OR t.name IN (SELECT c.name FROM in_c c WHERE c.class = 'asks')) AND t.name <> 'notify'
	AND t.name NOT IN (SELECT c.name FROM in_c c WHERE c.class = 'harmless') AND t.name NOT IN (SELECT c.name FROM call c)$$, 'every door and every public function is tried');
CREATE FUNCTION pg_temp.outcome(who name, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('role', who, true);
	BEGIN
		EXECUTE 'SELECT ' || command INTO answer;
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION
		WHEN SQLSTATE 'ZZ000' THEN
			PERFORM set_config('role', 'none', true);
			RETURN coalesce(nullif(answer, ''), 'nothing');
		WHEN OTHERS THEN
			PERFORM set_config('role', 'none', true);
			RETURN SQLSTATE;
	END;
END
$$;
CREATE TEMP TABLE tried ON COMMIT DROP AS
	SELECT c.name, c.command, c.refusal, k.role, k.letter <> '-' AND c.kinds LIKE '%' || k.letter || '%' OR c.kinds LIKE '%-' AS may, pg_temp.outcome(k.role, c.command) AS outcome
	FROM call c CROSS JOIN kind k;
SELECT is_empty($$SELECT command, role, outcome FROM tried WHERE may AND outcome = ANY (string_to_array(refusal, ' ')) AND NOT refusal ~ 'no'$$, 'who may is let in');
SELECT is_empty($$SELECT command, role, outcome FROM tried WHERE NOT may AND outcome <> ALL (string_to_array(refusal, ' '))$$, 'who may not is refused');
SELECT is((SELECT count(*) FROM tried WHERE may), (SELECT sum(length(kinds)) FROM call), 'none was left out');
-- the error of one who asks about another's key is that of one who asks about none
SELECT is((SELECT string_agg(outcome ~ '^[0-9a-f-]{36}$' || '', ' ' ORDER BY role) FROM tried WHERE command LIKE '%other%CANARYKEY%' AND may), 'true', 'a key of one service is free for another');

-- --- everything, with what an insider knows ------------------------------------
-- canaries: what none of the arguments says
CREATE FUNCTION pg_temp.guess(arg name, type oid, own uuid, other uuid, tpl uuid) RETURNS text LANGUAGE sql AS $$
	SELECT CASE type::regtype::text
		WHEN 'uuid' THEN format('%L::uuid', CASE WHEN arg = 'template_id' THEN tpl ELSE other END)
		WHEN 'uuid[]' THEN format('ARRAY[%L]::uuid[]', other)
		WHEN 'jsonb' THEN $q$'{"n": 1, "name": "mail", "format": "io_notify templates 1", "templates": []}'::jsonb$q$
		WHEN 'text[]' THEN $q$'{subject,markdown}'::text[]$q$
		WHEN 'name' THEN $q$'tap_stranger'::name$q$
		WHEN 'boolean' THEN 'true' WHEN 'integer' THEN '1' WHEN 'bytea' THEN $q$'\x00'::bytea$q$ WHEN 'date' THEN 'current_date - 1'
		WHEN 'timestamp with time zone' THEN 'now()' WHEN 'time without time zone' THEN $q$'10:00'::time$q$ WHEN 'interval' THEN $q$'1 ms'::interval$q$
		WHEN 'oid' THEN $q$(SELECT oid FROM pg_foreign_server WHERE srvname = 'tap_relay')$q$
		ELSE format('%L::text', CASE
			WHEN arg IN ('service', 'name', 'object') THEN 'mail' WHEN arg IN ('fiscal_code', 'recipient', 'code') THEN 'VRDGPP70A01H501S' WHEN arg = 'channel' THEN 'email'
			WHEN arg IN ('template', 'layout') THEN 'letter' WHEN arg = 'organization' THEN 'tap' WHEN arg = 'provider' THEN 'tap_relay' WHEN arg = 'kind' THEN 'service'
			WHEN arg = 'provider_ref' THEN other || '.2' WHEN arg = 'status' THEN 'delivered' WHEN arg = 'state' THEN 'active' WHEN arg = 'priority' THEN 'normal'
			WHEN arg = 'idempotency_key' THEN 'CANARYKEY' WHEN arg = 'address' THEN 'a@example.it' WHEN arg = 'language' THEN 'it' WHEN arg = 'purpose' THEN 'feed'
			WHEN arg = 'relation' THEN 'message' WHEN arg = 'payee' THEN '01488650142' WHEN arg = 'notice' THEN '301234567890123456' WHEN arg = 'action' THEN 'edit'
			WHEN arg = 'subject' THEN 'Oggetto di prova' WHEN arg = 'markdown' THEN rpad('x', 80, 'x') ELSE 'x' END) END
$$;
CREATE FUNCTION pg_temp.call_of(f oid, guess boolean, own uuid, other uuid, tpl uuid) RETURNS text LANGUAGE sql AS $$
	SELECT format('(SELECT string_agg(x::text, ''|'') FROM io_notify.%I(%s) x)', p.proname,
		coalesce((SELECT string_agg(CASE WHEN guess THEN pg_temp.guess(p.proargnames[a.n], a.type, own, other, tpl) ELSE format('NULL::%s', a.type::regtype) END, ', ' ORDER BY a.n)
				  FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, n)), ''))
	FROM pg_proc p WHERE p.oid = f
$$;
CREATE FUNCTION pg_temp.written() RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'io_notify'
$$;
CREATE FUNCTION pg_temp.attempt(who name, command text, OUT state text, OUT told text, OUT wrote boolean) LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	before bigint := pg_temp.written();
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM set_config('role', who, true);
	BEGIN
		EXECUTE 'SELECT ' || command INTO answer;
		PERFORM set_config('role', 'none', true);
		wrote := pg_temp.written() > before;
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION
		WHEN SQLSTATE 'ZZ000' THEN
			state := 'answered';
			told := answer;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
			state := SQLSTATE;
			told := concat_ws('|', message, detail, hint);
			wrote := false;
	END;
	PERFORM set_config('role', 'none', true);
END
$$;
CREATE TEMP TABLE attempted ON COMMIT DROP AS
	SELECT t.signature, t.name, t.prosrc, k.role, k.letter, g AS guessed, a.*
	FROM there t CROSS JOIN kind k CROSS JOIN unnest('{true,false}'::boolean[]) g
		 CROSS JOIN LATERAL pg_temp.attempt(k.role, pg_temp.call_of(t.oid, g, :'own', :'id', :'template')) a
	WHERE NOT t.is_trigger AND t.name <> 'install' AND k.letter <> 's' OFFSET 0;
SELECT cmp_ok((SELECT count(*) FROM attempted), '>', 1500::bigint, 'all functions were called with NULLs and with guesses, and the server lives');
SELECT is_empty($$SELECT signature, role, state, told FROM attempted WHERE state ~ '^(XX|42883|42P13|42703|42P01|22P02)' AND told !~ 'random bytes|kind of access|no relation|has no column'$$,
	'none falls over its arguments');
SELECT is_empty($$SELECT signature, role, told FROM attempted WHERE letter IN ('r', 'h', 'n', 'a', '-')
	AND told ~ 'CANARY(BODY|SUBJECT|PARAM|TEMPLATE|REFERENCE|DEVICE|SERVICE|HISTORY)|canary.box'$$, 'nobody is told what another wrote, or where a citizen lives');
SELECT is_empty($$SELECT signature, role, told FROM attempted WHERE letter = 'o' AND told ~ 'CANARY(BODY|SUBJECT|PARAM|DEVICE)'$$, 'an operator is told no content');
SELECT is_empty($$SELECT signature, role, told FROM attempted WHERE letter = 'g' AND told ~ 'CANARY(BODY|SUBJECT|PARAM|DEVICE)|canary.box'$$, 'nor is a member of the organization');
SELECT is_empty($$SELECT signature, role, state, told FROM attempted WHERE letter IN ('-', 'n') AND wrote$$, 'who has no business writing writes nothing');
-- the others: nothing but of their own
SELECT is_empty($$SELECT DISTINCT name, letter FROM attempted WHERE wrote AND (name, letter) NOT IN (
	VALUES ('preference_set', 'a'), ('disclosure_set', 'a'), ('record_payment', 'a'), ('_template_import', 'a'),
		('cancel', 'o'), ('pause', 'o'), ('record_receipt', 'o'), ('record_payment', 'o'), ('requeue', 'o'), ('suppress', 'o'), ('service_suspend', 'o'), ('template_register', 'o'),
		('template_draft', 'o'), ('template_draft', 'g'), ('template_retire', 'o'), ('template_retire', 'g'), ('service_unpublish', 'g'), ('service_delete', 'g'))$$, 'who writes writes what is his to write');
SELECT results_eq($$SELECT (SELECT count(*) FROM io_notify.message), (SELECT string_agg(markdown, '' ORDER BY id) LIKE '%CANARYBODY%' FROM io_notify.message)$$, $$VALUES (3::bigint, true)$$, 'all is as it was');
SELECT * FROM finish();
ROLLBACK;
