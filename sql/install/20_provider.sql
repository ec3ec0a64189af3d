-- Providers are foreign servers.  There is no handler: no foreign table can
-- be made from them, they only carry options, credentials and grants.

CREATE OR REPLACE FUNCTION io_notify._provider_validator(options text[], catalog oid) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_provider_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION io_notify._provider_validator(text[], oid) IS 'checks the options of servers and user mappings: HV00D unknown, HV024 ill-typed or contradictory, HV002 missing, 42501 a file set by a non-superuser';

CREATE FOREIGN DATA WRAPPER io_notify VALIDATOR io_notify._provider_validator;
COMMENT ON FOREIGN DATA WRAPPER io_notify IS 'ways out for notifications: CREATE SERVER … FOREIGN DATA WRAPPER io_notify OPTIONS (transport …, channel …, url …)';

CREATE OR REPLACE FUNCTION io_notify._provider_options(server oid, OUT channel text, OUT transport text, OUT enabled boolean, OUT options jsonb, OUT problem text)
	AS 'MODULE_PATHNAME', 'ion_provider_options_sql' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION io_notify._provider_options(oid) IS 'a provider as the dispatcher reads it, defaults filled in; problem says why it cannot be used';

CREATE OR REPLACE FUNCTION io_notify._provider_runtime(OUT server oid, OUT breaker text, OUT in_flight integer, OUT success_rate double precision, OUT last_error text, OUT last_error_at timestamptz, OUT retry_at timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ion_provider_runtime' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION io_notify._provider_runtime() IS 'what the dispatchers of this database last said of each provider';
