-- Ways around row level security and through the doors: leaky functions,
-- errors that tell, views and cursors of others, prepared statements, what the
-- planner knows; planted objects and settings; triggers of ours on others'
-- tables.
BEGIN;
\ir setup.inc
SELECT plan(66);

INSERT INTO io_notify.organization (code, name) VALUES ('rival', 'Altro comune');
INSERT INTO io_notify.service (name, organization, state, channels) VALUES ('other', 'rival', 'published', '{inbox,email}');
INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled) VALUES ('VRDGPP70A01H501S', 'giuseppe@citizens.test', true, true);
CREATE ROLE tap_rival;
CREATE ROLE tap_keeper;
CREATE ROLE tap_analyst;
CREATE ROLE tap_operator;
CREATE ROLE tap_app;
CREATE ROLE tap_both NOINHERIT;
SELECT io_notify.grant_sender('tap_rival', 'other'), io_notify.grant_organization('tap_keeper', 'tap'), io_notify.grant_analyst('tap_analyst'),
	io_notify.grant_operator('tap_operator'), io_notify.grant_app('tap_app');
GRANT tap_sender, tap_operator, tap_app TO tap_both;
SELECT set_config('io_notify.citizen', 'RSSMRA85T10A562S', true);
SELECT pg_temp.put('mail', 'RSSMRA85T10A562S') AS mine \gset
SELECT pg_temp.put('other', 'VRDGPP70A01H501S') AS theirs \gset
INSERT INTO io_notify.attempt (message_id, seq, n, started_at, outcome, detail) SELECT message_id, seq, 1, now(), 'transient', 'for ' || address FROM io_notify.delivery WHERE channel = 'email';
CREATE SCHEMA trap;
GRANT ALL ON SCHEMA trap TO PUBLIC;

-- --- functions that tell what they are given -----------------------------------
CREATE TABLE trap.heard (who name, what text);
GRANT INSERT, SELECT ON trap.heard TO PUBLIC;
CREATE FUNCTION trap.leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO trap.heard VALUES (current_user, what); RETURN true; END $$;
CREATE OPERATOR trap.~~~ (RIGHTARG = text, FUNCTION = trap.leak);
CREATE FUNCTION pg_temp.listen(who name, relation text, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	DELETE FROM trap.heard;
	PERFORM pg_temp.run_as(who, format('SELECT count(*) FROM io_notify.%I WHERE trap.leak(%s) AND OPERATOR(trap.~~~) %2$s', relation, expression));
	SELECT string_agg(DISTINCT what, ' ' ORDER BY what) INTO answer FROM trap.heard;
	RETURN answer;
END
$$;
SELECT is(pg_temp.listen(w, r, e), l, format('a leaky function of %s hears of %s only what is its own', w, r)) FROM (VALUES
	('tap_sender', 'message', 'recipient', 'RSSMRA85T10A562S'), ('tap_sender', 'message_status', 'service', 'mail'), ('tap_sender', 'delivery', 'service', 'mail'),
	('tap_sender', 'attempt', 'message_id::text', :'mine'), ('tap_sender', 'service', 'name', 'all mail plain'), ('tap_sender', 'service_settings', 'service', 'all mail plain'),
	('tap_keeper', 'message_status', 'service', 'mail'), ('tap_keeper', 'organization', 'code', 'tap'), ('tap_app', 'inbox', 'service', 'mail'),
	('tap_app', 'delivery', 'service', 'mail'), ('tap_app', 'citizen', 'fiscal_code', 'RSSMRA85T10A562S')) x (w, r, e, l);
SELECT is(pg_temp.listen('tap_stranger', r, e), NULL, 'a stranger''s hears nothing: ' || r) FROM (VALUES ('message_status', 'service'), ('inbox', 'subject')) x (r, e);
GRANT SELECT ON io_notify.message_status, io_notify.message_envelope, io_notify.service_usage, io_notify.provider, io_notify.inbox, io_notify.delivery_facts TO tap_stranger;
SELECT is(pg_temp.listen('tap_stranger', r, e), NULL, 'not even of a view given by hand: ' || r) FROM (VALUES ('message_status', 'service'), ('message_envelope', 'recipient'), ('provider', 'name'),
	('inbox', 'subject'), ('delivery_facts', 'recipient_pseudonym')) x (r, e);

-- --- errors that tell -------------------------------------------------------------
SELECT is(pg_temp.run_as('tap_sender', format('SELECT count(*) FROM io_notify.%s', q)), '0', 'no error tells of rows that are not seen: ' || q) FROM unnest(ARRAY[
	$$message WHERE service = 'other' AND 1 / (length(markdown) - length(markdown)) = 1$$, $$message WHERE service = 'other' AND markdown::integer = 1$$,
	$$message_status WHERE service = 'other' AND 1 / (deliveries - deliveries) = 1$$, $$delivery WHERE service = 'other' AND state::integer = 1$$]) q;
CREATE FUNCTION pg_temp.told(who name, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s text; m text; d text; h text;
BEGIN
	PERFORM set_config('role', who, true);
	BEGIN
		EXECUTE command;
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	END;
	PERFORM set_config('role', 'none', true);
	RETURN concat_ws('|', s, m, d, h);
END
$$;
SELECT is(pg_temp.told('tap_app', format(q, there)), pg_temp.told('tap_app', format(q, nowhere)), 'what is another''s and what is nobody''s look the same: ' || left(q, 50)) FROM (VALUES
	('INSERT INTO io_notify.citizen (fiscal_code) VALUES (%L)', 'VRDGPP70A01H501S', 'BNCLRA90A41F205I'),
	('INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES (%L, ''fcm'', ''x'')', 'VRDGPP70A01H501S', 'BNCLRA90A41F205I'),
	('INSERT INTO io_notify.inbox_state (message_id, fiscal_code) VALUES (%L, ''RSSMRA85T10A562S'')', :'theirs', '01900000-0000-7000-8000-000000000000'),
	('SELECT io_notify.inbox_get(%L)', :'theirs', '01900000-0000-7000-8000-000000000000')) x (q, there, nowhere);

-- --- whose columns, whose rows ------------------------------------------------------
SET LOCAL ROLE tap_sender;
CREATE VIEW trap.messages AS SELECT service, recipient, markdown FROM io_notify.message;
CREATE VIEW trap.settings AS SELECT service, webhook_url FROM io_notify.service_settings;
GRANT SELECT ON trap.messages, trap.settings TO PUBLIC;
SET LOCAL ROLE tap_app;
CREATE VIEW trap.deliveries AS SELECT service FROM io_notify.delivery;
GRANT SELECT ON trap.deliveries TO PUBLIC;
SET LOCAL ROLE NONE;
SELECT is(pg_temp.run_as('tap_operator', 'SELECT count(*) FROM trap.messages'), '0', 'through a sender''s view an operator reads no bodies');
SELECT is(pg_temp.run_as('tap_rival', 'SELECT string_agg(service, '','') FROM trap.messages'), 'other', 'another sender his own');
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT count(*) FROM trap.messages'), '0', 'a stranger none');
SELECT is(pg_temp.run_as('tap_analyst', 'SELECT count(*) FROM trap.messages'), '0', 'nor an analyst');
SELECT is(pg_temp.run_as('tap_analyst', 'SELECT count(*) FROM trap.settings'), '0', 'who learns nothing of services'' settings either');
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT count(*) FROM trap.deliveries'), '0', 'through an app''s view a stranger sees no deliveries');
SET LOCAL SESSION AUTHORIZATION tap_both;
SELECT io_notify._my_services() = '{}' AS nothing_by_itself \gset
SET LOCAL ROLE tap_sender;
DECLARE bodies CURSOR FOR SELECT service, markdown FROM io_notify.message ORDER BY service;
PREPARE counts AS SELECT count(*)::text AS n FROM io_notify.delivery;
EXECUTE counts \gset as_sender_
SET LOCAL ROLE tap_operator;
EXECUTE counts \gset as_operator_
CREATE TEMP TABLE fetched (service text, markdown text) ON COMMIT DROP;
FETCH ALL FROM bodies;
\set fetched :ROW_COUNT
SET LOCAL ROLE tap_app;
EXECUTE counts \gset as_app_
SET LOCAL ROLE tap_sender;
EXECUTE counts \gset again_
RESET SESSION AUTHORIZATION;
SELECT is(:'nothing_by_itself'::text, 't', 'who does not inherit is a member only as that role');
SELECT is(:'fetched'::text, '0', 'a cursor opened by a sender and fetched by an operator gives nothing');
SELECT is(concat_ws(' ', :'as_sender_n', :'as_operator_n', :'as_app_n', :'again_n'), '2 4 2 2', 'a prepared statement shows each role its own');

-- MERGE is an INSERT like any other
CREATE FUNCTION pg_temp.merge(service text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', 'tap_sender', true);
	MERGE INTO io_notify.message m USING (VALUES (merge.service, 'RSSMRA85T10A562S')) v (s, r) ON m.reference = 'merged'
	WHEN NOT MATCHED THEN INSERT (service, recipient, subject, markdown, reference) VALUES (v.s, v.r, 'Oggetto di prova', rpad('x', 80, 'x'), 'merged');
	PERFORM set_config('role', 'none', true);
	RETURN 'done';
EXCEPTION WHEN insufficient_privilege THEN
	RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.merge('other'), 'role "tap_sender" may not send for service "other"', 'MERGE asks for the same rights');
SELECT is(pg_temp.merge('plain'), 'done', 'and sends for who has them');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT count(*) FROM io_notify.delivery WHERE service = 'plain'$$), '1', 'routed');

-- --- settings ---------------------------------------------------------------------
SET LOCAL row_security = off;
SELECT is(pg_temp.run_as('tap_sender', 'SELECT count(*) FROM io_notify.message'), '42501', 'row_security = off is refused, not obeyed');
SELECT is(pg_temp.run_as('tap_sender', format('SELECT io_notify.cancel(%L)', :'mine')), '1', 'and hinders no function of ours');
SET LOCAL row_security = on;
DO $$ BEGIN PERFORM set_config('force_parallel_mode', 'on', true); EXCEPTION WHEN undefined_object THEN PERFORM set_config('debug_parallel_query', 'on', true); END $$;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is(pg_temp.run_as('tap_sender', 'SELECT count(*) FROM io_notify.message JOIN io_notify.delivery ON message_id = id'), '3', 'nor does a parallel plan see more');
RESET force_parallel_mode;

-- --- what the planner knows -----------------------------------------------------
ANALYZE io_notify.message, io_notify.delivery, io_notify.citizen, io_notify.attempt;
SELECT is(pg_temp.run_as(r, $$SELECT (SELECT count(*) FROM pg_stats WHERE schemaname = 'io_notify') + (SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'io_notify')$$), '0', 'pg_stats shows nothing to ' || r)
	FROM unnest('{tap_sender,tap_keeper,tap_analyst,tap_operator,tap_app,tap_stranger}'::text[]) r;
SELECT cmp_ok((SELECT count(*) FROM pg_stats WHERE schemaname = 'io_notify'), '>', 0::bigint, 'though there is something');
SELECT is(pg_temp.run_as(r, q), '42501', q || ' for ' || r) FROM (VALUES ('tap_analyst', 'SELECT d FROM io_notify.delivery d'), ('tap_analyst', 'SELECT to_jsonb(d) FROM io_notify.delivery d'),
	('tap_operator', 'SELECT r FROM io_notify.receipt r'), ('tap_analyst', 'SELECT * FROM io_notify.pseudonym_key')) x (r, q);

-- --- doors ------------------------------------------------------------------------
CREATE FUNCTION io_notify._probe(what text) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN CASE what WHEN 'who' THEN concat_ws(' ', current_user = (SELECT tableowner FROM pg_tables WHERE schemaname = 'io_notify' AND tablename = 'message'), io_notify._caller())
		WHEN 'settings' THEN concat_ws(' ', current_setting('standard_conforming_strings'), current_setting('transform_null_equals'), current_setting('array_nulls'), current_setting('search_path'))
		WHEN 'nested' THEN io_notify.probe('who') WHEN 'error' THEN (1 / 0)::text WHEN 'role' THEN set_config('role', 'none', false) END;
END
$$;
CREATE FUNCTION io_notify._probe_rows(n integer) RETURNS SETOF name LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT io_notify._caller() FROM generate_series(1, n)';
CREATE FUNCTION io_notify._probe_misfit() RETURNS integer LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
DO $$
DECLARE
	library text := (SELECT probin FROM pg_proc WHERE oid = 'io_notify.pause(text, text, text)'::regprocedure);
BEGIN
	EXECUTE format('CREATE FUNCTION io_notify.probe(what text) RETURNS text AS %L, ''ion_as_owner'' LANGUAGE C', library);
	EXECUTE format('CREATE FUNCTION io_notify.probe_rows(n integer) RETURNS SETOF name AS %L, ''ion_as_owner'' LANGUAGE C', library);
	EXECUTE format('CREATE FUNCTION io_notify.probe_misfit() RETURNS text AS %L, ''ion_as_owner'' LANGUAGE C', library);
END
$$;
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
SET LOCAL transform_null_equals = on;
SET LOCAL array_nulls = off;
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.probe('settings')$$), 'on off on pg_catalog, pg_temp', 'behind a door no setting of the caller''s changes what statements mean');
SELECT is(current_setting('standard_conforming_strings') || current_setting('array_nulls'), 'offoff', 'before it they are as they were');
SET LOCAL standard_conforming_strings = on;
SET LOCAL array_nulls = on;
SET LOCAL transform_null_equals = off;
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.probe('who')$$), 't tap_sender', 'behind it one is the owner, and known');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.probe('nested')$$), 't tap_sender', 'also behind a door behind a door');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.probe('error')$$), '22012', 'an error');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT io_notify._caller()'), 'tap_sender', 'leaves nobody behind');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.probe('role')$$), '42501', 'nobody becomes somebody else there');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT string_agg(DISTINCT concat_ws('' '', p, current_user), '','') FROM (SELECT io_notify.probe_rows(5) p LIMIT 2) x'), 'tap_sender tap_sender', 'rows come one by one, and in between one is oneself');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT io_notify.probe_misfit()'), 'XX000', 'a door that does not fit stays shut');

-- what lies in wait for operators
SET LOCAL SESSION AUTHORIZATION tap_operator;
CREATE FUNCTION trap.spring(what text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ INSERT INTO trap.heard VALUES (current_user, 'sprung ' || what) RETURNING true $$;
CREATE FUNCTION trap.text_eq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('text = text') $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.text_eq);
CREATE FUNCTION trap.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$ SELECT trap.spring('format'); SELECT ''::text $$;
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT trap.spring('now'); SELECT pg_catalog.now() $$;
CREATE FUNCTION trap._require(text, text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$ SELECT trap.spring('_require') $$;
CREATE FUNCTION pg_temp._require(text, text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$ SELECT trap.spring('pg_temp._require') $$;
CREATE FUNCTION pg_temp.concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$ SELECT trap.spring('pg_temp.concat_ws'); SELECT ''::text $$;
CREATE TEMP TABLE pause (kind text, name text, reason text, paused_by name) ON COMMIT DROP;
CREATE TEMP TABLE service ON COMMIT DROP AS SELECT 'nowhere'::text AS name;
CREATE TEMP TABLE pg_foreign_server ON COMMIT DROP AS SELECT 'nowhere'::name AS srvname;
SET LOCAL search_path = trap, pg_temp, public, pg_catalog;
SELECT io_notify.pause('service', 'other', 'try') AS done \gset
SELECT io_notify.requeue(:'mine') AS requeued \gset
SELECT io_notify.suppress('email', 'A@example.it') AS done \gset
SELECT io_notify.unsuppress('email', 'a@example.it') AS lifted \gset
SELECT io_notify.record_receipt('tap_relay', 'x', 'delivered') AS recorded \gset
SELECT io_notify.service_suspend('other', 'try') AS suspended \gset
SELECT io_notify.service_reinstate('other') AS reinstated \gset
SELECT count(*) AS rows FROM io_notify.status() \gset
SELECT count(*) AS rows FROM io_notify.message_status \gset
RESET SESSION AUTHORIZATION;
SET LOCAL search_path = public, pg_catalog;
SELECT is((SELECT string_agg(who || ' ' || what, ',') FROM trap.heard WHERE what LIKE 'sprung%'), NULL, 'no door calls what its caller has planted');
SELECT is(concat_ws(' ', (SELECT count(*) FROM io_notify.pause WHERE name = 'other'), :'requeued', :'lifted', :'suspended', :'reinstated'), '1 1 t suspended published', 'and each does its work');

-- --- our triggers on others' tables -------------------------------------------------
CREATE TABLE trap.copy (LIKE io_notify.message);
CREATE TABLE trap.attached (function text, level text, outcome text);
CREATE FUNCTION pg_temp.written() RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_xact_all_tables WHERE schemaname = 'io_notify'
$$;
CREATE FUNCTION pg_temp.attach(f regprocedure, level text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := pg_temp.written();
	answer text;
BEGIN
	EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tap_stranger', f);
	PERFORM set_config('role', 'tap_stranger', true);
	EXECUTE 'CREATE TABLE trap.lure AS SELECT m.*, ''VRDGPP70A01H501S''::text AS fiscal_code, ''other''::text AS name FROM trap.copy m';
	EXECUTE format('CREATE TRIGGER t %s EXECUTE FUNCTION %s', level, f);
	EXECUTE 'INSERT INTO trap.lure (id, service, recipient, subject, markdown) VALUES (''01900000-0000-7000-8000-000000000000'', ''other'', ''VRDGPP70A01H501S'', ''Oggetto di prova'', rpad(''x'', 80, ''x''))';
	answer := CASE WHEN pg_temp.written() > before THEN 'wrote' ELSE 'harmless' END;
	RAISE EXCEPTION SQLSTATE 'ZZ000';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE SQLSTATE WHEN 'ZZ000' THEN answer ELSE SQLSTATE END;
END
$$;
SELECT is(pg_temp.run_as('tap_stranger', 'CREATE TRIGGER t AFTER INSERT ON trap.copy FOR EACH ROW EXECUTE FUNCTION io_notify._route()'), '42501', 'nobody else may put a trigger function anywhere');
INSERT INTO trap.attached
	SELECT p.oid::regprocedure, l, pg_temp.attach(p.oid, l) FROM pg_proc p, unnest(ARRAY['BEFORE INSERT ON trap.lure FOR EACH ROW', 'AFTER INSERT ON trap.lure FOR EACH ROW', 'AFTER INSERT ON trap.lure',
		'AFTER INSERT ON trap.lure REFERENCING NEW TABLE AS new_message', 'AFTER INSERT ON trap.lure REFERENCING NEW TABLE AS new_row']) l
	WHERE p.pronamespace = 'io_notify'::regnamespace AND p.prorettype = 'trigger'::regtype AND p.proname <> 'notify';
SELECT is_empty($$SELECT * FROM trap.attached WHERE outcome = 'wrote'$$, 'and if he might, none would write for him');
SELECT is_empty($$SELECT a.* FROM trap.attached a JOIN pg_proc p ON p.oid = a.function::regprocedure JOIN pg_language l ON l.oid = p.prolang
	WHERE l.lanname = 'c' AND a.outcome NOT IN ('42501', '39P01') AND p.proname NOT IN ('_registry_changed', '_template_changed')$$, 'those in C refuse another''s table');
SELECT * FROM finish();
ROLLBACK;
