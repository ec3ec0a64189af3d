-- The subscription feed: what becomes an event, what cancels what on the same
-- day, and what a service makes of it.  All happens in one transaction, so on
-- one day; what a service reads is that day moved into the past.
BEGIN;
\ir setup.inc
CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat(nullif(service, '') || ' ', event), ', ' ORDER BY service), '') FROM io_notify.subscription_event WHERE fiscal_code = 'VRDGPP70A01H501S'
$$;
-- what plain, mail and special read of the citizen: "plain S, mail U"
CREATE FUNCTION pg_temp.feed() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	UPDATE io_notify.subscription_event SET day = day - 1;
	SELECT coalesce(string_agg(s || ' ' || f.event, ', ' ORDER BY n), '') INTO answer
	FROM unnest('{plain,mail}'::text[]) WITH ORDINALITY x (s, n),
		 io_notify.subscription_feed(s, (now() AT TIME ZONE 'UTC')::date - 1) f
	WHERE f.hash = io_notify.subscription_hash(s, 'VRDGPP70A01H501S');
	UPDATE io_notify.subscription_event SET day = day + 1;
	RETURN answer;
END
$$;
-- a fresh day
CREATE FUNCTION pg_temp.begin_with(profile text, choices text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S';
	DELETE FROM io_notify.preference;
	EXECUTE 'INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled, preference_mode) VALUES (''VRDGPP70A01H501S'', ' || profile || ')';
	IF choices IS NOT NULL THEN
		EXECUTE 'INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) SELECT ''VRDGPP70A01H501S'', * FROM (VALUES ' || choices || ') x';
	END IF;
	DELETE FROM io_notify.subscription_event;
END
$$;
CREATE FUNCTION pg_temp.choose(service text, channel text, enabled boolean) RETURNS void LANGUAGE sql AS $$
	INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('VRDGPP70A01H501S', service, channel, enabled)
	ON CONFLICT (fiscal_code, service, preference_version, channel) DO UPDATE SET enabled = EXCLUDED.enabled
$$;
CREATE FUNCTION pg_temp.alter_citizen(changes text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE io_notify.citizen SET ' || changes || ' WHERE fiscal_code = ''VRDGPP70A01H501S''';
END
$$;
UPDATE io_notify.service SET category = 'special' WHERE name = 'all';
SELECT plan(61);

-- the profile
SELECT is((SELECT string_agg(service || event, ',') FROM io_notify.subscription_event WHERE fiscal_code = 'RSSMRA85T10A562S'), 'S', 'a citizen who registers with the inbox on is an event');
INSERT INTO io_notify.citizen (fiscal_code) VALUES ('VRDGPP70A01H501S');
SELECT is(pg_temp.told(), '', 'one without is none');
SELECT pg_temp.alter_citizen('language = ''de''');
SELECT is(pg_temp.told(), '', 'nor is any other change');
SELECT pg_temp.alter_citizen('inbox_enabled = true');
SELECT is(pg_temp.told(), 'S', 'inbox on');
SELECT is(pg_temp.feed(), 'plain S, mail S', 'all services read it');
SELECT pg_temp.alter_citizen('inbox_enabled = false');
SELECT is(pg_temp.told(), 'U', 'inbox off, the same day: the later one takes the place of the earlier one');
SELECT is(pg_temp.feed(), 'plain U, mail U', 'all services read that');
SELECT pg_temp.begin_with('true, ''auto''');
SELECT pg_temp.alter_citizen('preference_mode = ''manual''');
SELECT is(pg_temp.told(), 'U', 'mode manual: nobody writes unless let in');
SELECT pg_temp.alter_citizen('preference_mode = ''auto''');
SELECT is(pg_temp.told(), 'S', 'mode auto: everybody does');
SELECT pg_temp.begin_with('false, ''auto''');
SELECT pg_temp.alter_citizen('preference_mode = ''manual''');
SELECT is(pg_temp.told(), '', 'with the inbox off a mode is nobody''s affair');
SELECT pg_temp.alter_citizen('inbox_enabled = true');
SELECT is(pg_temp.told(), '', 'and with mode manual an inbox turned on opens nothing');
SELECT pg_temp.begin_with('true, ''auto''');
DELETE FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S';
SELECT is(pg_temp.told(), 'U', 'who leaves is gone');

-- a service
SELECT pg_temp.begin_with('true, ''auto''');
SELECT pg_temp.choose('mail', 'inbox', false);
SELECT is(pg_temp.told(), 'mail U', 'a service is blocked');
SELECT is(pg_temp.feed(), 'mail U', 'it alone reads that');
SELECT pg_temp.choose('mail', 'inbox', true);
SELECT is(pg_temp.told(), '', 'and let in again the same day: neither stays');
SELECT is(pg_temp.feed(), '', 'nobody reads anything');
SELECT pg_temp.choose('mail', 'email', false);
SELECT is(pg_temp.told(), '', 'other channels are no subscription');
SELECT pg_temp.choose('all', 'inbox', false);
SELECT is(pg_temp.told(), '', 'special services go by activation');
SELECT pg_temp.begin_with('true, ''auto''', $$('mail', 'inbox', false)$$);
SELECT pg_temp.choose('mail', 'inbox', true);
SELECT is(pg_temp.feed(), 'mail S', 'blocked yesterday, let in today');
SELECT pg_temp.begin_with('true, ''auto''', $$('mail', 'inbox', false)$$);
DELETE FROM io_notify.preference;
SELECT is(pg_temp.feed(), 'mail S', 'so is a choice taken back');
SELECT pg_temp.begin_with('false, ''auto''');
SELECT pg_temp.choose('mail', 'inbox', false);
SELECT is(pg_temp.told(), '', 'with the inbox off choices wait');
INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('VRDGPP70A01H501S', 'plain', 5, 'inbox', false);
SELECT is(pg_temp.told(), '', 'of another version they are nothing');

-- manual
SELECT pg_temp.begin_with('true, ''manual''');
SELECT pg_temp.choose('mail', 'email', false);
SELECT is(pg_temp.told(), 'mail S', 'manual: the first choice lets a service in');
SELECT pg_temp.choose('mail', 'inbox', false);
SELECT is(pg_temp.told(), '', 'and a second may keep it out');
SELECT pg_temp.begin_with('true, ''manual''');
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled)
	SELECT 'VRDGPP70A01H501S', s, c, c = 'inbox' AND s = 'mail' FROM unnest('{plain,mail}'::text[]) s, unnest('{email,inbox,sms}'::text[]) c;
SELECT is(pg_temp.told(), 'mail S', 'several choices in one statement count together');
UPDATE io_notify.preference SET enabled = NOT enabled WHERE channel = 'inbox';
SELECT is(pg_temp.told(), 'plain S', 'changed in one statement too');
SELECT pg_temp.begin_with('true, ''manual''', $$('mail', 'inbox', true), ('plain', 'inbox', false)$$);
SELECT pg_temp.alter_citizen('inbox_enabled = false');
SELECT is(pg_temp.told(), 'mail U', 'manual, inbox off: those that were let in lose the citizen');
SELECT pg_temp.alter_citizen('inbox_enabled = true');
SELECT is(pg_temp.told(), '', 'and have him back the same day');
SELECT pg_temp.begin_with('true, ''auto''', $$('mail', 'inbox', false)$$);
SELECT pg_temp.alter_citizen('inbox_enabled = false');
SELECT pg_temp.alter_citizen('inbox_enabled = true');
SELECT is(pg_temp.feed(), 'plain S', 'auto, inbox on: not for a service that is blocked');
SELECT pg_temp.choose('mail', 'inbox', true);
SELECT is(pg_temp.feed(), 'plain S, mail S', 'until it no longer is');

-- the rules of composition, event by event: profile, service, what is read
SELECT pg_temp.begin_with('true, ''auto''');
CREATE TEMP TABLE rule (profile text, service text, reads text) ON COMMIT DROP;
INSERT INTO rule VALUES (NULL, NULL, ''), ('S', NULL, 'plain S, mail S'), ('U', NULL, 'plain U, mail U'), (NULL, 'S', 'mail S'), (NULL, 'U', 'mail U'),
	('S', 'S', 'plain S, mail S'), ('S', 'U', 'plain S'), ('U', 'S', 'plain U'), ('U', 'U', 'plain U, mail U');
CREATE FUNCTION pg_temp.compose(r rule) RETURNS text LANGUAGE sql AS $$
	DELETE FROM io_notify.subscription_event;
	INSERT INTO io_notify.subscription_event (day, service, fiscal_code, event)
	SELECT (now() AT TIME ZONE 'UTC')::date, s, 'VRDGPP70A01H501S', e FROM (VALUES ('', r.profile), ('mail', r.service)) x (s, e) WHERE e IS NOT NULL;
	SELECT pg_temp.feed();
$$;
SELECT is(pg_temp.compose(r), r.reads, format('profile %s, service %s', coalesce(profile, '-'), coalesce(service, '-'))) FROM rule r;
SELECT pg_temp.begin_with('false, ''auto''');
SELECT pg_temp.alter_citizen('inbox_enabled = true');
SELECT pg_temp.choose('mail', 'inbox', false);
SELECT is(pg_temp.feed(), 'plain S', 'who registers and blocks a service on the same day is in neither of its lists');
SELECT pg_temp.begin_with('true, ''auto''');
SELECT pg_temp.alter_citizen('preference_mode = ''manual''');
SELECT pg_temp.choose('mail', 'inbox', true);
SELECT is(pg_temp.feed(), 'plain U', 'nor who goes manual and keeps it');

-- who reads
INSERT INTO io_notify.service (name, organization, state, authorized_recipients) VALUES ('sandbox', 'tap', 'published', '{VRDGPP70A01H501S}'), ('draft', 'tap', 'draft', '{}');
SELECT io_notify.grant_sender('tap_sender', s) FROM unnest('{sandbox,draft}'::text[]) s;
SELECT is(pg_temp.run_as('tap_sender', format('SELECT count(*) FROM io_notify.subscription_feed(%L, %s)', s, d)), e, concat_ws(' ', s, d))
	FROM (VALUES ('plain', $$(now() AT TIME ZONE 'UTC')::date - 1$$, '0'), ('plain', $$(now() AT TIME ZONE 'UTC')::date$$, '55000'), ('plain', $$'infinity'$$, '55000'), ('plain', 'NULL', '22023'),
				 ('sandbox', $$'2001-01-01'$$, '42501'), ('draft', $$'2001-01-01'$$, '55000'), ('nothing', $$'2001-01-01'$$, '42501'), (NULL, $$'2001-01-01'$$, '42501')) x (s, d, e);
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT count(*) FROM io_notify.subscription_feed('plain', '2001-01-01')$$), '42501', 'members');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.subscription_hash('plain', 'VRDGPP70A01H501S')$$), '42501', 'alone');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.subscription_hash('sandbox', 'VRDGPP70A01H501S')$$), '42501', 'out of the sandbox');
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.subscription_hash('plain', 'VRDGPP70A01H501X')$$), '22023', 'about citizens');

-- pseudonyms
UPDATE io_notify.service_secret SET key = decode(repeat('0b', 20), 'hex') WHERE service = 'plain';
SELECT is(encode(io_notify._hmac_sha256(decode(repeat('0b', 20), 'hex'), 'Hi There'), 'hex'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'HMAC-SHA256, RFC 4231 case 1');
SELECT is(encode(io_notify._hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'case 2');
SELECT is(io_notify.subscription_hash('plain', 'VRDGPP70A01H501S'), encode(io_notify._hmac_sha256(decode(repeat('0b', 20), 'hex'), 'VRDGPP70A01H501S'), 'hex'), 'a citizen is his code under the service''s key');
SELECT isnt(io_notify.subscription_hash('plain', 'VRDGPP70A01H501S'), io_notify.subscription_hash('mail', 'VRDGPP70A01H501S'), 'two services cannot compare');
SELECT is((SELECT min(octet_length(key)) FROM io_notify.service_secret WHERE service <> 'plain'), 32, 'keys are long');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT count(*) FROM io_notify.service_secret'), '42501', 'and nobody''s to read');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT count(*) FROM io_notify.subscription_event'), '42501', 'as are the events');
SELECT is(io_notify._same_bytes('\x00ff', '\x00ff') AND NOT io_notify._same_bytes('\x00ff', '\x00fe') AND NOT io_notify._same_bytes('\x00', '\x0000'), true, 'bytes are compared');

SELECT * FROM finish();
ROLLBACK;
