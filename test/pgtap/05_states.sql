-- Schedule, time to live, states, message_status, requeue, receipts.
BEGIN;
\ir setup.inc
SELECT plan(46);
CREATE FUNCTION pg_temp.status(id uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', status, rejection_reason) FROM io_notify.message_status WHERE message_id = id $$;
CREATE FUNCTION pg_temp.state(id uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = id AND channel = 'email' $$;

-- send_after
SELECT pg_temp.put('all', send_after => now() + interval '1 day', time_to_live => '2 hours', priority => 'emergency') AS id \gset
SELECT is(pg_temp.queued(:'id'), 'route', 'scheduled: one row of kind route');
SELECT is(pg_temp.fate(:'id'), NULL, 'no delivery yet');
SELECT is(pg_temp.status(:'id'), 'ACCEPTED', 'ACCEPTED');
SELECT results_eq(format('SELECT due_at, expires_at, priority::int FROM io_notify.queue WHERE message_id = %L', :'id'),
	'SELECT now() + interval ''1 day'', now() + interval ''26 hours'', 0', 'due then, its time to live counts from then, its priority holds');
SELECT is(pg_temp.fate(pg_temp.put('plain', send_after => now())), 'inbox delivered', 'now is not later');
SELECT pg_temp.put('mail', send_after => now() - interval '10 days') AS id \gset
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email queued', 'nor is the past');
SELECT is((SELECT expires_at FROM io_notify.queue WHERE message_id = :'id'), now() + interval '1 day', 'whose time to live counts from now');
WITH s AS (INSERT INTO io_notify.message (service, recipient, subject, markdown, send_after)
	SELECT 'mail', 'RSSMRA85T10A562S', 'Misto, ora e poi', rpad('Testo', 80, '.'), CASE WHEN i % 2 = 0 THEN now() + interval '1 hour' END FROM generate_series(1, 3000) i RETURNING id)
SELECT is(count(*), 3000::bigint, 'a statement may mix now and later') FROM s;
SELECT results_eq($$SELECT q.kind COLLATE "default", q.channel COLLATE "default", count(*)::int FROM io_notify.queue q JOIN io_notify.message m ON m.id = q.message_id WHERE m.subject = 'Misto, ora e poi' GROUP BY 1, 2 ORDER BY 1$$,
	$$VALUES ('route', '', 1500), ('send', 'email', 1500)$$, 'each goes its way');
-- an inner statement must not take the outer one's schedule away
INSERT INTO io_notify.message (service, recipient, subject, markdown, send_after, reference)
SELECT 'plain', 'RSSMRA85T10A562S', 'Enunciato esterno', rpad('Testo', 80, '.'), CASE i WHEN 1 THEN now() + interval '1 hour' END,
	   io_notify.send('plain', 'RSSMRA85T10A562S', NULL, subject => 'Enunciato interno', markdown => rpad('Testo ' || i, 80, '.'))::text
FROM generate_series(1, 2) i;
SELECT is((SELECT count(*) FROM io_notify.queue q JOIN io_notify.message m ON m.id = q.message_id WHERE m.subject = 'Enunciato esterno' AND q.kind = 'route'), 1::bigint, 'statements nest');

-- time to live
SELECT pg_temp.put('mail', time_to_live => '90 minutes') AS id \gset
SELECT is((SELECT expires_at FROM io_notify.queue WHERE message_id = :'id'), now() + interval '90 minutes', 'its own time to live');
UPDATE io_notify.service SET default_time_to_live = '3 days' WHERE name = 'mail';
SELECT pg_temp.put('mail') AS id \gset
SELECT is((SELECT expires_at FROM io_notify.queue WHERE message_id = :'id'), now() + interval '3 days', 'the service''s default');

-- the vocabulary of message_status
SELECT is(pg_temp.status(pg_temp.put('mail')), 'PROCESSED', 'routed');
SELECT is(pg_temp.status(pg_temp.put('mail', 'VRDGPP70A01H501S')), 'REJECTED USER_NOT_FOUND', 'no citizen');
UPDATE io_notify.citizen SET inbox_enabled = false;
SELECT is(pg_temp.status(pg_temp.put('all')), 'REJECTED SERVICE_NOT_ALLOWED', 'inbox off');
UPDATE io_notify.citizen SET inbox_enabled = true, email_enabled = false;
SELECT is(pg_temp.status(pg_temp.put('mail')), 'PROCESSED', 'a blocked channel is not a rejection');
UPDATE io_notify.service SET channels = '{email}' WHERE name = 'mail';
SELECT is(pg_temp.status(pg_temp.put('mail')), 'PROCESSED', 'nor when it is the only one');
UPDATE io_notify.citizen SET email_enabled = true;
SELECT pg_temp.put('mail') AS id \gset
UPDATE io_notify.delivery SET state = 'failed', settled_at = now() WHERE message_id = :'id';
SELECT is(pg_temp.status(:'id'), 'PROCESSED', 'whatever the channels did');
SELECT pg_temp.put('mail') AS id \gset
DELETE FROM io_notify.queue WHERE message_id = :'id';
UPDATE io_notify.delivery SET state = 'failed', reason = 'routing_failed', channel = 'inbox' WHERE message_id = :'id';
SELECT is(pg_temp.status(:'id'), 'FAILED', 'routing quarantined');
SELECT is((SELECT count(*) FROM io_notify.message_status s LEFT JOIN io_notify.message m ON m.id = s.message_id WHERE m.id IS NULL), 0::bigint, 'a row per message');
SELECT is((SELECT count(*) FROM io_notify.message_status), (SELECT count(*) FROM io_notify.message), 'each message once');
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT count(*) FROM io_notify.message_status'), '42501', 'without a grant nothing');

-- requeue
CREATE FUNCTION pg_temp.ended(how text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	id uuid := pg_temp.put('mail');
BEGIN
	DELETE FROM io_notify.queue WHERE message_id = id;
	UPDATE io_notify.delivery SET state = how, attempts = 2, settled_at = now(), next_attempt_at = NULL, provider = 'tap_relay', provider_ref = 'ref-' || id WHERE message_id = id;
	INSERT INTO io_notify.attempt (message_id, seq, n, started_at, finished_at, outcome) VALUES (id, 1, 1, now(), now(), 'transient'), (id, 1, 2, now(), now(), 'permanent');
	RETURN id;
END
$$;
SELECT is(io_notify.requeue(pg_temp.ended(s)), 1, s || ' may be sent again') FROM unnest('{failed,expired,cancelled,uncertain}'::text[]) s;
SELECT is(io_notify.requeue(pg_temp.ended(s)), 0, s || ' may not') FROM unnest('{sent,delivered,suppressed}'::text[]) s;
SELECT pg_temp.ended('failed') AS id \gset
SELECT is(io_notify.requeue(:'id', 2), 0, 'one delivery of several: another seq');
SELECT is(io_notify.requeue(:'id', 1), 1, 'this one');
SELECT is(io_notify.requeue(:'id'), 0, 'not twice');
SELECT is(pg_temp.state(:'id'), 'queued requeued', 'queued again');
SELECT results_eq(format('SELECT attempt, failures, due_at, expires_at, claimed_by FROM io_notify.queue WHERE message_id = %L', :'id'),
	$$SELECT 2, 0, now(), now() + interval '3 days', NULL::text$$, 'after the attempts it had, with a fresh schedule and the service''s time to live');
SELECT is((SELECT settled_at FROM io_notify.delivery WHERE message_id = :'id'), NULL, 'not settled any more');
SELECT is(io_notify.requeue(io_notify.uuid_v7()), 0, 'an unknown message');

-- receipts
SELECT pg_temp.ended('sent') AS id \gset
SELECT is(io_notify.record_receipt('tap_relay', 'ref-' || :'id', 'relayed'), true, 'a receipt');
SELECT is(pg_temp.state(:'id'), 'sent', 'relayed is not delivered');
SELECT is(io_notify.record_receipt('tap_relay', 'ref-' || :'id', 'delivered', 'raw'), true, 'delivered');
SELECT is(pg_temp.state(:'id'), 'delivered', 'moves the delivery');
SELECT is(io_notify.record_receipt('tap_relay', 'ref-' || :'id', 'failed'), true, 'a late failure is kept');
SELECT is(pg_temp.state(:'id'), 'delivered', 'and harmless');
SELECT is((SELECT string_agg(status, ' ' ORDER BY id) FROM io_notify.receipt WHERE message_id = :'id'), 'relayed delivered failed', 'all of them are kept in order');
SELECT pg_temp.ended('sent') AS id \gset
SELECT is(io_notify.record_receipt('tap_relay', 'ref-' || :'id', 'failed'), true, 'a bounce');
SELECT is(pg_temp.state(:'id'), 'failed receipt', 'fails the delivery');
SELECT is(io_notify.record_receipt('tap_sms', 'ref-' || :'id', 'delivered'), false, 'another provider''s reference is unknown');
SELECT * FROM finish();
ROLLBACK;
