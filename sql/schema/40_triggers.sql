-- accept checks each row before it is stored (and before any constraint could
-- print it); route fans the whole statement out into deliveries at its end.
-- Attached only if missing, so that install() can repair after DROP EXTENSION.

ALTER TABLE io_notify.message ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();
ALTER TABLE io_notify.device ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();
ALTER TABLE io_notify.template ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();
ALTER TABLE io_notify.receipt ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();
ALTER TABLE io_notify.audit_event ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();
ALTER TABLE io_notify.audit_seal ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();

DO $attach$
DECLARE
	kept text;
	registry regclass;
BEGIN
	-- also under logical replication, where only row triggers fire, and of those only these
	FOREACH registry IN ARRAY ARRAY['io_notify.service', 'io_notify.service_member', 'io_notify.service_quota', 'io_notify.pause', 'io_notify.organization', 'io_notify.organization_member', 'io_notify.access']::regclass[]
	LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = registry AND tgname = 'registry_changed') THEN
			EXECUTE pg_catalog.format('CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON %s
				FOR EACH ROW EXECUTE FUNCTION io_notify._registry_changed()', registry);
			EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER registry_changed', registry);
			EXECUTE pg_catalog.format('CREATE TRIGGER registry_emptied AFTER TRUNCATE ON %s
				FOR EACH STATEMENT EXECUTE FUNCTION io_notify._registry_changed()', registry);
			EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER registry_emptied', registry);
		END IF;
	END LOOP;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.message'::regclass AND tgname = 'accept') THEN
		CREATE TRIGGER accept BEFORE INSERT ON io_notify.message
			FOR EACH ROW EXECUTE FUNCTION io_notify._accept();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.message'::regclass AND tgname = 'route') THEN
		CREATE TRIGGER route AFTER INSERT ON io_notify.message
			REFERENCING NEW TABLE AS new_message
			FOR EACH STATEMENT EXECUTE FUNCTION io_notify._route();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.message'::regclass AND tgname = 'append_only') THEN
		CREATE TRIGGER append_only BEFORE UPDATE ON io_notify.message
			FOR EACH ROW EXECUTE FUNCTION io_notify._append_only();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.attempt'::regclass AND tgname = 'append_only') THEN
		CREATE TRIGGER append_only BEFORE UPDATE ON io_notify.attempt
			FOR EACH ROW EXECUTE FUNCTION io_notify._append_only();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.citizen'::regclass AND tgname = 'check_citizen') THEN
		CREATE TRIGGER check_citizen BEFORE INSERT OR UPDATE ON io_notify.citizen
			FOR EACH ROW EXECUTE FUNCTION io_notify._check_citizen();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.service'::regclass AND tgname = 'check_service') THEN
		CREATE TRIGGER check_service BEFORE INSERT OR UPDATE ON io_notify.service
			FOR EACH ROW EXECUTE FUNCTION io_notify._check_service();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.service'::regclass AND tgname = 'quota_set') THEN
		CREATE TRIGGER quota_set AFTER UPDATE OF daily_quota, monthly_quota ON io_notify.service
			FOR EACH ROW EXECUTE FUNCTION io_notify._quota_set();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.service_quota'::regclass AND tgname = 'quota_set') THEN
		CREATE TRIGGER quota_set AFTER INSERT ON io_notify.service_quota
			FOR EACH ROW EXECUTE FUNCTION io_notify._quota_set();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.template'::regclass AND tgname = 'template_write') THEN
		CREATE TRIGGER template_write BEFORE INSERT OR UPDATE OR DELETE ON io_notify.template
			FOR EACH ROW EXECUTE FUNCTION io_notify._template_write();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.layout'::regclass AND tgname = 'check_layout') THEN
		CREATE TRIGGER check_layout BEFORE INSERT OR UPDATE ON io_notify.layout
			FOR EACH ROW EXECUTE FUNCTION io_notify._check_layout();
	END IF;
	-- what processes keep of these must not outlive a change, wherever it comes from
	FOREACH kept IN ARRAY '{template,template_registration,layout,service_secret}'::text[]
	LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
					   WHERE tgrelid = ('io_notify.' || kept)::regclass AND tgname = 'template_changed') THEN
			EXECUTE format('CREATE TRIGGER template_changed AFTER INSERT OR UPDATE OR DELETE ON io_notify.%I
				FOR EACH ROW EXECUTE FUNCTION io_notify._template_changed()', kept);
			EXECUTE format('ALTER TABLE io_notify.%I ENABLE ALWAYS TRIGGER template_changed', kept);
			EXECUTE format('CREATE TRIGGER template_emptied AFTER TRUNCATE ON io_notify.%I
				FOR EACH STATEMENT EXECUTE FUNCTION io_notify._template_changed()', kept);
			EXECUTE format('ALTER TABLE io_notify.%I ENABLE ALWAYS TRIGGER template_emptied', kept);
		END IF;
	END LOOP;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.pause'::regclass AND tgname = 'changed') THEN
		CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON io_notify.pause
			FOR EACH ROW EXECUTE FUNCTION io_notify._pause_changed();
		CREATE TRIGGER emptied AFTER TRUNCATE ON io_notify.pause
			FOR EACH STATEMENT EXECUTE FUNCTION io_notify._pause_changed();
		ALTER TABLE io_notify.pause ENABLE ALWAYS TRIGGER changed, ENABLE ALWAYS TRIGGER emptied;
	END IF;
END
$attach$;
