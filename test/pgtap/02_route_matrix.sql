-- Thousands of combinations in one statement: what was routed, what
-- route_explain says and what the rules say (written here a second time, row
-- by row) are the same.
BEGIN;
\ir setup.inc
SELECT plan(7);
SET LOCAL io_notify.check_fiscal_code = off;
DROP SERVER tap_pec;

CREATE TEMP TABLE who ON COMMIT DROP AS
SELECT row_number() OVER () AS n,
	   format('MTX%s%s%s80A01H%sQ', chr((65 + k / 676 % 26)::int), chr((65 + k / 26 % 26)::int), chr((65 + k % 26)::int), to_char(k % 1000, 'FM000')) AS code, x.*
FROM (SELECT row_number() OVER () AS k, inbox, email_on, sms_on, mail, phone, mode, pref
	  FROM unnest('{t,f}'::bool[]) inbox, unnest('{t,f}'::bool[]) email_on, unnest('{t,f}'::bool[]) sms_on,
		   unnest('{none,unverified,verified,suppressed}'::text[]) mail, unnest('{none,unverified,verified}'::text[]) phone,
		   unnest('{auto,manual}'::text[]) mode, unnest('{none,old,email,inbox,sms,webhook,yes}'::text[]) pref) x;
INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled, email_enabled, sms_enabled, push_enabled, email, email_verified, phone, phone_verified,
							   pec, preference_mode, preference_version)
SELECT code, inbox, email_on, sms_on, n % 3 = 0, CASE WHEN mail <> 'none' THEN 'u' || n || '@x.test' END, mail IN ('verified', 'suppressed'),
	   CASE WHEN phone <> 'none' THEN '+3933300' || to_char(n, 'FM00000') END, phone = 'verified', CASE WHEN n % 2 = 0 THEN 'u' || n || '@pec.test' END, mode, 3 FROM who;
INSERT INTO io_notify.suppression (channel, address) SELECT 'email', 'u' || n || '@x.test' FROM who WHERE mail = 'suppressed';
INSERT INTO io_notify.device (fiscal_code, platform, endpoint) SELECT code, 'fcm', 'd' || n FROM who WHERE n % 6 = 0;
CREATE TEMP TABLE to_service (name text, channels text[], secure bool, special bool) ON COMMIT DROP;
INSERT INTO to_service VALUES ('m_inbox', '{inbox}', false, false), ('m_all', '{inbox,email,sms,webhook,pec,push}', false, false),
	('m_bare', '{email,sms}', false, false), ('m_secure', '{inbox,email,sms,pec}', true, false), ('m_special', '{inbox,email,webhook}', false, true);
INSERT INTO io_notify.service (name, organization, state, channels, require_secure_channels, category)
SELECT name, 'tap', 'published', channels, secure, CASE WHEN special THEN 'special' ELSE 'standard' END FROM to_service;
INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled)
SELECT code, s.name, CASE pref WHEN 'old' THEN 2 ELSE 3 END, CASE pref WHEN 'old' THEN 'inbox' WHEN 'yes' THEN 'inbox' ELSE pref END, pref = 'yes'
FROM who, to_service s WHERE pref <> 'none';
INSERT INTO io_notify.activation (service, fiscal_code, state, changed_at)
SELECT 'm_special', code, CASE n % 5 WHEN 1 THEN 'active' WHEN 4 THEN 'inactive' ELSE 'pending' END,
	   now() - CASE n % 5 WHEN 3 THEN interval '25 hours' ELSE interval '23 hours' END FROM who WHERE n % 5 > 0;
INSERT INTO who (n, code) VALUES (0, 'ZZZZZZ80A01H501Q');	-- nobody

-- the rules again
CREATE FUNCTION pg_temp.rule(s to_service, w who) RETURNS TABLE (channel text, reason text) LANGUAGE plpgsql AS $$
DECLARE
	usable boolean := w.n % 5 IN (1, 2);
BEGIN
	channel := 'inbox';
	IF w.n = 0 THEN
		reason := 'user_not_found';
	ELSIF NOT w.inbox THEN
		reason := 'service_not_allowed';
	ELSIF s.special AND NOT usable THEN
		reason := 'service_not_allowed';
	ELSIF NOT s.special AND (w.pref = 'inbox' OR w.mode = 'manual' AND w.pref IN ('none', 'old')) THEN
		reason := 'service_not_allowed';
	END IF;
	IF reason IS NOT NULL THEN
		RETURN NEXT;
		RETURN;
	END IF;
	FOREACH channel IN ARRAY s.channels LOOP
		reason := CASE channel
			WHEN 'email' THEN CASE WHEN w.pref = 'email' OR NOT w.email_on THEN 'channel_disabled' WHEN s.secure THEN 'secure_channels'
				WHEN w.mail = 'none' THEN 'no_address' WHEN w.mail = 'unverified' THEN 'unverified_address' WHEN w.mail = 'suppressed' THEN 'suppressed_address' END
			WHEN 'sms' THEN CASE WHEN w.pref = 'sms' OR NOT w.sms_on THEN 'channel_disabled' WHEN s.secure THEN 'secure_channels'
				WHEN w.phone = 'none' THEN 'no_address' WHEN w.phone = 'unverified' THEN 'unverified_address' END
			WHEN 'pec' THEN CASE WHEN w.n % 2 = 0 THEN 'no_provider' ELSE 'no_address' END
			WHEN 'push' THEN CASE WHEN w.n % 3 <> 0 THEN 'channel_disabled' ELSE 'no_provider' END
		END;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE TEMP TABLE expected ON COMMIT DROP AS SELECT s.name AS service, w.code, r.* FROM to_service s, who w, pg_temp.rule(s, w) r;

INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT s.name, w.code, 'Tutti insieme', rpad('Testo', 80, '.') FROM to_service s, who w;
SELECT is((SELECT count(*) FROM io_notify.message), (SELECT count(*) FROM to_service) * 1345, 'combinations');
CREATE TEMP TABLE routed ON COMMIT DROP AS SELECT service, recipient AS code, channel, reason, state, address, message_id, seq FROM io_notify.delivery;
SELECT is_empty('(SELECT service, code, channel, reason FROM routed EXCEPT ALL SELECT service, code, channel, reason FROM expected) UNION ALL
				 (SELECT service, code, channel, reason FROM expected EXCEPT ALL SELECT service, code, channel, reason FROM routed)', 'a bulk statement routes by the rules');
CREATE TEMP TABLE explained ON COMMIT DROP AS SELECT s.name AS service, w.code, r.* FROM to_service s, who w, io_notify.route_explain(s.name, w.code) r;
SELECT is_empty('(SELECT service, code, channel, reason, address FROM routed EXCEPT ALL SELECT service, code, channel, reason, address FROM explained) UNION ALL
				 (SELECT service, code, channel, reason, address FROM explained EXCEPT ALL SELECT service, code, channel, reason, address FROM routed)', 'route_explain says the same, addresses too');
SELECT is_empty('SELECT FROM routed WHERE state IS DISTINCT FROM CASE WHEN reason IS NOT NULL THEN ''suppressed'' WHEN channel = ''inbox'' THEN ''delivered'' ELSE ''queued'' END', 'state follows from the reason');
SELECT is_empty('(SELECT message_id, seq, channel FROM routed WHERE state = ''queued'' EXCEPT SELECT message_id, seq, channel FROM io_notify.queue) UNION ALL
				 (SELECT message_id, seq, channel FROM io_notify.queue EXCEPT SELECT message_id, seq, channel FROM routed WHERE state = ''queued'')', 'the queue holds exactly what is queued');

-- row by row goes another way through the planner
DELETE FROM io_notify.queue;
DELETE FROM io_notify.delivery;
DO $$
DECLARE
	w record;
BEGIN
	FOR w IN SELECT s.name, x.code FROM to_service s, who x WHERE x.n % 3 = 0 LOOP
		INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES (w.name, w.code, 'Uno per uno', rpad('Testo', 80, '.'));
	END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM io_notify.delivery), '>', 2000::bigint, 'row by row');
SELECT is_empty('(SELECT service, recipient, channel, reason FROM io_notify.delivery EXCEPT ALL SELECT e.service, e.code, e.channel, e.reason FROM expected e JOIN who w USING (code) WHERE w.n % 3 = 0) UNION ALL
				 (SELECT e.service, e.code, e.channel, e.reason FROM expected e JOIN who w USING (code) WHERE w.n % 3 = 0 EXCEPT ALL SELECT service, recipient, channel, reason FROM io_notify.delivery)', 'and by the rules all the same');
SELECT * FROM finish();
ROLLBACK;
