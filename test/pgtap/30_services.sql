-- The life of a service: every step, in every state, by everybody; what the
-- functions answer against the rules, which are written here a second time.
BEGIN;
\ir setup.inc
SELECT plan(1682);

INSERT INTO io_notify.organization (code, name, parent) VALUES ('land', 'Regione', NULL), ('town', 'Comune', 'land'), ('other', 'Altro comune', 'land');
CREATE ROLE fsm_town; CREATE ROLE fsm_land; CREATE ROLE fsm_other; CREATE ROLE fsm_sender; CREATE ROLE fsm_operator; CREATE ROLE fsm_both;
CREATE ROLE fsm_nobody; CREATE ROLE fsm_child IN ROLE fsm_town;
SELECT io_notify.grant_organization('fsm_town', 'town'), io_notify.grant_organization('fsm_land', 'land'), io_notify.grant_organization('fsm_other', 'other'),
	   io_notify.grant_organization('fsm_both', 'town'), io_notify.grant_operator('fsm_operator'), io_notify.grant_operator('fsm_both');

-- --- every state a service can be in: its own, and its draft's beside it
CREATE TEMP TABLE stand ON COMMIT DROP AS
SELECT s || '_' || coalesce(d, 'none') AS name, s AS state, d AS draft
FROM unnest('{draft,submitted,rejected,deleted}'::text[]) s, (VALUES (NULL)) v (d)
UNION ALL
SELECT s || '_' || coalesce(d, 'none'), s, d
FROM unnest('{approved,published,unpublished,suspended}'::text[]) s, unnest('{NULL,draft,submitted,rejected}'::text[]) d;
INSERT INTO io_notify.service (name, organization, state, description, privacy_url, support_url, authorized_cidrs)
SELECT name, 'town', state, 'Descrizione', 'https://comune.example.it/privacy', 'https://comune.example.it/aiuto', '{192.0.2.0/24}' FROM stand;
INSERT INTO io_notify.service_draft (service, state, changes) SELECT name, draft, '{"title": "Nuovo"}' FROM stand WHERE draft IS NOT NULL;
SELECT io_notify.grant_sender('fsm_sender', name) FROM stand;

CREATE TEMP TABLE step ON COMMIT DROP AS
SELECT * FROM (VALUES ('edit', true), ('submit', true), ('abort', true), ('publish', true), ('unpublish', true), ('delete', true),
					  ('approve', false), ('reject', false), ('suspend', false), ('reinstate', false)) v (action, members);
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT * FROM (VALUES ('fsm_town', true, false), ('fsm_child', true, false), ('fsm_land', true, false), ('fsm_both', true, true), ('fsm_operator', false, true),
					  (current_user, true, true), ('fsm_other', false, false), ('fsm_sender', false, false)) v (who, member, operator);

-- what the function answers, and what is there then; undone
CREATE FUNCTION pg_temp.take(who text, action text, service text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	reached text;
BEGIN
	PERFORM set_config('role', who, true);
	BEGIN
		EXECUTE format('SELECT io_notify.service_%s(%L%s)', action, service,
			CASE action WHEN 'edit' THEN ', ''{"title": "Altro"}''' WHEN 'reject' THEN ', ''perché''' WHEN 'suspend' THEN ', ''perché''' END) INTO answer;
		PERFORM set_config('role', 'none', true);
		SELECT concat_ws(' ', answer, s.state, coalesce(d.state, '-'), s.title, d.changes ->> 'title',
				(SELECT string_agg(concat_ws(':', h.actor, h.kind, h.action, h.from_state, h.to_state), ' ' ORDER BY h.id)
				 FROM io_notify.service_history h WHERE h.service = s.name AND h.action NOT IN ('insert', 'update')))
		INTO reached FROM io_notify.service s LEFT JOIN io_notify.service_draft d ON d.service = s.name WHERE s.name = take.service;
		RAISE EXCEPTION USING ERRCODE = 'ZZ000';
	EXCEPTION
		WHEN SQLSTATE 'ZZ000' THEN
			RETURN reached;
		WHEN OTHERS THEN
			PERFORM set_config('role', 'none', true);
			RETURN SQLSTATE;
	END;
END
$$;

-- the rules again, from the two tables of the standard and what is said of suspension
CREATE FUNCTION pg_temp.rule(p person, t step, s stand) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	in_force boolean := s.state IN ('approved', 'published', 'unpublished', 'suspended');
	life text := CASE WHEN in_force THEN coalesce(s.draft, 'approved') ELSE s.state END;
	after text := s.state;			-- of the service
	draft text := CASE WHEN s.draft IS NULL THEN '-' ELSE s.draft END;
	title text;
	new_title text := CASE WHEN s.draft IS NOT NULL THEN 'Nuovo' END;
	answer text;
	events text;
BEGIN
	IF NOT (CASE WHEN t.members THEN p.member ELSE p.operator END) THEN
		RETURN '42501';
	END IF;
	CASE t.action
		WHEN 'publish' THEN
			IF s.state NOT IN ('approved', 'unpublished') THEN RETURN '55000'; END IF;
			answer := 'published';
			after := answer;
			events := concat_ws(':', p.who, 'publication', t.action, s.state, after);
		WHEN 'unpublish' THEN
			IF s.state <> 'published' THEN RETURN '55000'; END IF;
			answer := 'unpublished';
			after := answer;
			events := concat_ws(':', p.who, 'publication', t.action, s.state, after);
		WHEN 'suspend' THEN
			IF s.state NOT IN ('approved', 'published', 'unpublished') THEN RETURN '55000'; END IF;
			answer := 'suspended';
			after := answer;
			events := concat_ws(':', p.who, 'publication', t.action, s.state, after);
		WHEN 'reinstate' THEN
			IF s.state <> 'suspended' THEN RETURN '55000'; END IF;
			answer := 'unpublished';	-- nothing says what it was before
			after := answer;
			events := concat_ws(':', p.who, 'publication', t.action, s.state, after);
		WHEN 'delete' THEN
			IF life NOT IN ('draft', 'rejected', 'approved') THEN RETURN '55000'; END IF;
			answer := 'deleted';
			after := answer;
			draft := '-';
			new_title := NULL;
			events := concat_ws(':', p.who, 'lifecycle', t.action, s.state, after);
		WHEN 'edit' THEN
			IF life NOT IN ('draft', 'rejected', 'approved') THEN RETURN '55000'; END IF;
			answer := 'draft';
			draft := 'draft';
			IF in_force THEN new_title := 'Altro'; ELSE title := 'Altro'; after := 'draft'; END IF;
			events := concat_ws(':', p.who, 'lifecycle', t.action, life, 'draft');
		WHEN 'submit' THEN
			IF life <> 'draft' THEN RETURN '55000'; END IF;
			answer := 'submitted';
			draft := answer;
			IF NOT in_force THEN after := answer; END IF;
			events := concat_ws(':', p.who, 'lifecycle', t.action, life, answer);
		WHEN 'abort', 'reject' THEN
			IF life <> 'submitted' THEN RETURN '55000'; END IF;
			answer := CASE t.action WHEN 'abort' THEN 'draft' ELSE 'rejected' END;
			draft := answer;
			IF NOT in_force THEN after := answer; END IF;
			events := concat_ws(':', p.who, 'lifecycle', t.action, life, answer);
		WHEN 'approve' THEN
			IF life <> 'submitted' THEN RETURN '55000'; END IF;
			IF NOT in_force THEN after := 'approved'; END IF;
			answer := after;
			draft := '-';
			title := new_title;
			new_title := NULL;
			events := concat_ws(':', p.who, 'lifecycle', t.action, life, 'approved')
				|| CASE WHEN in_force THEN format(' %s:publication:release:%s:%s', p.who, after, after) ELSE '' END;
	END CASE;
	RETURN concat_ws(' ', answer, after, draft, title, new_title, events);
END
$$;

SELECT is(pg_temp.take(p.who, t.action, s.name), pg_temp.rule(p, t, s), format('%s by %s of %s', t.action, CASE p.who WHEN current_user THEN 'owner' ELSE p.who END, s.name))
FROM person p, step t, stand s;
SELECT is((SELECT count(*) FROM person, step, stand), 1600::bigint, 'no gaps');
SELECT is(array(SELECT s FROM unnest('{draft,submitted,approved,rejected,published,unpublished,suspended,deleted}'::text[]) s
				WHERE NOT EXISTS (SELECT FROM stand WHERE state = s)), '{}'::text[], 'every state of the column was met');
SELECT is_empty('SELECT action FROM io_notify._service_transition() EXCEPT SELECT action FROM step', 'every step was taken');
SELECT is(pg_temp.take('fsm_nobody', action, 'nothing'), '42704', action || ' of an unknown service') FROM step;

-- --- only published sends
SELECT is(pg_temp.run_as('fsm_sender', format($$INSERT INTO io_notify.message (service, recipient, subject, markdown)
	VALUES (%L, 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING 'sent'$$, name)),
	CASE state WHEN 'published' THEN 'sent' ELSE '55000' END, 'sending while ' || name) FROM stand;

-- --- who may write what: each detail is one's or the other's
CREATE FUNCTION pg_temp.edit(who name, changes jsonb, service text DEFAULT 'published_none') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text := pg_temp.run_as(who, format('SELECT io_notify.service_edit(%L, %L)', service, changes));
BEGIN
	RETURN answer;
END
$$;
SELECT set_eq('SELECT detail FROM io_notify._service_detail()', $$SELECT attname::text FROM pg_attribute WHERE attrelid = 'io_notify.service'::regclass AND attnum > 0 AND NOT attisdropped$$,
	'each column of service is somebody''s to edit, or nobody''s');
SELECT is_empty($$SELECT unnest('{authorized_recipients,capabilities,category,created_at,daily_quota,explicit_addresses,mandatory,max_payment_amount,monthly_quota,name,
	on_quota,organization,rate_per_second,state}'::text[]) EXCEPT SELECT detail FROM io_notify._service_detail() WHERE who = 'operator'$$, 'operators alone');
SELECT is(string_agg(DISTINCT pg_temp.edit('fsm_town', jsonb_build_object(detail, to_jsonb(s) -> detail)), ' '), '42501', 'a member sets none of them, not even to what it is')
FROM io_notify._service_detail() k, io_notify.service s WHERE k.who = 'operator' AND s.name = 'published_none';
SELECT is(pg_temp.edit('fsm_town', '{"title": "x", "mandatory": true}'), '42501', 'nor among others');
SELECT is(pg_temp.edit('fsm_operator', '{"title": "x", "mandatory": true}'), '42501', 'an operator who is no member edits no title');
SELECT is(pg_temp.edit('fsm_both', '{"title": "x", "mandatory": true}'), 'draft', 'who is both does both');
SELECT results_eq($$SELECT title, mandatory FROM io_notify.service WHERE name = 'published_none'$$, $$VALUES (NULL::text, true)$$, 'the title waits, the rest is in force');
SELECT is(pg_temp.edit('fsm_operator', '{"mandatory": false}', 'deleted_none'), '55000', 'a deleted service is edited by nobody');
SELECT is(pg_temp.edit('fsm_operator', '{"max_payment_amount": 5}', 'submitted_none'), 'submitted', 'a submission is frozen for its authors alone');
SELECT is(pg_temp.edit('fsm_operator', '{"organization": "other"}', 'draft_none'), 'draft', 'a service can move');
SELECT is(pg_temp.edit('fsm_town', '{"title": "x"}', 'draft_none'), '42501', 'and is its new organization''s then');
SELECT is(pg_temp.edit('fsm_other', '{"title": "x"}', 'draft_none'), 'draft', 'alone');

-- --- four eyes
UPDATE io_notify.service SET organization = 'town', state = 'draft' WHERE name = 'draft_none';
CREATE ROLE fsm_second; CREATE ROLE fsm_third;
SELECT io_notify.grant_operator('fsm_second'), io_notify.grant_organization('fsm_third', 'town'), io_notify.grant_operator('fsm_third');
SELECT is(pg_temp.run_as('fsm_both', $$SELECT io_notify.service_create('eyes', 'town', '{"description": "D", "privacy_url": "https://a.it/p", "email": "a@b.it", "authorized_cidrs": ["::/0"]}')$$), 'draft', 'one writes');
SELECT is(pg_temp.run_as('fsm_third', $$SELECT io_notify.service_submit('eyes', true)$$), 'submitted', 'another submits');
SELECT is(pg_temp.run_as(w, $$SELECT io_notify.service_approve('eyes')$$), '42501', 'neither approves: ' || w) FROM unnest('{fsm_both,fsm_third}'::text[]) w;
SELECT is(pg_temp.run_as('fsm_both', $$SELECT io_notify.service_reject('eyes', 'da rivedere')$$), 'rejected', 'but either may reject');
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_edit('eyes', '{"title": "T"}')$$), 'draft', 'a new try');
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_submit('eyes', true)$$), 'submitted', 'by a third one');
SELECT is(pg_temp.run_as('fsm_both', $$SELECT io_notify.service_approve('eyes')$$), '42501', 'whoever had a hand in it since the last approval is an author');
SELECT is(pg_temp.run_as('fsm_second', $$SELECT io_notify.service_approve('eyes')$$), 'published', 'the others approve, and it is published as asked');
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_edit('eyes', '{"title": "U"}'); SELECT io_notify.service_submit('eyes')$$), 'submitted', 'the next draft');
SELECT is(pg_temp.run_as('fsm_both', $$SELECT io_notify.service_approve('eyes')$$), 'published', 'has authors of its own');

-- --- auto_publish of a draft beside a service that was withdrawn, and of one that is held
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_unpublish('eyes'); SELECT io_notify.service_edit('eyes', '{"title": "V"}'); SELECT io_notify.service_submit('eyes', true)$$), 'submitted', 'withdrawn and edited');
SELECT is(pg_temp.run_as('fsm_second', $$SELECT io_notify.service_approve('eyes')$$), 'published', 'is back on approval');
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_edit('eyes', '{"title": "W"}'); SELECT io_notify.service_submit('eyes', true)$$), 'submitted', 'edited again');
SELECT is(pg_temp.run_as('fsm_second', $$SELECT io_notify.service_suspend('eyes', 'abuso'); SELECT io_notify.service_approve('eyes')$$), 'suspended', 'no approval ends a suspension');
SELECT is(pg_temp.run_as('fsm_second', $$SELECT io_notify.service_reinstate('eyes')$$), 'published', 'reinstated it is what it was');
SELECT is(pg_temp.run_as('fsm_second', $$SELECT io_notify.service_suspend('approved_none', 'abuso'); SELECT io_notify.service_reinstate('approved_none')$$), 'approved', 'also when it had never been published');

-- --- the quality gate, piece by piece
CREATE FUNCTION pg_temp.missing(column_name text, value text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text;
BEGIN
	EXECUTE format('UPDATE io_notify.service SET %I = %L WHERE name IN (''draft_none'', ''approved_none'')', column_name, value);
	BEGIN
		PERFORM io_notify.service_submit('draft_none');
		RETURN 'nothing';
	EXCEPTION WHEN SQLSTATE '55000' THEN
		GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
	END;
	BEGIN
		PERFORM io_notify.service_publish('approved_none');
	EXCEPTION WHEN SQLSTATE '55000' THEN
		RETURN told;
	END;
	RETURN 'published all the same';
END
$$;
SELECT is(pg_temp.missing('description'), 'Missing: description.', 'without a description');
SELECT is(pg_temp.missing('privacy_url'), 'Missing: description, privacy_url.', 'and without a privacy page');
SELECT is(pg_temp.missing('support_url'), 'Missing: description, privacy_url, one of email, pec, phone and support_url.', 'and without a contact');
SELECT is(pg_temp.missing('authorized_cidrs', '{}'), 'Missing: authorized_cidrs (one network at least), description, privacy_url, one of email, pec, phone and support_url.', 'all of it at once');
UPDATE io_notify.service SET description = 'D', privacy_url = 'https://a.it/p', authorized_cidrs = '{192.0.2.1}' WHERE name IN ('draft_none', 'approved_none');
SELECT is(pg_temp.missing(c, NULL), 'Missing: one of email, pec, phone and support_url.', c || ' alone is missed') FROM unnest('{email,pec,phone,support_url}'::text[]) c;
SAVEPOINT gate;
UPDATE io_notify.service SET email = 'a@b.it' WHERE name = 'draft_none';
SELECT is(io_notify.service_submit('draft_none'), 'submitted', 'an e-mail address will do');
ROLLBACK TO gate;
UPDATE io_notify.service SET phone = '06 1234' WHERE name = 'draft_none';
SELECT is(io_notify.service_submit('draft_none'), 'submitted', 'or a telephone number');
UPDATE io_notify.service SET phone = NULL WHERE name = 'draft_none';
SELECT is(pg_temp.run_as(current_user, $$SELECT io_notify.service_approve('draft_none')$$), '55000', 'what was lost since the submission is missed at approval');
SELECT lives_ok($$INSERT INTO io_notify.service (name, organization, state) VALUES ('bare', 'town', 'published')$$, 'the gate binds the functions, not the owner''s own statements');

-- --- history: what the owner does by hand, and that drafts of services put in force by hand are forgotten
SELECT results_eq($$SELECT actor, kind, action, from_state, to_state, changes FROM io_notify.service_history WHERE service = 'bare'$$,
	$$SELECT current_user, 'lifecycle', 'insert', NULL, 'published', (SELECT jsonb_strip_nulls(to_jsonb(s)) - '{state,created_at}'::text[]
		|| '{"authorized_recipients": {"count": 0}}' FROM io_notify.service s WHERE name = 'bare')$$, 'inserted by hand');
UPDATE io_notify.service SET state = 'unpublished' WHERE name = 'bare';
UPDATE io_notify.service SET title = 'T' WHERE name = 'bare';
UPDATE io_notify.service SET title = 'T' WHERE name = 'bare';
UPDATE io_notify.service SET state = 'draft' WHERE name = 'bare';
DELETE FROM io_notify.service WHERE name = 'bare';
SELECT results_eq($$SELECT concat_ws(' ', kind, action, from_state, to_state) FROM io_notify.service_history WHERE service = 'bare' AND action <> 'insert' ORDER BY id$$,
	ARRAY['publication update published unpublished', 'registry update unpublished unpublished', 'lifecycle update unpublished draft', 'lifecycle remove draft'], 'changed by hand');
SELECT is(io_notify.service_create('forced', 'town', '{"title": "F"}'), 'draft', 'a draft');
UPDATE io_notify.service SET state = 'published' WHERE name = 'forced';
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_submit('forced')$$), '55000', 'put in force by hand has no draft any more');
SELECT is(pg_temp.run_as('fsm_town', $$SELECT io_notify.service_unpublish('forced')$$), 'unpublished', 'and goes on from there');
SELECT is((SELECT count(*) FROM io_notify.service_history WHERE to_jsonb(service_history)::text ~ 'RSSMRA'), 0::bigint, 'no citizen in history');

-- --- the end of an organization's membership
SELECT io_notify.revoke_organization('fsm_town', 'town');
SELECT is(pg_temp.run_as(w, $$SELECT io_notify.service_publish('forced')$$), '42501', w || ' is a member no more') FROM unnest('{fsm_town,fsm_child}'::text[]) w;
SELECT * FROM finish();
ROLLBACK;
