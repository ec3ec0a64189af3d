-- Quotas and rates: what is counted, what is refused or put off, what undoes it.
BEGIN;
\ir setup.inc
SELECT plan(100);

CREATE FUNCTION pg_temp.refused(command text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	state := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;
COMMENT ON FUNCTION pg_temp.refused(text) IS 'runs a command in a subtransaction and says how it was refused';

CREATE FUNCTION pg_temp.bulk(service text, n integer, priority text DEFAULT 'normal') RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	done integer;
BEGIN
	INSERT INTO io_notify.message (service, recipient, subject, markdown, priority)
	SELECT $1, 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'), $3 FROM generate_series(1, n);
	GET DIAGNOSTICS done = ROW_COUNT;
	RETURN done;
END
$$;
-- "used of quota" of a service in the current periods
CREATE FUNCTION pg_temp.used(service text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', nullif(channel, ''), period, used, 'of', quota, 'left', remaining), ', ' ORDER BY channel, period)
	FROM io_notify.service_usage u WHERE u.service = $1
$$;
CREATE FUNCTION pg_temp.status(id uuid) RETURNS text LANGUAGE sql AS $$
	SELECT status FROM io_notify.message_status WHERE message_id = id
$$;
CREATE FUNCTION pg_temp.tomorrow() RETURNS timestamptz LANGUAGE sql AS $$
	SELECT (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'
$$;
CREATE FUNCTION pg_temp.next_month() RETURNS timestamptz LANGUAGE sql AS $$
	SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'
$$;
CREATE FUNCTION pg_temp.utc(at timestamptz) RETURNS text LANGUAGE sql AS $$
	SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
$$;

-- --- a daily quota that refuses
UPDATE io_notify.service SET daily_quota = 3 WHERE name = 'plain';
SELECT is(pg_temp.used('plain'), 'day 0 of 3 left 3', 'nothing used');
SELECT ok(pg_temp.put('plain') IS NOT NULL, 'one');
SELECT is(pg_temp.used('plain'), 'day 1 of 3 left 2', 'counted');
SELECT is(pg_temp.bulk('plain', 2), 2, 'two more');
SELECT is(pg_temp.used('plain'), 'day 3 of 3 left 0', 'used up');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.put('plain')$$) \gset
SELECT is(:'state'::text, '53400', 'one more is refused');
SELECT is(:'message'::text, 'service "plain" is over its daily quota', 'says which');
SELECT is(:'detail'::text, 'Limit 3, used 3, remaining 0; this statement needs 1.', 'says how much');
SELECT matches(:'hint'::text, '^Try again at ' || pg_temp.utc(pg_temp.tomorrow()) || ', in [0-9]+ s[.]', 'says when');
SELECT is(pg_temp.used('plain'), 'day 3 of 3 left 0', 'the refused one is not counted');
SELECT is((SELECT resets_at FROM io_notify.service_usage WHERE service = 'plain'), pg_temp.tomorrow(), 'until midnight in UTC');
SELECT is((SELECT starts_on FROM io_notify.service_usage WHERE service = 'plain'), (now() AT TIME ZONE 'UTC')::date, 'from midnight in UTC');
SELECT is((SELECT count(*) FROM io_notify.message WHERE service = 'plain'), 3::bigint, 'three messages');

-- --- a statement is taken whole or not at all
UPDATE io_notify.service SET daily_quota = 10 WHERE name = 'plain';
SELECT is(pg_temp.used('plain'), 'day 3 of 10 left 7', 'a raised limit keeps what was used');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.bulk('plain', 8)$$) \gset
SELECT is(:'detail'::text, 'Limit 10, used 3, remaining 7; this statement needs 8.', 'a statement of eight');
SELECT is(pg_temp.used('plain'), 'day 3 of 10 left 7', 'nothing of it is counted');
SELECT is(pg_temp.bulk('plain', 7), 7, 'seven fit');
SELECT is(pg_temp.used('plain'), 'day 10 of 10 left 0', 'to the unit');
UPDATE io_notify.service SET daily_quota = 5 WHERE name = 'plain';
SELECT is(pg_temp.used('plain'), 'day 10 of 5 left 0', 'a lowered limit');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.put('plain')$$) \gset
SELECT is(:'detail'::text, 'Limit 5, used 10, remaining 0; this statement needs 1.', 'refuses');
UPDATE io_notify.service SET daily_quota = 20000 WHERE name = 'plain';
SELECT is(pg_temp.bulk('plain', 5000), 5000, 'a large statement');
SELECT is(pg_temp.used('plain'), 'day 5010 of 20000 left 14990', 'gives back what its blocks held');
SELECT is(pg_temp.bulk('plain', 14990), 14990, 'and another takes the rest');
SELECT is(pg_temp.used('plain'), 'day 20000 of 20000 left 0', 'to the unit');

-- --- a statement for several services, some rows for later, some emergencies
SAVEPOINT s;
UPDATE io_notify.service SET daily_quota = 20003 WHERE name = 'plain';
UPDATE io_notify.service SET daily_quota = 4 WHERE name = 'mail';
PREPARE mixed AS INSERT INTO io_notify.message (service, recipient, subject, markdown, priority, send_after)
SELECT CASE i % 3 WHEN 0 THEN 'plain' WHEN 1 THEN 'mail' ELSE 'all' END, 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'),
	CASE WHEN i IN (3, 4) THEN 'emergency' ELSE 'normal' END, CASE WHEN i IN (6, 7) THEN now() + interval '1 hour' END
FROM generate_series(1, $1) i;
SELECT lives_ok('EXECUTE mixed(13)', 'four of plain, five of mail, of which one each for later and one each an emergency');
SELECT is(pg_temp.used('plain'), 'day 20003 of 20003 left 0', 'two of plain and the emergency');
SELECT is(pg_temp.used('mail'), 'day 4 of 4 left 0', 'four of mail');
UPDATE io_notify.service SET daily_quota = 20008 WHERE name = 'plain';
SELECT is((pg_temp.refused('EXECUTE mixed(10)')).detail, 'Limit 4, used 4, remaining 0; this statement needs 2.', 'mail is over');
SELECT is(pg_temp.used('plain'), 'day 20003 of 20008 left 5', 'and plain gets back what it drew');
ROLLBACK TO s;

-- --- what is undone is not counted
UPDATE io_notify.service SET daily_quota = 2 WHERE name = 'mail';
SELECT matches((pg_temp.refused($$SELECT pg_temp.bulk('mail', 3)$$)).hint, '^More than the quota cannot be sent at once; the next begins at ',
	'more in a statement than the quota of a day');
SAVEPOINT s;
SELECT is(pg_temp.bulk('mail', 2), 2, 'two in a savepoint');
SELECT is((pg_temp.refused($$SELECT pg_temp.put('mail')$$)).state, '53400', 'no third');
ROLLBACK TO s;
SELECT is(pg_temp.used('mail'), 'day 0 of 2 left 2', 'rolled back with it');
SELECT is((pg_temp.refused($$SELECT pg_temp.bulk('mail', 1), 1 / 0$$)).state, '22012', 'one in a statement that fails');
SELECT is(pg_temp.used('mail'), 'day 0 of 2 left 2', 'is not counted');
SELECT is(pg_temp.bulk('mail', 2), 2, 'two fit again');
DELETE FROM io_notify.usage WHERE service = 'mail';
SELECT is(pg_temp.put('mail', key => 'k') = io_notify.send('mail', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova',
	markdown => rpad('Testo', 80, '.'), idempotency_key => 'k'), true, 'the same message again');
SELECT is(pg_temp.used('mail'), 'day 1 of 2 left 1', 'is one');
SELECT ok(pg_temp.put('mail', send_after => now() + interval '1 hour') IS NOT NULL, 'for later');
SELECT is(pg_temp.used('mail'), 'day 1 of 2 left 1', 'counts when it is routed');
SELECT ok(pg_temp.put('mail', 'VRDGPP70A01H501S') IS NOT NULL, 'to nobody we know');
SELECT is(pg_temp.used('mail'), 'day 2 of 2 left 0', 'counts: what happens to it is no news to the sender');
SELECT lives_ok($$SELECT * FROM io_notify.route_explain('mail', 'RSSMRA85T10A562S')$$, 'asking costs nothing');

-- --- emergencies
SELECT ok(pg_temp.put('mail', priority => 'emergency') IS NOT NULL, 'an emergency passes');
SELECT is(pg_temp.used('mail'), 'day 3 of 2 left 0', 'and is counted');
SELECT is((pg_temp.refused($$SELECT pg_temp.put('mail')$$)).state, '53400', 'others do not pass');

-- --- months
UPDATE io_notify.service SET daily_quota = NULL, monthly_quota = 4 WHERE name = 'mail';
SELECT is(pg_temp.used('mail'), 'month 5 of 4 left 0', 'what was sent before there was a monthly quota is counted');
UPDATE io_notify.service SET monthly_quota = 6, daily_quota = 7 WHERE name = 'mail';
SELECT is(pg_temp.used('mail'), 'day 5 of 7 left 2, month 5 of 6 left 1', 'so is the day, anew');
SELECT ok(pg_temp.put('mail') IS NOT NULL, 'the sixth');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.put('mail')$$) \gset
SELECT is(:'message'::text, 'service "mail" is over its monthly quota', 'the month is over before the day is');
SELECT matches(:'hint'::text, '^Try again at ' || pg_temp.utc(pg_temp.next_month()), 'until the next');
SELECT is(pg_temp.used('mail'), 'day 6 of 7 left 1, month 6 of 6 left 0', 'neither counts it');
UPDATE io_notify.service SET daily_quota = NULL, monthly_quota = NULL WHERE name = 'mail';
SELECT is(pg_temp.used('mail'), NULL, 'no quota');
SELECT is(pg_temp.bulk('mail', 20), 20, 'no limit');

-- --- a limit in service_quota holds beside the service's own; the lower one counts
INSERT INTO io_notify.service_quota (service, channel, period, quota) VALUES ('mail', '', 'day', 28);
SELECT is(pg_temp.used('mail'), 'day 26 of 28 left 2', 'a limit of service_quota for messages');
UPDATE io_notify.service SET daily_quota = 27 WHERE name = 'mail';
SELECT is(pg_temp.used('mail'), 'day 26 of 27 left 1', 'the lower one');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.bulk('mail', 2)$$) \gset
SELECT is(:'detail'::text, 'Limit 27, used 26, remaining 1; this statement needs 2.', 'refuses');
DELETE FROM io_notify.service_quota;
UPDATE io_notify.service SET daily_quota = NULL WHERE name = 'mail';

-- --- channels
INSERT INTO io_notify.service_quota VALUES ('mail', 'email', 'day', 1);
SELECT is(pg_temp.used('mail'), 'email day 25 of 1 left 0', 'deliveries so far, but for the suppressed one');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.put('mail')$$) \gset
SELECT is(:'message'::text, 'service "mail" is over its daily quota of channel email', 'a channel refuses the message');
SELECT is(:'detail'::text, 'Limit 1, used 25, remaining 0; this statement needs 1 or more.', 'says how much');
UPDATE io_notify.service_quota SET quota = 26;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'one fits');
UPDATE io_notify.citizen SET email_enabled = false;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed channel_disabled', 'what is not sent');
SELECT is(pg_temp.used('mail'), 'email day 26 of 26 left 0', 'does not count');
UPDATE io_notify.citizen SET email_enabled = true;
SELECT is(pg_temp.fate(pg_temp.put('mail', priority => 'emergency')), 'inbox delivered, email queued', 'an emergency passes');
SELECT is(pg_temp.used('mail'), 'email day 27 of 26 left 0', 'and is counted');

-- --- a channel's quota that defers: booked into the first day with room
UPDATE io_notify.service SET on_quota = 'defer' WHERE name = 'mail';
UPDATE io_notify.service_quota SET quota = 2;
SELECT is(pg_temp.bulk('mail', 5), 5, 'five that are over the quota');
SELECT results_eq($$SELECT d.reason, d.next_attempt_at, q.due_at FROM io_notify.delivery d JOIN io_notify.queue q USING (message_id, seq)
	WHERE d.service = 'mail' AND d.reason = 'quota' ORDER BY 2$$,
	$$SELECT 'quota'::text, pg_temp.tomorrow() + d, pg_temp.tomorrow() + d FROM unnest('{0 days,0 days,1 day,1 day,2 days}'::interval[]) d$$, 'two a day');
SELECT results_eq($$SELECT starts_on, sum(used)::bigint FROM io_notify.usage WHERE service = 'mail' AND channel = 'email' AND starts_on > (now() AT TIME ZONE 'UTC')::date GROUP BY 1 ORDER BY 1$$,
	$$SELECT (now() AT TIME ZONE 'UTC')::date + n, u FROM (VALUES (1, 2::bigint), (2, 2), (3, 1)) v (n, u)$$, 'their units are drawn already');
SELECT is(pg_temp.used('mail'), 'email day 27 of 2 left 0', 'none of today''s');
SELECT is((SELECT count(*) FROM io_notify.delivery WHERE service = 'mail' AND channel = 'inbox' AND state = 'delivered' AND created_at = now()
		   AND message_id IN (SELECT message_id FROM io_notify.delivery WHERE reason = 'quota')), 5::bigint, 'the inbox does not wait');
UPDATE io_notify.service_quota SET quota = 0;
SELECT is(pg_temp.bulk('mail', 3), 3, 'a channel that may send none');
SELECT results_eq($$SELECT count(*), count(DISTINCT due_at), min(due_at) > now() + interval '60 days' FROM io_notify.queue WHERE service = 'mail' AND due_at > now() + interval '10 days'$$,
	$$VALUES (3::bigint, 1::bigint, true)$$, 'puts off as far as it goes');
DELETE FROM io_notify.service_quota;

-- --- a message quota that defers
UPDATE io_notify.service SET daily_quota = 2, on_quota = 'defer' WHERE name = 'all';
SELECT is(pg_temp.bulk('all', 2), 2, 'two within the quota');
SELECT pg_temp.put('all') AS id \gset
SELECT is(pg_temp.status(:'id'), 'THROTTLED', 'the third is accepted and waits');
SELECT is(pg_temp.fate(:'id'), NULL, 'not routed');
SELECT is(pg_temp.queued(:'id'), 'throttled', 'queued as a whole');
SELECT is((SELECT due_at FROM io_notify.queue WHERE message_id = :'id'), pg_temp.tomorrow(), 'until the next day');
SELECT is(pg_temp.used('all'), 'day 2 of 2 left 0', 'not counted today');
SELECT is((SELECT count(*) FROM io_notify.status() WHERE item = 'backlog' AND name = 'throttled'), 1::bigint, 'status() shows it');
SELECT is(io_notify.cancel(:'id'), 1, 'it can be cancelled');
SELECT is(pg_temp.status(:'id'), 'CANCELLED', 'CANCELLED');
SELECT is(pg_temp.status(pg_temp.put('all', priority => 'emergency')), 'PROCESSED', 'an emergency passes');
UPDATE io_notify.service SET daily_quota = NULL, on_quota = 'refuse' WHERE name = 'all';
INSERT INTO io_notify.service_quota VALUES ('all', '', 'month', 0);
SELECT is((pg_temp.refused($$SELECT pg_temp.put('all')$$)).message, 'service "all" is over its monthly quota', 'a quota of none');
DELETE FROM io_notify.service_quota;

-- --- rates: a bucket of one token in ten seconds
UPDATE io_notify.service SET rate_per_second = 0.1 WHERE name = 'all';
SAVEPOINT s;
SELECT is(pg_temp.bulk('all', 1), 1, 'one token');
SELECT * FROM pg_temp.refused($$SELECT pg_temp.bulk('all', 1)$$) \gset
SELECT is(:'state'::text, '53400', 'no second');
SELECT is(:'message'::text, 'service "all" sends too fast', 'says why');
SELECT is(:'detail'::text, 'Limit 0.1 messages per second and 1 at once, remaining 1.', 'as it will be when this is rolled back');
SELECT matches(:'hint'::text, '^Send at most 1 messages in a transaction and try again in [0-9]+ s; ', 'and what to do');
ROLLBACK TO s;
SELECT is((pg_temp.refused($$SELECT pg_temp.bulk('all', 1), 1 / 0$$)).state, '22012', 'the token came back with the savepoint');
SELECT is(pg_temp.bulk('all', 1), 1, 'and with the statement that failed');
SELECT is(pg_temp.status(pg_temp.put('all', priority => 'emergency')), 'PROCESSED', 'an emergency passes');
UPDATE io_notify.service SET on_quota = 'defer' WHERE name = 'all';
SELECT pg_temp.put('all') AS id \gset
SELECT is(pg_temp.status(:'id'), 'THROTTLED', 'a service that defers: later');
SELECT ok(due_at BETWEEN clock_timestamp() + interval '5 s' AND clock_timestamp() + interval '30 s', 'when the token falls due')
FROM io_notify.queue WHERE message_id = :'id';
SELECT pg_temp.put('all', send_after => now() + interval '2 s') AS id \gset
SELECT is(pg_temp.queued(:'id'), 'route', 'a scheduled one stays scheduled');
SELECT ok(due_at > clock_timestamp() + interval '10 s', 'when its token falls due') FROM io_notify.queue WHERE message_id = :'id';

-- --- who sees what
UPDATE io_notify.service SET daily_quota = 100 WHERE name IN ('plain', 'mail', 'all');
DELETE FROM io_notify.service_member WHERE service = 'all';
CREATE ROLE quota_operator;
SELECT io_notify.grant_operator('quota_operator');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT string_agg(service, '' '' ORDER BY service) FROM io_notify.service_usage'), 'mail plain', 'a member sees its services');
SELECT is(pg_temp.run_as('quota_operator', 'SELECT string_agg(service, '' '' ORDER BY service) FROM io_notify.service_usage'), 'all mail plain', 'an operator sees all');
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT count(*) FROM io_notify.service_usage'), '42501', 'a stranger none');
SELECT is(pg_temp.run_as('tap_sender', 'UPDATE io_notify.usage SET used = 0'), '42501', 'and the ledger is nobody''s to write');
CREATE INDEX usage_partial ON io_notify.usage (used) WHERE used > 0;
SELECT is((pg_temp.refused($$SELECT pg_temp.put('plain')$$)).state, '55000', 'an index we would not keep up to date is refused');
SELECT * FROM finish();
ROLLBACK;
