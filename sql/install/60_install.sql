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
			-- no policy: a partition is its owner's alone, whatever is granted on it
			EXECUTE format('ALTER TABLE io_notify.%I ENABLE ROW LEVEL SECURITY', child);
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END
$make$;
COMMENT ON FUNCTION io_notify._make_partitions(integer) IS 'makes the monthly partitions from this month on, moving rows out of the default one; returns how many it made';

-- What install() does to tables in use takes locks that conflict with all, on
-- one table after the other; senders and dispatchers lock them in other orders.
-- So it takes all or none, and lets go while it waits.
CREATE OR REPLACE FUNCTION io_notify._lock_tables() RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $lock$
DECLARE
	tables text;
	before constant text := current_setting('lock_timeout');
	tries constant integer := 100;
BEGIN
	SELECT string_agg(format('io_notify.%I', c.relname), ', ' ORDER BY c.relname) INTO tables
	FROM pg_class c WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
	IF tables IS NULL THEN
		RETURN;
	END IF;
	FOR n IN 1 .. tries LOOP
		BEGIN
			PERFORM set_config('lock_timeout', '200ms', true);
			EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tables);
			EXIT;
		EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
			IF n = tries THEN
				RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = 'the tables of io_notify are in use',
					DETAIL = 'For half a minute there was no moment without a transaction that uses them.',
					HINT = 'End long transactions (pg_locks names them), then SELECT io_notify.install() again.';
			END IF;
			PERFORM pg_sleep(0.1);
		END;
	END LOOP;
	PERFORM set_config('lock_timeout', before, true);
END
$lock$;
COMMENT ON FUNCTION io_notify._lock_tables() IS 'locks all tables at once, waiting without holding any';

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
	-- all belongs to one role, as whom the workers act; whoever else runs the
	-- statements below might run what that role has put into its tables
	SELECT format('%s.%I', c.relnamespace::regnamespace, c.relname) AS relation, pg_get_userbyid(c.relowner) AS owner INTO p
	FROM pg_class c
	WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relowner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
	ORDER BY c.relname = 'message' DESC, c.relname LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('%s belongs to role "%s"', p.relation, p.owner),
			HINT = format('If that role is the tables'' owner, SET ROLE %I first.', p.owner);
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('io_notify.install'));
	PERFORM io_notify._lock_tables();
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
