-- The suppression list: who may write it, what routing makes of it, and what
-- receipts put there.
BEGIN;
\ir setup.inc
SELECT plan(59);
CREATE ROLE tap_operator;
SELECT io_notify.grant_operator('tap_operator');
CREATE FUNCTION pg_temp.mails(service text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	id uuid := pg_temp.put(service);
BEGIN
	RETURN (SELECT concat_ws(' ', state, reason) FROM io_notify.delivery d WHERE d.message_id = id AND channel = 'email');
END
$$;
CREATE FUNCTION pg_temp.listed() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', channel, address, nullif(service, ''), reason, source), ', ' ORDER BY channel, address, service) FROM io_notify.suppression $$;

-- suppress, unsuppress
SELECT is(io_notify.suppress('email', 'MARIO@Citizens.Test')::text, '', 'suppress');
SELECT is(pg_temp.listed(), 'email mario@citizens.test operator', 'a mailbox is kept in lower case');
SELECT is(pg_temp.mails('mail'), 'suppressed suppressed_address', 'routing obeys');
SELECT is(pg_temp.mails('all'), 'suppressed suppressed_address', 'for every service');
SELECT is((SELECT string_agg(concat_ws(' ', channel, would_send, reason), ', ') FROM io_notify.route_explain('mail', 'RSSMRA85T10A562S') WHERE channel = 'email'),
	'email f suppressed_address', 'and says so beforehand');
SELECT is(io_notify.unsuppress('email', 'mario@CITIZENS.test'), true, 'unsuppress, in whatever case');
SELECT is(io_notify.unsuppress('email', 'mario@citizens.test'), false, 'there was nothing left');
SELECT is(pg_temp.mails('mail'), 'queued', 'routing obeys that too');

SELECT io_notify.suppress('email', 'mario@citizens.test', 'unsubscribe', 'link', service => 'mail');
SELECT is(pg_temp.mails('mail'), 'suppressed suppressed_address', 'one service');
SELECT is(pg_temp.mails('all'), 'queued', 'and not the others');
SELECT is(io_notify.unsuppress('email', 'mario@citizens.test'), false, 'the common entry is another one');
SELECT is(io_notify.unsuppress('email', 'mario@citizens.test', 'mail'), true, 'than the service''s');

SELECT io_notify.suppress('email', 'mario@citizens.test', expires_at => now() + interval '1 hour');
SELECT io_notify.suppress('email', 'mario@citizens.test', 'complaint', 'telephone');
SELECT is(pg_temp.listed(), 'email mario@citizens.test complaint telephone', 'said again: the last word counts');
SELECT is((SELECT expires_at FROM io_notify.suppression), NULL, 'and it no longer expires');
UPDATE io_notify.suppression SET expires_at = now() - interval '1 second';
SELECT is(pg_temp.mails('mail'), 'queued', 'an entry that has expired is none');
DELETE FROM io_notify.suppression;
SELECT io_notify.suppress('sms', '+393331234567', 'stop');
SELECT ok(pg_temp.fate(pg_temp.put('all')) LIKE '%sms suppressed suppressed_address%', 'by channel: a phone');
SELECT is(pg_temp.mails('all'), 'queued', 'and not its mailbox');
SELECT io_notify.suppress('pec', 'Mario@pec.test');
SELECT ok(pg_temp.fate(pg_temp.put('all')) LIKE '%pec suppressed suppressed_address%', 'a certified mailbox');
SELECT io_notify.suppress('push', 'https://push.example/Abc');
SELECT is(pg_temp.listed(), 'pec mario@pec.test operator, push https://push.example/Abc operator, sms +393331234567 stop', 'other addresses as they are');
DELETE FROM io_notify.suppression;

-- what is no address
SELECT throws_ok($$SELECT io_notify.suppress('email', 'mario')$$, '22023', 'this address cannot be suppressed', 'no mailbox');
SELECT throws_ok($$SELECT io_notify.suppress('sms', '333 1234567')$$, '22023', 'this address cannot be suppressed', 'no number');
SELECT throws_ok($$SELECT io_notify.suppress('push', '')$$, '22023', 'this address cannot be suppressed', 'nothing');
SELECT throws_ok($$SELECT io_notify.suppress('push', E'a\nb')$$, '22023', 'this address cannot be suppressed', 'a control character');
SELECT throws_ok($$SELECT io_notify.suppress('push', NULL)$$, '22023', 'this address cannot be suppressed', 'null');
SELECT throws_ok($$SELECT io_notify.suppress('inbox', 'RSSMRA85T10A562S')$$, '22023', 'this address cannot be suppressed', 'no channel with addresses');
SELECT throws_ok($$SELECT io_notify.suppress(NULL, 'a@b.test')$$, '22023', 'this address cannot be suppressed', 'no channel at all');
SELECT throws_ok($$SELECT io_notify.suppress('email', 'a@b.test', expires_at => now() - interval '1 s')$$, '22023', NULL, 'expired already');
SELECT throws_ok($$SELECT io_notify.suppress('email', 'a@b.test', E'a\tb')$$, '22023', NULL, 'a control character in the reason');
SELECT throws_ok($$SELECT io_notify.suppress('email', 'a@b.test', service => 'nobody')$$, '42704', NULL, 'an unknown service');
SELECT is(pg_temp.listed(), NULL, 'nothing of that was written');

-- who may
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.suppress('email', 'a@b.test')$$), '42501', 'a stranger may not');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify._suppress('email', 'a@b.test', NULL, NULL, NULL, NULL)$$), '42501', 'nor behind the door');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.suppress('email', 'a@b.test')$$), '42501', 'a service may not speak for the others');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.suppress('email', 'a@b.test', service => 'mail')$$), '', 'for itself it may');
INSERT INTO io_notify.service (name, organization, state) VALUES ('other', 'tap', 'published');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.suppress('email', 'a@b.test', service => 'other')$$), '42501', 'not for another');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.unsuppress('email', 'a@b.test', 'mail')$$), 'true', 'and take it back');
SELECT is(pg_temp.run_as('tap_operator', $$SELECT io_notify.suppress('email', 'a@b.test')$$), '', 'an operator may for all');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.unsuppress('email', 'a@b.test')$$), '42501', 'which a service cannot lift');
SELECT is(pg_temp.run_as('tap_operator', $$SELECT io_notify.unsuppress('email', 'a@b.test')$$), 'true', 'an operator can');
SELECT is((SELECT string_agg(concat_ws(' ', actor, kind, subject, detail->>'reason'), ', ' ORDER BY id) FROM io_notify.audit_event WHERE actor IN ('tap_sender', 'tap_operator')),
	'tap_sender suppress email mail operator, tap_sender unsuppress email mail operator, tap_operator suppress email operator, tap_operator unsuppress email operator', 'all of it is audited');
SELECT is((SELECT count(*) FROM io_notify.audit_event e WHERE e::text ~* 'b\.test|citizens\.test|39333'), 0::bigint, 'without an address');

-- operators are rows: their functions follow
SELECT is(pg_temp.run_as('tap_operator', $$SELECT io_notify.pause('service', 'mail', 'a try')$$), '', 'an operator pauses');
SELECT is((SELECT paused_by::text FROM io_notify.pause), 'tap_operator', 'in its own name');
SELECT is(pg_temp.run_as('tap_operator', $$SELECT io_notify.resume('service', 'mail')$$), 'true', 'and resumes');
SELECT is(pg_temp.run_as('tap_operator', format('SELECT io_notify.cancel(%L)', pg_temp.put('mail'))), '1', 'cancels');
DELETE FROM io_notify.access WHERE role = 'tap_operator';
SELECT is((SELECT string_agg(pg_temp.run_as('tap_operator', f), ' ') FROM unnest(ARRAY['SELECT io_notify.pause(''all'')', 'SELECT io_notify.resume(''all'')',
	'SELECT io_notify.requeue(io_notify.uuid_v7())', 'SELECT io_notify.record_receipt(''a'', ''b'', ''delivered'')', 'SELECT io_notify.suppress(''email'', ''a@b.test'')',
	format('SELECT io_notify.cancel(%L)', pg_temp.put('mail'))]) f),
	'42501 42501 42501 42501 42501 42501', 'and without the row may no longer');

-- receipts
CREATE FUNCTION pg_temp.sent(channel text DEFAULT 'email', state text DEFAULT 'sent') RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	id uuid := pg_temp.put('all');
BEGIN
	DELETE FROM io_notify.queue WHERE message_id = id;
	UPDATE io_notify.delivery d SET state = state, provider = 'tap', provider_ref = 'ref-' || id WHERE d.message_id = id AND d.channel = channel;
	UPDATE io_notify.delivery d SET address = 'Mario@citizens.test' WHERE d.message_id = id AND d.channel = 'email';
	RETURN id;
END
$$;
CREATE FUNCTION pg_temp.told(id uuid, status text) RETURNS text LANGUAGE sql AS $$
	SELECT io_notify.record_receipt('tap', 'ref-' || id, status)::text;
	SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = id AND provider = 'tap';
$$;
SELECT pg_temp.sent() AS id \gset
SELECT is(pg_temp.told(:'id', 'bounced'), 'failed receipt', 'bounced: the delivery has failed');
SELECT is(pg_temp.listed(), 'email mario@citizens.test hard_bounce tap', 'and its address is suppressed');
SELECT io_notify.unsuppress('email', 'mario@citizens.test');
SELECT is(pg_temp.told(:'id', 'bounced'), 'failed receipt', 'told again');
SELECT is(pg_temp.listed(), NULL, 'it does not bring back what was lifted');
SELECT is((SELECT string_agg(status, ' ') FROM io_notify.receipt WHERE message_id = :'id'), 'bounced bounced', 'both are kept');
SELECT pg_temp.sent(state => 'delivered') AS id \gset
SELECT is(pg_temp.told(:'id', 'bounced'), 'delivered', 'too late: it was delivered');
SELECT is(pg_temp.listed(), NULL, 'and the address is good');
SELECT is(pg_temp.told(:'id', 'complained'), 'delivered', 'complained: the delivery stays');
SELECT is(pg_temp.listed(), 'email mario@citizens.test complaint tap', 'its address does not');
DELETE FROM io_notify.suppression;
SELECT is(pg_temp.told(pg_temp.sent('sms'), 'stopped'), 'sent', 'STOP');
SELECT is(pg_temp.listed(), 'sms +393331234567 stop tap', 'suppresses the number');
SELECT is(pg_temp.told(pg_temp.sent('webhook'), 'bounced') || coalesce(pg_temp.listed(), ''), 'failed receiptsms +393331234567 stop tap', 'an end point has no mailbox to lose');
SELECT pg_temp.sent() AS id \gset
UPDATE io_notify.delivery SET reason = 'suppression_overridden' WHERE message_id = :'id' AND channel = 'email';
SELECT is(pg_temp.told(:'id', 'delivered'), 'delivered suppression_overridden', 'what was overridden still says so when it has arrived');
SELECT * FROM finish();
ROLLBACK;
