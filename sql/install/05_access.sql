-- Who is asking.  A function declared AS 'ion_as_owner' is a door: it runs
-- the function of the same arguments with an underscore before its name, as
-- the owner of the tables; what stands behind it calls these to know whom it
-- serves.  Authority is rows (access, service_member, organization_member),
-- not grants on functions: it is dumped with the tables.

CREATE OR REPLACE FUNCTION io_notify._caller() RETURNS name
	AS 'MODULE_PATHNAME', 'ion_caller' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._caller() IS 'the role that called, also behind a door where current_user is the tables'' owner';

CREATE OR REPLACE FUNCTION io_notify._caller_is(kind text, object text DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_caller_is' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._caller_is(text, text) IS 'whether the caller is owner, operator, analyst or app, or a member of the service or organization object';

CREATE OR REPLACE FUNCTION io_notify._require(kind text, object text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ion_require' LANGUAGE C STABLE;
COMMENT ON FUNCTION io_notify._require(text, text) IS '42501 unless _caller_is(kind, object)';
