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
		('email_content', 'string', 'member'), ('sms_transliterate', 'boolean', 'member'), ('sms_max_segments', 'number', 'operator'),
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
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (actor, 'service', service, jsonb_strip_nulls(jsonb_build_object('action', action, 'from', from_state, 'to', to_state)));
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
	stands record;
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
		   CASE WHEN in_force THEN state END AS publication INTO stands;
	SELECT t.from_state, t.to_state INTO from_state, to_state FROM io_notify._service_transition() t
	WHERE t.action = action AND t.from_state = CASE t.kind WHEN 'lifecycle' THEN stands.lifecycle ELSE stands.publication END;
	IF NOT FOUND THEN
		SELECT string_agg(DISTINCT t.action, ', ' ORDER BY t.action) INTO next_state FROM io_notify._service_transition() t
		WHERE t.from_state = CASE t.kind WHEN 'lifecycle' THEN stands.lifecycle ELSE stands.publication END;
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('%s is no step for service "%s" now', action, service),
			DETAIL = format('The service is %s%s. Possible: %s.', state, CASE WHEN in_force THEN ', its draft ' || draft.state END,
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
		PERFORM io_notify._service_refuse(regexp_replace(constraint_name, '^service_(.*)_check\d*$', '\1'),
			(SELECT format('The rule is %s.', pg_get_constraintdef(c.oid)) FROM pg_constraint c
			 WHERE c.conrelid = 'io_notify.service'::regclass AND c.conname = constraint_name));
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

CREATE OR REPLACE FUNCTION io_notify._service_operators_own(service text, details jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $own$
#variable_conflict use_variable
DECLARE
	own jsonb;
	names text;
BEGIN
	IF jsonb_typeof(details) IS DISTINCT FROM 'object' THEN
		RETURN '{}';
	END IF;
	SELECT jsonb_object_agg(e.key, e.value), string_agg(e.key, ', ' ORDER BY e.key COLLATE "C") INTO own, names
	FROM jsonb_each(details) e JOIN io_notify._service_detail() k ON k.detail = e.key AND k.who = 'operator';
	IF own IS NOT NULL AND NOT io_notify._caller_is('operator') THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role "%s" may not set %s of service "%s"', io_notify._caller(), names, left(service, 63)),
			HINT = 'Operators set them.';
	END IF;
	RETURN coalesce(own, '{}');
END
$own$;
COMMENT ON FUNCTION io_notify._service_operators_own(text, jsonb) IS 'those of details that are for operators alone; 42501 naming them for anybody else';

CREATE OR REPLACE FUNCTION io_notify._service_create(name text, organization text, details jsonb) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $create$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('organization', coalesce(organization, ''));
	IF NOT EXISTS (SELECT FROM io_notify.organization o WHERE o.code = organization) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('organization "%s" does not exist', organization);
	END IF;
	PERFORM io_notify._service_operators_own(name, details);
	IF name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' THEN
		PERFORM io_notify._service_refuse('name', 'It must be 1 to 63 letters, digits, dots, hyphens or underscores, the first a letter or a digit.');
	END IF;
	IF jsonb_typeof(details) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the details of a service must be a JSON object';
	END IF;
	PERFORM io_notify._service_check_details(details);
	INSERT INTO io_notify.service (name, organization) VALUES (name, organization) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42710', MESSAGE = format('service "%s" exists already', name),
			HINT = 'Names are not used again, not even those of deleted services.';
	END IF;
	PERFORM io_notify._service_write(name, details);
	PERFORM io_notify._service_write_draft(name, '{}', 'draft');
	PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', 'create', NULL, 'draft',
		changes => details || jsonb_build_object('organization', organization));
	RETURN 'draft';
END
$create$;
COMMENT ON FUNCTION io_notify._service_create(text, text, jsonb) IS 'behind service_create()';

CREATE OR REPLACE FUNCTION io_notify._service_edit(name text, changes jsonb) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $edit$
#variable_conflict use_variable
DECLARE
	own jsonb;
	ours jsonb;
	state text;
	step record;
BEGIN
	SELECT s.state INTO state FROM io_notify.service s WHERE s.name = name FOR NO KEY UPDATE;
	own := io_notify._service_operators_own(name, changes);
	ours := CASE WHEN jsonb_typeof(changes) = 'object' THEN changes - ARRAY(SELECT jsonb_object_keys(own)) END;
	-- what operators set themselves needs no step, for nobody has to approve it
	IF ours IS DISTINCT FROM '{}' OR own = '{}' OR state IS NULL THEN
		step := io_notify._service_step(name, 'edit');
	ELSIF state = 'deleted' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('service "%s" is deleted', name);
	END IF;
	IF changes = '{}' OR jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the changes to a service must be a JSON object that is not empty';
	END IF;
	PERFORM io_notify._service_check_details(changes);
	IF own <> '{}' THEN
		PERFORM io_notify._service_write(name, own);
		PERFORM io_notify._service_record(name, io_notify._caller(), 'registry', 'edit', state, state, changes => own);
	END IF;
	IF ours = '{}' THEN
		RETURN state;
	END IF;
	IF NOT step.in_force THEN
		PERFORM io_notify._service_write(name, ours);
		UPDATE io_notify.service s SET state = 'draft' WHERE s.name = name AND s.state <> 'draft';
		PERFORM io_notify._service_write_draft(name, '{}', 'draft');
		PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', 'edit', step.from_state, 'draft', changes => ours);
		RETURN 'draft';
	END IF;
	RETURN io_notify._service_edit_draft(name, step.from_state, step.changes, ours);
END
$edit$;
COMMENT ON FUNCTION io_notify._service_edit(text, jsonb) IS 'behind service_edit()';

CREATE OR REPLACE FUNCTION io_notify._service_edit_draft(name text, from_state text, before jsonb, ours jsonb) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $edit$
#variable_conflict use_variable
DECLARE
	changes jsonb;
	to_state text := 'draft';
BEGIN
	-- what is set back to what is in force leaves the draft; without changes there is none
	SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}') INTO changes
	FROM io_notify.service s, jsonb_each(before || ours) e
	WHERE s.name = name
	  AND to_jsonb(jsonb_populate_record(NULL::io_notify.service, jsonb_build_object(e.key, e.value))) -> e.key IS DISTINCT FROM to_jsonb(s) -> e.key;
	PERFORM io_notify._service_try(name, changes);
	IF changes = '{}' THEN
		DELETE FROM io_notify.service_draft d WHERE d.service = name;
		to_state := 'approved';
	ELSE
		PERFORM io_notify._service_write_draft(name, changes, 'draft');
	END IF;
	PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', 'edit', from_state, to_state, changes => ours);
	RETURN to_state;
END
$edit$;
COMMENT ON FUNCTION io_notify._service_edit_draft(text, text, jsonb, jsonb) IS 'the part of service_edit() for a service in force';

CREATE OR REPLACE FUNCTION io_notify._service_submit(name text, auto_publish boolean) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $submit$
#variable_conflict use_variable
DECLARE
	step record := io_notify._service_step(name, 'submit');
BEGIN
	PERFORM io_notify._service_gate(name, step.changes, 'be submitted');
	IF NOT step.in_force THEN
		UPDATE io_notify.service s SET state = 'submitted' WHERE s.name = name;
	END IF;
	PERFORM io_notify._service_write_draft(name, step.changes, 'submitted', coalesce(auto_publish, false));
	PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', 'submit', step.from_state, step.to_state);
	RETURN step.to_state;
END
$submit$;
COMMENT ON FUNCTION io_notify._service_submit(text, boolean) IS 'behind service_submit()';

CREATE OR REPLACE FUNCTION io_notify._service_return(name text, action text, reason text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $return$
#variable_conflict use_variable
DECLARE
	step record := io_notify._service_step(name, action);
BEGIN
	IF action = 'reject' THEN
		PERFORM io_notify._service_reason(reason, 'reject');
	END IF;
	IF NOT step.in_force THEN
		UPDATE io_notify.service s SET state = step.to_state WHERE s.name = name;
	END IF;
	PERFORM io_notify._service_write_draft(name, step.changes, step.to_state, reason => reason, authored => false);
	PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', action, step.from_state, step.to_state, reason);
	RETURN step.to_state;
END
$return$;
COMMENT ON FUNCTION io_notify._service_return(text, text, text) IS 'a submission comes back: withdrawn or rejected';

CREATE OR REPLACE FUNCTION io_notify._service_abort(name text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_return(name, 'abort', NULL) $$;
COMMENT ON FUNCTION io_notify._service_abort(text) IS 'behind service_abort()';

CREATE OR REPLACE FUNCTION io_notify._service_reject(name text, reason text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_return(name, 'reject', reason) $$;
COMMENT ON FUNCTION io_notify._service_reject(text, text) IS 'behind service_reject()';

CREATE OR REPLACE FUNCTION io_notify._service_approve(name text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $approve$
#variable_conflict use_variable
DECLARE
	step record := io_notify._service_step(name, 'approve');
	actor constant name := io_notify._caller();
	state text := CASE WHEN step.in_force THEN step.state ELSE 'approved' END;
BEGIN
	IF actor = ANY (step.authors) AND NOT io_notify._caller_is('owner') THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role "%s" may not approve what it wrote or submitted itself', actor),
			HINT = 'Another operator must approve it.';
	END IF;
	PERFORM io_notify._service_write(name, step.changes);
	UPDATE io_notify.service s SET state = state WHERE s.name = name;
	PERFORM io_notify._service_gate(name, '{}', 'be approved');
	DELETE FROM io_notify.service_draft d WHERE d.service = name;
	PERFORM io_notify._service_record(name, actor, 'lifecycle', 'approve', step.from_state, step.to_state, changes => nullif(step.changes, '{}'));
	IF step.in_force THEN
		PERFORM io_notify._service_record(name, actor, 'publication', 'release', state, state);
	END IF;
	IF step.auto_publish AND state IN ('approved', 'unpublished') THEN
		UPDATE io_notify.service s SET state = 'published' WHERE s.name = name;
		PERFORM io_notify._service_record(name, actor, 'publication', 'publish', state, 'published');
		state := 'published';
	END IF;
	RETURN state;
END
$approve$;
COMMENT ON FUNCTION io_notify._service_approve(text) IS 'behind service_approve()';

CREATE OR REPLACE FUNCTION io_notify._service_publication(name text, action text, reason text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $publication$
#variable_conflict use_variable
DECLARE
	step record := io_notify._service_step(name, action);
	state text := step.to_state;
BEGIN
	IF action = 'publish' THEN
		PERFORM io_notify._service_gate(name, '{}', 'be published');
	ELSIF action = 'suspend' THEN
		PERFORM io_notify._service_reason(reason, 'suspend');
	ELSIF action = 'reinstate' THEN
		SELECT h.from_state INTO state FROM io_notify.service_history h
		WHERE h.service = name AND h.to_state = 'suspended' AND h.from_state IN ('approved', 'published', 'unpublished')
		ORDER BY h.id DESC LIMIT 1;
		state := coalesce(state, 'unpublished');
	END IF;
	UPDATE io_notify.service s SET state = state WHERE s.name = name;
	PERFORM io_notify._service_record(name, io_notify._caller(), 'publication', action, step.state, state, reason);
	RETURN state;
END
$publication$;
COMMENT ON FUNCTION io_notify._service_publication(text, text, text) IS 'a service in force begins, ceases or resumes to send';

CREATE OR REPLACE FUNCTION io_notify._service_publish(name text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_publication(name, 'publish', NULL) $$;
COMMENT ON FUNCTION io_notify._service_publish(text) IS 'behind service_publish()';

CREATE OR REPLACE FUNCTION io_notify._service_unpublish(name text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_publication(name, 'unpublish', NULL) $$;
COMMENT ON FUNCTION io_notify._service_unpublish(text) IS 'behind service_unpublish()';

CREATE OR REPLACE FUNCTION io_notify._service_suspend(name text, reason text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_publication(name, 'suspend', reason) $$;
COMMENT ON FUNCTION io_notify._service_suspend(text, text) IS 'behind service_suspend()';

CREATE OR REPLACE FUNCTION io_notify._service_reinstate(name text) RETURNS text LANGUAGE sql
	SET search_path = pg_catalog, pg_temp
AS $$ SELECT io_notify._service_publication(name, 'reinstate', NULL) $$;
COMMENT ON FUNCTION io_notify._service_reinstate(text) IS 'behind service_reinstate()';

CREATE OR REPLACE FUNCTION io_notify._service_delete(name text) RETURNS text LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $delete$
#variable_conflict use_variable
DECLARE
	step record := io_notify._service_step(name, 'delete');
BEGIN
	UPDATE io_notify.service s SET state = step.to_state WHERE s.name = name;
	DELETE FROM io_notify.service_draft d WHERE d.service = name;
	PERFORM io_notify._service_record(name, io_notify._caller(), 'lifecycle', 'delete', step.state, step.to_state);
	RETURN step.to_state;
END
$delete$;
COMMENT ON FUNCTION io_notify._service_delete(text) IS 'behind service_delete()';

-- --- the doors -------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify.service_create(name text, organization text, details jsonb DEFAULT '{}') RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_create(text, text, jsonb) IS 'members of the organization: registers a service as a draft';

CREATE OR REPLACE FUNCTION io_notify.service_edit(name text, changes jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_edit(text, jsonb) IS 'members of the organization: changes a draft, or opens one beside a service in force; operators: limits, capabilities and sandbox, at once';

CREATE OR REPLACE FUNCTION io_notify.service_submit(name text, auto_publish boolean DEFAULT false) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_submit(text, boolean) IS 'members of the organization: asks for approval, and freezes the draft until then; auto_publish: publish on approval';

CREATE OR REPLACE FUNCTION io_notify.service_abort(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_abort(text) IS 'members of the organization: takes a submission back';

CREATE OR REPLACE FUNCTION io_notify.service_approve(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_approve(text) IS 'operators: puts a submission in force; nobody approves what he wrote himself';

CREATE OR REPLACE FUNCTION io_notify.service_reject(name text, reason text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_reject(text, text) IS 'operators: sends a submission back, and says why';

CREATE OR REPLACE FUNCTION io_notify.service_publish(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_publish(text) IS 'members of the organization: lets an approved service send';

CREATE OR REPLACE FUNCTION io_notify.service_unpublish(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_unpublish(text) IS 'members of the organization: new messages of the service are refused';

CREATE OR REPLACE FUNCTION io_notify.service_suspend(name text, reason text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_suspend(text, text) IS 'operators: takes a service out of use until service_reinstate(); to hold what is queued as well, pause()';

CREATE OR REPLACE FUNCTION io_notify.service_reinstate(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_reinstate(text) IS 'operators: ends a suspension; the service is what it was before';

CREATE OR REPLACE FUNCTION io_notify.service_delete(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.service_delete(text) IS 'members of the organization: ends a service for good; its messages and its name stay';

-- --- who belongs to whom ---------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._require_role(role name) RETURNS void LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $role$
#variable_conflict use_variable
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('role "%s" does not exist', role);
	END IF;
END
$role$;
COMMENT ON FUNCTION io_notify._require_role(name) IS '42704 unless the database role exists';

CREATE OR REPLACE FUNCTION io_notify._require_organization(code text) RETURNS void LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $organization$
#variable_conflict use_variable
BEGIN
	IF NOT EXISTS (SELECT FROM io_notify.organization o WHERE o.code = code) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('organization "%s" does not exist', left(code, 63)),
			HINT = 'Register it first: INSERT INTO io_notify.organization (code, name, …).';
	END IF;
END
$organization$;
COMMENT ON FUNCTION io_notify._require_organization(text) IS '42704 unless the organization exists';

CREATE OR REPLACE FUNCTION io_notify._grant_organization(role name, organization text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $grant$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	PERFORM io_notify._require_role(role);
	PERFORM io_notify._require_organization(organization);
	INSERT INTO io_notify.organization_member (organization, role, granted_by) VALUES (organization, role, io_notify._caller()) ON CONFLICT DO NOTHING;
	PERFORM io_notify._grant_to(role, 'organization');
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'grant_organization', organization, jsonb_build_object('role', role));
END
$grant$;
COMMENT ON FUNCTION io_notify._grant_organization(name, text) IS 'behind grant_organization()';

CREATE OR REPLACE FUNCTION io_notify._revoke_organization(role name, organization text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $revoke$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	DELETE FROM io_notify.organization_member m WHERE m.organization = organization AND m.role = role;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	IF NOT EXISTS (SELECT FROM io_notify.organization_member m WHERE m.role = role) THEN
		PERFORM io_notify._revoke_from(role, 'organization');
	END IF;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'revoke_organization', organization, jsonb_build_object('role', role));
	RETURN true;
END
$revoke$;
COMMENT ON FUNCTION io_notify._revoke_organization(name, text) IS 'behind revoke_organization()';

CREATE OR REPLACE FUNCTION io_notify._grant_sender(role name, service text, delegate_of text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $grant$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	IF delegate_of IS NOT NULL THEN
		PERFORM io_notify._require_organization(delegate_of);
	END IF;
	PERFORM io_notify._admit_sender(role, service);
	UPDATE io_notify.service_member m SET delegate_of = delegate_of WHERE m.service = service AND m.role = role;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'grant_sender', service, jsonb_strip_nulls(jsonb_build_object('role', role, 'delegate_of', delegate_of)));
END
$grant$;
COMMENT ON FUNCTION io_notify._grant_sender(name, text, text) IS 'behind grant_sender() of three arguments';

CREATE OR REPLACE FUNCTION io_notify._revoke_sender(role name, service text) RETURNS boolean LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $revoke$
#variable_conflict use_variable
BEGIN
	PERFORM io_notify._require('owner');
	DELETE FROM io_notify.service_member m WHERE m.service = service AND m.role = role;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	-- membership decides; grants that are left without any only stand in the way of DROP ROLE
	IF NOT EXISTS (SELECT FROM io_notify.service_member m WHERE m.role = role) THEN
		PERFORM io_notify._revoke_from(role, 'sender');
	END IF;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'revoke_sender', service, jsonb_build_object('role', role));
	RETURN true;
END
$revoke$;
COMMENT ON FUNCTION io_notify._revoke_sender(name, text) IS 'behind revoke_sender()';

CREATE OR REPLACE FUNCTION io_notify.grant_organization(role name, organization text) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_organization(name, text) IS 'lets a role look after an organization''s services, and those of the organizations below it';

CREATE OR REPLACE FUNCTION io_notify.revoke_organization(role name, organization text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.revoke_organization(name, text) IS 'takes grant_organization() back; false when there was nothing to take';

CREATE OR REPLACE FUNCTION io_notify.grant_sender(role name, service text, delegate_of text) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.grant_sender(name, text, text) IS 'grant_sender() for a delegate: a role of the organization delegate_of, which sends for another''s service';

CREATE OR REPLACE FUNCTION io_notify.revoke_sender(role name, service text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.revoke_sender(name, text) IS 'takes grant_sender() back: the role''s next message for the service is refused; false when there was nothing to take';
