-- Who may do what, all of it: each kind of role × each relation × each column
-- × SELECT, INSERT, UPDATE, DELETE, TRUNCATE, on rows of one's own and of
-- others, by grant and by trial.  The catalog says what there is; what is not
-- classified here fails.  Kinds: s sender, g member of an organization, n
-- analyst, o operator, a app.
BEGIN;
\ir setup.inc
SELECT plan(33);

-- --- what there is to see ---------------------------------------------------
INSERT INTO io_notify.organization (code, name) VALUES ('region', 'Regione'), ('rival', 'Altro comune');
UPDATE io_notify.organization SET parent = 'region' WHERE code = 'tap';
INSERT INTO io_notify.service (name, organization, state, channels, daily_quota) VALUES
	('other', 'rival', 'published', '{inbox,email}', 100), ('hidden', 'rival', 'draft', '{inbox}', NULL);
UPDATE io_notify.service SET daily_quota = 100 WHERE name = 'mail';
INSERT INTO io_notify.service (name, organization, state, authorized_recipients) VALUES
	('box_mine', 'rival', 'published', '{RSSMRA85T10A562S}'), ('box_theirs', 'rival', 'published', '{VRDGPP70A01H501S}');
INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled) VALUES ('VRDGPP70A01H501S', 'giuseppe@citizens.test', true, true);
CREATE ROLE tap_rival;
CREATE ROLE tap_keeper;
CREATE ROLE tap_analyst;
CREATE ROLE tap_operator;
CREATE ROLE tap_app;
SELECT io_notify.grant_sender('tap_rival', 'other');
SELECT io_notify.grant_organization('tap_keeper', 'region');
SELECT io_notify.grant_analyst('tap_analyst');
SELECT io_notify.grant_operator('tap_operator');
SELECT io_notify.grant_app('tap_app');
CREATE TEMP TABLE kind (letter text, role name) ON COMMIT DROP;
INSERT INTO kind VALUES ('s', 'tap_sender'), ('g', 'tap_keeper'), ('n', 'tap_analyst'), ('o', 'tap_operator'), ('a', 'tap_app'), ('-', 'tap_stranger');
SELECT set_config('io_notify.citizen', 'RSSMRA85T10A562S', true);

SELECT pg_temp.put(s, r, key => s || r) FROM unnest('{mail,other}'::text[]) s, unnest('{RSSMRA85T10A562S,VRDGPP70A01H501S}'::text[]) r;
INSERT INTO io_notify.attempt (message_id, seq, n, started_at, outcome, detail, provider)
	SELECT message_id, seq, 1, now(), 'transient', '451 <' || address || '> later', 'tap_relay' FROM io_notify.delivery WHERE channel = 'email';
INSERT INTO io_notify.receipt (message_id, seq, status, detail, payload) SELECT message_id, seq, 'delayed', address, 'raw' FROM io_notify.delivery WHERE channel = 'email';
INSERT INTO io_notify.inbox_state (message_id, fiscal_code, read_at) SELECT id, recipient, now() FROM io_notify.message;
INSERT INTO io_notify.audit_seal (first_event, last_event, events, root) VALUES (io_notify.uuid_v7(), io_notify.uuid_v7(), 0, '');
SELECT io_notify.pause('service', 'hidden', 'try');
INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'nobody@citizens.test');
INSERT INTO io_notify.service_quota (service, channel, period, quota) VALUES ('mail', 'email', 'day', 50), ('other', 'email', 'day', 50);
INSERT INTO io_notify.service_draft (service) VALUES ('mail'), ('other');
INSERT INTO io_notify.template (name, service, organization, subject, markdown) VALUES ('mine', 'mail', NULL, 'Oggetto', 'Testo'), ('below', NULL, 'tap', 'Oggetto', 'Testo'),
	('theirs', 'other', NULL, 'Oggetto', 'Testo'), ('everybody', NULL, NULL, 'Oggetto', 'Testo');
INSERT INTO io_notify.template_registration (template_id, provider, provider_template_id) SELECT id, 'tap_sms', name FROM io_notify.template;
INSERT INTO io_notify.layout (organization) VALUES ('tap'), ('rival');
INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) SELECT fiscal_code, 'mail', 'email', true FROM io_notify.citizen;
INSERT INTO io_notify.disclosure (fiscal_code, service, preference_version, read_status) SELECT fiscal_code, 'mail', preference_version, true FROM io_notify.citizen;
INSERT INTO io_notify.activation (service, fiscal_code, state) SELECT 'mail', fiscal_code, 'active' FROM io_notify.citizen;
INSERT INTO io_notify.device (fiscal_code, platform, endpoint) SELECT fiscal_code, 'fcm', 'device of ' || fiscal_code FROM io_notify.citizen;
INSERT INTO io_notify.verification (fiscal_code, channel, address, salt, token_hash, expires_at) SELECT fiscal_code, 'email', email, 'salt', 'hash', now() + interval '1 day' FROM io_notify.citizen;
INSERT INTO io_notify.payment (payee, notice, paid_at) VALUES ('01488650142', '301234567890123456', now());
INSERT INTO io_notify.subscription_event (day, service, fiscal_code, event) SELECT now(), 'mail', fiscal_code, 'S' FROM io_notify.citizen ON CONFLICT DO NOTHING;
INSERT INTO io_notify.service_secret (service, purpose, key) VALUES ('mail', 'feed', 'secret') ON CONFLICT DO NOTHING;
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
	AND (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]::text = '0'$$,
	'there is something to see everywhere');

-- --- the matrix: column:kinds that read it ----------------------------------
CREATE TEMP TABLE listed (relation text, columns text) ON COMMIT DROP;
INSERT INTO listed VALUES
	('message', 'id:s service:s recipient:s template:s template_version:s params:s subject:s markdown:s priority:s send_after:s time_to_live:s
		due_date:s payment_amount:s payment_notice:s payment_payee:s payment_invalid_after_due_date:s require_secure_channels:s feature_level:s
		third_party_data:s email:s phone:s language:s reference:s idempotency_key:s created_at:s created_by:s'),
	('message_envelope', 'id:o service:o recipient:o template:o template_version:o priority:o send_after:o time_to_live:o require_secure_channels:o
		feature_level:o language:o reference:o created_at:o created_by:o'),
	('delivery', 'message_id:sgnoa seq:sgnoa service:sgnoa recipient:o channel:sgnoa address:o provider:sgnoa state:sgnoa reason:sgnoa attempts:sgnoa
		created_at:sgnoa next_attempt_at:sgnoa sent_at:sgnoa delivered_at:sgnoa settled_at:sgnoa provider_ref:o'),
	('attempt', 'message_id:sgno seq:sgno n:sgno started_at:sgno finished_at:sgno provider:sgno outcome:sgno code:sgno detail:o dispatcher:sgno'),
	('receipt', 'message_id:sgno seq:sgno id:sgno received_at:sgno provider:sgno status:sgno detail:o payload:-'),
	('queue', 'message_id:o seq:o kind:o channel:o destination:o priority:o due_at:o expires_at:o service:o address:o attempt:o failures:o orphaned:o
		claimed_by:o claimed_at:o'),
	('idempotency', 'service:- idempotency_key:- payload_hash:- message_id:-'),
	('usage', 'service:- channel:- period:- starts_on:- slot:- turn:- used:-'),
	('audit_event', 'id:o at:o actor:o kind:o subject:o detail:o'),
	('audit_seal', 'id:o at:o first_event:o last_event:o events:o root:o previous:o signature:o'),
	('installation', 'only_row:o schema_version:o system_identifier:o database_oid:o installed_at:o adopted_at:o'),
	('pause', 'kind:o name:o reason:o paused_at:o paused_by:o'),
	('suppression', 'channel:o address:o reason:o source:o created_at:o expires_at:o service:o'),
	('organization', 'code:gnoa name:gnoa fiscal_code:gnoa parent:gnoa default_language:gnoa created_at:gnoa'),
	('organization_member', 'organization:o role:o granted_at:o granted_by:o'),
	('service', 'name:sgnoa organization:sgnoa department:sgnoa title:sgnoa description:sgnoa state:sgnoa category:sgnoa channels:sgnoa
		require_secure_channels:sgnoa max_payment_amount:o authorized_cidrs:o authorized_recipients:o default_time_to_live:o daily_quota:o
		monthly_quota:o rate_per_second:o on_quota:o explicit_addresses:o capabilities:o mandatory:o webhook_url:o language:sgnoa
		email_content:o sms_max_segments:o sms_transliterate:o scope:sgnoa topic:sgnoa web_url:sgnoa privacy_url:sgnoa tos_url:sgnoa support_url:sgnoa
		app_ios:sgnoa app_android:sgnoa logo_url:sgnoa email:sgnoa pec:sgnoa phone:sgnoa address:sgnoa age_min:sgnoa age_max:sgnoa created_at:sgnoa'),
	('service_settings', 'service:sgo state:sgo max_payment_amount:sgo authorized_cidrs:sgo default_time_to_live:sgo daily_quota:sgo monthly_quota:sgo
		rate_per_second:sgo on_quota:sgo explicit_addresses:sgo capabilities:sgo mandatory:sgo webhook_url:sgo email_content:sgo sms_max_segments:sgo
		sms_transliterate:sgo sandbox_recipients:sgo'),
	('service_member', 'service:o role:o delegate_of:o granted_at:o granted_by:o'),
	('service_quota', 'service:o channel:o period:o quota:o'),
	('service_draft', 'service:go changes:go state:go auto_publish:go reason:go authors:go edited_by:go edited_at:go submitted_at:go'),
	('service_history', 'id:go service:go at:go actor:go kind:go action:go from_state:go to_state:go reason:go changes:go'),
	('service_secret', 'service:- purpose:- key:- created_at:-'),
	('access', 'role:o kind:o granted_at:o granted_by:o'),
	('template', 'id:go name:go service:go organization:go channel:go language:go kind:go subject:go markdown:go parameters:go layout:go calendar:go
		sms_max_segments:go state:go version:go retired_version:go partials:go created_at:go created_by:go submitted_at:go decided_at:go decided_by:go reason:go'),
	('template_registration', 'template_id:go provider:go provider_template_id:go pattern:go registered_at:go registered_by:go'),
	('layout', 'organization:go name:go logo_url:go logo_alt:go primary_color:go footer_markdown:go contacts_markdown:go website:go unsubscribe_text:go
		unsubscribe_url:go updated_at:go'),
	('citizen', 'fiscal_code:a email:a email_verified:a phone:a phone_verified:a pec:a language:a time_zone:a inbox_enabled:a email_enabled:a sms_enabled:a
		push_enabled:a preference_mode:a preference_version:a push_detail:a quiet_from:a quiet_to:a version:a created_at:a updated_at:a'),
	('preference', 'fiscal_code:a service:a preference_version:a channel:a enabled:a'),
	('disclosure', 'fiscal_code:a service:a preference_version:a read_status:a'),
	('activation', 'service:a fiscal_code:a state:a changed_at:a'),
	('device', 'id:a fiscal_code:a platform:a endpoint:a keys:a created_at:a expires_at:a'),
	('inbox_state', 'message_id:a fiscal_code:a read_at:a archived_at:a updated_at:a'),
	('verification', 'fiscal_code:- channel:- address:- salt:- token_hash:- created_at:- expires_at:- failures:- starts:- counted_from:-'),
	('payment', 'payee:- notice:- paid_at:- source:-'),
	('subscription_event', 'day:- service:- fiscal_code:- event:-'),
	('pseudonym_key', 'only_row:- inner_pad:- outer_pad:- made_at:-'),
	('message_status', 'message_id:sgo status:sgo rejection_reason:sgo service:sgo reference:sgo created_at:sgo deliveries:sgo pending:sgo
		last_change_at:sgo read_status:sgo payment_status:sgo'),
	('service_usage', 'service:sgno channel:sgno period:sgno starts_on:sgno quota:sgno used:sgno remaining:sgno resets_at:sgno'),
	('provider', 'name:o channel:o transport:o options:o state:o in_flight:o success_rate:o last_error:o last_error_at:o retry_at:o'),
	('inbox', 'message_id:a service:a subject:a markdown:a category:a created_at:a due_date:a payment_amount:a payment_notice:a payment_payee:a
		payment_invalid_after_due_date:a require_secure_channels:a feature_level:a third_party_data:a read_at:a archived_at:a'),
	('message_facts', 'message_id:n service:n recipient_pseudonym:n template:n template_version:n priority:n send_after:n time_to_live:n due_date:n
		has_payment:n has_third_party_data:n require_secure_channels:n feature_level:n language:n created_at:n'),
	('delivery_facts', 'message_id:n seq:n service:n recipient_pseudonym:n channel:n provider:n state:n reason:n attempts:n created_at:n
		next_attempt_at:n sent_at:n delivered_at:n settled_at:n'),
	('attempt_facts', 'message_id:n seq:n n:n service:n recipient_pseudonym:n channel:n started_at:n finished_at:n provider:n outcome:n code:n');
CREATE TEMP TABLE readable ON COMMIT DROP AS
	SELECT l.relation, split_part(w, ':', 1) AS attribute, split_part(w, ':', 2) AS kinds
	FROM listed l, regexp_split_to_table(l.columns, '\s+') w;

-- what may be written; kind and columns
CREATE TEMP TABLE writable (relation text, command text, kind text, columns text[]) ON COMMIT DROP;
INSERT INTO writable VALUES
	('message', 'INSERT', 's', '{service,recipient,template,params,subject,markdown,priority,send_after,time_to_live,due_date,payment_amount,payment_notice,payment_payee,
		payment_invalid_after_due_date,require_secure_channels,feature_level,third_party_data,email,phone,language,reference,idempotency_key}'),
	('citizen', 'INSERT', 'a', '{fiscal_code,email,phone,pec,language,time_zone,inbox_enabled,email_enabled,sms_enabled,push_enabled,preference_mode,push_detail,quiet_from,quiet_to}'),
	('citizen', 'UPDATE', 'a', '{email,phone,pec,language,time_zone,inbox_enabled,email_enabled,sms_enabled,push_enabled,preference_mode,push_detail,quiet_from,quiet_to,version}'),
	('preference', 'INSERT', 'a', '{fiscal_code,service,preference_version,channel,enabled}'),
	('preference', 'UPDATE', 'a', '{enabled}'),
	('disclosure', 'INSERT', 'a', '{fiscal_code,service,preference_version,read_status}'),
	('disclosure', 'UPDATE', 'a', '{read_status}'),
	('device', 'INSERT', 'a', '{fiscal_code,platform,endpoint,keys,expires_at}'),
	('device', 'UPDATE', 'a', '{endpoint,keys,expires_at}'),
	('device', 'DELETE', 'a', NULL),
	('inbox_state', 'INSERT', 'a', '{message_id,fiscal_code,read_at,archived_at}'),
	('inbox_state', 'UPDATE', 'a', '{read_at,archived_at}');

-- which rows; a kind that is not named sees none
CREATE TEMP TABLE visible (relation text, kind text, condition text) ON COMMIT DROP;
INSERT INTO visible
SELECT r, 'o', 'true' FROM unnest('{message_envelope,service_settings,delivery,attempt,receipt,queue,audit_event,audit_seal,installation,pause,suppression,organization,organization_member,service,
	service_member,service_quota,service_draft,service_history,access,template,template_registration,layout,message_status,service_usage,provider}'::text[]) r
UNION ALL
SELECT r, 'n', 'true' FROM unnest('{delivery,attempt,receipt,organization,service,service_usage,message_facts,delivery_facts,attempt_facts}'::text[]) r
UNION ALL
SELECT r, 'a', $$fiscal_code = 'RSSMRA85T10A562S'$$ FROM unnest('{citizen,preference,disclosure,activation,device,inbox_state}'::text[]) r
UNION ALL
SELECT r, k, $$service = 'mail'$$ FROM unnest('{delivery,message_status,service_usage}'::text[]) r, unnest('{s,g}'::text[]) k
UNION ALL
SELECT r, k, format($$EXISTS (SELECT FROM io_notify.delivery d WHERE d.message_id = x.message_id AND d.service = 'mail')$$) FROM unnest('{attempt,receipt}'::text[]) r, unnest('{s,g}'::text[]) k
UNION ALL VALUES
	('message', 's', $$service = 'mail'$$),
	('service_settings', 's', $$service IN ('plain', 'mail', 'all')$$),
	('service_settings', 'g', $$service IN ('plain', 'mail', 'all')$$),
	('inbox', 'a', 'true'),
	('delivery', 'a', $$recipient = 'RSSMRA85T10A562S'$$),
	('service', 's', $$name IN ('plain', 'mail', 'all')$$),
	('service', 'g', $$name IN ('plain', 'mail', 'all')$$),
	('service', 'a', $$name IN ('plain', 'mail', 'all', 'other', 'box_mine')$$),
	('service_draft', 'g', $$service = 'mail'$$),
	('service_history', 'g', $$service IN ('plain', 'mail', 'all')$$),
	('organization', 'g', $$code IN ('tap', 'region')$$),
	('organization', 'a', 'true'),
	('template', 'g', $$name IN ('mine', 'below')$$),
	('template_registration', 'g', $$provider_template_id IN ('mine', 'below')$$),
	('layout', 'g', $$organization = 'tap'$$);

CREATE TEMP TABLE there ON COMMIT DROP AS
	SELECT c.oid, c.relname::text AS relation, c.relkind, a.attname::text AS attribute, a.attnum
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition;
SELECT is_empty($$SELECT relation, attribute FROM there EXCEPT SELECT relation, attribute FROM readable$$, 'no column is left unclassified');
SELECT is_empty($$SELECT relation, attribute FROM readable EXCEPT SELECT relation, attribute FROM there$$, 'and none is listed that does not exist');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind NOT IN ('r', 'p', 'v', 'i', 'I')$$, 'there are tables and views, no sequences');

-- --- by grant ----------------------------------------------------------------
SELECT is_empty($$SELECT t.relation, t.attribute, k.role, has_column_privilege(k.role, t.oid, t.attnum, 'SELECT') AS may
	FROM there t JOIN readable r USING (relation, attribute) CROSS JOIN kind k
	WHERE has_column_privilege(k.role, t.oid, t.attnum, 'SELECT') <> (k.letter <> '-' AND r.kinds LIKE '%' || k.letter || '%')$$, 'SELECT by column is as listed');
SELECT is_empty($$SELECT t.relation, t.attribute, k.role, c.command FROM there t CROSS JOIN kind k CROSS JOIN unnest('{INSERT,UPDATE,REFERENCES}'::text[]) c (command)
	WHERE has_column_privilege(k.role, t.oid, t.attnum, c.command) <>
		EXISTS (SELECT FROM writable w WHERE w.relation = t.relation AND w.command = c.command AND w.kind = k.letter AND t.attribute = ANY (w.columns))$$, 'INSERT and UPDATE too');
SELECT is_empty($$SELECT DISTINCT t.relation, k.role, c.command FROM there t CROSS JOIN kind k CROSS JOIN unnest('{DELETE,TRUNCATE,TRIGGER,REFERENCES}'::text[]) c (command)
	WHERE has_table_privilege(k.role, t.oid, c.command) <> EXISTS (SELECT FROM writable w WHERE w.relation = t.relation AND w.command = c.command AND w.kind = k.letter)$$, 'DELETE, TRUNCATE, TRIGGER, REFERENCES');
SELECT is_empty($$SELECT DISTINCT t.relation, k.role FROM there t CROSS JOIN kind k WHERE t.relkind <> 'v'
	AND (has_table_privilege(k.role, t.oid, 'SELECT') OR has_table_privilege(k.role, t.oid, 'INSERT') OR has_table_privilege(k.role, t.oid, 'UPDATE'))$$,
	'no table is given whole: a new column is nobody''s, and system columns too');
SELECT is_empty($$SELECT c.oid::regclass, k.role FROM pg_class c CROSS JOIN kind k WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relispartition AND c.relkind IN ('r', 'p')
	AND (has_any_column_privilege(k.role, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') OR has_table_privilege(k.role, c.oid, 'DELETE, TRUNCATE, TRIGGER'))$$, 'nobody has anything on a partition');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind IN ('r', 'p') AND (NOT relrowsecurity OR relforcerowsecurity)$$,
	'row level security is on, and not forced, for every table and partition');
SELECT io_notify._make_partitions(9);
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relispartition AND relkind = 'r' AND NOT relrowsecurity$$, 'for new partitions too');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind = 'v'
	AND NOT coalesce(c.reloptions && '{security_barrier=true,security_invoker=true}', false)$$, 'every view is a barrier, or reads as its reader');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'io_notify'::regnamespace AND a.grantee = 0
	UNION ALL SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a WHERE c.relnamespace = 'io_notify'::regnamespace AND a.grantee = 0$$, 'PUBLIC has nothing');
SELECT is(has_schema_privilege('tap_sender', 'io_notify', 'CREATE'), false, 'nobody creates in the schema');

-- --- by trial ----------------------------------------------------------------
-- 'refused' for 42501; what else goes wrong is no matter of privileges
CREATE FUNCTION pg_temp.trial(who name, command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', who, true);
	BEGIN
		EXECUTE command;
		RAISE EXCEPTION SQLSTATE 'ZZ000';
	EXCEPTION
		WHEN insufficient_privilege THEN
			PERFORM set_config('role', 'none', true);
			RETURN CASE WHEN SQLERRM LIKE 'permission denied for %' THEN 'refused' ELSE 'rls' END;
		WHEN OTHERS THEN
			PERFORM set_config('role', 'none', true);
			RETURN CASE WHEN SQLERRM LIKE 'cannot insert into %view %' THEN 'refused' ELSE 'allowed' END;
	END;
END
$$;
SELECT is_empty($$SELECT t.relation, t.attribute, k.role, pg_temp.trial(k.role, format('SELECT %I FROM io_notify.%I', t.attribute, t.relation)) AS fate
	FROM there t JOIN readable r USING (relation, attribute) CROSS JOIN kind k
	WHERE pg_temp.trial(k.role, format('SELECT %I FROM io_notify.%I', t.attribute, t.relation)) <> CASE WHEN k.letter <> '-' AND r.kinds LIKE '%' || k.letter || '%' THEN 'allowed' ELSE 'refused' END$$,
	'SELECT of each column');
SELECT is_empty($$SELECT * FROM (
	SELECT t.relation, t.attribute, k.role, pg_temp.trial(k.role, format('INSERT INTO io_notify.%I (%I) VALUES (NULL)', t.relation, t.attribute)) AS fate,
		   EXISTS (SELECT FROM writable w WHERE w.relation = t.relation AND w.command = 'INSERT' AND w.kind = k.letter AND t.attribute = ANY (w.columns)) AS may
	FROM there t CROSS JOIN kind k) x WHERE (fate <> 'refused') <> may$$, 'INSERT of each column: what is forged is refused');
SELECT is_empty($$SELECT * FROM (
	SELECT t.relation, t.attribute, k.role, pg_temp.trial(k.role, format('UPDATE io_notify.%I SET %I = NULL', t.relation, t.attribute)) AS fate,
		   EXISTS (SELECT FROM writable w WHERE w.relation = t.relation AND w.command = 'UPDATE' AND w.kind = k.letter AND t.attribute = ANY (w.columns)) AS may
	FROM there t CROSS JOIN kind k WHERE t.relkind <> 'v') x WHERE (fate <> 'refused') <> may$$, 'UPDATE of each column');
SELECT is_empty($$SELECT * FROM (
	SELECT DISTINCT t.relation, k.role, c.command, pg_temp.trial(k.role, format(c.command, t.relation)) AS fate,
		   -- PostgreSQL lets who may change a row lock it, and who may delete rows their table
		   EXISTS (SELECT FROM writable w WHERE w.relation = t.relation AND w.kind = k.letter AND (c.command LIKE w.command || ' %'
				OR (c.command LIKE '%FOR SHARE' AND w.command IN ('UPDATE', 'DELETE')) OR (c.command LIKE 'LOCK%' AND w.command = 'DELETE'))) AS may
	FROM there t CROSS JOIN kind k CROSS JOIN unnest(ARRAY['DELETE FROM io_notify.%I', 'TRUNCATE io_notify.%I', 'LOCK TABLE io_notify.%I IN ACCESS EXCLUSIVE MODE',
		'SELECT ctid FROM io_notify.%I', 'SELECT tableoid FROM io_notify.%I', 'SELECT xmin FROM io_notify.%I', 'INSERT INTO io_notify.%I DEFAULT VALUES',
		'CREATE TRIGGER t AFTER INSERT ON io_notify.%I EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'SELECT FROM io_notify.%I FOR SHARE']) c (command)
	WHERE t.relkind <> 'v') x WHERE (fate <> 'refused') <> may$$, 'DELETE, TRUNCATE, LOCK, FOR SHARE, system columns, triggers');
SELECT is_empty($$SELECT c.relname, k.role FROM pg_class c CROSS JOIN kind k WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relispartition AND c.relkind = 'r'
	AND (pg_temp.trial(k.role, format('SELECT FROM io_notify.%I', c.relname)) <> 'refused' OR pg_temp.trial(k.role, format('INSERT INTO io_notify.%I DEFAULT VALUES', c.relname)) <> 'refused'
		OR pg_temp.trial(k.role, format('DELETE FROM io_notify.%I', c.relname)) <> 'refused')$$, 'partitions are closed');

-- --- rows ----------------------------------------------------------------------
CREATE FUNCTION pg_temp.rows_seen(who name, what text, where_clause text, cols text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer text[];
BEGIN
	PERFORM set_config('role', who, true);
	EXECUTE format('SELECT coalesce(array_agg(y.t ORDER BY y.t), ''{}'') FROM (SELECT row(%s)::text AS t FROM io_notify.%I x WHERE %s) y',
		(SELECT string_agg(quote_ident(c), ', ' ORDER BY c) FROM unnest(cols) c), what, where_clause) INTO answer;
	PERFORM set_config('role', 'none', true);
	RETURN answer;
END
$$;
CREATE TEMP TABLE seen ON COMMIT DROP AS
	SELECT r.relation, k.letter, k.role, coalesce(v.condition, 'false') AS condition, array_agg(r.attribute) AS attributes
	FROM readable r JOIN kind k ON r.kinds LIKE '%' || k.letter || '%' AND k.letter <> '-' LEFT JOIN visible v ON v.relation = r.relation AND v.kind = k.letter
	GROUP BY 1, 2, 3, 4;
SELECT is_empty($$SELECT v.relation, v.kind FROM visible v WHERE NOT EXISTS (SELECT FROM seen s WHERE s.relation = v.relation AND s.letter = v.kind)$$, 'who sees rows has columns');
SELECT is_empty($$SELECT relation, role, pg_temp.rows_seen(role, relation, 'true', attributes) AS sees, pg_temp.rows_seen('none', relation, condition, attributes) AS should
	FROM seen WHERE pg_temp.rows_seen(role, relation, 'true', attributes) <> pg_temp.rows_seen('none', relation, condition, attributes)$$, 'each sees its own rows, and no other');
SELECT is((SELECT count(*) FROM seen WHERE condition NOT IN ('true', 'false')
	AND cardinality(pg_temp.rows_seen('none', relation, condition, attributes)) < (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM io_notify.%I', relation), false, true, '')))[1]::text::integer),
	(SELECT count(*) FROM seen WHERE condition NOT IN ('true', 'false')), 'and there always was another');
SELECT set_config('io_notify.citizen', '', true);
SELECT is_empty($$SELECT relation, pg_temp.rows_seen(role, relation, 'true', attributes) FROM seen WHERE letter = 'a' AND relation NOT IN ('service', 'organization')
	AND cardinality(pg_temp.rows_seen(role, relation, 'true', attributes)) > 0$$, 'an app that acts for nobody sees nobody');
SELECT set_config('io_notify.citizen', 'RSSMRA85T10A562S', true);
-- writes reach no row of another: each command on all rows, and what it did
CREATE FUNCTION pg_temp.others() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM (
		SELECT c::text AS x FROM io_notify.citizen c WHERE fiscal_code <> 'RSSMRA85T10A562S' UNION ALL SELECT c::text FROM io_notify.preference c WHERE fiscal_code <> 'RSSMRA85T10A562S'
		UNION ALL SELECT c::text FROM io_notify.disclosure c WHERE fiscal_code <> 'RSSMRA85T10A562S' UNION ALL SELECT c::text FROM io_notify.device c WHERE fiscal_code <> 'RSSMRA85T10A562S'
		UNION ALL SELECT c::text FROM io_notify.inbox_state c WHERE fiscal_code <> 'RSSMRA85T10A562S') x
$$;
CREATE TEMP TABLE before ON COMMIT DROP AS SELECT pg_temp.others() AS others;
SET LOCAL ROLE tap_app;
UPDATE io_notify.citizen SET language = 'de', version = version;
UPDATE io_notify.preference SET enabled = false;
UPDATE io_notify.disclosure SET read_status = false;
UPDATE io_notify.inbox_state SET archived_at = now();
UPDATE io_notify.device SET endpoint = 'moved';
DELETE FROM io_notify.device;
SET LOCAL ROLE NONE;
SELECT is((SELECT concat_ws(' ', (SELECT language FROM io_notify.citizen WHERE fiscal_code = 'RSSMRA85T10A562S'), (SELECT enabled FROM io_notify.preference WHERE fiscal_code = 'RSSMRA85T10A562S'),
	(SELECT count(*) FROM io_notify.inbox_state WHERE fiscal_code = 'RSSMRA85T10A562S' AND archived_at IS NOT NULL), (SELECT count(*) FROM io_notify.device WHERE fiscal_code = 'RSSMRA85T10A562S'))),
	'de f 2 0', 'an app writes its citizen''s rows');
SELECT is(pg_temp.others(), (SELECT others FROM before), 'and nobody else''s');
SELECT is(pg_temp.run_as('tap_app', $$INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('VRDGPP70A01H501S', 'fcm', 'x')$$), '42501', 'nor does it add one');

-- --- given by hand ---------------------------------------------------------------
GRANT SELECT ON ALL TABLES IN SCHEMA io_notify TO tap_stranger;
SELECT is_empty($$SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	AND pg_temp.run_as('tap_stranger', format('SELECT count(*) FROM io_notify.%I', c.relname)) <> '0'$$, 'who is of no kind sees no row of anything, whatever was granted');
REVOKE SELECT ON ALL TABLES IN SCHEMA io_notify FROM tap_stranger;

-- --- rows of the one, columns of the other -----------------------------------------
-- A view has its owner's columns and its reader's rows, a cursor those of two
-- roles, and a role may be of two kinds: so who sees all rows sees all columns
-- that anybody does who sees fewer.
SELECT is_empty($$SELECT w.relation, w.kind AS sees_all, n.kind AS sees_more_columns, r.attribute
	FROM visible w JOIN visible n ON n.relation = w.relation AND n.kind <> w.kind AND w.condition = 'true' AND n.condition <> 'true' JOIN readable r ON r.relation = w.relation
	WHERE r.kinds LIKE '%' || n.kind || '%' AND r.kinds NOT LIKE '%' || w.kind || '%'$$, 'who sees all rows of a relation misses no column of it that others have');
SELECT is_empty($$SELECT a.relation, a.kind, b.kind FROM visible a JOIN visible b ON b.relation = a.relation AND b.kind < a.kind AND a.condition NOT IN ('true', b.condition) AND b.condition <> 'true'
	WHERE EXISTS (SELECT FROM readable r WHERE r.relation = a.relation AND (r.kinds LIKE '%' || a.kind || '%') <> (r.kinds LIKE '%' || b.kind || '%'))$$,
	'and who sees other rows than another has the same columns');
SELECT io_notify.grant_sender('tap_operator', 'mail'), io_notify.grant_analyst('tap_app'), io_notify.grant_analyst('tap_rival');
SELECT is(concat_ws(' ', pg_temp.run_as('tap_operator', $$SELECT string_agg(DISTINCT service, ',') FROM (SELECT service, markdown FROM io_notify.message) m$$),
		pg_temp.run_as('tap_app', $$SELECT count(recipient) FROM io_notify.delivery$$),
		pg_temp.run_as('tap_rival', $$SELECT string_agg(DISTINCT service, ',') FROM (SELECT service, reference FROM io_notify.message_status) m$$),
		pg_temp.run_as('tap_rival', $$SELECT string_agg(service, ',' ORDER BY service) FROM (SELECT service, webhook_url FROM io_notify.service_settings) s$$)),
	'mail 42501 other other', 'who is of two kinds reads no column of rows it must not');
SELECT io_notify.revoke_sender('tap_operator', 'mail'), io_notify.revoke_analyst('tap_app');
SELECT is(concat_ws(' ', pg_temp.run_as('tap_operator', 'SELECT count(DISTINCT service) FROM io_notify.message_envelope'), pg_temp.run_as('tap_operator', 'SELECT markdown FROM io_notify.message'),
		pg_temp.run_as('tap_app', 'SELECT count(state) FROM io_notify.delivery'), pg_temp.run_as('tap_app', 'SELECT count(*) FROM io_notify.delivery_facts')),
	'2 42501 4 42501', 'and is what it was when it is of one again');

-- --- taken back --------------------------------------------------------------------
SELECT io_notify.revoke_operator('tap_operator'), io_notify.revoke_analyst('tap_analyst'), io_notify.revoke_app('tap_app'), io_notify.revoke_organization('tap_keeper', 'region');
SELECT io_notify.revoke_sender('tap_sender', s) FROM unnest('{plain,mail,all}'::text[]) s;
SELECT is_empty($$SELECT c.oid::regclass, k.role FROM pg_class c CROSS JOIN kind k WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	AND (has_any_column_privilege(k.role, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(k.role, c.oid, 'DELETE'))$$, 'after revoke_*() nothing is left');
SELECT results_eq($$SELECT kind, count(*)::integer, bool_and(actor = session_user AND detail ->> 'role' LIKE 'tap_%') FROM io_notify.audit_event WHERE kind ~ '^(grant|revoke)_' GROUP BY kind ORDER BY kind COLLATE "C"$$,
	$$VALUES ('grant_analyst', 3, true), ('grant_app', 1, true), ('grant_operator', 1, true), ('grant_organization', 1, true), ('grant_sender', 5, true),
		('revoke_analyst', 2, true), ('revoke_app', 1, true), ('revoke_operator', 1, true), ('revoke_organization', 1, true), ('revoke_sender', 4, true)$$, 'all of it is on record');
SELECT * FROM finish();
ROLLBACK;
