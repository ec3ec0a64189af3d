-- Pure functions: identifiers, checks, rendering.  They read no table.

CREATE OR REPLACE FUNCTION io_notify.uuid_v7() RETURNS uuid
	AS 'MODULE_PATHNAME', 'ion_uuid_v7' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION io_notify.uuid_v7() IS 'a new UUID version 7 (RFC 9562 section 5.7): ordered by time, also within one millisecond of one session';

CREATE OR REPLACE FUNCTION io_notify.fiscal_code_valid(code text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ion_fiscal_code_valid' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify.fiscal_code_valid(text) IS 'whether code is an Italian fiscal code: shape with omocodia, birth day and, under io_notify.check_fiscal_code, the check character';

CREATE OR REPLACE FUNCTION io_notify.markdown_to_html(markdown text) RETURNS text
	AS 'MODULE_PATHNAME', 'ion_markdown_to_html_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify.markdown_to_html(text) IS 'CommonMark to safe HTML: no raw HTML, no images, no script links; 22023 when too long';

CREATE OR REPLACE FUNCTION io_notify.render(template text, params jsonb, escape text DEFAULT 'html', partials jsonb DEFAULT '{}') RETURNS text
	AS 'MODULE_PATHNAME', 'ion_render_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify.render(text, jsonb, text, jsonb) IS 'the Mustache engine: template with params and partials; escape is html none json url markdown header or sms; 22023 with line and column on a bad template';

CREATE OR REPLACE FUNCTION io_notify.sms_segments(content text, OUT encoding text, OUT units integer, OUT segments integer)
	AS 'MODULE_PATHNAME', 'ion_sms_segments' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify.sms_segments(text) IS 'what content costs as an SMS: encoding gsm7 (units are septets) or ucs2 (UTF-16 units), and the segments that are billed; 22023 above 255 segments';

CREATE OR REPLACE FUNCTION io_notify._uuid_v7_floor(moment timestamptz) RETURNS uuid
	AS 'MODULE_PATHNAME', 'ion_uuid_v7_floor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION io_notify._uuid_v7_floor(timestamptz) IS 'the lowest UUID v7 of a moment: a partition bound';
