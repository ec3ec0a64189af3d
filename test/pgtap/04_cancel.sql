-- cancel(): what has not begun; who may.
BEGIN;
\ir setup.inc
SELECT plan(20);

SELECT pg_temp.put('all') AS id \gset
SELECT is(io_notify.cancel(:'id'), 4, 'all that was queued');
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email cancelled cancelled, sms cancelled cancelled, webhook cancelled cancelled, pec cancelled cancelled, push suppressed channel_disabled', 'the rest stays');
SELECT is(pg_temp.queued(:'id'), NULL, 'nothing stays in the queue');
SELECT ok(bool_and(settled_at IS NOT NULL AND next_attempt_at IS NULL), 'settled') FROM io_notify.delivery WHERE message_id = :'id' AND state = 'cancelled';
SELECT is(io_notify.cancel(:'id'), 0, 'again: none left');
SELECT is((SELECT status FROM io_notify.message_status WHERE message_id = :'id'), 'PROCESSED', 'its inbox was delivered');
SELECT results_eq(format('SELECT actor, kind, detail FROM io_notify.audit_event WHERE subject = %L', :'id'),
	$$SELECT session_user, 'cancel'::text, '{"deliveries": 4}'::jsonb$$, 'one audit event');

-- not routed yet
SELECT pg_temp.put('all', send_after => now() + interval '1 day') AS id \gset
SELECT is(io_notify.cancel(:'id'), 1, 'a scheduled message is one');
SELECT is(pg_temp.fate(:'id'), 'inbox cancelled cancelled', 'told on the inbox');
SELECT is(pg_temp.queued(:'id'), NULL, 'and will not be routed');
SELECT is((SELECT status FROM io_notify.message_status WHERE message_id = :'id'), 'CANCELLED', 'CANCELLED');

-- every delivery cancelled
UPDATE io_notify.service SET channels = '{email,sms}' WHERE name = 'mail';
SELECT pg_temp.put('mail') AS id \gset
SELECT is(io_notify.cancel(:'id'), 2, 'a message without an inbox delivery');
SELECT is((SELECT status FROM io_notify.message_status WHERE message_id = :'id'), 'CANCELLED', 'is CANCELLED as a whole');

-- what has begun goes on
SELECT pg_temp.put('mail') AS id \gset
UPDATE io_notify.queue SET claimed_by = 'd1', claimed_at = now(), attempt = 1 WHERE message_id = :'id' AND channel = 'email';
SELECT is(io_notify.cancel(:'id'), 1, 'a claimed delivery is not cancelled');
SELECT is(pg_temp.fate(:'id'), 'email queued, sms cancelled cancelled', 'it goes on');

-- nothing to cancel, nobody's message, somebody else's
SELECT is(io_notify.cancel(pg_temp.put('plain')), 0, 'inbox alone: nothing has to begin');
SELECT is(io_notify.cancel(pg_temp.put('all', 'VRDGPP70A01H501S')), 0, 'rejected: nothing either');
SELECT throws_ok($$SELECT io_notify.cancel(io_notify.uuid_v7())$$, '42704', NULL, 'an unknown message');
SELECT pg_temp.put('all') AS id \gset
SELECT is(pg_temp.run_as('tap_stranger', format('SELECT io_notify.cancel(%L)', :'id')), '42501', 'a stranger may not');
SELECT is(pg_temp.run_as('tap_sender', format('SELECT io_notify.cancel(%L)', :'id')), '4', 'a member may');
SELECT * FROM finish();
ROLLBACK;
