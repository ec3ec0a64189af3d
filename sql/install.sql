-- install(): the extension owns code, the data survive it.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- Runs a command and undoes it; tells how it was refused.  The tests that
-- follow in this database use it too.
CREATE FUNCTION public.refused(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'accepted';
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN
		RETURN 'accepted';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		RETURN concat_ws(E'\n  ', SQLSTATE || ' ' || message, 'detail: ' || nullif(detail, ''), 'hint: ' || nullif(hint, ''));
END
$$;

CREATE EXTENSION io_notify;

-- code only, and it says what comes next
SELECT detail FROM io_notify.status() WHERE detail LIKE '%install()%';
SELECT public.refused('SELECT io_notify.send(''portos'', ''RSSMRA85T10A562S'', ''t'')');
SELECT io_notify.install();
SELECT io_notify.install();
SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.deptype = 'e' AND e.extname = 'io_notify' AND d.classid = 'pg_class'::regclass;

-- the test's own database keeps what it queues, dispatcher or not
SELECT io_notify.pause('all', reason => 'tests');
SELECT count(*) FROM io_notify.delivery;

-- the tables people write and read
SELECT format('%s.%s %s%s%s', c.table_name, c.column_name, c.data_type, CASE WHEN c.is_nullable = 'NO' THEN ' not null' END,
			  ' default ' || c.column_default)
FROM information_schema.columns c
WHERE c.table_schema = 'io_notify' AND c.table_name IN ('service', 'citizen', 'message', 'delivery', 'attempt')
ORDER BY c.table_name, c.ordinal_position;
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind IN ('p', 'r', 'v') AND NOT relispartition
ORDER BY relname COLLATE "C";
-- three months ahead, and a default that catches the rest
SELECT parent.relname, count(*), bool_or(pg_get_expr(child.relpartbound, child.oid) = 'DEFAULT')
FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent JOIN pg_class child ON child.oid = i.inhrelid
WHERE parent.relnamespace = 'io_notify'::regnamespace AND parent.relkind = 'p'
GROUP BY 1 ORDER BY 1;
-- each begins where the one before ends, at midnight UTC, whatever the session's time zone
CREATE FUNCTION month_bounds() RETURNS TABLE (parent text, low uuid, high uuid) LANGUAGE sql AS $$
	SELECT p.relname, (regexp_match(b, 'FROM \(''(.*)''\) TO'))[1]::uuid, (regexp_match(b, 'TO \(''(.*)''\)'))[1]::uuid
	FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid,
		 pg_get_expr(c.relpartbound, c.oid) b
	WHERE p.relnamespace = 'io_notify'::regnamespace AND p.relkind = 'p' AND b <> 'DEFAULT'
$$;
BEGIN;
SET LOCAL TimeZone = 'Europe/Rome';
SELECT io_notify._make_partitions(14);
SELECT io_notify._make_partitions(14);
SELECT parent, count(*), count(*) FILTER (WHERE high = next) AS seamless,
	   bool_and(low = io_notify._uuid_v7_floor(date_trunc('month', now(), 'UTC'))) FILTER (WHERE n = 1) AS from_this_month
FROM (SELECT parent, high, low, lead(low) OVER w AS next, row_number() OVER w AS n FROM month_bounds() WINDOW w AS (PARTITION BY parent ORDER BY low)) x
GROUP BY 1 ORDER BY 1;
ROLLBACK;
SELECT parent, count(*), count(*) FILTER (WHERE high = next) AS seamless
FROM (SELECT parent, high, lead(low) OVER (PARTITION BY parent ORDER BY low) AS next FROM month_bounds()) x
GROUP BY 1 ORDER BY 1;
DROP FUNCTION month_bounds();
-- built-in types alone, so that no CASCADE can drop a column
SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('p', 'r') AND a.attnum > 0 AND NOT a.attisdropped
  AND t.typnamespace <> 'pg_catalog'::regnamespace;

-- something to keep
CREATE ROLE regress_ion_keeper;
INSERT INTO io_notify.organization (code, name) VALUES ('comune', 'Comune di Esempio');
INSERT INTO io_notify.service (name, organization, state, channels) VALUES ('kept', 'comune', 'published', '{inbox,email}');
INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled) VALUES ('RSSMRA85T10A562S', 'mario@citizens.test', true, true);
SELECT io_notify.grant_sender('regress_ion_keeper', 'kept');
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('kept', 'RSSMRA85T10A562S', 'Uno di prova', rpad('Testo', 80, '.'));
SELECT count(*) FROM io_notify.message_status WHERE status = 'PROCESSED';

CREATE TABLE before_columns AS
SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'io_notify';
CREATE TABLE before_triggers AS
SELECT tgrelid::regclass::text AS relation, tgname, pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = 'io_notify'::regnamespace AND NOT tgisinternal;
CREATE TABLE before_views AS SELECT viewname, definition FROM pg_views WHERE schemaname = 'io_notify';
CREATE FUNCTION row_counts() RETURNS TABLE (relation text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR relation IN SELECT c.oid::regclass::text FROM pg_class c
					WHERE c.relnamespace = 'io_notify'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
	LOOP
		EXECUTE format('SELECT count(*) FROM %s', relation) INTO n;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE TABLE before_rows AS SELECT * FROM row_counts();
SELECT count(*) > 20 AS tables_are_counted, sum(n) > 8 AS rows_are_counted FROM before_rows;

-- DROP EXTENSION is refused as long as the tables need it; CASCADE takes the
-- code, never a table, a row or a column
SELECT split_part(public.refused('DROP EXTENSION io_notify'), E'\n', 1);
DROP EXTENSION io_notify CASCADE;
SELECT * FROM before_rows EXCEPT SELECT * FROM row_counts();
SELECT * FROM row_counts() EXCEPT SELECT * FROM before_rows;
SELECT count(*) AS columns_lost FROM before_columns b
WHERE table_name NOT IN (SELECT viewname FROM before_views)
  AND NOT EXISTS (SELECT FROM information_schema.columns c WHERE c.table_schema = 'io_notify' AND c.table_name = b.table_name
				  AND c.column_name = b.column_name AND c.data_type = b.data_type);
-- without its triggers nothing can be sent by mistake
SELECT split_part(public.refused('INSERT INTO io_notify.message (service) VALUES (''kept'')'), E'\n', 1);

-- both again: everything is repaired, nothing is sent twice
CREATE EXTENSION io_notify;
SELECT detail FROM io_notify.status() WHERE detail LIKE '%install()%';
SELECT io_notify.install();
SELECT * FROM before_rows EXCEPT SELECT * FROM row_counts();
SELECT * FROM row_counts() EXCEPT SELECT * FROM before_rows;
SELECT * FROM before_columns EXCEPT
SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'io_notify';
SELECT relation, tgname FROM (SELECT * FROM before_triggers EXCEPT
SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t) missing;
SELECT * FROM before_views EXCEPT SELECT viewname, definition FROM pg_views WHERE schemaname = 'io_notify';
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('kept', 'RSSMRA85T10A562S', 'Due di prova', rpad('Testo', 80, '.'));
SELECT count(*) FROM io_notify.message_status WHERE status = 'PROCESSED';

-- members may do again what they could do before
SET ROLE regress_ion_keeper;
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('kept', 'RSSMRA85T10A562S', 'Tre di prova', rpad('Testo', 80, '.'));
SELECT count(*) FROM io_notify.message_status WHERE service = 'kept';
RESET ROLE;

-- a dropped view, function privilege or trigger comes back alone, too
DROP VIEW io_notify.message_status;
DROP TRIGGER route ON io_notify.message;
ALTER TABLE io_notify.message ALTER COLUMN id DROP DEFAULT;
SELECT io_notify.install();
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('kept', 'RSSMRA85T10A562S', 'Quattro di prova', rpad('Testo', 80, '.'));
SELECT status, count(*) FROM io_notify.message_status GROUP BY 1;

-- evidence is not changed
SELECT regexp_replace(public.refused('UPDATE io_notify.message SET subject = ''falso'''), '_[0-9_]+', '');
SELECT regexp_replace(public.refused('UPDATE io_notify.message SET id = io_notify.uuid_v7()'), '_[0-9_]+', '');

-- another database's data are inert until adopted
UPDATE io_notify.installation SET system_identifier = 1;
SELECT io_notify.install();
SELECT detail FROM io_notify.status() WHERE detail LIKE '%adopt()%';
SELECT io_notify.adopt();
SELECT io_notify.install();
SELECT count(*) FROM io_notify.status() WHERE detail LIKE '%adopt()%';

-- UTF-8 alone
SELECT current_database() AS here \gset
CREATE DATABASE regress_ion_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
\c regress_ion_ascii
SET client_min_messages = warning;
CREATE EXTENSION io_notify;
SELECT io_notify.install();
SELECT to_regclass('io_notify.message') IS NULL;
\c :here
DROP DATABASE regress_ion_ascii;

-- nobody else may install or adopt
SET ROLE regress_ion_keeper;
SELECT io_notify.install();
SELECT io_notify.adopt();
RESET ROLE;
DROP TABLE before_columns, before_triggers, before_views, before_rows;
DROP FUNCTION row_counts();
