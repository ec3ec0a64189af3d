-- What each kind of role is given: the one place where relations and columns
-- are opened to anybody.  Grants choose columns, policies (schema/
-- 55_row_security.sql) choose rows; what is not listed here is the owner's
-- alone.  Columns of tables are named one by one, so that a new one is nobody's
-- until somebody has decided; only views are given whole.
--
-- Columns are those of who owns a view or opened a cursor, rows those of who
-- reads it; and a role may be of several kinds.  So on one relation who sees
-- more rows must see no fewer columns than anybody else.  Where that cannot
-- be, the one gets a view: operators message_envelope, apps inbox, analysts
-- the facts.

CREATE OR REPLACE FUNCTION io_notify._grants(kind text) RETURNS TABLE (privilege text, relation text, columns text) LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $grants$
	SELECT g.privilege, g.relation, g.columns
	FROM (SELECT
		-- what may be known by who must not know for whom it was
		'message_id, seq, service, channel, provider, state, reason, attempts, created_at, next_attempt_at, sent_at, delivered_at, settled_at' AS delivery,
		'message_id, seq, n, started_at, finished_at, provider, outcome, code, dispatcher' AS attempt,
		'message_id, seq, id, received_at, provider, status' AS receipt,
		-- what a sender may write
		'service, recipient, template, params, subject, markdown, priority, send_after, time_to_live, due_date, payment_amount,
		 payment_notice, payment_payee, payment_invalid_after_due_date, require_secure_channels, feature_level, third_party_data,
		 email, phone, language, reference, idempotency_key' AS written,
		-- what a service says of itself; the rest is in service_settings
		'name, organization, department, title, description, state, category, channels, require_secure_channels, language, scope, topic,
		 web_url, privacy_url, tos_url, support_url, app_ios, app_android, logo_url, email, pec, phone, address, age_min, age_max,
		 created_at' AS service,
		'email, phone, pec, language, time_zone, inbox_enabled, email_enabled, sms_enabled, push_enabled, preference_mode, push_detail,
		 quiet_from, quiet_to' AS profile,
		'service, changes, state, auto_publish, reason, authors, edited_by, edited_at, submitted_at' AS draft,
		'id, service, at, actor, kind, action, from_state, to_state, reason, changes' AS history,
		'code, name, fiscal_code, parent, default_language, created_at' AS organization,
		'id, name, service, organization, channel, language, kind, subject, markdown, parameters, layout, calendar, sms_max_segments, state,
		 version, retired_version, partials, created_at, created_by, submitted_at, decided_at, decided_by, reason' AS template,
		'template_id, provider, provider_template_id, pattern, registered_at, registered_by' AS registration,
		'organization, name, logo_url, logo_alt, primary_color, footer_markdown, contacts_markdown, website, unsubscribe_text, unsubscribe_url,
		 updated_at' AS layout
	) l CROSS JOIN LATERAL (VALUES
		('sender', 'INSERT', 'message', l.written),
		('sender', 'SELECT', 'message', 'id, template_version, created_at, created_by, ' || l.written),
		('sender', 'SELECT', 'delivery', l.delivery),
		('sender', 'SELECT', 'attempt', l.attempt),
		('sender', 'SELECT', 'receipt', l.receipt),
		('sender', 'SELECT', 'service', l.service),
		('sender', 'SELECT', 'service_settings', NULL),
		('sender', 'SELECT', 'message_status', NULL),
		('sender', 'SELECT', 'service_usage', NULL),

		('organization', 'SELECT', 'delivery', l.delivery),
		('organization', 'SELECT', 'attempt', l.attempt),
		('organization', 'SELECT', 'receipt', l.receipt),
		('organization', 'SELECT', 'service', l.service),
		('organization', 'SELECT', 'service_draft', l.draft),
		('organization', 'SELECT', 'service_history', l.history),
		('organization', 'SELECT', 'organization', l.organization),
		('organization', 'SELECT', 'template', l.template),
		('organization', 'SELECT', 'template_registration', l.registration),
		('organization', 'SELECT', 'layout', l.layout),
		('organization', 'SELECT', 'service_settings', NULL),
		('organization', 'SELECT', 'message_status', NULL),
		('organization', 'SELECT', 'service_usage', NULL),

		('analyst', 'SELECT', 'delivery', l.delivery),
		('analyst', 'SELECT', 'attempt', l.attempt),
		('analyst', 'SELECT', 'receipt', l.receipt),
		('analyst', 'SELECT', 'service', l.service),
		('analyst', 'SELECT', 'organization', l.organization),
		('analyst', 'SELECT', 'service_usage', NULL),
		('analyst', 'SELECT', 'message_facts', NULL),
		('analyst', 'SELECT', 'delivery_facts', NULL),
		('analyst', 'SELECT', 'attempt_facts', NULL),

		('operator', 'SELECT', 'delivery', 'recipient, address, provider_ref, ' || l.delivery),
		('operator', 'SELECT', 'attempt', 'detail, ' || l.attempt),
		('operator', 'SELECT', 'receipt', 'detail, ' || l.receipt),
		('operator', 'SELECT', 'queue', 'message_id, seq, kind, channel, destination, priority, due_at, expires_at, service, address, attempt,
		  failures, orphaned, claimed_by, claimed_at'),
		('operator', 'SELECT', 'pause', 'kind, name, reason, paused_at, paused_by'),
		('operator', 'SELECT', 'suppression', 'channel, address, reason, source, created_at, expires_at, service'),
		('operator', 'SELECT', 'installation', 'only_row, schema_version, system_identifier, database_oid, installed_at, adopted_at'),
		('operator', 'SELECT', 'audit_event', 'id, at, actor, kind, subject, detail'),
		('operator', 'SELECT', 'audit_seal', 'id, at, first_event, last_event, events, root, previous, signature'),
		('operator', 'SELECT', 'organization', l.organization),
		('operator', 'SELECT', 'service', 'max_payment_amount, authorized_cidrs, authorized_recipients, default_time_to_live, daily_quota,
		  monthly_quota, rate_per_second, on_quota, explicit_addresses, capabilities, mandatory, webhook_url, email_content, sms_max_segments,
		  sms_transliterate, ' || l.service),
		('operator', 'SELECT', 'service_quota', 'service, channel, period, quota'),
		('operator', 'SELECT', 'service_draft', l.draft),
		('operator', 'SELECT', 'service_history', l.history),
		('operator', 'SELECT', 'service_member', 'service, role, delegate_of, granted_at, granted_by'),
		('operator', 'SELECT', 'organization_member', 'organization, role, granted_at, granted_by'),
		('operator', 'SELECT', 'access', 'role, kind, granted_at, granted_by'),
		('operator', 'SELECT', 'template', l.template),
		('operator', 'SELECT', 'template_registration', l.registration),
		('operator', 'SELECT', 'layout', l.layout),
		('operator', 'SELECT', 'message_envelope', NULL),
		('operator', 'SELECT', 'service_settings', NULL),
		('operator', 'SELECT', 'message_status', NULL),
		('operator', 'SELECT', 'service_usage', NULL),
		('operator', 'SELECT', 'provider', NULL),

		('app', 'SELECT', 'citizen', 'fiscal_code, email_verified, phone_verified, preference_version, version, created_at, updated_at, ' || l.profile),
		('app', 'INSERT', 'citizen', 'fiscal_code, ' || l.profile),
		('app', 'UPDATE', 'citizen', 'version, ' || l.profile),
		('app', 'SELECT', 'preference', 'fiscal_code, service, preference_version, channel, enabled'),
		('app', 'INSERT', 'preference', 'fiscal_code, service, preference_version, channel, enabled'),
		('app', 'UPDATE', 'preference', 'enabled'),
		('app', 'SELECT', 'disclosure', 'fiscal_code, service, preference_version, read_status'),
		('app', 'INSERT', 'disclosure', 'fiscal_code, service, preference_version, read_status'),
		('app', 'UPDATE', 'disclosure', 'read_status'),
		('app', 'SELECT', 'activation', 'service, fiscal_code, state, changed_at'),
		('app', 'SELECT', 'device', 'id, fiscal_code, platform, endpoint, keys, created_at, expires_at'),
		('app', 'INSERT', 'device', 'fiscal_code, platform, endpoint, keys, expires_at'),
		('app', 'UPDATE', 'device', 'endpoint, keys, expires_at'),
		('app', 'DELETE', 'device', NULL),
		('app', 'SELECT', 'inbox_state', 'message_id, fiscal_code, read_at, archived_at, updated_at'),
		('app', 'INSERT', 'inbox_state', 'message_id, fiscal_code, read_at, archived_at'),
		('app', 'UPDATE', 'inbox_state', 'read_at, archived_at'),
		('app', 'SELECT', 'delivery', l.delivery),
		('app', 'SELECT', 'service', l.service),
		('app', 'SELECT', 'organization', l.organization),
		('app', 'SELECT', 'inbox', NULL)
	) g (kind, privilege, relation, columns)
	WHERE g.kind = $1
$grants$;
COMMENT ON FUNCTION io_notify._grants(text) IS 'what a role of a kind (sender organization analyst operator app) is given; columns null: the whole relation';

CREATE OR REPLACE FUNCTION io_notify._grant_to(role name, kind text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $grant$
DECLARE
	g record;
BEGIN
	FOR g IN SELECT * FROM io_notify._grants(kind)
	LOOP
		EXECUTE format('GRANT %s%s ON io_notify.%I TO %I', g.privilege, ' (' || g.columns || ')', g.relation, role);
	END LOOP;
END
$grant$;
COMMENT ON FUNCTION io_notify._grant_to(name, text) IS 'gives a role what its kind is given; only who owns the tables can';

-- A role may be of several kinds, and what two of them are given is one grant.
CREATE OR REPLACE FUNCTION io_notify._revoke_from(role name, kind text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $revoke$
#variable_conflict use_variable
DECLARE
	g record;
	other text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RETURN;
	END IF;
	FOR g IN SELECT DISTINCT x.privilege, x.relation FROM io_notify._grants(kind) x
	LOOP
		EXECUTE format('REVOKE %s ON io_notify.%I FROM %I', g.privilege, g.relation, role);
	END LOOP;
	FOR other IN SELECT k.kind FROM io_notify._kinds() k WHERE k.role = role
	LOOP
		PERFORM io_notify._grant_to(role, other);
	END LOOP;
END
$revoke$;
COMMENT ON FUNCTION io_notify._revoke_from(name, text) IS 'takes from a role what a kind it no longer is was given, but for what another kind of its is given too';

CREATE OR REPLACE FUNCTION io_notify._kinds() RETURNS TABLE (role name, kind text) LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT m.role, 'sender' FROM io_notify.service_member m
	UNION SELECT m.role, 'organization' FROM io_notify.organization_member m
	UNION SELECT a.role, a.kind FROM io_notify.access a
$$;
COMMENT ON FUNCTION io_notify._kinds() IS 'which roles are of which kinds';

-- The views go with the extension, and the grants on them with the views.
CREATE OR REPLACE FUNCTION io_notify._grant_again() RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $again$
BEGIN
	PERFORM io_notify._grant_to(k.role, k.kind) FROM io_notify._kinds() k JOIN pg_roles r ON r.rolname = k.role;
END
$again$;
COMMENT ON FUNCTION io_notify._grant_again() IS 'gives every role what its kinds are given: what install() ends with';

-- --- senders ---------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._admit_sender(role name, service text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $admit$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	PERFORM io_notify._require_role(role);
	IF NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = service) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', left(service, 63)),
			HINT = 'Register it first: INSERT INTO io_notify.service (name, organization, …).';
	END IF;
	INSERT INTO io_notify.service_member (service, role, granted_by) VALUES (service, role, io_notify._caller()) ON CONFLICT DO NOTHING;
	PERFORM io_notify._grant_to(role, 'sender');
END
$admit$;
COMMENT ON FUNCTION io_notify._admit_sender(name, text) IS 'makes a role a member of a service';

CREATE OR REPLACE FUNCTION io_notify._grant_sender(role name, service text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $grant$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._admit_sender(role, service);
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'grant_sender', service, jsonb_build_object('role', role));
END
$grant$;
COMMENT ON FUNCTION io_notify._grant_sender(name, text) IS 'behind grant_sender()';

CREATE OR REPLACE FUNCTION io_notify.grant_sender(role name, service text) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_sender(name, text) IS 'lets a database role send for a service, and read its messages and what became of them';

-- --- operators, analysts, apps ------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._grant_access(role name, kind text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $grant$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	PERFORM io_notify._require_role(role);
	INSERT INTO io_notify.access (role, kind, granted_by) VALUES (role, kind, io_notify._caller()) ON CONFLICT DO NOTHING;
	PERFORM io_notify._grant_to(role, kind);
	INSERT INTO io_notify.audit_event (actor, kind, detail)
	VALUES (io_notify._caller(), 'grant_' || kind, jsonb_build_object('role', role));
END
$grant$;
COMMENT ON FUNCTION io_notify._grant_access(name, text) IS 'makes a role operator, analyst or app';

CREATE OR REPLACE FUNCTION io_notify._revoke_access(role name, kind text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $revoke$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	DELETE FROM io_notify.access a WHERE a.role = role AND a.kind = kind;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM io_notify._revoke_from(role, kind);
	INSERT INTO io_notify.audit_event (actor, kind, detail)
	VALUES (io_notify._caller(), 'revoke_' || kind, jsonb_build_object('role', role));
	RETURN true;
END
$revoke$;
COMMENT ON FUNCTION io_notify._revoke_access(name, text) IS 'makes a role operator, analyst or app no longer';

CREATE OR REPLACE FUNCTION io_notify._grant_operator(role name) RETURNS void LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._grant_access(role, 'operator') $$;
COMMENT ON FUNCTION io_notify._grant_operator(name) IS 'behind grant_operator()';

CREATE OR REPLACE FUNCTION io_notify._revoke_operator(role name) RETURNS boolean LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._revoke_access(role, 'operator') $$;
COMMENT ON FUNCTION io_notify._revoke_operator(name) IS 'behind revoke_operator()';

CREATE OR REPLACE FUNCTION io_notify._grant_analyst(role name) RETURNS void LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._grant_access(role, 'analyst') $$;
COMMENT ON FUNCTION io_notify._grant_analyst(name) IS 'behind grant_analyst()';

CREATE OR REPLACE FUNCTION io_notify._revoke_analyst(role name) RETURNS boolean LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._revoke_access(role, 'analyst') $$;
COMMENT ON FUNCTION io_notify._revoke_analyst(name) IS 'behind revoke_analyst()';

CREATE OR REPLACE FUNCTION io_notify._grant_app(role name) RETURNS void LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._grant_access(role, 'app') $$;
COMMENT ON FUNCTION io_notify._grant_app(name) IS 'behind grant_app()';

CREATE OR REPLACE FUNCTION io_notify._revoke_app(role name) RETURNS boolean LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._revoke_access(role, 'app') $$;
COMMENT ON FUNCTION io_notify._revoke_app(name) IS 'behind revoke_app()';

CREATE OR REPLACE FUNCTION io_notify.grant_operator(role name) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_operator(name) IS 'lets a role look at everything but what messages say, and run what is for operators: pause, resume, requeue, cancel, record_receipt, suppress, approve';

CREATE OR REPLACE FUNCTION io_notify.revoke_operator(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.revoke_operator(name) IS 'takes grant_operator() back; false when there was nothing to take';

CREATE OR REPLACE FUNCTION io_notify.grant_analyst(role name) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_analyst(name) IS 'lets a role count messages, deliveries and attempts; of citizens it sees pseudonyms, of messages no content';

CREATE OR REPLACE FUNCTION io_notify.revoke_analyst(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.revoke_analyst(name) IS 'takes grant_analyst() back; false when there was nothing to take';

CREATE OR REPLACE FUNCTION io_notify.grant_app(role name) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_app(name) IS 'lets a role act for citizens, one at a time, as the back end of their app';

CREATE OR REPLACE FUNCTION io_notify.revoke_app(role name) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.revoke_app(name) IS 'takes grant_app() back; false when there was nothing to take';
