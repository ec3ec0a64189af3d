-- What analysts count.  A citizen appears as a pseudonym: HMAC-SHA256 (RFC
-- 2104) of the fiscal code under a key that only the tables' owner reads.  A
-- plain hash could be undone by hashing all fiscal codes there are.  Nor may
-- who sees pseudonyms compute one, so it is no function, which the reader of a
-- view would have to be allowed to call, but an expression over the key, which
-- the view reads with its owner's rights.  The two pads are the key as HMAC
-- uses it: HMAC(text) = sha256(outer_pad || sha256(inner_pad || text)).

CREATE TABLE IF NOT EXISTS io_notify.pseudonym_key
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
	outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64),
	made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE io_notify.pseudonym_key IS 'the key of analysts'' pseudonyms, for the owner alone; delete the row and install() to make the old pseudonyms mean nothing';

DO $key$
DECLARE
	-- four times 122 random bits, into the 256 of a key
	key constant bytea := pg_catalog.sha256(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
		|| pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid()));
	inner_pad bytea := pg_catalog.decode(pg_catalog.repeat('36', 64), 'hex');
	outer_pad bytea := pg_catalog.decode(pg_catalog.repeat('5c', 64), 'hex');
BEGIN
	FOR i IN 0 .. 31 LOOP
		inner_pad := pg_catalog.set_byte(inner_pad, i, pg_catalog.get_byte(key, i) # 54);
		outer_pad := pg_catalog.set_byte(outer_pad, i, pg_catalog.get_byte(key, i) # 92);
	END LOOP;
	INSERT INTO io_notify.pseudonym_key (inner_pad, outer_pad) VALUES (inner_pad, outer_pad) ON CONFLICT DO NOTHING;
END
$key$;

CREATE OR REPLACE VIEW io_notify.message_facts WITH (security_barrier) AS
SELECT m.id AS message_id,
	   m.service,
	   encode(sha256((SELECT k.outer_pad FROM io_notify.pseudonym_key k)
					 || sha256((SELECT k.inner_pad FROM io_notify.pseudonym_key k) || convert_to(m.recipient, 'UTF8'))), 'hex') AS recipient_pseudonym,
	   m.template,
	   m.template_version,
	   m.priority,
	   m.send_after,
	   m.time_to_live,
	   m.due_date,
	   m.payment_amount IS NOT NULL AS has_payment,
	   m.third_party_data IS NOT NULL AS has_third_party_data,
	   m.require_secure_channels,
	   m.feature_level,
	   m.language,
	   m.created_at
FROM io_notify.message m
WHERE (SELECT io_notify._sees_all('analyst'));
COMMENT ON VIEW io_notify.message_facts IS 'messages for analysts: no content, the recipient as a pseudonym';

CREATE OR REPLACE VIEW io_notify.delivery_facts WITH (security_barrier) AS
SELECT d.message_id,
	   d.seq,
	   d.service,
	   encode(sha256((SELECT k.outer_pad FROM io_notify.pseudonym_key k)
					 || sha256((SELECT k.inner_pad FROM io_notify.pseudonym_key k) || convert_to(d.recipient, 'UTF8'))), 'hex') AS recipient_pseudonym,
	   d.channel,
	   d.provider,
	   d.state,
	   d.reason,
	   d.attempts,
	   d.created_at,
	   d.next_attempt_at,
	   d.sent_at,
	   d.delivered_at,
	   d.settled_at
FROM io_notify.delivery d
WHERE (SELECT io_notify._sees_all('analyst'));
COMMENT ON VIEW io_notify.delivery_facts IS 'deliveries for analysts: no address, the recipient as a pseudonym';

CREATE OR REPLACE VIEW io_notify.attempt_facts WITH (security_barrier) AS
SELECT a.message_id,
	   a.seq,
	   a.n,
	   d.service,
	   d.recipient_pseudonym,
	   d.channel,
	   a.started_at,
	   a.finished_at,
	   a.provider,
	   a.outcome,
	   a.code
FROM io_notify.attempt a JOIN io_notify.delivery_facts d ON d.message_id = a.message_id AND d.seq = a.seq;
COMMENT ON VIEW io_notify.attempt_facts IS 'tries for analysts: not what the far side answered, the recipient as a pseudonym';
