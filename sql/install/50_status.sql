-- status(): one look that says whether all is well and, if not, what to do.

CREATE OR REPLACE FUNCTION io_notify._advice() RETURNS text[]
	AS 'MODULE_PATHNAME', 'ion_advice' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify._advice() IS 'what keeps the workers from running, as sentences that name the remedy';

-- A partition is nobody's but the owner's, who would bypass routing there.
CREATE OR REPLACE FUNCTION io_notify.__default_filled() RETURNS boolean LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $filled$
BEGIN
	PERFORM io_notify._require('operator');
	RETURN EXISTS (SELECT FROM io_notify.message_default);
END
$filled$;
COMMENT ON FUNCTION io_notify.__default_filled() IS 'behind _default_filled()';

CREATE OR REPLACE FUNCTION io_notify._default_filled() RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._default_filled() IS 'operators: whether messages lie in the default partition';

CREATE OR REPLACE FUNCTION io_notify.status(OUT item text, OUT name text, OUT state text, OUT count bigint, OUT oldest interval, OUT detail text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $status$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT 'advice'::text, NULL::text, 'warning'::text, NULL::bigint, NULL::interval, a FROM unnest(io_notify._advice()) a;

	-- the views go with the extension, the tables stay
	IF to_regclass('io_notify.message') IS NULL OR to_regclass('io_notify.provider') IS NULL THEN
		RETURN QUERY SELECT 'advice'::text, NULL::text, 'warning'::text, NULL::bigint, NULL::interval,
			'the tables or views are not there yet: SELECT io_notify.install();'::text;
		RETURN;
	END IF;
	IF NOT io_notify._adopted() THEN
		RETURN QUERY SELECT 'advice'::text, NULL::text, 'warning'::text, NULL::bigint, NULL::interval,
			'this database is not the one that was installed (a restore or a clone?): nothing is sent until SELECT io_notify.adopt();'::text;
	END IF;
	IF (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = 'io_notify.message'::regclass AND t.tgname IN ('accept', 'route') AND t.tgenabled <> 'D') < 2 THEN
		RETURN QUERY SELECT 'advice'::text, NULL::text, 'warning'::text, NULL::bigint, NULL::interval,
			'the triggers on io_notify.message are missing or disabled, so new messages are not routed: SELECT io_notify.install();'::text;
	END IF;
	RETURN QUERY SELECT 'advice'::text, c::text, 'warning'::text, count(*), NULL::interval,
			format('services list channel %s but no provider serves it: CREATE SERVER … OPTIONS (channel ''%s'', …)', c, c)
		FROM io_notify.service s, unnest(s.channels) c
		WHERE s.state = 'published' AND c <> 'inbox'
		  AND NOT EXISTS (SELECT FROM io_notify.provider p WHERE p.channel = c)
		GROUP BY c;
	RETURN QUERY SELECT 'advice'::text, p.name::text, 'warning'::text, NULL::bigint, NULL::interval,
			'webhooks of this provider go unsigned: CREATE USER MAPPING … OPTIONS (secret ''whsec_…'')'::text
		FROM io_notify.provider p
		WHERE p.channel = 'webhook' AND NOT (p.options -> 'signed')::boolean;
	-- membership is no grant: DROP ROLE does not see it
	RETURN QUERY SELECT 'advice'::text, m.role::text, 'warning'::text, count(*), NULL::interval,
			'this role does not exist, and what it was granted here waits for the next one of its name: revoke_sender(), revoke_organization(), or delete it from access'::text
		FROM (SELECT s.role FROM io_notify.service_member s UNION ALL SELECT o.role FROM io_notify.organization_member o
			  UNION ALL SELECT a.role FROM io_notify.access a) m
		WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = m.role)
		GROUP BY m.role ORDER BY m.role;
	IF io_notify._default_filled() THEN
		RETURN QUERY SELECT 'advice'::text, 'message_default'::text, 'warning'::text, NULL::bigint, NULL::interval,
			'rows wait in the default partition; the maintenance worker moves them when it can lock the table'::text;
	END IF;

	RETURN QUERY SELECT 'worker'::text, w.worker, w.state, w.settled, CASE WHEN w.started_at IS NOT NULL THEN clock_timestamp() - w.started_at END,
			concat_ws('; ', 'pid ' || w.pid, CASE WHEN w.in_flight IS NOT NULL THEN w.in_flight || ' in flight' END,
				CASE WHEN w.last_error IS NOT NULL THEN format('last error %s: %s', to_char(w.last_error_at, 'YYYY-MM-DD HH24:MI:SS'), w.last_error) END)
		FROM io_notify._workers() w;
	RETURN QUERY SELECT 'backlog'::text, CASE q.kind WHEN 'route' THEN 'scheduled' WHEN 'throttled' THEN 'throttled' ELSE q.channel END::text,
			CASE WHEN q.claimed_by IS NOT NULL THEN 'sending' WHEN q.due_at <= now() THEN 'due' ELSE 'later' END,
			count(*), CASE WHEN min(q.due_at) <= now() THEN now() - min(q.due_at) END,
			CASE WHEN min(q.due_at) > now() THEN 'next at ' || to_char(min(q.due_at), 'YYYY-MM-DD HH24:MI:SS') END
		FROM io_notify.queue q GROUP BY 1, 2, 3 ORDER BY 2, 3;
	RETURN QUERY SELECT 'provider'::text, p.name::text, p.state, p.in_flight::bigint, NULL::interval,
			concat_ws('; ', p.channel || ' over ' || p.transport, CASE WHEN p.success_rate IS NOT NULL THEN round((p.success_rate * 100)::numeric, 1) || ' % ok' END, p.last_error)
		FROM io_notify.provider p ORDER BY p.name;
	RETURN QUERY SELECT 'pause'::text, concat_ws(' ', p.kind, nullif(p.name, '')), 'paused'::text, NULL::bigint, now() - p.paused_at,
			concat_ws(': ', 'by ' || p.paused_by, p.reason)
		FROM io_notify.pause p ORDER BY p.kind, p.name;
END
$status$;
COMMENT ON FUNCTION io_notify.status() IS 'advice (what to do), workers, backlog and oldest age per channel, providers, pauses';
