-- A sender chooses its search_path and owns a schema; nothing of its own may
-- run as the tables' owner.  And nothing it writes may be printed by a
-- constraint.
BEGIN;
\ir setup.inc
SELECT plan(22);
CREATE TABLE public.caught (what text, as_whom name, session name);
GRANT INSERT, SELECT ON public.caught TO PUBLIC;
CREATE SCHEMA trap AUTHORIZATION tap_sender;
SET LOCAL SESSION AUTHORIZATION tap_sender;
SET LOCAL search_path = trap;
CREATE FUNCTION trap.spring(what text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ INSERT INTO public.caught VALUES (what, current_user, session_user) RETURNING true $$;
CREATE FUNCTION trap.text_eq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('text = text') $$;
CREATE FUNCTION trap.uuid_eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('uuid = uuid') $$;
CREATE FUNCTION trap.int_eq(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('int = int') $$;
CREATE FUNCTION trap.time_gt(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('time > time') $$;
CREATE FUNCTION trap.plus(timestamptz, interval) RETURNS timestamptz LANGUAGE sql AS $$ SELECT trap.spring('time + interval'); SELECT $1 $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.text_eq);
CREATE OPERATOR trap.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = trap.uuid_eq);
CREATE OPERATOR trap.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.int_eq);
CREATE OPERATOR trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.text_eq);
CREATE OPERATOR trap.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = trap.time_gt);
CREATE OPERATOR trap.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = trap.time_gt);
CREATE OPERATOR trap.+ (LEFTARG = timestamptz, RIGHTARG = interval, FUNCTION = trap.plus);
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT trap.spring('now'); SELECT pg_catalog.now() $$;
CREATE FUNCTION trap.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT trap.spring('lower'); SELECT $1 $$;
CREATE FUNCTION trap.cardinality(anyarray) RETURNS integer LANGUAGE sql AS $$ SELECT trap.spring('cardinality'); SELECT 0 $$;
CREATE FUNCTION trap.uuid_v7() RETURNS uuid LANGUAGE sql AS $$ SELECT trap.spring('uuid_v7'); SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION trap._destination(text, text) RETURNS text LANGUAGE sql AS $$ SELECT trap.spring('_destination'); SELECT ''::text $$;
CREATE FUNCTION trap._may_read(text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.spring('_may_read') $$;
CREATE FUNCTION trap.concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$ SELECT trap.spring('concat_ws'); SELECT ''::text $$;
CREATE TABLE trap.message (id uuid, service text);
CREATE TABLE trap.citizen (fiscal_code text);
CREATE TABLE trap.new_message (LIKE trap.message);
CREATE TEMP TABLE service ON COMMIT DROP AS SELECT 'plain'::text AS name, 'published'::text AS state;
CREATE TEMP TABLE new_message (id uuid, service text) ON COMMIT DROP;
CREATE TEMP TABLE queue (message_id uuid) ON COMMIT DROP;
SET LOCAL search_path = trap, pg_temp, public, pg_catalog;
-- the traps work
SELECT 'a'::text = 'a'::text AS sprung \gset
INSERT INTO io_notify.message (service, recipient, subject, markdown, idempotency_key) VALUES ('all', 'RSSMRA85T10A562S', 'Oggetto di prova', pg_catalog.rpad('Testo', 80, '.'), 'h') RETURNING id \gset
INSERT INTO io_notify.message (service, recipient, subject, markdown, send_after) SELECT 'all', 'RSSMRA85T10A562S', 'Oggetto di prova', pg_catalog.rpad('Testo', 80, '.'), pg_catalog.now() OPERATOR(pg_catalog.+) interval '1 hour' FROM generate_series(1, 300);
INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT 'all', 'RSSMRA85T10A562S', 'Oggetto di prova', pg_catalog.rpad('Testo', 80, '.') FROM generate_series(1, 300);
SELECT io_notify.send('all', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => pg_catalog.rpad('Testo', 80, '.'), idempotency_key => 'h') AS again \gset
SELECT channel AS explained FROM io_notify.route_explain('all', 'RSSMRA85T10A562S') LIMIT 1 \gset
SELECT io_notify.cancel(:'id') AS cancelled \gset
SELECT status FROM io_notify.message_status WHERE message_id OPERATOR(pg_catalog.=) :'id' \gset
SELECT io_notify.render('{{a}}', '{"a": 1}') AS rendered \gset
RESET SESSION AUTHORIZATION;
SET LOCAL search_path = public, pg_catalog;
SELECT is(:'sprung'::text, 't', 'the trap is set');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', as_whom, session, what), ', ') FROM public.caught), 'tap_sender tap_sender text = text', 'and only the sender''s own statement fell into it');
SELECT is(:'again'::text, :'id', 'idempotency holds');
SELECT is(:'explained'::text, 'inbox', 'route_explain answers');
SELECT is(:'cancelled'::text, '4', 'cancel works');
SELECT is(:'status'::text, 'PROCESSED', 'status too');
SELECT is((SELECT count(*) FROM io_notify.delivery), 301 * 6::bigint, 'everything was routed');
SELECT is((SELECT count(*) FROM io_notify.queue WHERE kind = 'route'), 300::bigint, 'or scheduled');

-- operators call their functions under the same conditions
SELECT io_notify.grant_operator('tap_stranger');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'io_notify'::regnamespace AND l.lanname <> 'c' AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=pg_catalog, pg_temp%')$$,
	'every SQL function pins its search_path');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'io_notify'::regnamespace AND prosecdef$$, 'none is SECURITY DEFINER');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind IN ('r', 'p')
	AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0)$$, 'PUBLIC has no table');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relispartition
	AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'$$, 'nobody writes to a partition');

-- what a constraint could print
SELECT is_empty($$SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c'
	AND conrelid::regclass::text ~ '^io_notify\.(message|delivery|attempt|receipt|idempotency)(_|$)'$$, 'no CHECK on what senders write');
SELECT results_eq($$SELECT attname::text COLLATE "default" FROM pg_attribute WHERE attrelid = 'io_notify.message'::regclass AND attnum > 0 AND attnotnull ORDER BY 1$$,
	ARRAY['created_at', 'created_by', 'id'], 'NOT NULL only where no sender may write');
SELECT is_empty($$SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'io_notify.message'::regclass AND indisunique AND NOT indisprimary$$, 'no unique constraint over a sender''s values');
CREATE FUNCTION pg_temp.told(vals text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a text; b text; c text; d text;
BEGIN
	EXECUTE 'INSERT INTO io_notify.message (service, recipient, subject, markdown, email, reference, params, time_to_live) VALUES (' || vals || ')';
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS a = MESSAGE_TEXT, b = PG_EXCEPTION_DETAIL, c = PG_EXCEPTION_HINT, d = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws('|', a, b, c, split_part(d, 'SQL statement', 1));
END
$$;
SELECT unalike(pg_temp.told(v), '%CANARY%', 'an error tells no value: ' || left(v, 30)) FROM unnest(ARRAY[
	$$'all', 'CANARY85T10A562T', 'Oggetto di prova', rpad('Testo', 80, '.'), NULL, NULL, NULL, NULL$$,
	$$'all', 'RSSMRA85T10A562S', rpad(E'CANARY\n', 10, '.'), rpad('Testo', 80, '.'), NULL, NULL, NULL, NULL$$,
	$$'all', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad(E'CANARY\x01', 80, '.'), NULL, NULL, NULL, NULL$$,
	$$'all', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('CANARY', 80, '.'), 'CANARY', NULL, NULL, NULL$$,
	$$'all', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('CANARY', 80, '.'), NULL, E'CANARY\n', NULL, NULL$$,
	$$'all', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('CANARY', 80, '.'), NULL, NULL, '["CANARY"]', NULL$$,
	$$'all', 'RSSMRA85T10A562S', rpad('CANARY', 10, '.'), rpad('CANARY', 80, '.'), NULL, NULL, NULL, '-1 s'$$]) v;
SELECT * FROM finish();
ROLLBACK;
