-- Everything the extension and install() made, as text that two databases can
-- be compared by.  Columns are ordered by name: a grown table has another order.
\pset format unaligned
\pset tuples_only on

SELECT 'member', pg_describe_object(d.classid, d.objid, 0),
	   CASE WHEN d.classid = 'pg_proc'::regclass THEN md5(pg_get_functiondef(d.objid)) END
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE e.extname = 'io_notify' ORDER BY 2;

SELECT 'privileges', p.oid::regprocedure, p.proacl FROM pg_proc p WHERE p.pronamespace = 'io_notify'::regnamespace ORDER BY p.oid::regprocedure::text;

SELECT 'relation', c.oid::regclass, c.relkind, c.relispartition, c.relrowsecurity, c.relacl, c.reloptions, obj_description(c.oid, 'pg_class'),
	   CASE WHEN c.relkind = 'v' THEN md5(pg_get_viewdef(c.oid)) END, pg_get_expr(c.relpartbound, c.oid)
FROM pg_class c WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind <> 'i' ORDER BY c.relname;

SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attname;

SELECT 'index', pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'io_notify'::regnamespace ORDER BY 2;

SELECT 'constraint', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
WHERE k.connamespace = 'io_notify'::regnamespace ORDER BY k.conrelid::regclass::text, k.conname, 4;

SELECT 'trigger', t.tgrelid::regclass, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'io_notify'::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname;

SELECT 'policy', p.polrelid::regclass, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'io_notify'::regnamespace ORDER BY c.relname, p.polname;
