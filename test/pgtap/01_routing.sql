-- Who gets a message, over which channel, or why not.
BEGIN;
\ir setup.inc
SELECT plan(37);

SELECT is(pg_temp.fate(pg_temp.put('plain')), 'inbox delivered', 'the inbox is the message itself: delivered at once');
SELECT is(pg_temp.queued(pg_temp.put('plain')), NULL, 'and nothing is queued');
SELECT pg_temp.put('all') AS id \gset
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email queued, sms queued, webhook queued, pec queued, push suppressed channel_disabled',
		  'one delivery per channel of the service');
SELECT is(pg_temp.queued(:'id'), 'send email, send sms, send webhook, send pec', 'what is to send is queued, nothing else');
SELECT results_eq(format('SELECT channel, address FROM io_notify.delivery WHERE message_id = %L ORDER BY seq', :'id'),
	$$VALUES ('inbox', NULL), ('email', 'Mario@citizens.test'), ('sms', '+393331234567'), ('webhook', NULL), ('pec', 'mario@pec.test'), ('push', NULL)$$,
	'each with its address');
SELECT is((SELECT count(DISTINCT (service, recipient)) FROM io_notify.delivery WHERE message_id = :'id'), 1::bigint, 'service and recipient are copied');

-- rejection: one inbox row says why
SELECT is(pg_temp.fate(pg_temp.put('all', 'VRDGPP70A01H501S')), 'inbox suppressed user_not_found', 'no citizen');
UPDATE io_notify.citizen SET inbox_enabled = false;
SELECT is(pg_temp.fate(pg_temp.put('all')), 'inbox suppressed service_not_allowed', 'inbox switched off');
UPDATE io_notify.citizen SET inbox_enabled = true;

-- preferences
UPDATE io_notify.citizen SET preference_mode = 'manual';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'manual without a preference blocks');
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('RSSMRA85T10A562S', 'mail', 'email', false);
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed channel_disabled',
		  'any row of the current version: what it names false is blocked, the rest allowed');
UPDATE io_notify.citizen SET preference_version = 2;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'rows of an older version do not count');
INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('RSSMRA85T10A562S', 'mail', 2, 'inbox', true);
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'manual with a row of the current version');
UPDATE io_notify.citizen SET preference_mode = 'auto';
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('RSSMRA85T10A562S', 'mail', 'inbox', false);
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'inbox blocked: everything is');
SELECT is(pg_temp.fate(pg_temp.put('plain')), 'inbox delivered', 'for that service alone');
DELETE FROM io_notify.preference;
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled)
	SELECT 'RSSMRA85T10A562S', 'all', c, false FROM unnest('{webhook,pec,sms}'::text[]) c;
SELECT is(pg_temp.fate(pg_temp.put('all')), 'inbox delivered, email queued, sms suppressed channel_disabled, webhook queued, pec suppressed channel_disabled, push suppressed channel_disabled',
		  'webhook follows the inbox alone');
DELETE FROM io_notify.preference;

-- special services: activation decides, not preferences
UPDATE io_notify.service SET category = 'special' WHERE name = 'mail';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'special without activation');
INSERT INTO io_notify.activation (service, fiscal_code, state) VALUES ('mail', 'RSSMRA85T10A562S', 'active');
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'active');
UPDATE io_notify.activation SET state = 'inactive';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'inactive');
UPDATE io_notify.activation SET state = 'pending';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email queued', 'pending counts');
UPDATE io_notify.activation SET changed_at = now() - interval '24 hours';
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox suppressed service_not_allowed', 'for a day');
UPDATE io_notify.activation SET state = 'active', changed_at = now() - interval '1 year';
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled)
	VALUES ('RSSMRA85T10A562S', 'mail', 'inbox', false), ('RSSMRA85T10A562S', 'mail', 'email', false);
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed channel_disabled', 'an inbox preference does not count, an e-mail one does');
DELETE FROM io_notify.preference;
UPDATE io_notify.service SET category = 'standard' WHERE name = 'mail';

-- switches, addresses, suppression
UPDATE io_notify.citizen SET email_enabled = false;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed channel_disabled', 'e-mail switched off');
UPDATE io_notify.citizen SET email_enabled = true, email_verified = false;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed unverified_address', 'unverified address');
UPDATE io_notify.citizen SET email = NULL, phone = NULL, pec = NULL;
SELECT is(pg_temp.fate(pg_temp.put('all')), 'inbox delivered, email suppressed no_address, sms suppressed no_address, webhook queued, pec suppressed no_address, push suppressed channel_disabled', 'no address');
UPDATE io_notify.citizen SET email = 'Mario@citizens.test', email_verified = true, phone = '+393331234567', phone_verified = true, pec = 'mario@pec.test';
INSERT INTO io_notify.suppression (channel, address, expires_at) VALUES ('email', 'mario@citizens.test', NULL), ('sms', '+393331234567', now() + interval '1 hour'), ('pec', 'mario@pec.test', now());
SELECT is(pg_temp.fate(pg_temp.put('all')), 'inbox delivered, email suppressed suppressed_address, sms suppressed suppressed_address, webhook queued, pec queued, push suppressed channel_disabled',
		  'suppressed addresses, case folded, until they expire');
DELETE FROM io_notify.suppression;

-- secure channels: of the message, of the service
SELECT is(pg_temp.fate(pg_temp.put('all', secure => true)), 'inbox delivered, email suppressed secure_channels, sms suppressed secure_channels, webhook queued, pec queued, push suppressed channel_disabled', 'a message that asks for secure channels');
UPDATE io_notify.service SET require_secure_channels = true WHERE name = 'mail';
SELECT is(pg_temp.fate(pg_temp.put('mail', secure => false)), 'inbox delivered, email suppressed secure_channels', 'a service that does cannot be talked out of it');
UPDATE io_notify.service SET require_secure_channels = false WHERE name = 'mail';

-- explicit addresses
UPDATE io_notify.service SET explicit_addresses = true WHERE name = 'all';
UPDATE io_notify.citizen SET email_verified = false, phone = NULL;
SELECT pg_temp.put('all', email => 'altro@example.it', phone => '+393337654321') AS id \gset
SELECT is(pg_temp.fate(:'id'), 'inbox delivered, email queued, sms queued, webhook queued, pec queued, push suppressed channel_disabled', 'explicit addresses need no verification');
SELECT results_eq(format('SELECT address FROM io_notify.delivery WHERE message_id = %L AND channel IN (''email'', ''sms'') ORDER BY seq', :'id'),
	$$VALUES ('altro@example.it'), ('+393337654321')$$, 'and win');
UPDATE io_notify.citizen SET email_enabled = false;
SELECT alike(pg_temp.fate(pg_temp.put('all', email => 'altro@example.it')), '%email suppressed channel_disabled%', 'but not over the citizen''s switch');
UPDATE io_notify.citizen SET email_enabled = true, email_verified = true;

-- push has no way out yet: one row says so, whatever the devices
UPDATE io_notify.citizen SET push_enabled = true;
SELECT alike(pg_temp.fate(pg_temp.put('all')), '%pec queued, push suppressed no_provider', 'push without a provider');
INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('RSSMRA85T10A562S', 'webpush', 'https://push.example/1'), ('RSSMRA85T10A562S', 'fcm', 'two');
SELECT alike(pg_temp.fate(pg_temp.put('all')), '%pec queued, push suppressed no_provider', 'is told once, not once per device');

-- no provider, and the service's own webhook
DROP SERVER tap_relay;
SELECT is(pg_temp.fate(pg_temp.put('mail')), 'inbox delivered, email suppressed no_provider', 'no provider');
UPDATE io_notify.service SET webhook_url = 'https://back.example.it:8443/io' WHERE name = 'all';
SELECT pg_temp.put('all') AS id \gset
SELECT is((SELECT destination FROM io_notify.queue WHERE message_id = :'id' AND channel = 'webhook'), 'back.example.it:8443', 'a webhook of one''s own has a lane of its own');
UPDATE io_notify.service SET channels = '{email}' WHERE name = 'mail';
SELECT is(pg_temp.fate(pg_temp.put('mail', 'VRDGPP70A01H501S')), 'inbox suppressed user_not_found', 'rejection is told on the inbox, listed or not');

-- emergency, normal, bulk
CREATE TEMP TABLE lane ON COMMIT DROP AS SELECT n, pg_temp.put('all', priority => p) AS id FROM unnest('{emergency,normal,bulk}'::text[]) WITH ORDINALITY x (p, n);
SELECT results_eq($$SELECT q.priority FROM lane JOIN io_notify.queue q ON q.message_id = id AND q.channel = 'pec' ORDER BY n$$,
	ARRAY[0, 1, 2]::smallint[], 'priorities become lanes');
SELECT results_eq($$SELECT DISTINCT r.reason IS NULL = r.would_send FROM io_notify.route_explain('all', 'RSSMRA85T10A562S') r$$, ARRAY[true], 'route_explain: would_send has no reason');

SELECT * FROM finish();
ROLLBACK;
