-- Who sends, who receives, and what they agreed to.  Ordinary tables: the
-- extension owns code only, so a dump restores these as it does any table.
-- CHECKs stand only on what a DBA writes; what a sender or an app's back end
-- writes is checked in C, because a failing CHECK prints the row.

CREATE TABLE IF NOT EXISTS io_notify.installation
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	schema_version integer NOT NULL,
	system_identifier bigint,
	database_oid oid,
	installed_at timestamptz NOT NULL DEFAULT now(),
	adopted_at timestamptz
);
COMMENT ON TABLE io_notify.installation IS 'identity of the database that may dispatch; see adopt()';

CREATE TABLE IF NOT EXISTS io_notify.organization
(
	code text PRIMARY KEY CHECK (code <> ''),
	name text NOT NULL,
	fiscal_code text,
	parent text REFERENCES io_notify.organization,
	default_language text NOT NULL DEFAULT 'it',
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE io_notify.organization IS 'public bodies (enti), hierarchical by parent';

CREATE TABLE IF NOT EXISTS io_notify.service
(
	name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
	organization text NOT NULL REFERENCES io_notify.organization,
	department text,
	title text,
	description text,
	state text NOT NULL DEFAULT 'draft'
		CHECK (state IN ('draft', 'submitted', 'approved', 'rejected', 'published', 'unpublished', 'suspended', 'deleted')),
	category text NOT NULL DEFAULT 'standard' CHECK (category IN ('standard', 'special')),
	channels text[] NOT NULL DEFAULT '{inbox}'
		CHECK (channels <@ '{inbox,push,email,sms,webhook,pec}'::text[] AND cardinality(channels) BETWEEN 1 AND 6 AND array_ndims(channels) = 1),
	require_secure_channels boolean NOT NULL DEFAULT false,
	max_payment_amount bigint NOT NULL DEFAULT 0 CHECK (max_payment_amount BETWEEN 0 AND 9999999999),
	authorized_cidrs cidr[] NOT NULL DEFAULT '{}',
	authorized_recipients text[] NOT NULL DEFAULT '{}',
	default_time_to_live interval NOT NULL DEFAULT '1 day' CHECK (default_time_to_live > interval '0'),
	daily_quota integer CHECK (daily_quota > 0),
	monthly_quota integer CHECK (monthly_quota > 0),
	rate_per_second double precision CHECK (rate_per_second > 0),
	on_quota text NOT NULL DEFAULT 'refuse' CHECK (on_quota IN ('refuse', 'defer')),
	explicit_addresses boolean NOT NULL DEFAULT false,
	capabilities text[] NOT NULL DEFAULT '{}' CHECK (capabilities <@ '{advanced,payee,third_party_data,read_status}'::text[]),
	mandatory boolean NOT NULL DEFAULT false,
	webhook_url text,
	language text,
	email_content text NOT NULL DEFAULT 'whole' CHECK (email_content IN ('whole', 'preview')),
	sms_max_segments integer NOT NULL DEFAULT 3 CHECK (sms_max_segments BETWEEN 1 AND 10),
	sms_transliterate boolean NOT NULL DEFAULT true,
	scope text,
	topic text,
	web_url text,
	privacy_url text,
	tos_url text,
	support_url text,
	app_ios text,
	app_android text,
	logo_url text,
	email text,
	pec text,
	phone text,
	address text,
	age_min integer,
	age_max integer,
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE io_notify.service IS 'accredited senders; name is the key senders write in message.service';

CREATE TABLE IF NOT EXISTS io_notify.service_quota
(
	service text NOT NULL REFERENCES io_notify.service ON DELETE CASCADE ON UPDATE CASCADE,
	channel text NOT NULL DEFAULT '' CHECK (channel IN ('', 'push', 'email', 'sms', 'webhook', 'pec')),
	period text NOT NULL CHECK (period IN ('day', 'month')),
	quota bigint NOT NULL CHECK (quota >= 0),
	PRIMARY KEY (service, channel, period)
);
COMMENT ON TABLE io_notify.service_quota IS 'limits per channel and period beside the service''s own daily_quota and monthly_quota; channel empty means messages';

CREATE TABLE IF NOT EXISTS io_notify.service_member
(
	service text NOT NULL REFERENCES io_notify.service ON DELETE CASCADE ON UPDATE CASCADE,
	role name NOT NULL,
	delegate_of text REFERENCES io_notify.organization ON UPDATE CASCADE,
	granted_at timestamptz NOT NULL DEFAULT now(),
	granted_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (service, role)
);
COMMENT ON TABLE io_notify.service_member IS 'database roles that may send for a service; delegate_of names the intermediary organization a role belongs to, when it is not the service''s own';

CREATE TABLE IF NOT EXISTS io_notify.organization_member
(
	organization text NOT NULL REFERENCES io_notify.organization ON DELETE CASCADE ON UPDATE CASCADE,
	role name NOT NULL,
	granted_at timestamptz NOT NULL DEFAULT now(),
	granted_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (organization, role)
);
COMMENT ON TABLE io_notify.organization_member IS 'database roles that look after an organization''s services, and those of the organizations below it';

CREATE TABLE IF NOT EXISTS io_notify.access
(
	role name NOT NULL,
	kind text NOT NULL CHECK (kind IN ('operator', 'analyst', 'app')),
	granted_at timestamptz NOT NULL DEFAULT now(),
	granted_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (role, kind)
);
COMMENT ON TABLE io_notify.access IS 'database roles with a task of their own: operators, analysts, back ends of the citizens'' app';

CREATE TABLE IF NOT EXISTS io_notify.citizen
(
	fiscal_code text PRIMARY KEY,
	email text,
	email_verified boolean NOT NULL DEFAULT false,
	phone text,
	phone_verified boolean NOT NULL DEFAULT false,
	pec text,
	language text NOT NULL DEFAULT 'it',
	time_zone text NOT NULL DEFAULT 'Europe/Rome',
	inbox_enabled boolean NOT NULL DEFAULT false,
	email_enabled boolean NOT NULL DEFAULT true,
	sms_enabled boolean NOT NULL DEFAULT false,
	push_enabled boolean NOT NULL DEFAULT false,
	preference_mode text NOT NULL DEFAULT 'auto',
	preference_version integer NOT NULL DEFAULT 0,
	push_detail text NOT NULL DEFAULT 'anonymous',
	quiet_from time,
	quiet_to time,
	version integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE io_notify.citizen IS 'citizens'' profiles: master switches and addresses; a row alone is not consent (inbox_enabled is false)';

CREATE TABLE IF NOT EXISTS io_notify.preference
(
	fiscal_code text NOT NULL,
	service text NOT NULL,
	preference_version integer NOT NULL,
	channel text NOT NULL,
	enabled boolean NOT NULL,
	PRIMARY KEY (fiscal_code, service, preference_version, channel)
);
COMMENT ON TABLE io_notify.preference IS 'a citizen''s choices per service and channel; only rows of the citizen''s current preference_version count, which is what leaving it out means';

CREATE TABLE IF NOT EXISTS io_notify.activation
(
	service text NOT NULL,
	fiscal_code text NOT NULL,
	state text NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (service, fiscal_code)
);
COMMENT ON TABLE io_notify.activation IS 'activation of special services: active, pending (counts for 24 hours) or inactive';

CREATE TABLE IF NOT EXISTS io_notify.device
(
	id uuid PRIMARY KEY DEFAULT io_notify.uuid_v7(),
	fiscal_code text NOT NULL,
	platform text NOT NULL,
	endpoint text NOT NULL,
	keys jsonb,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz
);
CREATE INDEX IF NOT EXISTS device_citizen ON io_notify.device (fiscal_code, id);
COMMENT ON TABLE io_notify.device IS 'push subscriptions and app installations';

CREATE TABLE IF NOT EXISTS io_notify.suppression
(
	channel text NOT NULL,
	address text NOT NULL,
	reason text NOT NULL DEFAULT 'operator',
	source text,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz,
	service text NOT NULL DEFAULT '',
	PRIMARY KEY (channel, address, service)
);
COMMENT ON TABLE io_notify.suppression IS 'addresses that must not be used, by one service or (service empty) by any; e-mail and pec addresses in lower case';

CREATE TABLE IF NOT EXISTS io_notify.pause
(
	kind text NOT NULL CHECK (kind IN ('all', 'service', 'provider')),
	name text NOT NULL,
	reason text,
	paused_at timestamptz NOT NULL DEFAULT now(),
	paused_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (kind, name),
	CHECK ((kind = 'all') = (name = ''))
);
COMMENT ON TABLE io_notify.pause IS 'what pause() holds back until resume()';
