-- What an app's back end does for citizens.  One database role serves them
-- all; act_for() says whose data the next statements are about.  Functions
-- here act for that citizen alone, and no error of theirs prints what the
-- citizen wrote.

CREATE OR REPLACE FUNCTION io_notify.act_for(fiscal_code text, is_local boolean DEFAULT true) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_act_for' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.act_for(text, boolean) IS 'an app''s back end: the citizen this session acts for, until the transaction''s end when is_local; null ends it';

CREATE OR REPLACE FUNCTION io_notify._acting_citizen() RETURNS text
	AS 'MODULE_PATHNAME', 'ion_acting_citizen_sql' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._acting_citizen() IS 'the citizen the caller acts for; null unless the caller is an app''s back end or the tables'' owner';

CREATE OR REPLACE FUNCTION io_notify._require_citizen() RETURNS text
	AS 'MODULE_PATHNAME', 'ion_require_citizen' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._require_citizen() IS '_acting_citizen(), or 42501 for who may not act for any, 55000 when none is set';

CREATE OR REPLACE FUNCTION io_notify._random_bytes(n integer) RETURNS bytea
	AS 'MODULE_PATHNAME', 'ion_random_bytes' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION io_notify._random_bytes(integer) IS '1 to 64 bytes fit for secrets';

CREATE OR REPLACE FUNCTION io_notify._hmac_sha256(key bytea, data text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'ion_hmac_sha256' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify._hmac_sha256(bytea, text) IS 'HMAC-SHA256 (RFC 2104)';

CREATE OR REPLACE FUNCTION io_notify._same_bytes(a bytea, b bytea) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_same_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify._same_bytes(bytea, bytea) IS 'equality in a time that tells nothing of the content';

-- Triggers: the rules hold for functions and plain SQL alike.

CREATE OR REPLACE FUNCTION io_notify._check_citizen() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_citizen' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_citizen() IS 'checks a profile; counts its version and that of its preferences; a new address is an unverified one';

CREATE OR REPLACE FUNCTION io_notify._check_preference() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_preference' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_preference() IS 'checks a choice; an app''s back end must make it under the current preference_version';

CREATE OR REPLACE FUNCTION io_notify._check_disclosure() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_disclosure' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_disclosure() IS 'checks who may know of readings, as _check_preference() does choices';

CREATE OR REPLACE FUNCTION io_notify._check_activation() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_activation' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_activation() IS 'checks an activation; its day of grace begins when the state changes';

CREATE OR REPLACE FUNCTION io_notify._check_device() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_device' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_device() IS 'checks a device';

CREATE OR REPLACE FUNCTION io_notify._check_suppression() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_suppression' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_suppression() IS 'checks a suppression; e-mail and pec addresses become lower case';

CREATE OR REPLACE FUNCTION io_notify._preference_allowed(fiscal_code text, service text, channel text, choice boolean, preference_version integer) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_preference_allowed' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify._preference_allowed(text, text, text, boolean, integer) IS 'locks the citizen and raises what forbids the choice: 40001 for a stale version, 55000 against an activation';

-- The profile.

CREATE OR REPLACE FUNCTION io_notify._profile_columns(profile jsonb) RETURNS TABLE (name text, value text) LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $columns$
DECLARE
	field record;
	wanted text;
BEGIN
	IF jsonb_typeof(profile) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the profile must be a JSON object';
	END IF;
	FOR field IN SELECT e.key, jsonb_typeof(e.value) AS type, e.value #>> '{}' AS text FROM jsonb_each(profile) e
	LOOP
		wanted := CASE
			WHEN field.key IN ('email', 'phone', 'pec', 'language', 'time_zone', 'preference_mode', 'push_detail') THEN 'string'
			WHEN field.key IN ('inbox_enabled', 'email_enabled', 'sms_enabled', 'push_enabled') THEN 'boolean'
			WHEN field.key IN ('quiet_from', 'quiet_to') THEN 'time' END;
		IF wanted IS NULL THEN
			-- a key that looks like no column's name may be somebody's data
			RAISE EXCEPTION USING ERRCODE = '22023',
				MESSAGE = CASE WHEN field.key ~ '^[a-z_]{1,40}$' THEN format('a profile has no key "%s"', field.key) ELSE 'the profile has a key that is unknown' END,
				HINT = 'The keys are email, phone, pec, language, time_zone, inbox_enabled, email_enabled, sms_enabled, push_enabled, preference_mode, push_detail, quiet_from and quiet_to.';
		ELSIF field.type = 'null' THEN
			IF wanted = 'boolean' THEN
				RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('%s of the citizen is not valid', field.key), DETAIL = 'It is missing.';
			END IF;
		ELSIF field.type <> (CASE wanted WHEN 'boolean' THEN 'boolean' ELSE 'string' END) THEN
			RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('%s of the citizen is not valid', field.key),
				DETAIL = format('It must be a JSON %s.', CASE wanted WHEN 'boolean' THEN 'boolean' ELSE 'string' END);
		ELSIF wanted = 'time' AND field.text !~ '^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$' THEN
			RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('%s of the citizen is not valid', field.key), DETAIL = 'It must be a time such as 22:00.';
		END IF;
		name := field.key;
		value := format('($1 ->> %L)::%s', field.key, CASE wanted WHEN 'string' THEN 'text' ELSE wanted END);
		RETURN NEXT;
	END LOOP;
END
$columns$;
COMMENT ON FUNCTION io_notify._profile_columns(jsonb) IS 'the columns a JSON profile names, each with the expression of its value; 22023 names what is wrong';

CREATE OR REPLACE FUNCTION io_notify.citizen_register(profile jsonb DEFAULT '{}') RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.citizen_register(jsonb) IS 'the citizen the session acts for gets a profile, by default one that receives nothing; returns its version, 23505 when there is one already';

CREATE OR REPLACE FUNCTION io_notify._citizen_register(profile jsonb) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $register$
DECLARE
	citizen text := io_notify._require_citizen();
	names text;
	expressions text;
	stored integer;
BEGIN
	SELECT string_agg(', ' || quote_ident(c.name), ''), string_agg(', ' || c.value, '')
	INTO names, expressions FROM io_notify._profile_columns(profile) c;
	EXECUTE format('INSERT INTO io_notify.citizen (fiscal_code%s) SELECT $2%s ON CONFLICT (fiscal_code) DO NOTHING RETURNING version',
		names, expressions) INTO stored USING profile, citizen;
	IF stored IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = 'the citizen is registered already';
	END IF;
	RETURN stored;
END
$register$;
COMMENT ON FUNCTION io_notify._citizen_register(jsonb) IS 'behind citizen_register()';

CREATE OR REPLACE FUNCTION io_notify.citizen_update(version integer, changes jsonb) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.citizen_update(integer, jsonb) IS 'changes the profile that was read at version; returns the new version, 40001 when somebody was faster';

CREATE OR REPLACE FUNCTION io_notify._citizen_update(version integer, changes jsonb) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $update$
DECLARE
	citizen text := io_notify._require_citizen();
	assignments text;
	stored integer;
BEGIN
	IF version IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'version is missing', HINT = 'Give the version of the profile that was read.';
	END IF;
	SELECT string_agg(format(', %I = %s', c.name, c.value), '') INTO assignments FROM io_notify._profile_columns(changes) c;
	EXECUTE format('UPDATE io_notify.citizen SET version = $3%s WHERE fiscal_code = $2 RETURNING version', assignments)
		INTO stored USING changes, citizen, version;
	IF stored IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'the citizen is not registered', HINT = 'Call io_notify.citizen_register() first.';
	END IF;
	RETURN stored;
END
$update$;
COMMENT ON FUNCTION io_notify._citizen_update(integer, jsonb) IS 'behind citizen_update()';

CREATE OR REPLACE FUNCTION io_notify.citizen_get() RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.citizen_get() IS 'the profile of the citizen the session acts for, null when there is none';

CREATE OR REPLACE FUNCTION io_notify._citizen_get() RETURNS jsonb LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $get$
BEGIN
	RETURN (SELECT to_jsonb(c) FROM io_notify.citizen c WHERE c.fiscal_code = io_notify._require_citizen());
END
$get$;
COMMENT ON FUNCTION io_notify._citizen_get() IS 'behind citizen_get()';

-- Proof of an address.

CREATE OR REPLACE FUNCTION io_notify.verification_start(channel text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.verification_start(text) IS 'a fresh secret to send to the profile''s address of channel email (32 hexadecimal digits, 30 days) or sms (6 digits, 10 minutes); it is stored nowhere';

CREATE OR REPLACE FUNCTION io_notify._verification_start(channel text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $start$
#variable_conflict use_column
DECLARE
	citizen text := io_notify._require_citizen();
	profile record;
	token text;
	fresh_salt bytea := io_notify._random_bytes(16);
	count integer;
BEGIN
	IF _verification_start.channel IS NULL OR _verification_start.channel NOT IN ('email', 'sms') THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'channel is not valid', DETAIL = 'It must be email or sms.';
	END IF;
	SELECT CASE _verification_start.channel WHEN 'email' THEN c.email ELSE c.phone END AS address,
		   CASE _verification_start.channel WHEN 'email' THEN c.email_verified ELSE c.phone_verified END AS verified
	INTO profile FROM io_notify.citizen c WHERE c.fiscal_code = citizen;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'the citizen is not registered', HINT = 'Call io_notify.citizen_register() first.';
	ELSIF profile.address IS NULL OR profile.verified THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = CASE WHEN profile.verified THEN 'the address is verified already' ELSE 'the profile has no such address' END;
	END IF;
	PERFORM io_notify._require_unclaimed(_verification_start.channel, profile.address);
	token := CASE _verification_start.channel
		WHEN 'email' THEN encode(io_notify._random_bytes(16), 'hex')
		ELSE to_char(('x' || encode(io_notify._random_bytes(7), 'hex'))::bit(56)::bigint % 1000000, 'FM000000') END;
	INSERT INTO io_notify.verification AS v (fiscal_code, channel, address, salt, token_hash, expires_at)
	VALUES (citizen, _verification_start.channel, profile.address, fresh_salt, io_notify._hmac_sha256(fresh_salt, token),
			now() + CASE _verification_start.channel WHEN 'email' THEN interval '30 days' ELSE interval '10 minutes' END)
	ON CONFLICT (fiscal_code, channel) DO UPDATE
		SET address = EXCLUDED.address, salt = EXCLUDED.salt, token_hash = EXCLUDED.token_hash, created_at = now(),
			expires_at = EXCLUDED.expires_at, failures = 0,
			starts = CASE WHEN v.counted_from > now() - interval '1 day' THEN v.starts + 1 ELSE 1 END,
			counted_from = CASE WHEN v.counted_from > now() - interval '1 day' THEN v.counted_from ELSE now() END
	RETURNING v.starts INTO count;
	-- five guesses each: without a limit on starts a short code could be found
	IF count > 10 THEN
		RAISE EXCEPTION USING ERRCODE = '53400', MESSAGE = 'too many proofs of an address were started',
			DETAIL = 'The limit is 10 in 24 hours for a citizen and channel.', HINT = 'Try again tomorrow.';
	END IF;
	RETURN token;
END
$start$;
COMMENT ON FUNCTION io_notify._verification_start(text) IS 'behind verification_start()';

CREATE OR REPLACE FUNCTION io_notify._require_unclaimed(channel text, address text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $unclaimed$
BEGIN
	IF EXISTS (SELECT FROM io_notify.citizen c WHERE _require_unclaimed.channel = 'email' AND lower(c.email) = lower(_require_unclaimed.address) AND c.email_verified)
	   OR EXISTS (SELECT FROM io_notify.citizen c WHERE _require_unclaimed.channel = 'sms' AND c.phone = _require_unclaimed.address AND c.phone_verified) THEN
		RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = 'another citizen has verified this address';
	END IF;
END
$unclaimed$;
COMMENT ON FUNCTION io_notify._require_unclaimed(text, text) IS '23505 when a citizen has verified the address';

CREATE OR REPLACE FUNCTION io_notify.verification_complete(channel text, token text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.verification_complete(text, text) IS 'true when the secret is right: the address is verified; false when it is wrong, too old, for another address or was guessed at five times; 23505 when another citizen was faster';

CREATE OR REPLACE FUNCTION io_notify._verification_complete(channel text, token text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $complete$
#variable_conflict use_column
DECLARE
	citizen text := io_notify._require_citizen();
	proof record;
BEGIN
	SELECT v.address, v.salt, v.token_hash INTO proof FROM io_notify.verification v
	WHERE v.fiscal_code = citizen AND v.channel = _verification_complete.channel AND v.expires_at > now() AND v.failures < 5
	FOR UPDATE;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	IF NOT coalesce(io_notify._same_bytes(io_notify._hmac_sha256(proof.salt, lower(btrim(_verification_complete.token))), proof.token_hash), false) THEN
		UPDATE io_notify.verification v SET failures = v.failures + 1 WHERE v.fiscal_code = citizen AND v.channel = _verification_complete.channel;
		RETURN false;
	END IF;
	BEGIN
		IF _verification_complete.channel = 'email' THEN
			UPDATE io_notify.citizen c SET email_verified = true WHERE c.fiscal_code = citizen AND lower(c.email) = lower(proof.address);
		ELSE
			UPDATE io_notify.citizen c SET phone_verified = true WHERE c.fiscal_code = citizen AND c.phone = proof.address;
		END IF;
	EXCEPTION WHEN unique_violation THEN
		-- the index is the judge: it sees what no snapshot shows yet
		RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = 'another citizen has verified this address';
	END;
	-- a right secret for an address the profile no longer has proves nothing
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	DELETE FROM io_notify.verification v WHERE v.fiscal_code = citizen AND v.channel = _verification_complete.channel;
	RETURN true;
END
$complete$;
COMMENT ON FUNCTION io_notify._verification_complete(text, text) IS 'behind verification_complete()';

-- Choices per service.

CREATE OR REPLACE FUNCTION io_notify.preference_set(service text, channel text, enabled boolean, preference_version integer) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.preference_set(text, text, boolean, integer) IS 'a choice of the citizen under the preference_version that was read: 40001 when the mode changed since, 55000 for the inbox of a special service against its activation';

CREATE OR REPLACE FUNCTION io_notify._preference_set(service text, channel text, enabled boolean, preference_version integer) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $set$
#variable_conflict use_column
DECLARE
	citizen text := io_notify._require_citizen();
BEGIN
	PERFORM io_notify._preference_allowed(citizen, _preference_set.service, coalesce(_preference_set.channel, ''), _preference_set.enabled, _preference_set.preference_version);
	INSERT INTO io_notify.preference AS p (fiscal_code, service, preference_version, channel, enabled)
	VALUES (citizen, _preference_set.service, _preference_set.preference_version, _preference_set.channel, _preference_set.enabled)
	ON CONFLICT (fiscal_code, service, preference_version, channel) DO UPDATE SET enabled = EXCLUDED.enabled WHERE p.enabled <> EXCLUDED.enabled;
END
$set$;
COMMENT ON FUNCTION io_notify._preference_set(text, text, boolean, integer) IS 'behind preference_set()';

CREATE OR REPLACE FUNCTION io_notify.preference_get(service text, OUT channel text, OUT enabled boolean, OUT would_send boolean, OUT reason text, OUT preference_version integer) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.preference_get(text) IS 'per channel of a service: the citizen''s own choice (null: none), whether a message would go, why not, and the version to give to preference_set()';

CREATE OR REPLACE FUNCTION io_notify._preference_get(service text, OUT channel text, OUT enabled boolean, OUT would_send boolean, OUT reason text, OUT preference_version integer) RETURNS SETOF record LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $get$
#variable_conflict use_column
DECLARE
	citizen text := io_notify._require_citizen();
BEGIN
	SELECT c.preference_version INTO _preference_get.preference_version FROM io_notify.citizen c WHERE c.fiscal_code = citizen;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'the citizen is not registered', HINT = 'Call io_notify.citizen_register() first.';
	END IF;
	-- a service in the sandbox is there for its authorised recipients alone
	IF NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = _preference_get.service AND s.state <> 'deleted'
				   AND (cardinality(s.authorized_recipients) = 0 OR citizen = ANY (s.authorized_recipients))) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', _preference_get.service);
	END IF;
	RETURN QUERY
		-- the very decision: when the inbox is refused, its row is the only one
		WITH decided AS MATERIALIZED (
			SELECT e.channel, bool_or(e.would_send) AS would_send, min(e.reason) AS reason
			FROM io_notify.route_explain(_preference_get.service, citizen) e GROUP BY e.channel),
		refused AS (SELECT d.reason FROM decided d WHERE d.channel = 'inbox' AND NOT d.would_send)
		SELECT x.channel, p.enabled, coalesce(d.would_send, x.channel = 'inbox') AND NOT EXISTS (SELECT FROM refused),
			   coalesce((SELECT f.reason FROM refused f), CASE WHEN NOT d.would_send THEN d.reason END), _preference_get.preference_version
		FROM (SELECT 'inbox' AS channel, 0 AS place
			  UNION ALL SELECT u.channel, u.place FROM io_notify.service s, unnest(s.channels) WITH ORDINALITY u (channel, place)
			  WHERE s.name = _preference_get.service AND u.channel <> 'inbox') x
			 LEFT JOIN decided d ON d.channel = x.channel
			 LEFT JOIN io_notify.preference p ON p.fiscal_code = citizen AND p.service = _preference_get.service
				AND p.preference_version = _preference_get.preference_version AND p.channel = x.channel
		ORDER BY x.place;
END
$get$;
COMMENT ON FUNCTION io_notify._preference_get(text) IS 'behind preference_get()';

CREATE OR REPLACE FUNCTION io_notify.disclosure_set(service text, read_status boolean, preference_version integer) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.disclosure_set(text, boolean, integer) IS 'whether a service may know that the citizen read its messages, under the preference_version that was read';

CREATE OR REPLACE FUNCTION io_notify._disclosure_set(service text, read_status boolean, preference_version integer) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $set$
#variable_conflict use_column
DECLARE
	citizen text := io_notify._require_citizen();
BEGIN
	PERFORM io_notify._preference_allowed(citizen, _disclosure_set.service, NULL, _disclosure_set.read_status, _disclosure_set.preference_version);
	INSERT INTO io_notify.disclosure (fiscal_code, service, preference_version, read_status)
	VALUES (citizen, _disclosure_set.service, _disclosure_set.preference_version, _disclosure_set.read_status)
	ON CONFLICT (fiscal_code, service, preference_version) DO UPDATE SET read_status = EXCLUDED.read_status;
END
$set$;
COMMENT ON FUNCTION io_notify._disclosure_set(text, boolean, integer) IS 'behind disclosure_set()';

-- What a service does and asks.

CREATE OR REPLACE FUNCTION io_notify._require_addressable(service text, fiscal_code text) RETURNS text LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $addressable$
#variable_conflict use_column
DECLARE
	sender record;
BEGIN
	PERFORM io_notify._require('service', coalesce(_require_addressable.service, ''));
	SELECT s.category, s.authorized_recipients INTO sender FROM io_notify.service s WHERE s.name = _require_addressable.service AND s.state <> 'deleted';
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', _require_addressable.service);
	ELSIF NOT coalesce(io_notify.fiscal_code_valid(_require_addressable.fiscal_code), false) THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'fiscal_code is not valid';
	ELSIF cardinality(sender.authorized_recipients) > 0 AND _require_addressable.fiscal_code <> ALL (sender.authorized_recipients) THEN
		-- the same whether the citizen is registered or not
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('service "%s" may ask about its authorised recipients only', _require_addressable.service);
	END IF;
	RETURN sender.category;
END
$addressable$;
COMMENT ON FUNCTION io_notify._require_addressable(text, text) IS 'the service''s category; 42501 when the caller is no member of it, or the sandbox keeps the citizen from it';

CREATE OR REPLACE FUNCTION io_notify.activation_set(service text, fiscal_code text, state text) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.activation_set(text, text, text) IS 'members of a special service: who is active, pending (counts for 24 hours) or inactive';

CREATE OR REPLACE FUNCTION io_notify._activation_set(service text, fiscal_code text, state text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $activate$
#variable_conflict use_column
BEGIN
	IF io_notify._require_addressable(_activation_set.service, _activation_set.fiscal_code) <> 'special' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('service "%s" is not special', _activation_set.service),
			DETAIL = 'Only special services are activated; for the others the citizen''s preferences count.';
	END IF;
	INSERT INTO io_notify.activation AS a (service, fiscal_code, state) VALUES (_activation_set.service, _activation_set.fiscal_code, _activation_set.state)
	ON CONFLICT (service, fiscal_code) DO UPDATE SET state = EXCLUDED.state WHERE a.state <> EXCLUDED.state;
END
$activate$;
COMMENT ON FUNCTION io_notify._activation_set(text, text, text) IS 'behind activation_set()';

CREATE OR REPLACE FUNCTION io_notify.sender_allowed(service text, fiscal_code text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.sender_allowed(text, text) IS 'members of a service: whether a message to the citizen would reach the inbox; false also for who is not registered';

CREATE OR REPLACE FUNCTION io_notify._sender_allowed(service text, fiscal_code text) RETURNS boolean LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $allowed$
BEGIN
	PERFORM io_notify._require_addressable(service, fiscal_code);
	-- the very decision; a service without the channel inbox has that row only when rejected
	RETURN coalesce((SELECT bool_and(r.would_send) FROM io_notify.route_explain(service, fiscal_code) r WHERE r.channel = 'inbox'), true);
END
$allowed$;
COMMENT ON FUNCTION io_notify._sender_allowed(text, text) IS 'behind sender_allowed()';
