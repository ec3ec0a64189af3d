-- Templates: their life, their versions, and how they come in and go out.

CREATE OR REPLACE FUNCTION io_notify._template_check(kind text, channel text, subject text, markdown text, parameters jsonb) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_template_check_sql' LANGUAGE C IMMUTABLE;
COMMENT ON FUNCTION io_notify._template_check(text, text, text, text, jsonb) IS '22023 for a text that is no template, or parameters that are no declaration';

CREATE OR REPLACE FUNCTION io_notify._template_problems(kind text, channel text, subject text, markdown text, parameters jsonb, partials jsonb, max_segments integer, OUT severity text, OUT problem text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_template_problems' LANGUAGE C IMMUTABLE;
COMMENT ON FUNCTION io_notify._template_problems(text, text, text, text, jsonb, jsonb, integer) IS 'what keeps a text from being approved (error) and what its author should know (warning)';

CREATE OR REPLACE FUNCTION io_notify._partial_names(markdown text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'ion_partial_names' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION io_notify._partial_names(text) IS 'the partials a template text names';

CREATE OR REPLACE FUNCTION io_notify._template_number(name text) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_template_number' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION io_notify._template_number(text) IS 'the next version of a template''s name; holds others back until the transaction ends';

CREATE OR REPLACE FUNCTION io_notify._template_matches(rendered text, pattern text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_template_matches' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION io_notify._template_matches(text, text) IS 'whether a text is one a registered pattern allows: {#var#} stands for up to 30 characters';

CREATE OR REPLACE FUNCTION io_notify._registration_problem(markdown text, pattern text, OUT severity text, OUT problem text)
	AS 'MODULE_PATHNAME', 'ion_registration_problem' LANGUAGE C IMMUTABLE STRICT;
COMMENT ON FUNCTION io_notify._registration_problem(text, text) IS 'how a registered pattern differs from the template it stands for; null when it does not';

CREATE OR REPLACE FUNCTION io_notify._template_changed() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_template_changed' LANGUAGE C;
COMMENT ON FUNCTION io_notify._template_changed() IS 'makes every process forget the templates and layouts it keeps, when the change commits';

CREATE OR REPLACE FUNCTION io_notify._check_layout() RETURNS trigger AS 'MODULE_PATHNAME', 'ion_check_layout' LANGUAGE C;
COMMENT ON FUNCTION io_notify._check_layout() IS 'checks the URLs, the colour and the texts of a letterhead';

CREATE OR REPLACE FUNCTION io_notify._template_scopes(service text, organization text) RETURNS TABLE (scope_service text, scope_organization text, depth integer) LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE above (code, parent, depth) AS (
		SELECT o.code, o.parent, 1 FROM io_notify.organization o
		WHERE o.code = coalesce($2, (SELECT s.organization FROM io_notify.service s WHERE s.name = $1))
		UNION ALL
		SELECT o.code, o.parent, a.depth + 1 FROM io_notify.organization o JOIN above a ON o.code = a.parent WHERE a.depth < 32)
	SELECT $1, NULL::text, 0 WHERE $1 IS NOT NULL
	UNION ALL SELECT NULL, a.code, a.depth FROM above a
	UNION ALL SELECT NULL, NULL, 33
$$;
COMMENT ON FUNCTION io_notify._template_scopes(text, text) IS 'where templates of a service or an organization are looked for, the nearest first: itself, its organization, those above, everywhere (both null)';

-- The texts that count now: of each place the newest, unless it was retired.
CREATE OR REPLACE FUNCTION io_notify._template_current(name text DEFAULT NULL) RETURNS SETOF uuid LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT n.id FROM (
		SELECT DISTINCT ON (t.name, t.kind, t.service, t.organization, t.channel, t.language) t.id, t.state
		FROM io_notify.template t
		WHERE t.version IS NOT NULL AND (t.name = $1 OR $1 IS NULL)
		ORDER BY t.name, t.kind, t.service, t.organization, t.channel, t.language, t.version DESC) n
	WHERE n.state = 'approved'
$$;
COMMENT ON FUNCTION io_notify._template_current(text) IS 'the texts new messages use: of each scope, channel and language the newest approved one, unless it was retired';

-- A partial is looked for as a template is; in the language of the text it
-- goes into, without its subtags, in Italian, in any.
CREATE OR REPLACE FUNCTION io_notify._template_partial(name text, service text, organization text, channel text, language text, OUT markdown text, OUT found_language text) LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.markdown, t.language
	FROM io_notify._template_scopes($2, $3) c
	JOIN io_notify.template t ON t.name = $1 AND t.kind = 'partial'
		AND t.service IS NOT DISTINCT FROM c.scope_service AND t.organization IS NOT DISTINCT FROM c.scope_organization
		AND (t.channel IS NULL OR t.channel = $4)
	WHERE t.id IN (SELECT io_notify._template_current($1))
	ORDER BY c.depth, t.language = $5 DESC, t.language = split_part($5, '-', 1) DESC, t.language = 'it' DESC, t.language, t.channel IS NULL
	LIMIT 1
$$;
COMMENT ON FUNCTION io_notify._template_partial(text, text, text, text, text) IS 'the text a partial of this name has for a template of this scope, channel and language';

CREATE OR REPLACE FUNCTION io_notify._template_partials(markdown text, service text, organization text, channel text, language text, OUT partials jsonb, OUT warnings text[]) LANGUAGE plpgsql STABLE
	SET search_path = pg_catalog, pg_temp
AS $partials$
DECLARE
	names text[] := io_notify._partial_names(markdown);
	hit record;
	n integer := 0;
BEGIN
	WHILE n < cardinality(names) AND n < 200 LOOP
		n := n + 1;
		CONTINUE WHEN partials ? names[n];
		SELECT p.markdown, p.found_language INTO hit FROM io_notify._template_partial(names[n], service, organization, channel, language) p;
		partials := coalesce(partials, '{}') || jsonb_build_object(names[n], hit.markdown);
		IF hit.markdown IS NOT NULL THEN
			names := names || io_notify._partial_names(hit.markdown);
			IF split_part(hit.found_language, '-', 1) <> split_part(language, '-', 1) THEN
				warnings := warnings || format('partial "%s" has no text in %s: the one in %s goes in', names[n], language, hit.found_language);
			END IF;
		END IF;
	END LOOP;
END
$partials$;
COMMENT ON FUNCTION io_notify._template_partials(text, text, text, text, text) IS 'all partials a text needs, one within another, by name; null for one there is none of';

CREATE OR REPLACE FUNCTION io_notify._template_declared(name text, service text, organization text) RETURNS jsonb LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.parameters FROM io_notify.template t
	WHERE t.name = $1 AND t.kind = 'template' AND t.service IS NOT DISTINCT FROM $2 AND t.organization IS NOT DISTINCT FROM $3
	  AND t.version IS NOT NULL
	ORDER BY t.version DESC LIMIT 1
$$;
COMMENT ON FUNCTION io_notify._template_declared(text, text, text) IS 'the parameters a template''s next version declares unless it says otherwise';

CREATE OR REPLACE FUNCTION io_notify._template_layout_problem(layout text, service text, organization text) RETURNS text LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('layout "%s" is of an organization that is not above it', $1)
	WHERE $1 IS NOT NULL AND coalesce($2, $3) IS NOT NULL
	  AND $1 NOT IN (SELECT c.scope_organization FROM io_notify._template_scopes($2, $3) c WHERE c.scope_organization IS NOT NULL)
$$;
COMMENT ON FUNCTION io_notify._template_layout_problem(text, text, text) IS 'nobody writes under another organization''s letterhead';

CREATE OR REPLACE FUNCTION io_notify._template_version(service text, name text) RETURNS integer LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	-- a retirement is an event too, or messages would be bound to before it
	SELECT f.version
	FROM io_notify._template_scopes($1, NULL) c CROSS JOIN LATERAL (
		SELECT max(greatest(n.version, n.retired_version)) AS version, bool_or(n.state = 'approved') AS live
		FROM (SELECT DISTINCT ON (t.channel, t.language) t.version, t.retired_version, t.state
			  FROM io_notify.template t
			  WHERE t.name = $2 AND t.kind = 'template' AND t.version IS NOT NULL
				AND t.service IS NOT DISTINCT FROM c.scope_service AND t.organization IS NOT DISTINCT FROM c.scope_organization
			  ORDER BY t.channel, t.language, t.version DESC) n) f
	WHERE f.live ORDER BY c.depth LIMIT 1
$$;
COMMENT ON FUNCTION io_notify._template_version(text, text) IS 'the version messages of a service are bound to now: of the nearest scope that has a text which is not retired; null when none has';

CREATE OR REPLACE FUNCTION io_notify._template_rendered(template text, version integer, params jsonb, channel text, languages text[], time_zone text,
	OUT subject text, OUT markdown text, OUT language text, OUT problem text)
	AS 'MODULE_PATHNAME', 'ion_template_rendered' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._template_rendered(text, integer, jsonb, text, text[], text) IS 'a template at a version as dispatchers fill it in: the text for the channel by a list of languages, the most wanted first; problem says why there is none';

-- --- what may become of a row -----------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._template_write() RETURNS trigger LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $write$
DECLARE
	was text;
	problem text;
	filled record;
	-- what is not content; a service or organization may be renamed
	apart text[] := '{state,version,retired_version,partials,submitted_at,decided_at,decided_by,reason}'::text[]
		|| CASE WHEN pg_trigger_depth() > 1 THEN '{service,organization,layout}'::text[] ELSE '{}' END;
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.version IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('version %s of template "%s" cannot be deleted', OLD.version, OLD.name),
				DETAIL = 'Messages may be bound to it.', HINT = 'SELECT io_notify.template_retire(…) keeps new messages from using it.';
		END IF;
		RETURN OLD;
	END IF;

	IF TG_OP = 'UPDATE' THEN
		was := OLD.state;
		IF was IN ('submitted', 'approved', 'retired') AND to_jsonb(NEW) - apart IS DISTINCT FROM to_jsonb(OLD) - apart THEN
			RAISE EXCEPTION USING ERRCODE = '55000',
				MESSAGE = format('template "%s" is %s: its content cannot be changed', OLD.name, was),
				HINT = CASE was WHEN 'submitted' THEN 'What is approved must be what was read: take it back to draft first.'
					ELSE 'INSERT a new version; messages are bound to the one they were written for.' END;
		END IF;
		IF (NEW.version, NEW.retired_version, NEW.partials) IS DISTINCT FROM (OLD.version, OLD.retired_version, OLD.partials) THEN
			RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = 'versions and partials of a template are filled in at approval, and stay';
		END IF;
	ELSIF NEW.version IS NOT NULL OR NEW.retired_version IS NOT NULL OR NEW.partials IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'versions and partials of a template are filled in at approval';
	END IF;
	PERFORM io_notify._template_check(NEW.kind, NEW.channel, NEW.subject, NEW.markdown, NEW.parameters);
	IF NEW.state = was THEN
		RETURN NEW;
	END IF;

	IF NOT coalesce(was, 'new') || ' ' || NEW.state = ANY ('{new draft,new submitted,new approved,draft submitted,draft approved,submitted draft,submitted approved,submitted rejected,rejected draft,rejected submitted,approved retired}'::text[]) THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('template "%s" cannot become %s: it is %s', NEW.name, NEW.state, coalesce(was, 'new'));
	END IF;
	IF NEW.state IN ('submitted', 'approved') THEN
		IF NEW.state = 'approved' THEN
			NEW.version := io_notify._template_number(NEW.name);
			NEW.decided_at := now();
			NEW.decided_by := io_notify._caller();
		ELSE
			NEW.submitted_at := now();
		END IF;
		filled := io_notify._template_partials(CASE NEW.kind WHEN 'template' THEN NEW.markdown ELSE '' END,
			NEW.service, NEW.organization, NEW.channel, NEW.language);
		IF NEW.kind = 'template' THEN
			NEW.parameters := coalesce(NEW.parameters, io_notify._template_declared(NEW.name, NEW.service, NEW.organization));
		END IF;
		problem := coalesce(io_notify._template_layout_problem(NEW.layout, NEW.service, NEW.organization),
			(SELECT p.problem FROM io_notify._template_problems(NEW.kind, NEW.channel, NEW.subject, NEW.markdown, NEW.parameters,
				filled.partials, NEW.sms_max_segments) p WHERE p.severity = 'error' LIMIT 1));
		IF problem IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('template "%s" cannot be %s', NEW.name, NEW.state), DETAIL = problem || '.';
		END IF;
		IF NEW.state = 'approved' THEN
			NEW.partials := filled.partials;
		END IF;
	ELSIF NEW.state = 'rejected' THEN
		NEW.decided_at := now();
		NEW.decided_by := io_notify._caller();
	ELSIF NEW.state = 'retired' THEN
		NEW.retired_version := io_notify._template_number(NEW.name);
	END IF;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'template_' || NEW.state, NEW.name,
		jsonb_strip_nulls(jsonb_build_object('id', NEW.id, 'version', coalesce(NEW.retired_version, NEW.version), 'kind', NEW.kind, 'service', NEW.service,
			'organization', NEW.organization, 'channel', NEW.channel, 'language', NEW.language,
			'reason', CASE WHEN NEW.state = 'rejected' THEN NEW.reason END)));
	RETURN NEW;
END
$write$;
COMMENT ON FUNCTION io_notify._template_write() IS 'before a template row is written: its life, its version, its partials, and that what was approved stays';

-- --- who may ---------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._template_require(service text, organization text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $require$
DECLARE
	what text := CASE WHEN service IS NULL THEN 'organization' ELSE 'service' END;
	above text := organization;
BEGIN
	IF service IS NOT NULL AND organization IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a template is of a service or of an organization, not of both';
	END IF;
	IF service IS NULL AND organization IS NULL THEN
		PERFORM io_notify._require('operator');
		RETURN;
	END IF;
	IF service IS NOT NULL THEN
		SELECT s.organization INTO above FROM io_notify.service s WHERE s.name = _template_require.service;
	END IF;
	-- an unknown service is nobody's: above is null then, and must not be asked about
	IF NOT (io_notify._caller_is('operator') OR (above IS NOT NULL AND io_notify._caller_is('organization', above))) THEN
		PERFORM io_notify._require(what, coalesce(service, organization));
	END IF;
	IF NOT EXISTS (SELECT FROM io_notify.organization o WHERE o.code = above) THEN
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('%s "%s" does not exist', what, coalesce(service, organization));
	END IF;
END
$require$;
COMMENT ON FUNCTION io_notify._template_require(text, text) IS '42501 unless the caller may write templates of a service or an organization; templates for all are the operators'' own';

CREATE OR REPLACE FUNCTION io_notify._template_may_read(service text, organization text) RETURNS boolean LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT io_notify._caller_is('operator')
		OR CASE WHEN $1 IS NOT NULL THEN io_notify._caller_is('service', $1)
					OR io_notify._caller_is('organization', (SELECT s.organization FROM io_notify.service s WHERE s.name = $1))
				WHEN $2 IS NOT NULL THEN io_notify._caller_is('organization', $2)
					OR EXISTS (SELECT FROM io_notify.service s WHERE io_notify._caller_is('service', s.name)
							   AND $2 IN (SELECT c.scope_organization FROM io_notify._template_scopes(s.name, NULL) c))
				ELSE io_notify._caller_is('service') OR io_notify._caller_is('organization') END
$$;
COMMENT ON FUNCTION io_notify._template_may_read(text, text) IS 'whether the caller may read templates of a scope: those it may write or send';

-- --- the life of a text -----------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._template_draft(name text, subject text, markdown text, language text, channel text, service text,
	organization text, parameters jsonb, kind text, layout text, calendar boolean, sms_max_segments integer) RETURNS uuid LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $draft$
#variable_conflict use_variable
DECLARE
	new_id uuid;
BEGIN
	PERFORM io_notify._template_require(service, organization);
	INSERT INTO io_notify.template AS t (name, service, organization, channel, language, kind, subject, markdown, parameters, layout, calendar,
		sms_max_segments, state, created_by)
	VALUES (name, service, organization, channel, language, kind, subject, markdown, parameters, layout, coalesce(calendar, false),
		sms_max_segments, 'draft', io_notify._caller())
	RETURNING t.id INTO new_id;
	RETURN new_id;
END
$draft$;
COMMENT ON FUNCTION io_notify._template_draft(text, text, text, text, text, text, text, jsonb, text, text, boolean, integer) IS 'template_draft() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_draft(name text, subject text, markdown text, language text DEFAULT 'it', channel text DEFAULT NULL,
	service text DEFAULT NULL, organization text DEFAULT NULL, parameters jsonb DEFAULT NULL, kind text DEFAULT 'template', layout text DEFAULT NULL,
	calendar boolean DEFAULT false, sms_max_segments integer DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_draft IS 'writes one text of a template, for review; returns its id';

-- The row of an id, for whoever may write its scope; locked.
CREATE OR REPLACE FUNCTION io_notify._template_take(template_id uuid, by_operator boolean, OUT state text, OUT name text, OUT created_by name) LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $take$
DECLARE
	of_service text;
	of_organization text;
BEGIN
	SELECT t.state, t.name, t.created_by, t.service, t.organization INTO state, name, created_by, of_service, of_organization
	FROM io_notify.template t WHERE t.id = template_id FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM io_notify._require('operator');
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('template %s does not exist', template_id);
	END IF;
	IF by_operator THEN
		PERFORM io_notify._require('operator');
	ELSE
		PERFORM io_notify._template_require(of_service, of_organization);
	END IF;
END
$take$;
COMMENT ON FUNCTION io_notify._template_take(uuid, boolean) IS 'a template row to be acted on: locked, after asking whether the caller may';

CREATE OR REPLACE FUNCTION io_notify._template_submit(template_id uuid) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $submit$
BEGIN
	PERFORM io_notify._template_take(template_id, false);
	UPDATE io_notify.template t SET state = 'submitted', reason = NULL WHERE t.id = template_id;
END
$submit$;
COMMENT ON FUNCTION io_notify._template_submit(uuid) IS 'template_submit() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_submit(template_id uuid) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_submit(uuid) IS 'asks the operators to approve a draft; 22023 when template_lint() finds errors';

CREATE OR REPLACE FUNCTION io_notify._template_approve(template_id uuid) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $approve$
DECLARE
	was record := io_notify._template_take(template_id, true);
	approved integer;
BEGIN
	IF was.state <> 'submitted' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('template "%s" cannot be approved: it is %s', was.name, was.state);
	END IF;
	IF was.created_by = io_notify._caller() AND NOT io_notify._caller_is('owner') THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('template "%s" was written by role "%s": another operator must approve it', was.name, was.created_by);
	END IF;
	UPDATE io_notify.template t SET state = 'approved', reason = NULL WHERE t.id = template_id RETURNING t.version INTO approved;
	RETURN approved;
END
$approve$;
COMMENT ON FUNCTION io_notify._template_approve(uuid) IS 'template_approve() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_approve(template_id uuid) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_approve(uuid) IS 'operators: approves what somebody else wrote and submitted; returns its version, which messages use from now on';

CREATE OR REPLACE FUNCTION io_notify._template_reject(template_id uuid, reason text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $reject$
DECLARE
	was record := io_notify._template_take(template_id, true);
BEGIN
	IF was.state <> 'submitted' THEN
		RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('template "%s" cannot be rejected: it is %s', was.name, was.state);
	END IF;
	IF coalesce(btrim(_template_reject.reason), '') = '' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a rejection says why';
	END IF;
	UPDATE io_notify.template t SET state = 'rejected', reason = _template_reject.reason WHERE t.id = template_id;
END
$reject$;
COMMENT ON FUNCTION io_notify._template_reject(uuid, text) IS 'template_reject() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_reject(template_id uuid, reason text) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_reject(uuid, text) IS 'operators: sends a submitted text back to its author';

CREATE OR REPLACE FUNCTION io_notify._template_discard(template_id uuid) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $discard$
BEGIN
	PERFORM io_notify._template_take(template_id, false);
	DELETE FROM io_notify.template t WHERE t.id = template_id;
END
$discard$;
COMMENT ON FUNCTION io_notify._template_discard(uuid) IS 'template_discard() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_discard(template_id uuid) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_discard(uuid) IS 'throws away a text that was never approved';

CREATE OR REPLACE FUNCTION io_notify._template_retire(name text, service text, organization text) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $retire$
DECLARE
	n integer;
BEGIN
	PERFORM io_notify._template_require(service, organization);
	UPDATE io_notify.template t SET state = 'retired'
	WHERE t.name = _template_retire.name AND t.service IS NOT DISTINCT FROM _template_retire.service
	  AND t.organization IS NOT DISTINCT FROM _template_retire.organization AND t.state = 'approved';
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$retire$;
COMMENT ON FUNCTION io_notify._template_retire(text, text, text) IS 'template_retire() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_retire(name text, service text DEFAULT NULL, organization text DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_retire(text, text, text) IS 'new messages use a template no more, messages written before still do; returns how many texts it retired';

CREATE OR REPLACE FUNCTION io_notify._template_register(template_id uuid, provider text, provider_template_id text, pattern text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $register$
#variable_conflict use_variable
DECLARE
	taken record := io_notify._template_take(template_id, true);
BEGIN
	INSERT INTO io_notify.template_registration AS r (template_id, provider, provider_template_id, pattern, registered_by)
	VALUES (template_id, provider, provider_template_id, pattern, io_notify._caller())
	ON CONFLICT ON CONSTRAINT template_registration_pkey DO UPDATE
	SET provider_template_id = EXCLUDED.provider_template_id, pattern = EXCLUDED.pattern, registered_at = now(), registered_by = EXCLUDED.registered_by;
	INSERT INTO io_notify.audit_event (actor, kind, subject, detail)
	VALUES (io_notify._caller(), 'template_registered', taken.name,
		jsonb_build_object('id', template_id, 'provider', provider, 'provider_template_id', provider_template_id));
END
$register$;
COMMENT ON FUNCTION io_notify._template_register(uuid, text, text, text) IS 'template_register() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_register(template_id uuid, provider text, provider_template_id text, pattern text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_register(uuid, text, text, text) IS 'operators: notes the id under which an SMS provider registered a text, and the text as registered';

CREATE OR REPLACE FUNCTION io_notify._template_lint(template_id uuid) RETURNS TABLE (severity text, problem text) LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $lint$
#variable_conflict use_column
DECLARE
	t io_notify.template;
	filled record;
BEGIN
	SELECT x.* INTO t FROM io_notify.template x WHERE x.id = template_id;
	IF NOT FOUND THEN
		PERFORM io_notify._require('operator');
		RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('template %s does not exist', template_id);
	END IF;
	PERFORM io_notify._template_require(t.service, t.organization);
	RETURN QUERY SELECT 'error'::text, p FROM io_notify._template_layout_problem(t.layout, t.service, t.organization) p WHERE p IS NOT NULL;
	filled := io_notify._template_partials(CASE t.kind WHEN 'template' THEN t.markdown ELSE '' END, t.service, t.organization, t.channel, t.language);
	IF t.version IS NOT NULL THEN
		filled.partials := t.partials;
	ELSIF t.kind = 'template' THEN
		t.parameters := coalesce(t.parameters, io_notify._template_declared(t.name, t.service, t.organization));
		RETURN QUERY SELECT 'warning'::text, w FROM unnest(filled.warnings) w;
	END IF;
	RETURN QUERY SELECT p.severity, p.problem FROM io_notify._template_problems(t.kind, t.channel, t.subject, t.markdown, t.parameters,
		filled.partials,
		coalesce(t.sms_max_segments, (SELECT s.sms_max_segments FROM io_notify.service s WHERE s.name = t.service))) p;
	RETURN QUERY SELECT d.severity, format('provider "%s": %s', r.provider, d.problem)
		FROM io_notify.template_registration r CROSS JOIN LATERAL io_notify._registration_problem(t.markdown, r.pattern) d
		WHERE r.template_id = t.id AND d.problem IS NOT NULL;
	RETURN QUERY SELECT 'warning'::text, format('provider "%s" does not exist', r.provider)
		FROM io_notify.template_registration r
		WHERE r.template_id = t.id AND NOT EXISTS (SELECT FROM io_notify.provider p WHERE p.name = r.provider);
END
$lint$;
COMMENT ON FUNCTION io_notify._template_lint(uuid) IS 'template_lint() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_lint(template_id uuid) RETURNS TABLE (severity text, problem text)
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_lint(uuid) IS 'what is wrong with a text (error: it cannot be approved) and what may surprise (warning)';

-- --- out and in -------------------------------------------------------------

CREATE OR REPLACE FUNCTION io_notify._template_export(name text) RETURNS jsonb LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $export$
BEGIN
	IF NOT (io_notify._caller_is('operator') OR io_notify._caller_is('service') OR io_notify._caller_is('organization')) THEN
		PERFORM io_notify._require('operator');
	END IF;
	RETURN (
		SELECT jsonb_build_object('format', 'io_notify templates 1', 'templates', coalesce(jsonb_agg(
			jsonb_strip_nulls(jsonb_build_object('name', t.name, 'kind', t.kind, 'service', t.service, 'organization', t.organization,
				'channel', t.channel, 'language', t.language, 'subject', t.subject, 'markdown', t.markdown, 'layout', t.layout,
				'calendar', nullif(t.calendar, false), 'sms_max_segments', t.sms_max_segments,
				'registrations', (SELECT jsonb_agg(jsonb_build_object('provider', r.provider, 'provider_template_id', r.provider_template_id,
									'pattern', r.pattern) ORDER BY r.provider)
								  FROM io_notify.template_registration r WHERE r.template_id = t.id)))
			|| CASE WHEN t.parameters IS NULL THEN '{}' ELSE jsonb_build_object('parameters', t.parameters) END
			ORDER BY t.kind = 'template', t.name, t.version), '[]'))
		FROM io_notify.template t
		WHERE t.id IN (SELECT io_notify._template_current(_template_export.name)) AND io_notify._template_may_read(t.service, t.organization));
END
$export$;
COMMENT ON FUNCTION io_notify._template_export(text) IS 'template_export() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_export(name text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_export(text) IS 'the current texts of a template, or of all the caller may read, with parameters and registrations: a document for template_import()';

CREATE OR REPLACE FUNCTION io_notify._template_import(document jsonb) RETURNS integer LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
AS $import$
DECLARE
	item jsonb;
	word text;
	row_id uuid;
	imported integer := 0;
BEGIN
	IF document ->> 'format' IS DISTINCT FROM 'io_notify templates 1' OR jsonb_typeof(document -> 'templates') IS DISTINCT FROM 'array' THEN
		RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'this is no document of template_export()';
	END IF;
	FOR item IN SELECT e FROM jsonb_array_elements(document -> 'templates') e LOOP
		IF jsonb_typeof(item) <> 'object' THEN
			RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a template of the document is no object';
		END IF;
		SELECT k INTO word FROM jsonb_object_keys(item) k
		WHERE k <> ALL ('{name,kind,service,organization,channel,language,subject,markdown,layout,calendar,sms_max_segments,parameters,registrations}'::text[]) LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('template "%s" of the document has an unknown member "%s"', item ->> 'name', word);
		END IF;
		PERFORM io_notify._template_require(item ->> 'service', item ->> 'organization');
		-- what says the same already needs no new version
		SELECT t.id INTO row_id FROM io_notify.template t
		WHERE t.id IN (SELECT io_notify._template_current(item ->> 'name'))
		  AND (t.kind, t.service, t.organization, t.channel, t.language, t.subject, t.markdown, t.layout, t.calendar, t.sms_max_segments, t.parameters)
			IS NOT DISTINCT FROM (coalesce(item ->> 'kind', 'template'), item ->> 'service', item ->> 'organization', item ->> 'channel',
				coalesce(item ->> 'language', 'it'), item ->> 'subject', item ->> 'markdown', item ->> 'layout',
				coalesce((item ->> 'calendar')::boolean, false), (item ->> 'sms_max_segments')::integer, item -> 'parameters');
		IF NOT FOUND THEN
			row_id := io_notify._template_draft(item ->> 'name', item ->> 'subject', item ->> 'markdown', coalesce(item ->> 'language', 'it'),
				item ->> 'channel', item ->> 'service', item ->> 'organization', item -> 'parameters', coalesce(item ->> 'kind', 'template'),
				item ->> 'layout', (item ->> 'calendar')::boolean, (item ->> 'sms_max_segments')::integer);
			IF io_notify._caller_is('owner') THEN
				UPDATE io_notify.template t SET state = 'approved' WHERE t.id = row_id;
			END IF;
			imported := imported + 1;
		END IF;
		IF io_notify._caller_is('operator') THEN
			PERFORM io_notify._template_register(row_id, r ->> 'provider', r ->> 'provider_template_id', r ->> 'pattern')
			FROM jsonb_array_elements(item -> 'registrations') r
			WHERE NOT EXISTS (SELECT FROM io_notify.template_registration x WHERE x.template_id = row_id AND x.provider = r ->> 'provider'
				AND x.provider_template_id = r ->> 'provider_template_id' AND x.pattern IS NOT DISTINCT FROM r ->> 'pattern');
		END IF;
	END LOOP;
	RETURN imported;
END
$import$;
COMMENT ON FUNCTION io_notify._template_import(jsonb) IS 'template_import() behind its door';
CREATE OR REPLACE FUNCTION io_notify.template_import(document jsonb) RETURNS integer
	AS 'MODULE_PATHNAME', 'ion_as_owner' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify.template_import(jsonb) IS 'brings in what template_export() wrote: approved when the tables'' owner does it, else as drafts; returns how many texts were new or changed';
