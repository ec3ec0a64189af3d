-- Accreditation: who speaks for an organization, the life of a service, and
-- what must be there before it may send.  One column, service.state, holds
-- both where a service stands between draft and deleted (its lifecycle) and
-- whether it sends (its publication); a service in force that is edited keeps
-- its state, and its next version lives in service_draft.

CREATE OR REPLACE FUNCTION io_notify._check_organization() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_organization' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_organization() IS 'checks the fiscal code of an organization, and that none stands above itself';

CREATE OR REPLACE FUNCTION io_notify._service_by_hand() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_service_by_hand' LANGUAGE C;
COMMENT ON FUNCTION io_notify._service_by_hand() IS 'puts what a plain statement does to a service into service_history';

-- --- what there is to know -------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._service_transition(OUT kind text, OUT from_state text, OUT action text, OUT to_state text, OUT who text)
	RETURNS SETOF record LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	VALUES ('lifecycle',   'draft',       'edit',      'draft',       'member'),
		   ('lifecycle',   'draft',       'submit',    'submitted',   'member'),
		   ('lifecycle',   'draft',       'delete',    'deleted',     'member'),
		   ('lifecycle',   'submitted',   'approve',   'approved',    'operator'),
		   ('lifecycle',   'submitted',   'reject',    'rejected',    'operator'),
		   ('lifecycle',   'submitted',   'abort',     'draft',       'member'),
		   ('lifecycle',   'rejected',    'edit',      'draft',       'member'),
		   ('lifecycle',   'rejected',    'delete',    'deleted',     'member'),
		   ('lifecycle',   'approved',    'edit',      'draft',       'member'),
		   ('lifecycle',   'approved',    'delete',    'deleted',     'member'),
		   ('publication', 'approved',    'publish',   'published',   'member'),
		   ('publication', 'unpublished', 'publish',   'published',   'member'),
		   ('publication', 'published',   'unpublish', 'unpublished', 'member'),
		   ('publication', 'approved',    'suspend',   'suspended',   'operator'),
		   ('publication', 'published',   'suspend',   'suspended',   'operator'),
		   ('publication', 'unpublished', 'suspend',   'suspended',   'operator'),
		   -- to what it was when it was suspended
		   ('publication', 'suspended',   'reinstate', NULL,          'operator')
$$;
COMMENT ON FUNCTION io_notify._service_transition() IS 'every step a service can take; lifecycle counts for the service or its draft, publication for the service; member: of its organization or one above';

CREATE OR REPLACE FUNCTION io_notify._service_detail(OUT detail text, OUT type text, OUT who text)
	RETURNS SETOF record LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT d, 'string', 'member' FROM unnest('{department,title,description,scope,topic,web_url,privacy_url,tos_url,support_url,app_ios,
		app_android,logo_url,email,pec,phone,address,language,webhook_url,default_time_to_live}'::text[]) d
	UNION ALL VALUES ('age_min', 'number', 'member'), ('age_max', 'number', 'member'),
		('channels', 'array', 'member'), ('authorized_cidrs', 'array', 'member'), ('require_secure_channels', 'boolean', 'member'),
		('organization', 'string', 'operator'), ('category', 'string', 'operator'), ('capabilities', 'array', 'operator'),
		('authorized_recipients', 'array', 'operator'), ('explicit_addresses', 'boolean', 'operator'), ('mandatory', 'boolean', 'operator'),
		('max_payment_amount', 'number', 'operator'), ('daily_quota', 'number', 'operator'), ('monthly_quota', 'number', 'operator'),
		('rate_per_second', 'number', 'operator'), ('on_quota', 'string', 'operator'),
		-- known, and changed by nobody here
		('name', NULL, 'operator'), ('state', NULL, 'operator'), ('created_at', NULL, 'operator')
$$;
COMMENT ON FUNCTION io_notify._service_detail() IS 'what service_create() and service_edit() may write, of which JSON type, and who may: members through approval, operators at once';

-- --- history ---------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._service_told(changes jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN changes ? 'authorized_recipients'
				THEN changes || jsonb_build_object('authorized_recipients', jsonb_build_object('count', jsonb_array_length(changes -> 'authorized_recipients')))
				ELSE changes END
$$;
COMMENT ON FUNCTION io_notify._service_told(jsonb) IS 'changes without personal data: of authorised recipients only how many they are';

CREATE OR REPLACE FUNCTION io_notify._service_record(service text, actor name, kind text, action text, from_state text, to_state text,
	reason text DEFAULT NULL, changes jsonb DEFAULT NULL) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $record$
#variable_conflict use_variable
BEGIN
	INSERT INTO io_notify.service_history (service, actor, kind, action, from_state, to_state, reason, changes)
	VALUES (service, actor, kind, action, from_state, to_state, reason, io_notify._service_told(changes));
	INSERT INTO io_notify.audit_event (kind, subject, detail)
	VALUES ('service', service, jsonb_strip_nulls(jsonb_build_object('action', action, 'from', from_state, 'to', to_state)));
END
$record$;
COMMENT ON FUNCTION io_notify._service_record(text, name, text, text, text, text, text, jsonb) IS 'one row of service_history, and the audit event that will be sealed';

CREATE OR REPLACE FUNCTION io_notify._service_changed(actor name, before jsonb, after jsonb) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $changed$
DECLARE
	in_force constant text[] := '{approved,published,unpublished,suspended}';
	changes jsonb;
BEGIN
	SELECT jsonb_object_agg(e.key, e.value) INTO changes
	FROM jsonb_each(after) e
	WHERE CASE WHEN before IS NULL THEN e.value <> 'null' ELSE e.value IS DISTINCT FROM before -> e.key END
	  AND e.key NOT IN ('state', 'created_at');
	IF after IS NOT NULL AND before IS NOT NULL AND changes IS NULL AND before ->> 'state' = after ->> 'state' THEN
		RETURN;
	END IF;
	PERFORM io_notify._service_record(coalesce(after, before) ->> 'name', actor,
		CASE WHEN before ->> 'state' IS NOT DISTINCT FROM after ->> 'state' THEN 'registry'
			 WHEN before ->> 'state' = ANY (in_force) AND after ->> 'state' = ANY (in_force) THEN 'publication'
			 ELSE 'lifecycle' END,
		CASE WHEN before IS NULL THEN 'insert' WHEN after IS NULL THEN 'remove' ELSE 'update' END,
		before ->> 'state', after ->> 'state', changes => changes);
END
$changed$;
COMMENT ON FUNCTION io_notify._service_changed(name, jsonb, jsonb) IS 'what the trigger record_by_hand records';

-- --- checks ----------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._service_refuse(key text, detail text, hint text DEFAULT NULL) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $refuse$
BEGIN
	RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('%s of the service is not valid', left(key, 63)), DETAIL = detail, HINT = coalesce(hint, '');
END
$refuse$;
COMMENT ON FUNCTION io_notify._service_refuse(text, text, text) IS '22023 that names the detail of a service, never its value';

CREATE OR REPLACE FUNCTION io_notify._service_check_details(details jsonb) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $check$
DECLARE
	d record;
BEGIN
	FOR d IN SELECT e.key, e.value, k.detail, k.type, jsonb_typeof(e.value) AS given, a.attnotnull
			 FROM jsonb_each(details) e LEFT JOIN io_notify._service_detail() k ON k.detail = e.key
				  LEFT JOIN pg_attribute a ON a.attrelid = 'io_notify.service'::regclass AND a.attname = k.detail
			 ORDER BY e.key COLLATE "C"
	LOOP
		IF d.detail IS NULL THEN
			PERFORM io_notify._service_refuse(d.key, 'A service has no such detail.',
				(SELECT 'There are ' || string_agg(k.detail, ', ' ORDER BY k.detail COLLATE "C") || '.' FROM io_notify._service_detail() k WHERE k.type IS NOT NULL));
		ELSIF d.type IS NULL THEN
			PERFORM io_notify._service_refuse(d.key, 'It cannot be edited.',
				CASE d.key WHEN 'state' THEN 'service_submit(), service_publish() and the other steps change it.' END);
		ELSIF d.given = 'null' AND d.attnotnull THEN
			PERFORM io_notify._service_refuse(d.key, 'It must not be null.');
		ELSIF d.given NOT IN (d.type, 'null') THEN
			PERFORM io_notify._service_refuse(d.key, format('Its JSON type must be %s, not %s.', d.type, d.given));
		ELSIF d.given = 'array' AND EXISTS (SELECT FROM jsonb_array_elements(d.value) v WHERE jsonb_typeof(v) <> 'string') THEN
			PERFORM io_notify._service_refuse(d.key, 'All its elements must be strings.');
		END IF;
		BEGIN
			PERFORM jsonb_populate_record(NULL::io_notify.service, jsonb_build_object(d.key, d.value));
		EXCEPTION WHEN data_exception THEN
			PERFORM io_notify._service_refuse(d.key, CASE d.key
				WHEN 'authorized_cidrs' THEN 'Each element must be a network such as 192.0.2.0/24, without bits right of its mask, or one address.'
				WHEN 'default_time_to_live' THEN 'It must be an interval such as 2 days.'
				ELSE 'It is no number its column can hold.' END);
		END;
	END LOOP;
END
$check$;
COMMENT ON FUNCTION io_notify._service_check_details(jsonb) IS '22023 unless every key is known and its value of the right type';

CREATE OR REPLACE FUNCTION io_notify._service_gate(service text, changes jsonb, what text) RETURNS void LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $gate$
DECLARE
	s jsonb;
	missing text;
BEGIN
	SELECT to_jsonb(r) || changes INTO s FROM io_notify.service r WHERE r.name = service;
	missing := concat_ws(', ',
		CASE WHEN s -> 'authorized_cidrs' IN ('[]', 'null') THEN 'authorized_cidrs (one network at least)' END,
		CASE WHEN s ->> 'description' IS NULL THEN 'description' END,
		CASE WHEN s ->> 'privacy_url' IS NULL THEN 'privacy_url' END,
		CASE WHEN coalesce(s ->> 'email', s ->> 'pec', s ->> 'phone', s ->> 'support_url') IS NULL THEN 'one of email, pec, phone and support_url' END);
	IF missing <> '' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('service "%s" is not complete enough to %s', service, what),
			DETAIL = format('Missing: %s.', missing), HINT = 'service_edit() adds what is missing.';
	END IF;
END
$gate$;
COMMENT ON FUNCTION io_notify._service_gate(text, jsonb, text) IS 'the quality gate: 55000 naming all that is missing at once';

-- --- the steps -------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._service_step(service text, action text, OUT state text, OUT in_force boolean, OUT from_state text, OUT to_state text,
	OUT changes jsonb, OUT auto_publish boolean, OUT authors name[]) RETURNS record LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $step$
#variable_conflict use_variable
DECLARE
	owned_by text;
	next_state text;
	draft record;
	position record;
BEGIN
	SELECT s.state, s.organization INTO state, owned_by FROM io_notify.service s WHERE s.name = service FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('service "%s" does not exist', left(service, 63));
	END IF;
	IF EXISTS (SELECT FROM io_notify._service_transition() t WHERE t.action = action AND t.who = 'operator') THEN
		PERFORM io_notify._require('operator');
	ELSE
		PERFORM io_notify._require('organization', owned_by);
	END IF;

	in_force := state IN ('approved', 'published', 'unpublished', 'suspended');
	-- empty changes are those of a service that somebody put in force by hand
	SELECT d.* INTO draft FROM io_notify.service_draft d WHERE d.service = service AND (d.changes <> '{}' OR NOT in_force);
	changes := coalesce(draft.changes, '{}');
	auto_publish := coalesce(draft.auto_publish, false);
	authors := coalesce(draft.authors, '{}');

	SELECT CASE WHEN in_force THEN coalesce(draft.state, 'approved') ELSE state END AS lifecycle,
		   CASE WHEN in_force THEN state END AS publication INTO position;
	SELECT t.from_state, t.to_state INTO from_state, to_state FROM io_notify._service_transition() t
	WHERE t.action = action AND t.from_state = CASE t.kind WHEN 'lifecycle' THEN position.lifecycle ELSE position.publication END;
	IF NOT FOUND THEN
		SELECT string_agg(DISTINCT t.action, ', ' ORDER BY t.action) INTO next_state FROM io_notify._service_transition() t
		WHERE t.from_state = CASE t.kind WHEN 'lifecycle' THEN position.lifecycle ELSE position.publication END;
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('%s is no step for service "%s" now', action, service),
			DETAIL = format('The service is %s%s. Possible: %s.', state, ', its draft ' || draft.state || CASE WHEN in_force THEN '' END,
							coalesce(next_state, 'nothing any more'));
	END IF;
END
$step$;
COMMENT ON FUNCTION io_notify._service_step(text, text) IS 'locks a service and tells what a step does to it; 42704, 42501 or 55000 with the steps that are possible';

CREATE OR REPLACE FUNCTION io_notify._service_write(service text, details jsonb) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $write$
DECLARE
	columns text;
	constraint_name text;
BEGIN
	SELECT string_agg(format('%I', k.detail), ', ') INTO columns FROM io_notify._service_detail() k WHERE k.type IS NOT NULL AND details ? k.detail;
	IF columns IS NULL THEN
		RETURN;
	END IF;
	EXECUTE format('UPDATE io_notify.service s SET (%1$s) = (SELECT %1$s FROM jsonb_populate_record(s, $2)) WHERE s.name = $1', columns)
	USING service, details;
EXCEPTION
	WHEN check_violation THEN
		-- its message would print the row
		GET STACKED DIAGNOSTICS constraint_name = CONSTRAINT_NAME;
		PERFORM io_notify._service_refuse(regexp_replace(constraint_name, '^service_(.*)_check\d*$', '\1'), 'It breaks a rule of the table.');
	WHEN foreign_key_violation THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('organization "%s" does not exist', details ->> 'organization');
END
$write$;
COMMENT ON FUNCTION io_notify._service_write(text, jsonb) IS 'writes details into a service; 22023 when they are not valid';

CREATE OR REPLACE FUNCTION io_notify._service_try(service text, details jsonb) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $try$
BEGIN
	PERFORM io_notify._service_write(service, details);
	RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'undone';
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN
		RETURN;
END
$try$;
COMMENT ON FUNCTION io_notify._service_try(text, jsonb) IS 'writes details and undoes it: what a draft holds must be valid when it is approved';

CREATE OR REPLACE FUNCTION io_notify._service_write_draft(service text, changes jsonb, state text, auto_publish boolean DEFAULT false,
	reason text DEFAULT NULL, authored boolean DEFAULT true) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $draft$
#variable_conflict use_variable
DECLARE
	actor constant name := io_notify._caller();
	author constant name[] := CASE WHEN authored THEN ARRAY[actor] ELSE '{}' END;
BEGIN
	INSERT INTO io_notify.service_draft AS d (service, changes, state, auto_publish, reason, authors, edited_by, submitted_at)
	VALUES (service, changes, state, auto_publish, reason, author, actor, CASE state WHEN 'submitted' THEN now() END)
	ON CONFLICT ON CONSTRAINT service_draft_pkey DO UPDATE
		SET changes = EXCLUDED.changes, state = EXCLUDED.state, auto_publish = EXCLUDED.auto_publish, reason = EXCLUDED.reason,
			authors = d.authors || (SELECT coalesce(array_agg(a), '{}') FROM unnest(author) a WHERE a <> ALL (d.authors)),
			edited_by = CASE WHEN authored THEN actor ELSE d.edited_by END, edited_at = CASE WHEN authored THEN now() ELSE d.edited_at END,
			submitted_at = coalesce(EXCLUDED.submitted_at, d.submitted_at);
END
$draft$;
COMMENT ON FUNCTION io_notify._service_write_draft(text, jsonb, text, boolean, text, boolean) IS 'keeps what waits for approval, and who had a hand in it';

CREATE OR REPLACE FUNCTION io_notify._service_reason(reason text, what text) RETURNS text LANGUAGE plpgsql IMMUTABLE
	SET search_path = pg_catalog, pg_temp
AS $reason$
BEGIN
	IF reason IS NULL OR btrim(reason) = '' OR char_length(reason) > 1000 THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('the reason to %s a service must have 1 to 1000 characters', what),
			HINT = 'It is kept in service_history and read by the organization; write no personal data.';
	END IF;
	RETURN reason;
END
$reason$;
COMMENT ON FUNCTION io_notify._service_reason(text, text) IS 'the reason, which must be there';
