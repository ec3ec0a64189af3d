-- Nobody may have been here before us: a function planted in our schema could
-- be called by ours, with the rights of whoever calls those, and who owns the
-- schema may plant one at any time.  What is there lawfully are the tables of
-- an earlier installation.

DO $guard$
DECLARE
	other record;
BEGIN
	SELECT n.nspname, r.rolname INTO other
	FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
	WHERE n.nspname = 'io_notify' AND NOT r.rolsuper;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = pg_catalog.format('schema "io_notify" belongs to role "%s", who is no superuser', other.rolname),
			HINT = 'See what is in it and whence; then ALTER SCHEMA io_notify OWNER TO a superuser, or DROP it.';
	END IF;

	SELECT pg_catalog.pg_describe_object(o.class, o.oid, 0) AS what, r.rolname INTO other
	FROM (SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass AS class, p.oid, p.proowner AS owner, p.pronamespace AS namespace FROM pg_catalog.pg_proc p
		  UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, p.oid, p.oprowner, p.oprnamespace FROM pg_catalog.pg_operator p
		  UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, p.oid, p.opcowner, p.opcnamespace FROM pg_catalog.pg_opclass p
		  UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, p.oid, p.collowner, p.collnamespace FROM pg_catalog.pg_collation p
		  UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typowner, t.typnamespace FROM pg_catalog.pg_type t
			LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
			WHERE t.typrelid = 0 AND coalesce(e.typrelid, 0) = 0
		  -- of relations those that are not whose tables these are
		  UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, c.relowner, c.relnamespace FROM pg_catalog.pg_class c
			WHERE c.relowner IS DISTINCT FROM (SELECT m.relowner FROM pg_catalog.pg_class m WHERE m.oid = pg_catalog.to_regclass('io_notify.message')
											   AND m.relkind = 'p')) o
		 JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace AND n.nspname = 'io_notify'
		 JOIN pg_catalog.pg_roles r ON r.oid = o.owner AND NOT r.rolsuper
	ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = pg_catalog.format('%s stands in the schema already, and role "%s" is no superuser', other.what, other.rolname),
			HINT = 'See whence it comes, and DROP it.';
	END IF;
END
$guard$;
