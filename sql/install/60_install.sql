-- install(): the data's side.  Code above belongs to the extension; what is
-- created here belongs to whoever calls install() and survives DROP EXTENSION.

CREATE OR REPLACE FUNCTION io_notify._make_partitions(months integer DEFAULT 3) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $make$
DECLARE
	month timestamp;			-- in UTC: whole months only there, whatever the session's time zone
	parent text;
	child text;
	key text;
	low uuid;
	high uuid;
	made integer := 0;
	moved bigint;
BEGIN
	FOR month IN SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i) FROM generate_series(0, months) i
	LOOP
		low := io_notify._uuid_v7_floor(month AT TIME ZONE 'UTC');
		high := io_notify._uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC');
		FOREACH parent IN ARRAY ARRAY['message', 'delivery', 'attempt', 'receipt', 'inbox_state']
		LOOP
			child := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
			CONTINUE WHEN to_regclass(format('io_notify.%I', child)) IS NOT NULL;
			key := CASE parent WHEN 'message' THEN 'id' ELSE 'message_id' END;
			EXECUTE format('CREATE TABLE io_notify.%I (LIKE io_notify.%I INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION)%s',
				child, parent, CASE parent WHEN 'delivery' THEN ' WITH (fillfactor = 75)' ELSE '' END);
			-- Rows that fell into the default partition move directly: through
			-- the parent they would be routed, and sent, a second time.
			EXECUTE format('WITH gone AS (DELETE FROM io_notify.%I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO io_notify.%I SELECT * FROM gone',
				parent || '_default', key, key, child) USING low, high;
			GET DIAGNOSTICS moved = ROW_COUNT;
			IF moved > 0 THEN
				RAISE LOG 'io_notify moved % rows from the default partition of % to %', moved, parent, child;
			END IF;
			EXECUTE format('ALTER TABLE io_notify.%I ATTACH PARTITION io_notify.%I FOR VALUES FROM (%L) TO (%L)', parent, child, low, high);
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END
$make$;
COMMENT ON FUNCTION io_notify._make_partitions(integer) IS 'makes the monthly partitions from this month on, moving rows out of the default one; returns how many it made';

CREATE OR REPLACE FUNCTION io_notify.install() RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $install$
DECLARE
	p record;
BEGIN
	IF getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('io_notify needs a database in UTF8, this one is in %s', getdatabaseencoding()),
			HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('io_notify.install'));
	FOR p IN SELECT s.part, s.source FROM io_notify._schema_source() s
	LOOP
		EXECUTE p.source;
	END LOOP;
	PERFORM io_notify._wake();
	RETURN CASE WHEN io_notify._adopted() THEN 'installed'
				ELSE 'installed; this database holds messages of another: SELECT io_notify.adopt() to dispatch from here' END;
END
$install$;
COMMENT ON FUNCTION io_notify.install() IS 'creates or repairs the tables, views and triggers of schema io_notify; safe to call again';
