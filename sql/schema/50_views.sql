-- Views people read.  They read as the tables' owner, so each says itself
-- which rows the reader may see.

CREATE OR REPLACE VIEW io_notify.message_status WITH (security_barrier) AS
SELECT m.id AS message_id,
	   x.status,
	   CASE WHEN d.n = 1 THEN upper(d.rejection) END AS rejection_reason,
	   m.service,
	   m.reference,
	   m.created_at,
	   d.n AS deliveries,
	   d.pending,
	   d.settled_at AS last_change_at,
	   CASE WHEN v.may_know AND d.in_inbox THEN
				CASE WHEN NOT coalesce((SELECT coalesce(p.read_status, c.preference_mode = 'auto')
										FROM io_notify.citizen c
											 LEFT JOIN io_notify.disclosure p ON p.fiscal_code = c.fiscal_code AND p.service = m.service
												AND p.preference_version = c.preference_version
										WHERE c.fiscal_code = m.recipient), false) THEN 'UNAVAILABLE'
					 WHEN EXISTS (SELECT FROM io_notify.inbox_state i WHERE i.message_id = m.id AND i.read_at IS NOT NULL) THEN 'READ'
					 ELSE 'UNREAD' END END AS read_status,
	   CASE WHEN v.may_know AND m.payment_notice IS NOT NULL THEN
				CASE WHEN EXISTS (SELECT FROM io_notify.payment y
								  WHERE y.notice = m.payment_notice
									AND y.payee = coalesce(m.payment_payee, (SELECT o.fiscal_code FROM io_notify.service s JOIN io_notify.organization o ON o.code = s.organization
																			 WHERE s.name = m.service))) THEN 'PAID'
					 ELSE 'NOT_PAID' END END AS payment_status
FROM io_notify.message m
	 LEFT JOIN LATERAL (
		SELECT count(*)::integer AS n,
			   count(*) FILTER (WHERE state = 'queued')::integer AS pending,
			   count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
			   count(*) FILTER (WHERE state = 'failed' AND reason = 'routing_failed') AS quarantined,
			   max(reason) FILTER (WHERE channel = 'inbox' AND state = 'suppressed') AS rejection,
			   max(settled_at) AS settled_at,
			   bool_or(channel = 'inbox' AND state = 'delivered') AS in_inbox
		FROM io_notify.delivery WHERE message_id = m.id) d ON true
	 LEFT JOIN LATERAL (
		SELECT bool_or(orphaned >= 2) AS failed, bool_or(kind = 'throttled') AS throttled
		FROM io_notify.queue WHERE message_id = m.id AND seq = 0) q ON true
	 CROSS JOIN LATERAL (SELECT
	   CASE WHEN d.n IS NULL OR d.n = 0 THEN
				CASE WHEN q.failed THEN 'FAILED' WHEN q.throttled THEN 'THROTTLED' ELSE 'ACCEPTED' END
			WHEN d.n = 1 AND d.rejection IS NOT NULL THEN 'REJECTED'
			WHEN d.cancelled = d.n THEN 'CANCELLED'
			WHEN d.quarantined = d.n THEN 'FAILED'
			ELSE 'PROCESSED' END AS status) x
	 -- who may know what became of it later: advanced messages of services with the right
	 CROSS JOIN LATERAL (SELECT m.feature_level = 'advanced' AND x.status = 'PROCESSED'
		AND EXISTS (SELECT FROM io_notify.service s WHERE s.name = m.service AND 'read_status' = ANY (s.capabilities)) AS may_know) v
WHERE m.service = ANY ((SELECT io_notify._my_services())::text[])
   OR (SELECT io_notify._sees_all('operator'));
COMMENT ON VIEW io_notify.message_status IS 'each message in IO''s vocabulary: ACCEPTED PROCESSED REJECTED CANCELLED FAILED THROTTLED';

CREATE OR REPLACE VIEW io_notify.service_usage WITH (security_barrier) AS
SELECT l.service,
	   l.channel,
	   l.period,
	   p.starts_on,
	   l.quota,
	   coalesce(u.used, 0) AS used,
	   greatest(l.quota - coalesce(u.used, 0), 0) AS remaining,
	   (p.starts_on + CASE l.period WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END) AT TIME ZONE 'UTC' AS resets_at
FROM (
	 SELECT x.service, x.channel, x.period, min(x.quota) AS quota
	 FROM (SELECT s.name AS service, '' AS channel, 'day' AS period, s.daily_quota::bigint AS quota FROM io_notify.service s
		   UNION ALL
		   SELECT s.name, '', 'month', s.monthly_quota FROM io_notify.service s
		   UNION ALL
		   SELECT q.service, q.channel, q.period, q.quota FROM io_notify.service_quota q) x
	 WHERE x.quota IS NOT NULL
	 GROUP BY x.service, x.channel, x.period) l
	 CROSS JOIN LATERAL (
		SELECT pg_catalog.date_trunc(l.period, now() AT TIME ZONE 'UTC')::date AS starts_on) p
	 LEFT JOIN LATERAL (
		SELECT sum(x.used)::bigint AS used
		FROM io_notify.usage x
		WHERE x.service = l.service AND x.channel = l.channel AND x.period = l.period AND x.starts_on = p.starts_on) u ON true
WHERE l.service = ANY ((SELECT io_notify._my_services())::text[])
   OR (SELECT io_notify._sees_all('operator')) OR (SELECT io_notify._sees_all('analyst'));
COMMENT ON VIEW io_notify.service_usage IS 'each quota of a service in the current period (UTC): limit, used, remaining; channel empty means messages';

CREATE OR REPLACE VIEW io_notify.message_envelope WITH (security_barrier) AS
SELECT m.id, m.service, m.recipient, m.template, m.template_version, m.priority, m.send_after, m.time_to_live, m.require_secure_channels,
	   m.feature_level, m.language, m.reference, m.created_at, m.created_by
FROM io_notify.message m
WHERE (SELECT io_notify._sees_all('operator'));
COMMENT ON VIEW io_notify.message_envelope IS 'messages for operators: whose and for whom, not what they say';

CREATE OR REPLACE VIEW io_notify.service_settings WITH (security_barrier) AS
SELECT s.name AS service, s.state, s.max_payment_amount, s.authorized_cidrs, s.default_time_to_live, s.daily_quota, s.monthly_quota, s.rate_per_second,
	   s.on_quota, s.explicit_addresses, s.capabilities, s.mandatory, s.webhook_url, s.email_content, s.sms_max_segments, s.sms_transliterate,
	   cardinality(s.authorized_recipients) AS sandbox_recipients
FROM io_notify.service s
WHERE s.name = ANY ((SELECT io_notify._my_services())::text[]) OR (SELECT io_notify._sees_all('operator'));
COMMENT ON VIEW io_notify.service_settings IS 'what a service may do and how it is set up, for its members and those of its organization; of its sandbox how many recipients there are';

CREATE OR REPLACE VIEW io_notify.provider WITH (security_barrier) AS
SELECT s.srvname AS name,
	   o.channel,
	   o.transport,
	   o.options,
	   CASE WHEN o.problem IS NOT NULL THEN 'error'
			WHEN NOT o.enabled THEN 'disabled'
			WHEN p.name IS NOT NULL OR a.name IS NOT NULL THEN 'paused'
			ELSE coalesce(r.breaker, 'ready') END AS state,
	   coalesce(r.in_flight, 0) AS in_flight,
	   r.success_rate,
	   coalesce(o.problem, r.last_error) AS last_error,
	   r.last_error_at,
	   r.retry_at
FROM pg_catalog.pg_foreign_server s
	 JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'io_notify'
	 CROSS JOIN LATERAL io_notify._provider_options(s.oid) o
	 LEFT JOIN io_notify._provider_runtime() r ON r.server = s.oid
	 LEFT JOIN io_notify.pause p ON p.kind = 'provider' AND p.name = s.srvname
	 LEFT JOIN io_notify.pause a ON a.kind = 'all'
WHERE (SELECT io_notify._sees_all('operator'));
COMMENT ON VIEW io_notify.provider IS 'the ways out: options, state (ready paused disabled open half_open error), in flight, recent success rate, last error';
