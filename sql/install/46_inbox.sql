-- The citizen's inbox: messages whose inbox delivery is `delivered`, read and
-- archived by whom they are for.  The view inbox gives the same to plain SQL.

CREATE OR REPLACE FUNCTION io_notify._check_inbox_state() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_inbox_state' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_inbox_state() IS 'what was read stays read; an app writes only about the inbox of the citizen it acts for';

CREATE OR REPLACE FUNCTION io_notify._category(third_party_data jsonb, payment_notice text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN third_party_data IS NOT NULL THEN 'THIRD_PARTY' WHEN payment_notice IS NOT NULL THEN 'PAYMENT' ELSE 'GENERIC' END
$$;
COMMENT ON FUNCTION io_notify._category(jsonb, text) IS 'what an inbox shows a message as: the first of THIRD_PARTY, PAYMENT, GENERIC';

CREATE OR REPLACE FUNCTION io_notify._inbox_text(message_id uuid, OUT subject text, OUT markdown text)
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._inbox_text(uuid) IS 'subject and Markdown of a message of the citizen the session acts for, its template filled in; nulls when the template is gone';

CREATE OR REPLACE FUNCTION io_notify.__inbox_text(message_id uuid, OUT subject text, OUT markdown text) LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $text$
	SELECT t.subject, t.markdown
	FROM io_notify.message m
		 JOIN io_notify.citizen z ON z.fiscal_code = m.recipient AND z.fiscal_code = io_notify._acting_citizen()
		 LEFT JOIN io_notify.service s ON s.name = m.service
		 LEFT JOIN io_notify.organization o ON o.code = s.organization
		 CROSS JOIN LATERAL io_notify._template_rendered(m.template, m.template_version, m.params, 'inbox',
			ARRAY[m.language, z.language, s.language, o.default_language, 'it'], z.time_zone) t
	WHERE m.id = $1 AND m.template IS NOT NULL
	  AND EXISTS (SELECT FROM io_notify.delivery d WHERE d.message_id = m.id AND d.channel = 'inbox' AND d.state = 'delivered')
$text$;
COMMENT ON FUNCTION io_notify.__inbox_text(uuid) IS 'behind _inbox_text()';

CREATE OR REPLACE FUNCTION io_notify.inbox_list(limit_ integer DEFAULT 100, before uuid DEFAULT NULL, archived boolean DEFAULT false,
	OUT message_id uuid, OUT service text, OUT subject text, OUT category text, OUT created_at timestamptz, OUT due_date timestamptz,
	OUT payment_amount bigint, OUT read_at timestamptz, OUT archived_at timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.inbox_list(integer, uuid, boolean) IS 'the citizen''s messages, newest first, at most limit_ (1 to 1000) older than message before; archived: the archived ones instead of the others, null: both';

CREATE OR REPLACE FUNCTION io_notify._inbox_list(limit_ integer, before uuid, archived boolean,
	OUT message_id uuid, OUT service text, OUT subject text, OUT category text, OUT created_at timestamptz, OUT due_date timestamptz,
	OUT payment_amount bigint, OUT read_at timestamptz, OUT archived_at timestamptz) RETURNS SETOF record LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $list$
#variable_conflict use_column
BEGIN
	PERFORM io_notify._require_citizen();
	IF coalesce(limit_, 100) NOT BETWEEN 1 AND 1000 THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'limit_ is not valid', DETAIL = 'It must be from 1 to 1000.';
	END IF;
	RETURN QUERY
		SELECT i.message_id, i.service, i.subject, i.category, i.created_at, i.due_date, i.payment_amount, i.read_at, i.archived_at
		FROM io_notify.inbox i
		WHERE i.message_id < coalesce(_inbox_list.before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
		  AND (_inbox_list.archived IS NULL OR (i.archived_at IS NOT NULL) = _inbox_list.archived)
		ORDER BY i.message_id DESC
		LIMIT coalesce(_inbox_list.limit_, 100);
END
$list$;
COMMENT ON FUNCTION io_notify._inbox_list(integer, uuid, boolean) IS 'behind inbox_list()';

CREATE OR REPLACE FUNCTION io_notify.inbox_get(message_id uuid) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.inbox_get(uuid) IS 'one message of the citizen''s inbox, whole; 42704 when it is not there';

CREATE OR REPLACE FUNCTION io_notify._inbox_get(message_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $get$
DECLARE
	letter jsonb;
BEGIN
	PERFORM io_notify._require_citizen();
	SELECT to_jsonb(i) INTO letter FROM io_notify.inbox i WHERE i.message_id = _inbox_get.message_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'there is no such message in the citizen''s inbox';
	END IF;
	RETURN letter;
END
$get$;
COMMENT ON FUNCTION io_notify._inbox_get(uuid) IS 'behind inbox_get()';

CREATE OR REPLACE FUNCTION io_notify._require_in_inbox(message_ids uuid[]) RETURNS text LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $in_inbox$
DECLARE
	citizen text := io_notify._require_citizen();
BEGIN
	IF message_ids IS NULL OR cardinality(message_ids) NOT BETWEEN 1 AND 1000 OR array_position(message_ids, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'message_ids is not valid', DETAIL = 'It must hold from 1 to 1000 ids.';
	END IF;
	IF EXISTS (SELECT FROM unnest(message_ids) i (id)
			   WHERE NOT EXISTS (SELECT FROM io_notify.delivery d
								 WHERE d.message_id = i.id AND d.recipient = citizen AND d.channel = 'inbox' AND d.state = 'delivered')) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'there is no such message in the citizen''s inbox';
	END IF;
	RETURN citizen;
END
$in_inbox$;
COMMENT ON FUNCTION io_notify._require_in_inbox(uuid[]) IS 'the acting citizen; 42704 unless all these messages are in the inbox';

CREATE OR REPLACE FUNCTION io_notify.inbox_mark_read_bulk(message_ids uuid[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.inbox_mark_read_bulk(uuid[]) IS 'marks messages as read, all or none; returns how many were unread';

CREATE OR REPLACE FUNCTION io_notify._inbox_mark_read_bulk(message_ids uuid[]) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $read$
DECLARE
	citizen text := io_notify._require_in_inbox(message_ids);
	n integer;
BEGIN
	-- in one order, so that two calls never wait for each other
	INSERT INTO io_notify.inbox_state AS s (message_id, fiscal_code, read_at)
	SELECT DISTINCT i.id, citizen, now() FROM unnest(message_ids) i (id) ORDER BY i.id
	ON CONFLICT (message_id) DO UPDATE SET read_at = EXCLUDED.read_at WHERE s.read_at IS NULL;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$read$;
COMMENT ON FUNCTION io_notify._inbox_mark_read_bulk(uuid[]) IS 'behind inbox_mark_read_bulk()';

CREATE OR REPLACE FUNCTION io_notify.inbox_mark_read(message_id uuid) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.inbox_mark_read(uuid) IS 'marks a message as read, which cannot be undone; false when it was read already, 42704 when it is not in the citizen''s inbox';

CREATE OR REPLACE FUNCTION io_notify._inbox_mark_read(message_id uuid) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $read$
BEGIN
	RETURN io_notify._inbox_mark_read_bulk(ARRAY[message_id]) > 0;
END
$read$;
COMMENT ON FUNCTION io_notify._inbox_mark_read(uuid) IS 'behind inbox_mark_read()';

CREATE OR REPLACE FUNCTION io_notify.inbox_archive_bulk(message_ids uuid[], archived boolean DEFAULT true) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.inbox_archive_bulk(uuid[], boolean) IS 'puts messages into the archive or takes them out, all or none; returns how many moved';

CREATE OR REPLACE FUNCTION io_notify._inbox_archive_bulk(message_ids uuid[], archived boolean) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $archive$
DECLARE
	citizen text := io_notify._require_in_inbox(message_ids);
	n integer;
BEGIN
	IF archived IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'archived is missing';
	ELSIF archived THEN
		INSERT INTO io_notify.inbox_state AS s (message_id, fiscal_code, archived_at)
		SELECT DISTINCT i.id, citizen, now() FROM unnest(message_ids) i (id) ORDER BY i.id
		ON CONFLICT (message_id) DO UPDATE SET archived_at = EXCLUDED.archived_at WHERE s.archived_at IS NULL;
	ELSE
		UPDATE io_notify.inbox_state s SET archived_at = NULL
		WHERE s.archived_at IS NOT NULL
		  AND s.message_id IN (SELECT l.message_id FROM io_notify.inbox_state l WHERE l.message_id = ANY (message_ids) ORDER BY l.message_id FOR UPDATE);
	END IF;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$archive$;
COMMENT ON FUNCTION io_notify._inbox_archive_bulk(uuid[], boolean) IS 'behind inbox_archive_bulk()';

CREATE OR REPLACE FUNCTION io_notify.inbox_archive(message_id uuid, archived boolean DEFAULT true) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.inbox_archive(uuid, boolean) IS 'puts a message into the archive or takes it out; false when it was there already, 42704 when it is not in the citizen''s inbox';

CREATE OR REPLACE FUNCTION io_notify._inbox_archive(message_id uuid, archived boolean) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $archive$
BEGIN
	RETURN io_notify._inbox_archive_bulk(ARRAY[message_id], archived) > 0;
END
$archive$;
COMMENT ON FUNCTION io_notify._inbox_archive(uuid, boolean) IS 'behind inbox_archive()';

CREATE OR REPLACE FUNCTION io_notify.record_payment(payee text, notice text, paid_at timestamptz DEFAULT now()) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.record_payment(text, text, timestamptz) IS 'a notice was paid; operators, apps, and services whose organization is the payee or that may name one; false when it was known';

CREATE OR REPLACE FUNCTION io_notify._record_payment(payee text, notice text, paid_at timestamptz) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $pay$
#variable_conflict use_column
BEGIN
	IF NOT (io_notify._caller_is('operator') OR io_notify._caller_is('app')
			OR EXISTS (SELECT FROM io_notify.service s JOIN io_notify.organization o ON o.code = s.organization
					   WHERE (o.fiscal_code = _record_payment.payee OR 'payee' = ANY (s.capabilities))
						 AND s.state <> 'deleted' AND io_notify._caller_is('service', s.name))) THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role "%s" may not record payments to this payee', io_notify._caller());
	ELSIF _record_payment.payee IS NULL OR _record_payment.payee !~ '^[0-9]{11}$' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'payee is not valid', DETAIL = 'It must be the 11 digits of an organization.';
	ELSIF _record_payment.notice IS NULL OR _record_payment.notice !~ '^[0123][0-9]{17}$' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'notice is not valid', DETAIL = 'It must be 18 digits, the first of them 0 to 3.';
	ELSIF _record_payment.paid_at IS NULL OR NOT isfinite(_record_payment.paid_at) OR _record_payment.paid_at > now() + interval '1 day' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'paid_at is not valid', DETAIL = 'It must be a time not in the future.';
	END IF;
	INSERT INTO io_notify.payment (payee, notice, paid_at, source)
	VALUES (_record_payment.payee, _record_payment.notice, _record_payment.paid_at, io_notify._caller())
	ON CONFLICT (payee, notice) DO NOTHING;
	RETURN FOUND;
END
$pay$;
COMMENT ON FUNCTION io_notify._record_payment(text, text, timestamptz) IS 'behind record_payment()';
