-- notify(): any application table sends.
BEGIN;
\ir setup.inc
SELECT plan(21);
INSERT INTO io_notify.template (name, service, subject, markdown) VALUES ('authorised', 'mail', 'Pratica {{id}}', 'Titolo: {{title}}');
CREATE TABLE public.practice (id integer PRIMARY KEY, dropped text, owner text, title text, state text DEFAULT 'draft', amount numeric(10,2),
	tags text[], extra jsonb, remind_at timestamptz, made date DEFAULT '2026-01-02', doubled numeric GENERATED ALWAYS AS (amount * 2) STORED);
ALTER TABLE public.practice DROP COLUMN dropped;
CREATE TRIGGER authorised AFTER UPDATE ON public.practice FOR EACH ROW WHEN (NEW.state = 'authorised' AND OLD.state <> 'authorised')
	EXECUTE FUNCTION io_notify.notify('mail', 'authorised', 'owner');
CREATE FUNCTION pg_temp.last_message() RETURNS SETOF io_notify.message LANGUAGE sql AS
$$ SELECT * FROM io_notify.message ORDER BY id DESC LIMIT 1 $$;
GRANT SELECT, INSERT, UPDATE ON public.practice TO tap_sender, tap_stranger;

INSERT INTO public.practice (id, owner, title, amount, tags, extra) VALUES (1, 'RSSMRA85T10A562S', 'Tetto "nuovo" & {{x}}', 12.5, '{a,"b c"}', '{"n": [1, null]}');
SELECT is((SELECT count(*) FROM io_notify.message), 0::bigint, 'an INSERT the trigger does not name sends nothing');
UPDATE public.practice SET title = title;
SELECT is((SELECT count(*) FROM io_notify.message), 0::bigint, 'nor an UPDATE its condition does not meet');
UPDATE public.practice SET state = 'authorised';
SELECT is((SELECT count(*) FROM io_notify.message), 1::bigint, 'the UPDATE it waits for sends one message');
SELECT results_eq('SELECT service, recipient, template, subject, priority FROM pg_temp.last_message()',
	$$VALUES ('mail', 'RSSMRA85T10A562S', 'authorised', NULL, 'normal')$$, 'to the owner, with the template');
SELECT results_eq('SELECT params FROM pg_temp.last_message()', 'SELECT to_jsonb(p) FROM public.practice p', 'its params are to_jsonb(row), generated columns too');
SELECT is((SELECT pg_temp.fate(id) FROM pg_temp.last_message()), 'inbox delivered, email queued', 'and it is routed');

-- INSERT, several rows, a schedule
CREATE TRIGGER created AFTER INSERT ON public.practice FOR EACH ROW EXECUTE FUNCTION io_notify.notify('mail', 'authorised', 'owner', 'remind_at');
INSERT INTO public.practice (id, owner, remind_at) SELECT i, 'RSSMRA85T10A562S', CASE WHEN i % 2 = 0 THEN now() + interval '1 day' END FROM generate_series(10, 19) i;
SELECT is((SELECT count(*) FROM io_notify.message), 11::bigint, 'one message per row');
SELECT is((SELECT count(*) FROM io_notify.queue WHERE kind = 'route' AND due_at = now() + interval '1 day'), 5::bigint, 'the fourth argument says when');
SELECT is((SELECT count(*) FROM io_notify.message m JOIN public.practice p ON p.id = (m.params ->> 'id')::int AND m.params = to_jsonb(p) WHERE p.id >= 10), 10::bigint, 'each with its own row');

-- the application's row and the message are one transaction
SAVEPOINT s;
INSERT INTO public.practice (id, owner) VALUES (30, 'RSSMRA85T10A562S');
ROLLBACK TO s;
SELECT is((SELECT count(*) FROM io_notify.message), 11::bigint, 'rolled back together');

-- errors
SELECT throws_ok($$INSERT INTO public.practice (id, owner) VALUES (31, NULL)$$, '22023', 'recipient of the message is not valid', 'no recipient');
SELECT throws_ok($$INSERT INTO public.practice (id, owner) VALUES (31, 'RSSMRA85T10A562T')$$, '22023', 'recipient of the message is not valid', 'a bad recipient');
SELECT is((SELECT count(*) FROM public.practice WHERE id = 31), 0::bigint, 'keep the application''s row out');
DROP TRIGGER created ON public.practice;
CREATE FUNCTION pg_temp.with_trigger(timing text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER t %s ON public.practice %s EXECUTE FUNCTION io_notify.notify(%s)', timing,
				   CASE WHEN timing LIKE '%statement' THEN 'FOR EACH STATEMENT' ELSE 'FOR EACH ROW' END, arguments);
	INSERT INTO public.practice (id, owner) VALUES (40, 'RSSMRA85T10A562S');
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(pg_temp.with_trigger('AFTER INSERT', $$'mail', 'authorised', 'owner'$$), 'ZZ000', 'a good trigger');
SELECT is(pg_temp.with_trigger('AFTER INSERT', $$'mail', 'authorised', 'nobody'$$), '42703', 'a missing column');
SELECT is(pg_temp.with_trigger('AFTER INSERT', $$'mail', 'authorised', 'owner', 'made'$$), '42703', 'a send_after that is no timestamptz');
SELECT is(pg_temp.with_trigger('AFTER INSERT', $$'mail', 'authorised'$$), '22023', 'too few arguments');
SELECT is(pg_temp.with_trigger('AFTER INSERT', $$'mail', 'nothing', 'owner'$$), '42704', 'an unknown template');
SELECT is(pg_temp.with_trigger('BEFORE INSERT', $$'mail', 'authorised', 'owner'$$), '39P01', 'a BEFORE trigger');

-- the same rule of identity holds as for a plain INSERT
SELECT is(pg_temp.run_as('tap_stranger', $$UPDATE public.practice SET state = 'authorised' WHERE id = 10 RETURNING id$$), '42501', 'who may not send may not send through the application');
SELECT is(pg_temp.run_as('tap_sender', $$UPDATE public.practice SET state = 'authorised' WHERE id = 10 RETURNING id$$), '10', 'who may, may');
SELECT * FROM finish();
ROLLBACK;
