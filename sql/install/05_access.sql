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

-- What row-level policies and views ask, once per statement: in a subquery of
-- their own.  They tell a role about itself alone, so everybody may call them.

CREATE OR REPLACE FUNCTION io_notify._my_services() RETURNS text[]
	AS 'MODULE_PATHNAME', 'ion_my_services' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._my_services() IS 'services the current role is a member of, and those of its organizations and of the ones below';

CREATE OR REPLACE FUNCTION io_notify._my_organizations() RETURNS text[]
	AS 'MODULE_PATHNAME', 'ion_my_organizations' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._my_organizations() IS 'organizations the current role belongs to, and those below';

CREATE OR REPLACE FUNCTION io_notify._sees_all(kind text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_sees_all' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._sees_all(text) IS 'whether the current role is operator, analyst or app; the tables'' owner is all of them';

CREATE OR REPLACE FUNCTION io_notify._sends(service text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_sends' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify._sends(text) IS 'whether the current role is a member of a service';
