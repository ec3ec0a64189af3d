-- Operation: look, hold back, adopt.

CREATE OR REPLACE FUNCTION io_notify._workers(OUT database name, OUT worker text, OUT pid integer, OUT state text, OUT started_at timestamptz, OUT in_flight integer, OUT settled bigint, OUT last_error text, OUT last_error_at timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_workers' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify._workers() IS 'launcher and this database''s dispatchers as shared memory knows them; empty without shared_preload_libraries';

CREATE OR REPLACE FUNCTION io_notify._wake() RETURNS void
	AS 'MODULE_PATHNAME', 'ion_wake_sql' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify._wake() IS 'at commit: makes launcher and dispatchers look again at tables, pauses and providers';

CREATE OR REPLACE FUNCTION io_notify.wait_until_idle(timeout interval DEFAULT '1 minute') RETURNS boolean LANGUAGE plpgsql VOLATILE STRICT
	SET search_path = pg_catalog, pg_temp
AS $wait$
DECLARE
	deadline timestamptz := clock_timestamp() + timeout;
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'wait_until_idle() needs the isolation level read committed',
			DETAIL = 'A transaction that keeps one snapshot never sees the work end.';
	END IF;
	WHILE EXISTS (SELECT FROM io_notify.queue q WHERE q.claimed_by IS NOT NULL)
	   OR EXISTS (SELECT FROM io_notify.queue q WHERE q.due_at <= clock_timestamp())
	LOOP
		IF clock_timestamp() >= deadline THEN
			RETURN false;
		END IF;
		PERFORM pg_sleep(0.005);
	END LOOP;
	RETURN true;
END
$wait$;
COMMENT ON FUNCTION io_notify.wait_until_idle(interval) IS 'waits until nothing is due or in flight: true then, false when timeout passed first; later retries and send_after do not count';

CREATE OR REPLACE FUNCTION io_notify._pause_changed() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_pause_changed' LANGUAGE C;
COMMENT ON FUNCTION io_notify._pause_changed() IS 'on pause: COMMIT does not return before the dispatchers obey';

CREATE OR REPLACE FUNCTION io_notify.pause(kind text, name text DEFAULT '', reason text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.pause(text, text, text) IS 'operators: holds back a provider, a service (which also refuses its new messages) or all from the moment COMMIT returns; nothing is lost';

CREATE OR REPLACE FUNCTION io_notify._pause(kind text, name text, reason text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $pause$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('operator');
	name := coalesce(name, '');
	IF kind = 'all' THEN
		name := '';
	ELSIF kind = 'service' THEN
		IF NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = _pause.name) THEN
			RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', name);
		END IF;
	ELSIF kind = 'provider' THEN
		IF NOT EXISTS (SELECT FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
					   WHERE w.fdwname = 'io_notify' AND s.srvname = _pause.name) THEN
			RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('provider "%s" does not exist', name);
		END IF;
	ELSE
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('cannot pause kind "%s"', kind), HINT = 'The kinds are all, service and provider.';
	END IF;
	INSERT INTO io_notify.pause AS p (kind, name, reason, paused_by) VALUES (kind, name, reason, io_notify._caller())
	ON CONFLICT ON CONSTRAINT pause_pkey DO UPDATE SET reason = coalesce(EXCLUDED.reason, p.reason);
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'pause', concat_ws(' ', kind, nullif(name, '')), jsonb_build_object('reason', reason));
END
$pause$;
COMMENT ON FUNCTION io_notify._pause(text, text, text) IS 'pause() behind the door';

CREATE OR REPLACE FUNCTION io_notify.resume(kind text, name text DEFAULT '') RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.resume(text, text) IS 'operators: lifts pause(kind, name); false when it was not paused';

CREATE OR REPLACE FUNCTION io_notify._resume(kind text, name text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $resume$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('operator');
	IF kind IS NULL OR kind NOT IN ('all', 'service', 'provider') THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('cannot resume kind "%s"', kind), HINT = 'The kinds are all, service and provider.';
	END IF;
	DELETE FROM io_notify.pause p WHERE p.kind = _resume.kind AND p.name = CASE _resume.kind WHEN 'all' THEN '' ELSE coalesce(_resume.name, '') END;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	INSERT INTO io_notify.audit_event (actor, kind, subject) VALUES (io_notify._caller(), 'resume', concat_ws(' ', kind, nullif(name, '')));
	RETURN true;
END
$resume$;
COMMENT ON FUNCTION io_notify._resume(text, text) IS 'resume() behind the door';

CREATE OR REPLACE FUNCTION io_notify.requeue(message_id uuid, seq integer DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.requeue(uuid, integer) IS 'operators: queues failed, expired, cancelled or uncertain deliveries of a message again; returns how many';

CREATE OR REPLACE FUNCTION io_notify._requeue(message_id uuid, seq integer) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $requeue$
#variable_conflict use_column
DECLARE
	n integer;
BEGIN
	PERFORM io_notify._require('operator');
	WITH again AS (
		UPDATE io_notify.delivery d
		SET state = 'queued', reason = 'requeued', next_attempt_at = now(), settled_at = NULL
		WHERE d.message_id = _requeue.message_id AND d.seq = coalesce(_requeue.seq, d.seq)
		  AND d.channel <> 'inbox' AND d.state IN ('failed', 'expired', 'cancelled', 'uncertain')
		RETURNING d.message_id, d.seq, d.channel, d.service, d.address)
	INSERT INTO io_notify.queue (message_id, seq, channel, destination, priority, due_at, expires_at, service, address, attempt)
	SELECT a.message_id, a.seq, a.channel, io_notify._destination(a.channel, a.address), 1, now(),
		   now() + coalesce((SELECT m.time_to_live FROM io_notify.message m WHERE m.id = a.message_id),
						(SELECT s.default_time_to_live FROM io_notify.service s WHERE s.name = a.service), interval '1 day'), a.service, a.address,
		   coalesce((SELECT max(t.n) FROM io_notify.attempt t WHERE t.message_id = a.message_id AND t.seq = a.seq), 0)
	FROM again a;
	GET DIAGNOSTICS n = ROW_COUNT;
	IF n > 0 THEN
		INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
		VALUES (io_notify._caller(), 'requeue', _requeue.message_id::text, jsonb_build_object('seq', _requeue.seq, 'deliveries', n));
		PERFORM io_notify._wake();
	END IF;
	RETURN n;
END
$requeue$;
COMMENT ON FUNCTION io_notify._requeue(uuid, integer) IS 'requeue() behind the door';

CREATE OR REPLACE FUNCTION io_notify._destination(channel text, address text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_destination_sql' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION io_notify._destination(text, text) IS 'the queue''s lane within a channel: host:port of a webhook''s own URL, else empty';

CREATE OR REPLACE FUNCTION io_notify.adopt() RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $adopt$
BEGIN
	INSERT INTO io_notify.installation AS i (schema_version, system_identifier, database_oid, adopted_at)
	SELECT 1, c.system_identifier, d.oid, now()
	FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
	ON CONFLICT (only_row) DO UPDATE
		SET system_identifier = EXCLUDED.system_identifier, database_oid = EXCLUDED.database_oid, adopted_at = EXCLUDED.adopted_at;
	INSERT INTO io_notify.audit_event (kind, subject) VALUES ('adopt', current_database());
	PERFORM io_notify._make_partitions();
	PERFORM io_notify._wake();
END
$adopt$;
COMMENT ON FUNCTION io_notify.adopt() IS 'makes this database the one that dispatches: after a restore, a clone or pg_upgrade';

CREATE OR REPLACE FUNCTION io_notify._adopted() RETURNS boolean LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM io_notify.installation i, pg_control_system() c, pg_database d
				   WHERE d.datname = current_database()
				   AND i.system_identifier = c.system_identifier AND i.database_oid = d.oid)
$$;
COMMENT ON FUNCTION io_notify._adopted() IS 'whether the recorded identity is this database''s';

CREATE OR REPLACE FUNCTION io_notify.record_receipt(provider text, provider_ref text, status text, payload text DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.record_receipt(text, text, text, text) IS 'operators: records what a provider reported later of a delivery (delivered, failed, delayed, relayed; bounced, complained, stopped, which suppress the address); late and duplicate receipts are kept and harmless; false when no delivery has that reference';

CREATE OR REPLACE FUNCTION io_notify._record_receipt(provider text, provider_ref text, status text, payload text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $receipt$
#variable_conflict use_column
DECLARE
	hit record;
	news boolean;
BEGIN
	PERFORM io_notify._require('operator');
	IF _record_receipt.status IS NULL OR _record_receipt.status NOT IN ('delivered', 'failed', 'delayed', 'relayed', 'bounced', 'complained', 'stopped') THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'receipt status must be delivered, failed, delayed, relayed, bounced, complained or stopped';
	END IF;
	IF _record_receipt.provider_ref ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][0-9]{1,4}$' THEN
		-- our own id, as HTTP gateways hand it back: found by the primary key
		SELECT d.message_id, d.seq, d.state, d.channel, d.address INTO hit
		FROM io_notify.delivery d
		WHERE d.message_id = split_part(_record_receipt.provider_ref, '.', 1)::uuid
		  AND d.seq = split_part(_record_receipt.provider_ref, '.', 2)::smallint
		  AND d.provider = _record_receipt.provider
		FOR UPDATE;
	ELSE
		SELECT d.message_id, d.seq, d.state, d.channel, d.address INTO hit
		FROM io_notify.delivery d
		WHERE d.provider = _record_receipt.provider AND d.provider_ref = _record_receipt.provider_ref
		ORDER BY d.message_id DESC LIMIT 1 FOR UPDATE;
	END IF;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	-- told twice, a bounce must not bring back what an operator has lifted since
	news := NOT EXISTS (SELECT FROM io_notify.receipt r
						WHERE r.message_id = hit.message_id AND r.seq = hit.seq AND r.status = _record_receipt.status);
	INSERT INTO io_notify.receipt (message_id, seq, provider, status, payload)
	VALUES (hit.message_id, hit.seq, _record_receipt.provider, _record_receipt.status, convert_to(_record_receipt.payload, 'UTF8'));
	-- Terminal states never regress: only a sent or uncertain delivery moves.
	IF hit.state IN ('sent', 'uncertain') AND _record_receipt.status IN ('delivered', 'failed', 'bounced') THEN
		UPDATE io_notify.delivery d
		SET state = CASE _record_receipt.status WHEN 'delivered' THEN 'delivered' ELSE 'failed' END,
			reason = CASE WHEN _record_receipt.status <> 'delivered' THEN 'receipt'
						  WHEN d.reason = 'suppression_overridden' THEN d.reason END,
			delivered_at = CASE _record_receipt.status WHEN 'delivered' THEN now() ELSE d.delivered_at END,
			settled_at = now()
		WHERE d.message_id = hit.message_id AND d.seq = hit.seq;
	END IF;
	IF news AND hit.address IS NOT NULL AND hit.channel <> 'webhook'
	   AND (_record_receipt.status IN ('complained', 'stopped') OR (_record_receipt.status = 'bounced' AND hit.state <> 'delivered')) THEN
		INSERT INTO io_notify.suppression AS x (channel, address, reason, source)
		VALUES (hit.channel, CASE WHEN hit.channel IN ('email', 'pec') THEN lower(hit.address) ELSE hit.address END,
				CASE _record_receipt.status WHEN 'bounced' THEN 'hard_bounce' WHEN 'complained' THEN 'complaint' ELSE 'stop' END,
				_record_receipt.provider)
		ON CONFLICT ON CONSTRAINT suppression_pkey DO UPDATE
			SET reason = EXCLUDED.reason, source = EXCLUDED.source, created_at = EXCLUDED.created_at, expires_at = NULL
			WHERE x.expires_at <= now();
	END IF;
	RETURN true;
END
$receipt$;
COMMENT ON FUNCTION io_notify._record_receipt(text, text, text, text) IS 'record_receipt() behind the door';
