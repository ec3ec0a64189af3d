-- The life of a service: what waits for approval, and what happened.  Both
-- tables hold no personal data: of authorised recipients, who are citizens,
-- history says only how many there are.

CREATE TABLE IF NOT EXISTS io_notify.service_draft
(
	service text PRIMARY KEY REFERENCES io_notify.service ON DELETE CASCADE ON UPDATE CASCADE,
	changes jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'submitted', 'rejected')),
	auto_publish boolean NOT NULL DEFAULT false,
	reason text,
	authors name[] NOT NULL DEFAULT '{}',
	edited_by name NOT NULL DEFAULT current_user,
	edited_at timestamptz NOT NULL DEFAULT now(),
	submitted_at timestamptz
);
COMMENT ON TABLE io_notify.service_draft IS 'what is not approved yet: of a service in force the changes to it, of a new one (changes empty) who wrote it';
COMMENT ON COLUMN io_notify.service_draft.authors IS 'who edited or submitted it since the last approval; none of them may approve it';

CREATE TABLE IF NOT EXISTS io_notify.service_history
(
	id uuid PRIMARY KEY DEFAULT io_notify.uuid_v7(),
	service text NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor name NOT NULL,
	kind text NOT NULL CHECK (kind IN ('lifecycle', 'publication', 'registry')),
	action text NOT NULL,
	from_state text,
	to_state text,
	reason text,
	changes jsonb
);
CREATE INDEX IF NOT EXISTS service_history_service ON io_notify.service_history (service, id);
COMMENT ON TABLE io_notify.service_history IS 'every step of a service''s life and every change to its row, by function or by hand; append-only';

ALTER TABLE io_notify.service_history ALTER COLUMN id SET DEFAULT io_notify.uuid_v7();

DO $attach$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.service_history'::regclass AND tgname = 'append_only') THEN
		CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON io_notify.service_history
			FOR EACH ROW EXECUTE FUNCTION io_notify._append_only();
	END IF;
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.organization'::regclass AND tgname = 'check_organization') THEN
		CREATE TRIGGER check_organization BEFORE INSERT OR UPDATE ON io_notify.organization
			FOR EACH ROW EXECUTE FUNCTION io_notify._check_organization();
	END IF;
	-- what the functions do they record themselves, with its reason
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
				   WHERE tgrelid = 'io_notify.service'::regclass AND tgname = 'record_by_hand') THEN
		CREATE TRIGGER record_by_hand AFTER INSERT OR UPDATE OR DELETE ON io_notify.service
			FOR EACH ROW EXECUTE FUNCTION io_notify._service_by_hand();
	END IF;
END
$attach$;
