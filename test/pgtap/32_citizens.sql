-- Citizens and what their app's back end does for them: profile and versions,
-- proofs of addresses, choices per service, activation, the sender's question.
BEGIN;
\ir setup.inc
CREATE ROLE tap_app;
CREATE ROLE tap_other_app;
SELECT io_notify.grant_app('tap_app');
INSERT INTO io_notify.service (name, organization, state, channels, category) VALUES ('special', 'tap', 'published', '{inbox}', 'special');
INSERT INTO io_notify.service (name, organization, state, channels, authorized_recipients) VALUES ('sandbox', 'tap', 'published', '{inbox}', '{RSSMRA85T10A562S}');
SELECT io_notify.grant_sender('tap_sender', s) FROM unnest('{special,sandbox}'::text[]) s;
UPDATE io_notify.citizen SET preference_mode = 'auto', version = 0;

-- as the app, for a citizen; the answer or SQLSTATE
CREATE FUNCTION pg_temp.act(who text, command text, role name DEFAULT 'tap_app') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.run_as(role, format('SELECT CASE WHEN io_notify.act_for(%L) IS NOT NULL THEN (%s)::text END', who, command))
$$;
-- what is wrong with a statement, in our words
CREATE FUNCTION pg_temp.complaint(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	detail text;
BEGIN
	EXECUTE command;
	RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' - ', SQLSTATE || ' ' || said, nullif(detail, ''));
END
$$;
SELECT plan(167);

-- whose citizen
SELECT is(pg_temp.act('RSSMRA85T10A562S', 'io_notify._acting_citizen()'), 'RSSMRA85T10A562S', 'an app acts for the citizen it names');
SELECT is(pg_temp.run_as('tap_app', $$SELECT io_notify.act_for('RSSMRA85T10A562X')$$), '22023', 'who must have a fiscal code');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.act_for('RSSMRA85T10A562S')$$), '42501', 'others may not');
SELECT set_config('io_notify.citizen', 'RSSMRA85T10A562S', true);
SELECT is(pg_temp.run_as('tap_stranger', 'SELECT io_notify._acting_citizen()'), NULL, 'and setting it by hand gives them nothing');
SELECT is(pg_temp.run_as('tap_sender', 'SELECT io_notify.citizen_get()'), '42501', 'in functions neither');
SELECT is(io_notify._acting_citizen(), 'RSSMRA85T10A562S', 'the owner may act for anybody');
SELECT io_notify.act_for(NULL);
SELECT is(io_notify._acting_citizen(), NULL, 'and for nobody again');
SELECT is(pg_temp.run_as('tap_app', 'SELECT io_notify.citizen_get()'), '55000', 'without a citizen an app is told so');
SELECT is(current_setting('io_notify.citizen'), '', 'nothing is left behind');
SELECT is_empty($$SELECT FROM pg_settings WHERE name = 'io_notify.citizen'$$, 'no list of settings shows it');
SELECT io_notify.grant_app('tap_other_app');
SELECT is(pg_temp.act('RSSMRA85T10A562S', 'io_notify._acting_citizen()', 'tap_other_app'), 'RSSMRA85T10A562S', 'a grant counts at once');
SELECT is(io_notify.revoke_app('tap_other_app'), true, 'and can be taken back');
SELECT is(pg_temp.act('RSSMRA85T10A562S', 'io_notify._acting_citizen()', 'tap_other_app'), '42501', 'which counts at once too');
SELECT is(io_notify.revoke_app('tap_other_app'), false, 'once');
SELECT is_empty($$SELECT FROM information_schema.role_column_grants WHERE grantee = 'tap_other_app'$$, 'with its privileges');
SELECT is(pg_temp.run_as('tap_app', $$SELECT io_notify.grant_app('tap_stranger')$$), '42501', 'an app makes no apps');

-- registering
SELECT is(pg_temp.act('VRDGPP70A01H501S', 'io_notify.citizen_get()'), NULL, 'no profile yet');
SELECT is(pg_temp.act('VRDGPP70A01H501S', 'io_notify.citizen_register()'), '0', 'register');
SELECT results_eq($$SELECT inbox_enabled, email_enabled, sms_enabled, push_enabled, email_verified, phone_verified, preference_mode, preference_version, push_detail, version
	FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'$$,
	$$VALUES (false, true, false, false, false, false, 'auto', 0, 'anonymous', 0)$$, 'with the defaults: a row is no consent');
SELECT is(pg_temp.act('VRDGPP70A01H501S', 'io_notify.citizen_register()'), '23505', 'once only');
SELECT is(pg_temp.act('RSSMRA80A01H501U', $$io_notify.citizen_register('{"email": "Uno@Citizens.test", "preference_mode": "manual", "inbox_enabled": true, "quiet_from": "22:00", "quiet_to": "07:30"}')$$), '0', 'or with wishes');
SELECT results_eq($$SELECT email, email_verified, preference_mode, preference_version, inbox_enabled, quiet_from, quiet_to FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA80A01H501U'$$,
	$$VALUES ('Uno@Citizens.test', false, 'manual', 0, true, '22:00'::time, '07:30'::time)$$, 'which are kept as typed');
SELECT is(pg_temp.act('BNCLRA90A41F205I', $$io_notify.citizen_register('{"email_verified": true}')$$), '22023', 'but no proof by word of mouth');

-- updating
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.citizen_update(0, '{"inbox_enabled": true, "language": "de"}')$$), '1', 'an update counts the version');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.citizen_update(0, '{"language": "fr"}')$$), '40001', 'a stale one is refused');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.citizen_update(2, '{"language": "fr"}')$$), '40001', 'so is one from the future');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.citizen_update(NULL, '{"language": "fr"}')$$), '22023', 'and one without a version');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$(io_notify.citizen_get()) ->> 'language'$$), 'de', 'nothing of it was written');
SELECT is(pg_temp.act('RSSMRA80A41H501Y', $$io_notify.citizen_update(0, '{}')$$), '42704', 'somebody not registered');
SELECT io_notify.act_for('VRDGPP70A01H501S');
SELECT results_eq(format('SELECT pg_temp.complaint(format(%L, v)) FROM unnest(%L::text[]) v', 'SELECT io_notify.citizen_update(1, %L)', ARRAY[
	'[]', '{"nickname": "x"}', '{"RSSMRA85": "x"}', '{"inbox_enabled": "yes"}', '{"inbox_enabled": null}', '{"email": 3}', '{"email": "nobody"}', '{"pec": "a@"}',
	'{"phone": "333"}', '{"language": "italiano"}', '{"language": null}', '{"time_zone": "Mars/Olympus"}', '{"preference_mode": "legacy"}', '{"push_detail": "some"}',
	'{"quiet_from": "22:00"}', '{"quiet_to": "7"}', '{"quiet_from": "25:00", "quiet_to": "07:00"}', '{"version": 7}']),
	ARRAY['22023 the profile must be a JSON object', '22023 a profile has no key "nickname"', '22023 the profile has a key that is unknown',
	'22023 inbox_enabled of the citizen is not valid - It must be a JSON boolean.', '22023 inbox_enabled of the citizen is not valid - It is missing.',
	'22023 email of the citizen is not valid - It must be a JSON string.', '22023 email of the citizen is not valid - address lacks "@".',
	'22023 pec of the citizen is not valid - domain is empty.',
	'22023 phone of the citizen is not valid - It must be in E.164 form: + and 8 to 15 digits.', '22023 language of the citizen is not valid - It must be a language tag such as it or de-AT.',
	'22023 language of the citizen is not valid - It is missing.', '22023 time_zone of the citizen is not valid - It must be a time zone''s name such as Europe/Rome.',
	'22023 preference_mode of the citizen is not valid - It must be auto or manual.', '22023 push_detail of the citizen is not valid - It must be full or anonymous.',
	'22023 quiet_to of the citizen is not valid - Quiet hours have both a beginning and an end, or neither.',
	'22023 quiet_to of the citizen is not valid - It must be a time such as 22:00.', '22023 quiet_from of the citizen is not valid - It must be a time such as 22:00.',
	'22023 a profile has no key "version"'], 'each wrong value is named, none is shown');
SELECT is(io_notify.citizen_update(1, '{"quiet_from": "08:00", "quiet_to": "08:00", "phone": "+393330000001", "email": "due@citizens.test"}'), 2, 'from eight to eight');
SELECT is((SELECT quiet_from FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), NULL, 'is no quiet hour at all');
SELECT cmp_ok((SELECT updated_at FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), '=', now(), 'and when it was');

-- modes and versions
SELECT is(io_notify.citizen_update(2, '{"preference_mode": "manual"}'), 3, 'another mode');
SELECT is((SELECT preference_version FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), 1, 'counts preference_version');
SELECT io_notify.citizen_update(3, '{"preference_mode": "manual", "language": "it"}');
SELECT is((SELECT preference_version FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), 1, 'the same mode does not');
UPDATE io_notify.citizen SET preference_mode = 'auto', preference_version = 2 WHERE fiscal_code = 'VRDGPP70A01H501S';
SELECT is((SELECT preference_version FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), 2, 'whoever counts along counts the same');
SELECT alike(pg_temp.complaint($$UPDATE io_notify.citizen SET preference_mode = 'manual', preference_version = 9 WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '22023 preference_version%', 'by one only');
SELECT alike(pg_temp.complaint($$UPDATE io_notify.citizen SET preference_version = 1 WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '22023 preference_version%', 'and never back');

-- plain SQL of an app
SELECT is(pg_temp.act('VRDGPP70A01H501S', 'io_notify.citizen_get()') IS NOT NULL, true, 'a session for one citizen');
SELECT io_notify.act_for('VRDGPP70A01H501S');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET language = 'fr', version = 5 WHERE fiscal_code = 'VRDGPP70A01H501S' RETURNING version$$), '6', 'writes his profile');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET language = 'fr', version = 5 WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '40001', 'with the version it read');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET language = 'fr' WHERE fiscal_code = 'VRDGPP70A01H501S' RETURNING version$$), '7', 'or without');
SELECT isnt(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET language = 'fr' WHERE fiscal_code = 'RSSMRA85T10A562S' RETURNING 'written'$$), 'written', 'not another''s');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.citizen (fiscal_code) VALUES ('BNCLRA90A41F205I')$$), '42501', 'it registers no other');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET email_verified = true$$), '42501', 'and proves nothing by SQL');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET preference_version = 9$$), '42501', 'nor counts as it likes');
GRANT UPDATE ON io_notify.citizen TO tap_app;
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET email_verified = true WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '42501', 'even with more privileges than it should have');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET preference_version = 9 WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '42501', 'the trigger knows the columns that are not its');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.citizen SET fiscal_code = 'BNCLRA90A41F205I' WHERE fiscal_code = 'VRDGPP70A01H501S'$$), '42501', 'the code least of all');
REVOKE UPDATE ON io_notify.citizen FROM tap_app;
SELECT io_notify.act_for('BNCLRA90A41F205I');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled) VALUES ('BNCLRA90A41F205I', true) ON CONFLICT (fiscal_code) DO NOTHING RETURNING 'written'$$), 'written', 'registering in plain SQL');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled) VALUES ('BNCLRA90A41F205I', true) ON CONFLICT (fiscal_code) DO NOTHING RETURNING 'written'$$), NULL, 'ON CONFLICT works');

-- addresses and their proof
UPDATE io_notify.citizen SET email = 'MARIO@citizens.TEST' WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is((SELECT email_verified FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA85T10A562S'), true, 'the same address in other letters stays proved');
UPDATE io_notify.citizen SET email = 'altro@citizens.test', phone = '+393339999999' WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT results_eq($$SELECT email_verified, phone_verified FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA85T10A562S'$$, $$VALUES (false, false)$$, 'another does not');
UPDATE io_notify.citizen SET email_verified = true, phone_verified = true WHERE fiscal_code = 'RSSMRA85T10A562S';
UPDATE io_notify.citizen SET email = 'terzo@citizens.test', email_verified = true WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is((SELECT email_verified FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA85T10A562S'), true, 'unless the owner says so in the same statement');
UPDATE io_notify.citizen SET phone = NULL WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is((SELECT phone_verified FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA85T10A562S'), false, 'no address is no proved one');

CREATE TEMP TABLE token (channel text, value text);
GRANT ALL ON token TO tap_app;
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('pec')$$), '22023', 'what can be proved is an e-mail address or a phone');
SELECT is(pg_temp.act('RSSMRA85T10A562S', $$io_notify.verification_start('sms')$$), '55000', 'that is there');
SELECT is(pg_temp.act('RSSMRA85T10A562S', $$io_notify.verification_start('email')$$), '55000', 'and not proved yet');
SELECT is(pg_temp.act('RSSMRA80A41H501Y', $$io_notify.verification_start('email')$$), '42704', 'by somebody registered');
INSERT INTO token VALUES ('email', pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('email')$$)), ('sms', pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$));
SELECT matches((SELECT value FROM token WHERE channel = 'email'), '^[0-9a-f]{32}$', 'a secret for e-mail');
SELECT matches((SELECT value FROM token WHERE channel = 'sms'), '^[0-9]{6}$', 'a short one for a phone');
SELECT results_eq('SELECT channel, expires_at - created_at FROM io_notify.verification ORDER BY 1', $$VALUES ('email', interval '30 days'), ('sms', interval '10 minutes')$$, 'each with its time');
SELECT is_empty($$SELECT FROM io_notify.verification v, token t WHERE v::text LIKE '%' || t.value || '%' OR v::text LIKE '%' || encode(convert_to(t.value, 'UTF8'), 'hex') || '%'$$, 'neither is stored');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_complete('email', 'guess')$$), 'false', 'a guess is counted');
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_complete('email', NULL)$$), 'false', 'so is nothing');
SELECT is((SELECT failures FROM io_notify.verification WHERE channel = 'email'), 2, 'twice now');
SELECT is(pg_temp.act('RSSMRA80A01H501U', format('io_notify.verification_complete(%L, %L)', channel, value)), 'false', 'the secret of another is none') FROM token WHERE channel = 'email';
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.verification_complete(%L, %L)', channel, upper(value) || ' ')), 'true', 'the right secret') FROM token WHERE channel = 'email';
SELECT is((SELECT email_verified FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), true, 'proves the address');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.verification_complete(%L, %L)', channel, value)), 'false', 'once') FROM token WHERE channel = 'email';
SELECT pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_complete('sms', 'x')$$) FROM generate_series(1, 5);
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.verification_complete(%L, %L)', channel, value)), 'false', 'five guesses kill a secret') FROM token WHERE channel = 'sms';
SELECT is((SELECT phone_verified FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S'), false, 'for good');
UPDATE token SET value = pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$) WHERE channel = 'sms';
UPDATE io_notify.verification SET expires_at = now();
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.verification_complete(%L, %L)', channel, value)), 'false', 'age kills it too') FROM token WHERE channel = 'sms';
UPDATE token SET value = pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$) WHERE channel = 'sms';
UPDATE io_notify.citizen SET phone = '+393330000002' WHERE fiscal_code = 'VRDGPP70A01H501S';
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.verification_complete(%L, %L)', channel, value)), 'false', 'and another phone makes it worthless') FROM token WHERE channel = 'sms';
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$) ~ '^[0-9]{6}$', n < 8, 'start number ' || n + 3) FROM generate_series(1, 9) n;
SELECT is(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$), '53400', 'ten a day is enough');
UPDATE io_notify.verification SET counted_from = now() - interval '1 day';
SELECT matches(pg_temp.act('VRDGPP70A01H501S', $$io_notify.verification_start('sms')$$), '^[0-9]{6}$', 'tomorrow there are more');

-- one address, one citizen
UPDATE io_notify.citizen SET email = 'Due@Citizens.Test' WHERE fiscal_code = 'RSSMRA80A01H501U';
SELECT is(pg_temp.act('RSSMRA80A01H501U', $$io_notify.verification_start('email')$$), '23505', 'an address another citizen has proved');
UPDATE io_notify.citizen SET email = 'quattro@citizens.test' WHERE fiscal_code = 'RSSMRA80A01H501U';
UPDATE token SET value = pg_temp.act('RSSMRA80A01H501U', $$io_notify.verification_start('email')$$) WHERE channel = 'email';
UPDATE io_notify.citizen SET email = 'Quattro@citizens.test', email_verified = true WHERE fiscal_code = 'VRDGPP70A01H501S';
SELECT is(pg_temp.act('RSSMRA80A01H501U', format('io_notify.verification_complete(%L, %L)', channel, value)), '23505', 'or proves meanwhile') FROM token WHERE channel = 'email';
SELECT is((SELECT count(*) FROM io_notify.citizen WHERE lower(email) = 'quattro@citizens.test'), 2::bigint, 'many may claim an address');
SELECT is((SELECT count(*) FROM io_notify.citizen WHERE lower(email) = 'quattro@citizens.test' AND email_verified), 1::bigint, 'one has it');
SELECT throws_ok($$UPDATE io_notify.citizen SET email_verified = true WHERE fiscal_code = 'RSSMRA80A01H501U'$$, '23505', NULL, 'whoever asks');

-- choices
DELETE FROM io_notify.preference;
UPDATE io_notify.citizen SET preference_mode = 'auto', inbox_enabled = true;
SELECT preference_version AS v FROM io_notify.citizen WHERE fiscal_code = 'VRDGPP70A01H501S' \gset
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, false, %s)', 'mail', 'email', :v)), '', 'a choice');
SELECT results_eq($$SELECT service, preference_version, channel, enabled FROM io_notify.preference$$, format('VALUES (%L, %s, %L, false)', 'mail', :v, 'email'), 'is stored under the version');
SELECT is(pg_temp.fate(pg_temp.put('mail', 'VRDGPP70A01H501S')), 'inbox delivered, email suppressed channel_disabled', 'and counts');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, true, %s)', 'mail', 'email', :v)), '', 'it can be changed');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, true, %s)', 'mail', 'email', v)), e, 'version ' || coalesce(v, 'missing'))
	FROM (VALUES ((:v - 1)::text, '40001'), ((:v + 1)::text, '40001'), ('NULL', '22023')) x (v, e);
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%s, %s)', a, :v)), e, a)
	FROM (VALUES ($$'nothing', 'email', true$$, '42704'), ($$'mail', 'pigeon', true$$, '22023'), ($$'mail', NULL, true$$, '22023'), ($$'mail', 'email', NULL$$, '22023'), ($$NULL, 'email', true$$, '22023')) x (a, e);
SELECT is(pg_temp.act('RSSMRA80A41H501Y', $$io_notify.preference_set('mail', 'email', true, 0)$$), '42704', 'of somebody not registered');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.preference_set('mail', 'email', true, 0)$$), '42501', 'by a stranger');
SELECT is(pg_temp.run_as('tap_app', $$SELECT io_notify._preference_allowed('RSSMRA85T10A562S', 'mail', 'email', true, 0)$$), '42501', 'by the back door');
SELECT io_notify.act_for('VRDGPP70A01H501S');
SELECT is(pg_temp.run_as('tap_app', format($$INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('VRDGPP70A01H501S', 'all', %s, 'sms', false) RETURNING 'written'$$, :v)), 'written', 'plain SQL');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('VRDGPP70A01H501S', 'all', 'pec', false) RETURNING preference_version$$), :'v', 'left out, the version is the current one');
SELECT is(pg_temp.run_as('tap_app', format($$INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('VRDGPP70A01H501S', 'all', %s, 'sms', true) ON CONFLICT ON CONSTRAINT preference_pkey DO UPDATE SET enabled = EXCLUDED.enabled RETURNING enabled$$, :v)), 'true', 'changes it');
SELECT is(pg_temp.run_as('tap_app', format($$INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES (%s)$$, a)), e, a)
	FROM (VALUES (format($$'VRDGPP70A01H501S', 'all', %s, 'push', true$$, :v - 1), '40001'), ($$'RSSMRA85T10A562S', 'all', 0, 'push', true$$, '42501'),
				 (format($$'VRDGPP70A01H501S', 'nothing', %s, 'push', true$$, :v), '42704'), (format($$'VRDGPP70A01H501S', 'all', %s, 'pigeon', true$$, :v), '22023'),
				 (format($$'VRDGPP70A01H501S', 'all', %s, 'push', NULL$$, :v), '22023'), (format($$NULL, 'all', %s, 'push', true$$, :v), '22023')) x (a, e);
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.preference SET service = 'mail' WHERE service = 'all'$$), '42501', 'what a choice is about stays');
INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('RSSMRA80A41H501Y', 'long_gone', 7, 'inbox', true);
SELECT is((SELECT count(*) FROM io_notify.preference WHERE service = 'long_gone'), 1::bigint, 'the owner brings a history, whatever it says');
UPDATE io_notify.citizen SET preference_mode = 'manual' WHERE fiscal_code = 'VRDGPP70A01H501S';
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.preference SET enabled = false WHERE service = 'mail'$$), '40001', 'a choice of another mode is history');

-- what an app shows
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, false, %s)', 'all', 'sms', :v + 1)), '', 'manual, one choice');
SELECT results_eq($$SELECT channel, enabled, would_send, reason, preference_version FROM io_notify.preference_get('all')$$,
	format($$VALUES ('inbox', NULL::boolean, true, NULL::text, %1$s), ('email', NULL, true, NULL, %1$s), ('sms', false, false, 'channel_disabled', %1$s), ('webhook', NULL, true, NULL, %1$s),
		('pec', NULL, false, 'no_address', %1$s), ('push', NULL, false, 'channel_disabled', %1$s)$$, :v + 1), 'the choice and what comes of it');
SELECT results_eq($$SELECT channel, enabled, would_send, reason FROM io_notify.preference_get('mail')$$,
	$$VALUES ('inbox', NULL::boolean, false, 'service_not_allowed'), ('email', NULL, false, 'service_not_allowed')$$, 'manual, no choice');
SELECT is(pg_temp.complaint($$SELECT io_notify.preference_get('sandbox')$$), '42704 service "sandbox" does not exist', 'a service in the sandbox is not there for others');
SELECT is(pg_temp.act('RSSMRA85T10A562S', $$(SELECT would_send FROM io_notify.preference_get('sandbox'))$$), 'true', 'but for those it may address');

-- read status
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.disclosure_set(%L, true, %s)', 'mail', :v + 1)), '', 'a service may know of readings');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.disclosure_set(%L, true, %s)', 'mail', :v)), '40001', 'under the current version');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.disclosure_set(%L, NULL, %s)', 'mail', :v + 1)), '22023', 'yes or no');
SELECT io_notify.act_for('VRDGPP70A01H501S');
SELECT is(pg_temp.run_as('tap_app', $$UPDATE io_notify.disclosure SET read_status = false RETURNING 'written'$$), 'written', 'in plain SQL');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.disclosure (fiscal_code, service, preference_version, read_status) VALUES ('VRDGPP70A01H501S', 'all', 0, true)$$), '40001', 'too');

-- activation
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.activation_set('special', 'VRDGPP70A01H501S', 'pending')$$), '', 'a special service activates');
SELECT is(io_notify.sender_allowed('special', 'VRDGPP70A01H501S'), true, 'pending counts');
UPDATE io_notify.activation SET changed_at = now() - interval '23 hours';
SELECT pg_temp.run_as('tap_sender', $$SELECT io_notify.activation_set('special', 'VRDGPP70A01H501S', 'pending')$$);
SELECT is((SELECT changed_at FROM io_notify.activation), now() - interval '23 hours', 'saying it again gives no more grace');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, false, %s)', 'special', 'inbox', :v + 1)), '55000', 'while it counts the inbox cannot be blocked');
UPDATE io_notify.activation SET changed_at = now() - interval '24 hours';
SELECT is(io_notify.sender_allowed('special', 'VRDGPP70A01H501S'), false, 'for a day');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, true, %s)', 'special', 'inbox', :v + 1)), '55000', 'then it cannot be opened');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, false, %s)', 'special', 'inbox', :v + 1)), '', 'what agrees is kept');
SELECT is(pg_temp.act('VRDGPP70A01H501S', format('io_notify.preference_set(%L, %L, true, %s)', 'special', 'email', :v + 1)), '', 'other channels are the citizen''s');
SELECT pg_temp.run_as('tap_sender', $$SELECT io_notify.activation_set('special', 'VRDGPP70A01H501S', 'active')$$);
SELECT results_eq('SELECT state, changed_at FROM io_notify.activation', $$VALUES ('active', now())$$, 'a new state has its own time');
SELECT is(pg_temp.run_as('tap_sender', format('SELECT io_notify.activation_set(%s)', a)), e, a)
	FROM (VALUES ($$'plain', 'VRDGPP70A01H501S', 'active'$$, '55000'), ($$'special', 'VRDGPP70A01H501X', 'active'$$, '22023'), ($$'special', 'VRDGPP70A01H501S', 'asleep'$$, '22023'),
				 ($$'special', 'VRDGPP70A01H501S', NULL$$, '22023'), ($$'nothing', 'VRDGPP70A01H501S', 'active'$$, '42501')) x (a, e);
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.activation_set('special', 'VRDGPP70A01H501S', 'active')$$), '42501', 'its members alone');
SELECT is(pg_temp.run_as('tap_app', $$SELECT io_notify.activation_set('special', 'VRDGPP70A01H501S', 'active')$$), '42501', 'not the app');

-- the sender's question
SELECT is(pg_temp.run_as('tap_sender', format('SELECT io_notify.sender_allowed(%s)', a)), e, a)
	FROM (VALUES ($$'plain', 'RSSMRA85T10A562S'$$, 'true'), ($$'plain', 'RSSMRA80A41H501Y'$$, 'false'), ($$'plain', 'VRDGPP70A01H501S'$$, 'false'), ($$'all', 'VRDGPP70A01H501S'$$, 'true'),
				 ($$'sandbox', 'RSSMRA85T10A562S'$$, 'true'), ($$'sandbox', 'VRDGPP70A01H501S'$$, '42501'), ($$'sandbox', 'RSSMRA80A41H501Y'$$, '42501'),
				 ($$'plain', 'RSSMRA85T10A562X'$$, '22023'), ($$'plain', NULL$$, '22023'), ($$'nothing', 'RSSMRA85T10A562S'$$, '42501'), ($$NULL, 'RSSMRA85T10A562S'$$, '42501')) x (a, e);
UPDATE io_notify.citizen SET inbox_enabled = false WHERE fiscal_code = 'RSSMRA85T10A562S';
SELECT is(pg_temp.run_as('tap_sender', $$SELECT io_notify.sender_allowed('plain', 'RSSMRA85T10A562S')$$), 'false', 'inbox off');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT io_notify.sender_allowed('plain', 'RSSMRA85T10A562S')$$), '42501', 'members ask, nobody else');

-- devices and suppression
SELECT io_notify.act_for('VRDGPP70A01H501S');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.device (fiscal_code, platform, endpoint, keys) VALUES ('VRDGPP70A01H501S', 'fcm', 'tok', '{"a": 1}') RETURNING 'written'$$), 'written', 'a device');
SELECT is(pg_temp.run_as('tap_app', format('INSERT INTO io_notify.device (fiscal_code, platform, endpoint, keys) VALUES (%s)', a)), e, a)
	FROM (VALUES ($$'VRDGPP70A01H501S', 'carrier', 'x', NULL$$, '22023'), ($$'VRDGPP70A01H501S', 'fcm', '', NULL$$, '22023'), ($$'VRDGPP70A01H501S', 'fcm', E'a\nb', NULL$$, '22023'),
				 ($$'VRDGPP70A01H501S', 'fcm', NULL, NULL$$, '22023'), ($$'VRDGPP70A01H501S', 'fcm', 'x', '[]'$$, '22023'), ($$'RSSMRA85T10A562S', 'fcm', 'x', NULL$$, '42501')) x (a, e);
INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'GRANDE@Example.IT');
SELECT is((SELECT address FROM io_notify.suppression WHERE channel = 'email'), 'grande@example.it', 'suppressed addresses are kept as they are looked up');
SELECT alike(pg_temp.complaint($$INSERT INTO io_notify.suppression (channel, address) VALUES ('pigeon', 'x')$$), '22023 channel of the suppression%', 'on a channel');
SELECT alike(pg_temp.complaint($$INSERT INTO io_notify.suppression (channel, address) VALUES ('sms', NULL)$$), '22023 address of the suppression%', 'and not missing');

SELECT * FROM finish();
ROLLBACK;
