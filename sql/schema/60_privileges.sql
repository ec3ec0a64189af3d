-- Nothing is readable by default; what each kind of role is given stands in
-- install/48_grants.sql.

REVOKE ALL ON ALL TABLES IN SCHEMA io_notify FROM PUBLIC;
GRANT USAGE ON SCHEMA io_notify TO PUBLIC;

-- The views went with the extension, and the grants on them with the views.
SELECT io_notify._grant_again();

INSERT INTO io_notify.installation (schema_version, system_identifier, database_oid)
SELECT 1, c.system_identifier, d.oid
FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
  AND NOT EXISTS (SELECT FROM io_notify.message)
ON CONFLICT DO NOTHING;
