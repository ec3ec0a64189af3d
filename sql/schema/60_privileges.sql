-- Nothing is readable by default; grant_sender() opens what a sender needs.

REVOKE ALL ON ALL TABLES IN SCHEMA io_notify FROM PUBLIC;
GRANT USAGE ON SCHEMA io_notify TO PUBLIC;

INSERT INTO io_notify.installation (schema_version, system_identifier, database_oid)
SELECT 1, c.system_identifier, d.oid
FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
  AND NOT EXISTS (SELECT FROM io_notify.message)
ON CONFLICT DO NOTHING;
