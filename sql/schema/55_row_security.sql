-- Who sees which rows.  Grants (install/48_grants.sql) choose columns and
-- policies rows; a table without a policy is the owner's alone, whatever is
-- granted on it by hand.  Not FORCE: the owner, as whom the workers and the
-- doors run, is not held by them.
--
-- Conditions that do not depend on the row stand in subqueries of their own
-- and are answered once per statement.

DO $policies$
DECLARE
	t regclass;
	p record;
	old record;
	clauses text;
	operator constant text := '(SELECT io_notify._sees_all(''operator''))';
	analyst constant text := '(SELECT io_notify._sees_all(''analyst''))';
	app constant text := '(SELECT io_notify._sees_all(''app''))';
	mine constant text := 'service = ANY ((SELECT io_notify._my_services())::text[])';
	own constant text := 'fiscal_code = (SELECT io_notify._acting_citizen())';
	-- attempts and receipts of the deliveries one sees
	followed constant text := 'EXISTS (SELECT FROM io_notify.delivery d WHERE d.message_id = %I.message_id AND d.seq = %1$I.seq)';
	wanted text[] := '{}';
BEGIN
	FOR t IN SELECT c.oid FROM pg_catalog.pg_class c
			 WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
	END LOOP;

	FOR p IN SELECT x.relation, x.command, pg_catalog.concat_ws(' OR ', VARIADIC x.conditions) AS condition FROM (VALUES
		-- by row: INSERT … RETURNING of one row would pay for subqueries
		('message', 'SELECT', ARRAY['io_notify._sends(service)']),
		-- the trigger accept judges each row, and says what is wrong with it
		('message', 'INSERT', ARRAY['true']),
		('delivery', 'SELECT', ARRAY[operator, analyst, mine, 'recipient = (SELECT io_notify._acting_citizen())']),
		('attempt', 'SELECT', ARRAY[operator, analyst, pg_catalog.format(followed, 'attempt')]),
		('receipt', 'SELECT', ARRAY[operator, analyst, pg_catalog.format(followed, 'receipt')]),

		('organization', 'SELECT', ARRAY[operator, analyst, app, 'code = ANY ((SELECT io_notify._my_organizations())::text[])']),
		-- an app shows its citizens what has been approved, a sandbox to those in it
		('service', 'SELECT', ARRAY[operator, analyst, 'name = ANY ((SELECT io_notify._my_services())::text[])',
			app || ' AND state IN (''published'', ''unpublished'', ''suspended'') '
			'AND (authorized_recipients = ''{}'' OR (SELECT io_notify._acting_citizen()) = ANY (authorized_recipients))']),
		('service_draft', 'SELECT', ARRAY[operator, mine]),
		('service_history', 'SELECT', ARRAY[operator, mine]),
		('template', 'SELECT', ARRAY[operator, mine, 'organization = ANY ((SELECT io_notify._my_organizations())::text[])']),
		('template_registration', 'SELECT', ARRAY[operator, 'EXISTS (SELECT FROM io_notify.template t WHERE t.id = template_id)']),
		('layout', 'SELECT', ARRAY[operator, 'organization = ANY ((SELECT io_notify._my_organizations())::text[])']),

		('queue', 'SELECT', ARRAY[operator]),
		('pause', 'SELECT', ARRAY[operator]),
		('suppression', 'SELECT', ARRAY[operator]),
		('installation', 'SELECT', ARRAY[operator]),
		('audit_event', 'SELECT', ARRAY[operator]),
		('audit_seal', 'SELECT', ARRAY[operator]),
		('service_quota', 'SELECT', ARRAY[operator]),
		('service_member', 'SELECT', ARRAY[operator]),
		('organization_member', 'SELECT', ARRAY[operator]),
		('access', 'SELECT', ARRAY[operator]),

		('citizen', 'SELECT', ARRAY[own]), ('citizen', 'INSERT', ARRAY[own]), ('citizen', 'UPDATE', ARRAY[own]),
		('preference', 'SELECT', ARRAY[own]), ('preference', 'INSERT', ARRAY[own]), ('preference', 'UPDATE', ARRAY[own]),
		('disclosure', 'SELECT', ARRAY[own]), ('disclosure', 'INSERT', ARRAY[own]), ('disclosure', 'UPDATE', ARRAY[own]),
		('inbox_state', 'SELECT', ARRAY[own]), ('inbox_state', 'INSERT', ARRAY[own]), ('inbox_state', 'UPDATE', ARRAY[own]),
		('device', 'SELECT', ARRAY[own]), ('device', 'INSERT', ARRAY[own]), ('device', 'UPDATE', ARRAY[own]), ('device', 'DELETE', ARRAY[own]),
		('activation', 'SELECT', ARRAY[own])
	) x (relation, command, conditions)
	LOOP
		wanted := wanted || (p.relation || ' may_' || pg_catalog.lower(p.command));
		clauses := CASE p.command WHEN 'INSERT' THEN pg_catalog.format('WITH CHECK (%s)', p.condition)
			WHEN 'UPDATE' THEN pg_catalog.format('USING (%s) WITH CHECK (%1$s)', p.condition)
			ELSE pg_catalog.format('USING (%s)', p.condition) END;
		SELECT pg_catalog.obj_description(o.oid, 'pg_policy') AS made_of INTO old FROM pg_catalog.pg_policy o
		WHERE o.polrelid = ('io_notify.' || p.relation)::regclass AND o.polname = 'may_' || pg_catalog.lower(p.command);
		-- what is as it was needs no lock on the table
		CONTINUE WHEN FOUND AND old.made_of = clauses;
		EXECUTE CASE WHEN FOUND THEN pg_catalog.format('ALTER POLICY %I ON io_notify.%I %s', 'may_' || pg_catalog.lower(p.command), p.relation, clauses)
			ELSE pg_catalog.format('CREATE POLICY %I ON io_notify.%I FOR %s %s', 'may_' || pg_catalog.lower(p.command), p.relation, p.command, clauses) END;
		EXECUTE pg_catalog.format('COMMENT ON POLICY %I ON io_notify.%I IS %L', 'may_' || pg_catalog.lower(p.command), p.relation, clauses);
	END LOOP;

	FOR old IN SELECT o.polname, c.relname FROM pg_catalog.pg_policy o JOIN pg_catalog.pg_class c ON c.oid = o.polrelid
			   WHERE c.relnamespace = 'io_notify'::regnamespace AND o.polname LIKE 'may\_%' AND c.relname || ' ' || o.polname <> ALL (wanted)
	LOOP
		EXECUTE pg_catalog.format('DROP POLICY %I ON io_notify.%I', old.polname, old.relname);
	END LOOP;
END
$policies$;
