-- The citizen's inbox for plain SQL, and for inbox_list().  It reads as the
-- tables' owner, so an app needs no right on message; whose inbox it is says
-- the session that asks.

CREATE OR REPLACE VIEW io_notify.inbox WITH (security_barrier) AS
SELECT m.id AS message_id,
	   m.service,
	   CASE WHEN m.template IS NULL THEN m.subject ELSE (SELECT t.subject FROM io_notify._inbox_text(m.id) t) END AS subject,
	   CASE WHEN m.template IS NULL THEN m.markdown ELSE (SELECT t.markdown FROM io_notify._inbox_text(m.id) t) END AS markdown,
	   io_notify._category(m.third_party_data, m.payment_notice) AS category,
	   m.created_at,
	   m.due_date,
	   m.payment_amount,
	   m.payment_notice,
	   m.payment_payee,
	   m.payment_invalid_after_due_date,
	   m.require_secure_channels,
	   m.feature_level,
	   m.third_party_data,
	   s.read_at,
	   s.archived_at
FROM io_notify.message m
	 JOIN io_notify.delivery d ON d.message_id = m.id AND d.channel = 'inbox' AND d.state = 'delivered'
	 LEFT JOIN io_notify.inbox_state s ON s.message_id = m.id
WHERE m.recipient = (SELECT io_notify._acting_citizen())
  -- the same said for the index message_recipient
  AND hashtextextended(m.recipient, 0) = (SELECT hashtextextended(io_notify._acting_citizen(), 0));
COMMENT ON VIEW io_notify.inbox IS 'messages of the citizen the session acts for, templates filled in, with what the citizen did to them';
