-- What services say: templates, their versions, and letterheads.  An approved
-- row never changes, so a message bound to a version says the same whenever it
-- is sent; see doc/templates.md.  No personal data stands here, and senders do
-- not write here, so CHECKs may.

CREATE TABLE IF NOT EXISTS io_notify.template
(
	id uuid PRIMARY KEY DEFAULT io_notify.uuid_v7(),
	name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
	service text REFERENCES io_notify.service ON UPDATE CASCADE,
	organization text REFERENCES io_notify.organization ON UPDATE CASCADE,
	channel text CHECK (channel IN ('inbox', 'push', 'email', 'sms', 'webhook', 'pec')),
	language text NOT NULL DEFAULT 'it' CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$' AND length(language) <= 35),
	kind text NOT NULL DEFAULT 'template' CHECK (kind IN ('template', 'partial')),
	subject text,
	markdown text NOT NULL,
	parameters jsonb,
	layout text REFERENCES io_notify.organization ON UPDATE CASCADE,
	calendar boolean NOT NULL DEFAULT false,
	sms_max_segments integer CHECK (sms_max_segments BETWEEN 1 AND 10),
	state text NOT NULL DEFAULT 'approved' CHECK (state IN ('draft', 'submitted', 'approved', 'rejected', 'retired')),
	version integer,
	retired_version integer,
	partials jsonb,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by name NOT NULL DEFAULT current_user,
	submitted_at timestamptz,
	decided_at timestamptz,
	decided_by name,
	reason text,
	CHECK (service IS NULL OR organization IS NULL),
	CHECK ((version IS NOT NULL) = (state IN ('approved', 'retired')) AND (retired_version IS NOT NULL) = (state = 'retired')),
	UNIQUE (name, version)
);
COMMENT ON TABLE io_notify.template IS 'Mustache texts: one row is one text (channel, language) of a template, of a service, an organization or all; approved rows never change';
COMMENT ON COLUMN io_notify.template.version IS 'given at approval: counts approvals and retirements of all templates of the name, in the order of their commits';

CREATE TABLE IF NOT EXISTS io_notify.template_registration
(
	template_id uuid NOT NULL REFERENCES io_notify.template ON DELETE CASCADE,
	provider text NOT NULL,
	provider_template_id text NOT NULL CHECK (provider_template_id ~ '^[!-~]{1,128}$'),
	pattern text CHECK (length(pattern) BETWEEN 1 AND 4000),
	registered_at timestamptz NOT NULL DEFAULT now(),
	registered_by name NOT NULL DEFAULT current_user,
	PRIMARY KEY (template_id, provider)
);
COMMENT ON TABLE io_notify.template_registration IS 'a template''s text as an SMS provider registered it: the id it wants, and the text with {#var#} where values go';

CREATE TABLE IF NOT EXISTS io_notify.layout
(
	organization text PRIMARY KEY REFERENCES io_notify.organization ON UPDATE CASCADE ON DELETE CASCADE,
	name text,
	logo_url text,
	logo_alt text,
	primary_color text,
	footer_markdown text,
	contacts_markdown text,
	website text,
	unsubscribe_text text,
	unsubscribe_url text,
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE io_notify.layout IS 'letterheads of e-mail: an organization without one uses its parent''s';
