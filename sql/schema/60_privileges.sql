-- Nothing is readable by default; grant_sender() opens what a sender needs.

REVOKE ALL ON ALL TABLES IN SCHEMA io_notify FROM PUBLIC;
GRANT USAGE ON SCHEMA io_notify TO PUBLIC;

-- The views went with the extension, and the members' grants with the views.
DO $members$
DECLARE
	member name;
BEGIN
	FOR member IN SELECT DISTINCT m.role FROM io_notify.service_member m JOIN pg_catalog.pg_roles r ON r.rolname = m.role
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT ON io_notify.message_status, io_notify.service_usage TO %I', member);
	END LOOP;
END
$members$;

INSERT INTO io_notify.installation (schema_version, system_identifier, database_oid)
SELECT 1, c.system_identifier, d.oid
FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
  AND NOT EXISTS (SELECT FROM io_notify.message)
ON CONFLICT DO NOTHING;
