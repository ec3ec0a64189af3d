-- Providers are foreign servers: every rule of the validator, and where
-- credentials must not show.
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION server(options text) RETURNS text LANGUAGE sql AS
$$ SELECT public.refused('CREATE SERVER regress_ion_try FOREIGN DATA WRAPPER io_notify OPTIONS (' || options || ')') $$;
CREATE FUNCTION smtp(options text) RETURNS text LANGUAGE sql AS
$$ SELECT server(concat_ws(', ', 'transport ''smtp'', channel ''email'', url ''smtp://relay.example.it:25'', sender ''Comune <no-reply@comune.example.it>''', options)) $$;
CREATE FUNCTION http(options text) RETURNS text LANGUAGE sql AS
$$ SELECT server(concat_ws(', ', 'transport ''http'', channel ''webhook'', url ''https://app.example.it/io''', options)) $$;

-- good ones
SELECT smtp(NULL);
SELECT http(NULL);
SELECT smtp($$tls 'opportunistic', reply_to 'urp@comune.example.it', ehlo_name 'mail.comune.example.it', ca_file '/etc/ssl/certs/ca.pem'$$);
SELECT smtp($$enabled 'off', priority '0', weight '1000', max_in_flight '10000', rate_per_second '0.5', connect_timeout '500 ms', timeout '10 min', retry_schedule '5 s, 5 min, 30 min, 2 h', on_unknown 'hold', allow_private_network 'true'$$);
SELECT server($$transport 'smtp', channel 'pec', url 'smtps://pec.example.it', sender 'comune@pec.example.it'$$);
SELECT http($$method 'PUT', headers '{"X-Tenant": "{{service}}"}', format 'json', body '{"to": "{{address}}"}'$$);
SELECT server($$transport 'http', channel 'sms', url 'http://gateway.example.it/send', sender 'COMUNE', method 'GET', format 'query', body '{"to": "{{address}}", "text": "{{text}}"}'$$);
SELECT server($$channel 'email', sender 'a@b.it', url 'smtp://relay.example.it', transport 'smtp'$$);

-- unknown options
SELECT smtp($$tsl 'off'$$);
SELECT smtp($$password 'hunter2'$$);
SELECT http($$"Timeout" '5 s'$$);
SELECT public.refused($$CREATE FOREIGN DATA WRAPPER regress_ion_w VALIDATOR io_notify._provider_validator OPTIONS (a 'b')$$);

-- missing ones
SELECT server($$channel 'email', url 'smtp://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', url 'smtp://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'email', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'email', url 'smtp://relay.example.it'$$);
SELECT server($$transport 'http', channel 'sms', url 'https://gateway.example.it'$$);
SELECT http($$format 'form'$$);

-- ill-typed ones
SELECT server($$transport 'pigeon', channel 'email', url 'smtp://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'inbox', url 'smtp://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'email', url 'relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'email', url 'smtp://relay.example.it:99999', sender 'a@b.it'$$);
SELECT server($$transport 'http', channel 'webhook', url 'https://user:hunter2@app.example.it/'$$);
SELECT server($$transport 'smtp', channel 'email', url 'smtp://relay.example.it', sender 'no mailbox'$$);
SELECT server(E'transport ''smtp'', channel ''email'', url ''smtp://relay.example.it'', sender E''Comune\\r\\nBcc: x@y.it <a@b.it>''');
SELECT smtp($$enabled 'perhaps'$$);
SELECT smtp($$allow_private_network '2'$$);
SELECT smtp($$priority '-1'$$);
SELECT smtp($$weight '0'$$);
SELECT smtp($$weight '1.5'$$);
SELECT smtp($$max_in_flight 'many'$$);
SELECT smtp($$max_in_flight '10001'$$);
SELECT smtp($$rate_per_second '0'$$);
SELECT smtp($$rate_per_second 'nan'$$);
SELECT smtp($$timeout '5'$$);
SELECT smtp($$timeout '11 min'$$);
SELECT smtp($$connect_timeout '0 s'$$);
SELECT smtp($$retry_schedule 'soon'$$);
SELECT smtp($$retry_schedule ''$$);
SELECT smtp($$on_unknown 'pray'$$);
SELECT smtp($$tls 'maybe'$$);
SELECT smtp($$ca_file 'relative.pem'$$);
SELECT smtp($$ehlo_name 'two words'$$);
SELECT http($$method 'DELETE'$$);
SELECT http($$format 'xml', body '{}'$$);
SELECT http($$headers '["a"]'$$);
SELECT http($$headers '{"X-A": 1}'$$);
SELECT http($$headers '{"X A": "b"}'$$);
SELECT http($$headers '{"Webhook-Id": "forged"}'$$);
SELECT http($$headers '{"X-A": "{{#open}}"}'$$);
SELECT http($$body '{{#open}}'$$);
SELECT http($$format 'form', body '[]'$$);

-- contradictions, and schemes the transport does not speak
SELECT server($$transport 'smtp', channel 'email', url 'https://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'http', channel 'webhook', url 'smtp://app.example.it'$$);
SELECT server($$transport 'http', channel 'webhook', url 'ftp://app.example.it'$$);
SELECT server($$transport 'smtp', channel 'webhook', url 'smtp://relay.example.it', sender 'a@b.it'$$);
SELECT server($$transport 'http', channel 'email', url 'https://app.example.it'$$);
SELECT server($$transport 'smtp', channel 'email', url 'smtp://relay.example.it/path', sender 'a@b.it'$$);
SELECT server($$transport 'smtp', channel 'email', url 'smtps://relay.example.it', sender 'a@b.it', tls 'off'$$);
SELECT http($$tls 'off'$$);
SELECT http($$reply_to 'a@b.it'$$);
SELECT smtp($$method 'POST'$$);
SELECT smtp($$headers '{}'$$);
SELECT http($$method 'GET'$$);
SELECT http($$method 'GET', format 'json', body '{}'$$);

-- user mappings
SET client_min_messages = warning;
CREATE SERVER regress_ion_relay FOREIGN DATA WRAPPER io_notify
  OPTIONS (transport 'smtp', channel 'email', url 'smtp://relay.example.it:587', sender 'Comune <no-reply@comune.example.it>');
CREATE SERVER regress_ion_app FOREIGN DATA WRAPPER io_notify
  OPTIONS (transport 'http', channel 'webhook', url 'https://app.example.it/io');
CREATE FUNCTION mapping(server text, options text) RETURNS text LANGUAGE sql AS
$$ SELECT public.refused(format('CREATE USER MAPPING FOR PUBLIC SERVER %I OPTIONS (%s)', server, options)) $$;
SELECT mapping('regress_ion_relay', $$user 'comune', password 'hunter2'$$);
SELECT mapping('regress_ion_relay', $$user 'comune', password_file '/etc/io_notify/relay.pw'$$);
SELECT mapping('regress_ion_app', $$secret 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'$$);
SELECT mapping('regress_ion_app', $$token 'hunter2'$$);
SELECT mapping('regress_ion_relay', $$user 'comune', passwd 'hunter2'$$);
SELECT mapping('regress_ion_relay', $$password 'hunter2'$$);
SELECT mapping('regress_ion_relay', $$user 'comune', password 'hunter2', password_file '/etc/io_notify/relay.pw'$$);
SELECT mapping('regress_ion_relay', $$user 'comune', password ''$$);
SELECT mapping('regress_ion_relay', E'user ''comune'', password E''hunter\\n2''');
SELECT mapping('regress_ion_relay', $$user 'comune', password_file 'relay.pw'$$);
SELECT mapping('regress_ion_app', $$secret 'hunter2'$$);
SELECT mapping('regress_ion_app', $$secret 'whsec_aHVudGVyMg=='$$);

-- a mapping that fits another transport is told by the view
CREATE USER MAPPING FOR PUBLIC SERVER regress_ion_relay OPTIONS (user 'comune', password 'hunter2');
CREATE USER MAPPING FOR PUBLIC SERVER regress_ion_app OPTIONS (secret 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
SELECT name, channel, transport, state, last_error FROM io_notify.provider ORDER BY name;
ALTER USER MAPPING FOR PUBLIC SERVER regress_ion_relay OPTIONS (ADD secret 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
SELECT name, state, last_error FROM io_notify.provider WHERE name = 'regress_ion_relay';
ALTER USER MAPPING FOR PUBLIC SERVER regress_ion_relay OPTIONS (DROP secret);

-- defaults filled in, and never a credential
SELECT name, jsonb_pretty(options) FROM io_notify.provider ORDER BY name;
SELECT count(*) FROM io_notify.provider p WHERE p::text ~ 'hunter2|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
SELECT count(*) FROM io_notify.status() s WHERE s::text ~ 'hunter2|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

-- unsigned webhooks are told by status(); pauses and switches show
SELECT count(*) FROM io_notify.status() WHERE detail LIKE 'webhooks of this provider go unsigned%';
ALTER USER MAPPING FOR PUBLIC SERVER regress_ion_app OPTIONS (DROP secret);
SELECT name, detail FROM io_notify.status() WHERE detail LIKE 'webhooks of this provider go unsigned%';
SELECT io_notify.resume('all');
SELECT name, state FROM io_notify.provider ORDER BY name;
SELECT io_notify.pause('provider', 'regress_ion_app', 'maintenance');
ALTER SERVER regress_ion_relay OPTIONS (ADD enabled 'off');
SELECT name, state FROM io_notify.provider ORDER BY name;
SELECT io_notify.resume('provider', 'regress_ion_app');
SELECT io_notify.resume('provider', 'regress_ion_app');
SELECT io_notify.pause('all', reason => 'tests');
SELECT public.refused($$SELECT io_notify.pause('provider', 'nobody')$$);
SELECT public.refused($$SELECT io_notify.pause('service', 'nobody')$$);
SELECT public.refused($$SELECT io_notify.pause('weekday', 'monday')$$);
SELECT public.refused($$SELECT io_notify.resume('weekday', 'monday')$$);

-- ALTER SERVER goes through the same rules
SELECT public.refused($$ALTER SERVER regress_ion_relay OPTIONS (SET url 'https://x.it')$$);
SELECT public.refused($$ALTER SERVER regress_ion_relay OPTIONS (DROP sender)$$);

-- what makes the server read a file is for superusers
CREATE ROLE regress_ion_dba;
GRANT USAGE ON FOREIGN DATA WRAPPER io_notify TO regress_ion_dba;
GRANT USAGE ON FOREIGN SERVER regress_ion_relay, regress_ion_app TO regress_ion_dba;
SET ROLE regress_ion_dba;
SELECT smtp($$ca_file '/etc/shadow'$$);
SELECT smtp(NULL);
SELECT public.refused($$CREATE USER MAPPING FOR regress_ion_dba SERVER regress_ion_relay OPTIONS (user 'a', password_file '/etc/shadow')$$);
SELECT public.refused($$CREATE USER MAPPING FOR regress_ion_dba SERVER regress_ion_app OPTIONS (token_file '/etc/shadow')$$);
SELECT public.refused($$CREATE USER MAPPING FOR regress_ion_dba SERVER regress_ion_app OPTIONS (secret_file '/etc/shadow')$$);
SELECT public.refused($$CREATE USER MAPPING FOR regress_ion_dba SERVER regress_ion_relay OPTIONS (user 'a', password 'b')$$);
-- nor may everybody look at the providers
SELECT public.refused('SELECT FROM io_notify.provider');
RESET ROLE;

DROP SERVER regress_ion_relay, regress_ion_app CASCADE;
DROP OWNED BY regress_ion_dba;
DROP ROLE regress_ion_dba;
DROP FUNCTION server(text), smtp(text), http(text), mapping(text, text);
