-- What a message looks like before it is sent, and how a citizen leaves.

CREATE OR REPLACE FUNCTION io_notify._preview_render(message_id uuid, template text, version integer, service text, organization text,
	params jsonb, language text, OUT channel text, OUT language_used text, OUT subject text, OUT html text, OUT body text,
	OUT encoding text, OUT segments integer, OUT problem text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_preview_render' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._preview_render(uuid, text, integer, text, text, jsonb, text) IS 'what dispatchers would send, channel by channel: of a message, or of a template at a version';

CREATE OR REPLACE FUNCTION io_notify._preview(template text, params jsonb, wanted text, service text) RETURNS TABLE (channel text, language text, subject text,
	html text, text text, encoding text, segments integer, problem text) LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $preview$
#variable_conflict use_column
DECLARE
	bound integer;
	family record;
BEGIN
	IF _preview.service IS NOT NULL THEN
		IF NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = _preview.service) THEN
			RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', left(_preview.service, 63));
		END IF;
		bound := io_notify._template_version(_preview.service, _preview.template);
	ELSE
		SELECT max(t.version) INTO bound FROM io_notify.template t
		WHERE t.name = _preview.template AND t.kind = 'template' AND t.state = 'approved'
		  AND io_notify._template_may_read(t.service, t.organization);
	END IF;
	IF bound IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('template "%s" does not exist', left(_preview.template, 63)),
			DETAIL = CASE WHEN _preview.service IS NOT NULL THEN format('Service "%s" has no approved template of that name, nor have those above it.', left(_preview.service, 63))
				ELSE 'There is no approved template of that name that is yours to read.' END,
			HINT = 'Templates stand in io_notify.template; drafts are not previewed.';
	END IF;
	-- the scope the version belongs to decides whose letterhead it is
	SELECT t.service, t.organization INTO family FROM io_notify.template t WHERE t.name = _preview.template AND bound IN (t.version, t.retired_version) LIMIT 1;
	IF NOT io_notify._template_may_read(family.service, family.organization) THEN
		PERFORM io_notify._require('service', coalesce(_preview.service, family.service));
	END IF;
	RETURN QUERY SELECT r.channel, r.language_used, r.subject, r.html, r.body, r.encoding, r.segments, r.problem
		FROM io_notify._preview_render(NULL, _preview.template, bound, coalesce(_preview.service, family.service), family.organization,
			coalesce(_preview.params, '{}'), _preview.wanted) r;
END
$preview$;

CREATE OR REPLACE FUNCTION io_notify.preview(template text, params jsonb DEFAULT '{}', language text DEFAULT NULL, service text DEFAULT NULL) RETURNS TABLE (channel text,
	language text, subject text, html text, text text, encoding text, segments integer, problem text)
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.preview(text, jsonb, text, text) IS 'a template filled in with params as each channel would carry it: subject (or push title), html, text (or push body), encoding and segments of an SMS; problem says what an INSERT would be refused for';

CREATE OR REPLACE FUNCTION io_notify._preview(message_id uuid, wanted text) RETURNS TABLE (channel text, language text, subject text,
	html text, text text, encoding text, segments integer, problem text) LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $preview$
#variable_conflict use_column
DECLARE
	sender text;
BEGIN
	SELECT m.service INTO sender FROM io_notify.message m WHERE m.id = _preview.message_id;
	-- whether there is such a message is nobody else's business
	IF sender IS NULL OR NOT io_notify._caller_is('service', sender) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('message %s does not exist, or is not yours to read', _preview.message_id);
	END IF;
	RETURN QUERY SELECT r.channel, r.language_used, r.subject, r.html, r.body, r.encoding, r.segments, r.problem
		FROM io_notify._preview_render(_preview.message_id, NULL, NULL, NULL, NULL, NULL, _preview.wanted) r;
END
$preview$;

CREATE OR REPLACE FUNCTION io_notify.preview(message_id uuid, language text DEFAULT NULL) RETURNS TABLE (channel text, language text, subject text,
	html text, text text, encoding text, segments integer, problem text)
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify.preview(uuid, text) IS 'a message as each of its service''s channels carries it; for members of the service';

CREATE OR REPLACE FUNCTION io_notify._preview_page(title text, parts jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_preview_page' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION io_notify._preview_page(text, jsonb) IS 'rows of preview() as a page to look at';

CREATE OR REPLACE FUNCTION io_notify.preview_html(template text, params jsonb DEFAULT '{}', language text DEFAULT NULL, service text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT io_notify._preview_page($1, coalesce(jsonb_agg(to_jsonb(p)), '[]')) FROM io_notify.preview($1, $2, $3, $4) p
$$;
COMMENT ON FUNCTION io_notify.preview_html(text, jsonb, text, text) IS 'preview() as one HTML page that a browser opens by itself';

CREATE OR REPLACE FUNCTION io_notify.preview_html(message_id uuid, language text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT io_notify._preview_page($1::text, coalesce(jsonb_agg(to_jsonb(p)), '[]')) FROM io_notify.preview($1, $2) p
$$;
COMMENT ON FUNCTION io_notify.preview_html(uuid, text) IS 'preview() of a message as one HTML page that a browser opens by itself';

CREATE OR REPLACE FUNCTION io_notify._unsubscribe_verify(token text, key bytea, OUT message_id uuid, OUT seq smallint)
	AS 'MODULE_PATHNAME', 'ion_unsubscribe_verify' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION io_notify._unsubscribe_verify(text, bytea) IS 'the delivery an unsubscribe token was made for; nulls when it was not made with this key';

CREATE OR REPLACE FUNCTION io_notify._unsubscribe(token text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $unsubscribe$
DECLARE
	mail record;
BEGIN
	SELECT d.message_id, d.seq, d.channel, d.service, d.address INTO mail
	FROM io_notify._unsubscribe_verify(token, io_notify._service_key('', 'unsubscribe')) v
		 JOIN io_notify.delivery d ON d.message_id = v.message_id AND d.seq = v.seq;
	IF NOT FOUND OR mail.channel <> 'email' OR mail.address IS NULL THEN
		RETURN false;
	END IF;
	INSERT INTO io_notify.suppression AS s (channel, address, service, reason, source)
	VALUES (mail.channel, lower(mail.address), mail.service, 'unsubscribe', mail.message_id || '.' || mail.seq)
	ON CONFLICT (channel, address, service) DO UPDATE SET expires_at = NULL WHERE s.expires_at IS NOT NULL;
	IF FOUND THEN
		INSERT INTO io_notify.audit_event (kind, subject, detail)
		VALUES ('unsubscribe', mail.message_id || '.' || mail.seq, jsonb_build_object('service', mail.service));
	END IF;
	RETURN true;
END
$unsubscribe$;

CREATE OR REPLACE FUNCTION io_notify.unsubscribe(token text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION io_notify.unsubscribe(text) IS 'what the page behind List-Unsubscribe calls (RFC 8058): no more mail of that service to that address; the token is the authority; false when it is not one of ours';
