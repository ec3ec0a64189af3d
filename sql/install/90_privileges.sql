-- What is for the owner alone.  Doors ask themselves who is calling, other
-- functions run as their caller, so the tables' grants hold for them.

REVOKE ALL ON FUNCTION io_notify.install(), io_notify.adopt(), io_notify._wake(), io_notify._make_partitions(integer) FROM PUBLIC;

-- A trigger function trusts the table it stands on: nobody else may put one on
-- a table of his own.  They check that too; notify() is for everybody's tables.
DO $triggers$
DECLARE
	f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p
			 WHERE p.pronamespace = 'io_notify'::pg_catalog.regnamespace AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AND p.proname <> 'notify'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
	END LOOP;
END
$triggers$;
