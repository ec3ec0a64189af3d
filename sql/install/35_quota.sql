-- Quotas: what was sent before there was a limit.

CREATE OR REPLACE FUNCTION io_notify._quota_set() RETURNS trigger LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $set$
DECLARE
	owning text;
	account record;
	since date;
	before bigint;
BEGIN
	FOR account IN
		SELECT '' AS channel, p.period FROM (VALUES ('day'), ('month')) p (period)
		WHERE TG_TABLE_NAME = 'service'
		  AND to_jsonb(NEW) ->> CASE p.period WHEN 'day' THEN 'daily_quota' ELSE 'monthly_quota' END IS NOT NULL
		  AND to_jsonb(OLD) ->> CASE p.period WHEN 'day' THEN 'daily_quota' ELSE 'monthly_quota' END IS NULL
		UNION ALL
		SELECT to_jsonb(NEW) ->> 'channel', to_jsonb(NEW) ->> 'period' WHERE TG_TABLE_NAME = 'service_quota'
	LOOP
		owning := to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'service' THEN 'name' ELSE 'service' END;
		-- where there was a limit already, all has been counted already
		CONTINUE WHEN CASE TG_TABLE_NAME
			WHEN 'service' THEN EXISTS (SELECT FROM io_notify.service_quota x
				WHERE x.service = owning AND x.channel = '' AND x.period = account.period)
			ELSE account.channel = '' AND EXISTS (SELECT FROM io_notify.service s
				WHERE s.name = owning AND CASE account.period WHEN 'day' THEN s.daily_quota ELSE s.monthly_quota END IS NOT NULL) END;
		since := date_trunc(account.period, now() AT TIME ZONE 'UTC')::date;
		IF account.channel = '' THEN
			SELECT count(*) INTO before FROM io_notify.message m
			WHERE m.service = owning AND m.id >= io_notify._uuid_v7_floor(since::timestamp AT TIME ZONE 'UTC')
			  AND NOT EXISTS (SELECT FROM io_notify.queue q WHERE q.message_id = m.id AND q.seq = 0);
		ELSE
			SELECT count(*) INTO before FROM io_notify.delivery d
			WHERE d.service = owning AND d.channel = account.channel
			  AND d.message_id >= io_notify._uuid_v7_floor(since::timestamp AT TIME ZONE 'UTC')
			  AND d.state <> 'suppressed' AND d.reason IS DISTINCT FROM 'quota';
		END IF;
		DELETE FROM io_notify.usage u
		WHERE u.service = owning AND u.channel = account.channel AND u.period = account.period AND u.starts_on = since;
		INSERT INTO io_notify.usage (service, channel, period, starts_on, slot, used)
		VALUES (owning, account.channel, account.period, since, 0, before);
	END LOOP;
	RETURN NULL;
END
$set$;
COMMENT ON FUNCTION io_notify._quota_set() IS 'when a limit is set where there was none: counts what was sent since the period began';
