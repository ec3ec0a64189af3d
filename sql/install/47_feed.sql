-- What services learn of who comes and goes: pseudonyms under a key of their
-- own, a day at a time.

CREATE OR REPLACE FUNCTION io_notify._feed_citizen() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_feed_citizen' LANGUAGE C;
COMMENT ON FUNCTION io_notify._feed_citizen() IS 'AFTER statement on citizen: subscription events of profiles';

CREATE OR REPLACE FUNCTION io_notify._feed_preference() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_feed_preference' LANGUAGE C;
COMMENT ON FUNCTION io_notify._feed_preference() IS 'AFTER statement on preference: subscription events of choices';

CREATE OR REPLACE FUNCTION io_notify._service_key(service text, purpose text) RETURNS bytea LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $key$
#variable_conflict use_column
DECLARE
	secret bytea;
BEGIN
	SELECT s.key INTO secret FROM io_notify.service_secret s WHERE s.service = _service_key.service AND s.purpose = _service_key.purpose;
	IF NOT FOUND THEN
		INSERT INTO io_notify.service_secret (service, purpose, key) VALUES (_service_key.service, _service_key.purpose, io_notify._random_bytes(32))
		ON CONFLICT DO NOTHING;
		-- another session may have made it meanwhile
		SELECT s.key INTO STRICT secret FROM io_notify.service_secret s WHERE s.service = _service_key.service AND s.purpose = _service_key.purpose;
	END IF;
	RETURN secret;
END
$key$;
COMMENT ON FUNCTION io_notify._service_key(text, text) IS 'the key of a service for a purpose, made when first asked for';

CREATE OR REPLACE FUNCTION io_notify._require_feed(service text) RETURNS void LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $feed$
#variable_conflict use_column
DECLARE
	sender record;
BEGIN
	PERFORM io_notify._require('service', coalesce(_require_feed.service, ''));
	SELECT s.state, s.authorized_recipients INTO sender FROM io_notify.service s WHERE s.name = _require_feed.service;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', _require_feed.service);
	ELSIF cardinality(sender.authorized_recipients) > 0 THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('service "%s" is in the sandbox and has no subscription feed', _require_feed.service);
	ELSIF sender.state <> 'published' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('service "%s" is not published', _require_feed.service), DETAIL = format('Its state is %s.', sender.state);
	END IF;
END
$feed$;
COMMENT ON FUNCTION io_notify._require_feed(text) IS '42501 unless the caller is a member of a service that may know who comes and goes';

CREATE OR REPLACE FUNCTION io_notify.subscription_feed(service text, day date, OUT event text, OUT hash text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.subscription_feed(text, date) IS 'members of a service: who began (S) or ceased (U) to receive it on a UTC day that is over, as subscription_hash() names them';

CREATE OR REPLACE FUNCTION io_notify._subscription_feed(service text, day date, OUT event text, OUT hash text) RETURNS SETOF record LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $feed$
#variable_conflict use_column
DECLARE
	key bytea;
BEGIN
	PERFORM io_notify._require_feed(_subscription_feed.service);
	IF _subscription_feed.day IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'day is missing';
	ELSIF _subscription_feed.day >= (now() AT TIME ZONE 'UTC')::date THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = 'the day is not over yet', HINT = 'Days end at midnight UTC.';
	END IF;
	key := io_notify._service_key(_subscription_feed.service, 'feed');
	-- subscribed: (profile S - service U) + (service S - profile S, U); unsubscribed: the mirror image
	RETURN QUERY
		SELECT x.event, encode(io_notify._hmac_sha256(key, x.fiscal_code), 'hex') AS hash
		FROM (SELECT coalesce(p.fiscal_code, s.fiscal_code) AS fiscal_code,
					 CASE WHEN p.event IS NULL THEN s.event WHEN s.event <> p.event THEN NULL ELSE p.event END AS event
			  FROM (SELECT e.fiscal_code, e.event FROM io_notify.subscription_event e WHERE e.day = _subscription_feed.day AND e.service = '') p
				   FULL JOIN (SELECT e.fiscal_code, e.event FROM io_notify.subscription_event e
							  WHERE e.day = _subscription_feed.day AND e.service = _subscription_feed.service) s USING (fiscal_code)) x
		WHERE x.event IS NOT NULL
		ORDER BY 1, 2;
END
$feed$;
COMMENT ON FUNCTION io_notify._subscription_feed(text, date) IS 'behind subscription_feed()';

CREATE OR REPLACE FUNCTION io_notify.subscription_hash(service text, fiscal_code text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.subscription_hash(text, text) IS 'members of a service: how its subscription feed names a citizen (hexadecimal HMAC-SHA256 under the service''s key)';

CREATE OR REPLACE FUNCTION io_notify._subscription_hash(service text, fiscal_code text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $hash$
BEGIN
	PERFORM io_notify._require_feed(service);
	IF NOT coalesce(io_notify.fiscal_code_valid(fiscal_code), false) THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'fiscal_code is not valid';
	END IF;
	RETURN encode(io_notify._hmac_sha256(io_notify._service_key(service, 'feed'), fiscal_code), 'hex');
END
$hash$;
COMMENT ON FUNCTION io_notify._subscription_hash(text, text) IS 'behind subscription_hash()';
