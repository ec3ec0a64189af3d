-- Addresses that must not be used, and hours when nobody is disturbed.

CREATE OR REPLACE FUNCTION io_notify._suppression_address(channel text, address text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_suppression_address' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._suppression_address(text, text) IS 'an address as the suppression list writes it, checked';

CREATE OR REPLACE FUNCTION io_notify.suppress(channel text, address text, reason text DEFAULT 'operator', source text DEFAULT NULL,
	service text DEFAULT '', expires_at timestamptz DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.suppress(text, text, text, text, text, timestamptz) IS 'lets nothing be sent to an address, by one service (its members may) or (service empty, operators) by any; until expires_at, when given';

CREATE OR REPLACE FUNCTION io_notify._suppress(channel text, address text, reason text, source text, service text, expires_at timestamptz) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $suppress$
#variable_conflict use_variable
BEGIN
	service := coalesce(service, '');
	reason := coalesce(reason, 'operator');
	PERFORM io_notify._require_suppression(service);
	address := io_notify._suppression_address(channel, address);
	IF char_length(reason) NOT BETWEEN 1 AND 100 OR char_length(source) > 100 OR concat(reason, source) ~ '[[:cntrl:]]' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'reason and source of a suppression must have 1 to 100 characters, none of them a control character';
	END IF;
	IF expires_at <= now() THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a suppression must not have expired already';
	END IF;
	INSERT INTO io_notify.suppression AS x (channel, address, service, reason, source, expires_at)
	VALUES (channel, address, service, reason, source, expires_at)
	ON CONFLICT ON CONSTRAINT suppression_pkey DO UPDATE
		SET reason = EXCLUDED.reason, source = EXCLUDED.source, expires_at = EXCLUDED.expires_at;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'suppress', concat_ws(' ', channel, nullif(service, '')),
			jsonb_build_object('reason', reason, 'source', source, 'expires_at', expires_at));
END
$suppress$;
COMMENT ON FUNCTION io_notify._suppress(text, text, text, text, text, timestamptz) IS 'suppress() behind the door';

CREATE OR REPLACE FUNCTION io_notify.unsuppress(channel text, address text, service text DEFAULT '') RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.unsuppress(text, text, text) IS 'lifts suppress(channel, address, service => …), and what a bounce, a complaint or a STOP put there; false when there was nothing';

CREATE OR REPLACE FUNCTION io_notify._unsuppress(channel text, address text, service text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $unsuppress$
#variable_conflict use_variable
DECLARE
	was text;
BEGIN
	service := coalesce(service, '');
	PERFORM io_notify._require_suppression(service);
	address := io_notify._suppression_address(channel, address);
	DELETE FROM io_notify.suppression x
	WHERE x.channel = channel AND x.address = address AND x.service = service RETURNING x.reason INTO was;
	IF was IS NULL THEN
		RETURN false;
	END IF;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'unsuppress', concat_ws(' ', channel, nullif(service, '')), jsonb_build_object('reason', was));
	RETURN true;
END
$unsuppress$;
COMMENT ON FUNCTION io_notify._unsuppress(text, text, text) IS 'unsuppress() behind the door';

-- A service may keep addresses from itself, not from the others.
CREATE OR REPLACE FUNCTION io_notify._require_suppression(service text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $require$
#variable_conflict use_variable
BEGIN
	IF service = '' OR NOT io_notify._caller_is('service', service) THEN
		PERFORM io_notify._require('operator');
	END IF;
	IF service <> '' AND NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = service) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', service);
	END IF;
END
$require$;
COMMENT ON FUNCTION io_notify._require_suppression(text) IS '42501 unless the caller may write suppressions of that service, or (empty) of all';

CREATE OR REPLACE FUNCTION io_notify._quiet_until(quiet_from time, quiet_to time, time_zone text, at timestamptz DEFAULT now()) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'ion_quiet_until_sql' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._quiet_until(time, time, text, timestamptz) IS 'the end of the quiet hours that hold at that moment; null when none hold';
