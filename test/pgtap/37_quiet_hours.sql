-- Quiet hours: the arithmetic, with the nights when the clock is changed.
BEGIN;
\ir setup.inc
SELECT plan(38);
-- until(from, to, at, zone): when it is over, in UTC; null: nothing is quiet
CREATE FUNCTION pg_temp.until(f time, t time, at timestamptz, zone text DEFAULT 'Europe/Rome') RETURNS text LANGUAGE sql AS
$$ SELECT to_char(io_notify._quiet_until(f, t, zone, at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') $$;

-- an ordinary winter night: UTC+1
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 22:00+01'), '2025-01-11 06:00:00', 'from its first moment');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 21:59:59.999999+01'), NULL, 'not before');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-11 00:00+01'), '2025-01-11 06:00:00', 'across midnight');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-11 06:59:59.999999+01'), '2025-01-11 06:00:00', 'to its last');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-11 07:00+01'), NULL, 'not longer');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-11 12:00+01'), NULL, 'nor in the day');
-- within a day
SELECT is(pg_temp.until('13:00', '15:30', '2025-01-11 14:00+01'), '2025-01-11 14:30:00', 'a siesta');
SELECT is(pg_temp.until('13:00', '15:30', '2025-01-11 15:30+01'), NULL, 'that is over');
SELECT is(pg_temp.until('00:00', '06:00', '2025-01-11 00:00+01'), '2025-01-11 05:00:00', 'from midnight');
SELECT is(pg_temp.until('22:00', '00:00', '2025-01-11 23:00+01'), '2025-01-11 23:00:00', 'to midnight');
SELECT is(pg_temp.until('22:00', '24:00', '2025-01-11 23:00+01'), '2025-01-11 23:00:00', 'which is also 24:00');
SELECT is(pg_temp.until('08:00', '08:00', '2025-01-11 08:00+01'), NULL, 'from = to: none');
SELECT is(pg_temp.until('00:00', '24:00', '2025-01-11 08:00+01'), NULL, 'and so midnight to midnight');
SELECT is(pg_temp.until('22:00:00.5', '07:00:00.25', '2025-01-10 22:00:00.5+01'), '2025-01-11 06:00:00', 'fractions of a second');
SELECT is(io_notify._quiet_until(NULL, '07:00', 'Europe/Rome', now()), NULL, 'half of them: none');
SELECT is(io_notify._quiet_until('22:00', '07:00', 'Europe/Rome', 'infinity'), NULL, 'at no moment');

-- the clock goes on, 2025-03-30: after 01:59:59 +01 comes 03:00 +02 (01:00 UTC)
SELECT is(pg_temp.until('22:00', '07:00', '2025-03-29 23:00+01'), '2025-03-30 05:00:00', 'spring: the night is an hour shorter');
SELECT is(pg_temp.until('22:00', '07:00', '2025-03-30 04:00+02'), '2025-03-30 05:00:00', 'also seen from behind the change');
SELECT is(pg_temp.until('22:00', '02:30', '2025-03-29 23:00+01'), '2025-03-30 01:00:00', 'an end that is skipped: the change is the end');
SELECT is(pg_temp.until('22:00', '02:00', '2025-03-29 23:00+01'), '2025-03-30 01:00:00', 'an end at the change');
SELECT is(pg_temp.until('22:00', '03:00', '2025-03-29 23:00+01'), '2025-03-30 01:00:00', 'an end right behind it');
SELECT is(pg_temp.until('02:15', '02:45', '2025-03-30 01:59:59+01'), NULL, 'hours that are skipped whole do not begin');
SELECT is(pg_temp.until('02:15', '02:45', '2025-03-30 03:00+02'), NULL, 'nor afterwards');
SELECT is(pg_temp.until('02:30', '07:00', '2025-03-30 03:00+02'), '2025-03-30 05:00:00', 'a beginning that is skipped');
-- the clock goes back, 2025-10-26: after 02:59:59 +02 comes 02:00 +01 (01:00 UTC)
SELECT is(pg_temp.until('22:00', '07:00', '2025-10-25 23:00+02'), '2025-10-26 06:00:00', 'autumn: the night is an hour longer');
SELECT is(pg_temp.until('22:00', '02:30', '2025-10-25 23:00+02'), '2025-10-26 00:30:00', 'an end that comes twice: the first');
SELECT is(pg_temp.until('22:00', '02:30', '2025-10-26 02:45+02'), NULL, 'between, the clock says it is over');
SELECT is(pg_temp.until('22:00', '02:30', '2025-10-26 02:15+01'), '2025-10-26 01:30:00', 'and the second time that it is not');
SELECT is(pg_temp.until('22:00', '03:00', '2025-10-25 23:00+02'), '2025-10-26 02:00:00', 'an end that only the second hour reaches');
SELECT is(pg_temp.until('22:00', '02:00', '2025-10-26 01:30+02'), '2025-10-26 00:00:00', 'an end at the change back');
-- the summers on both sides, and other places
SELECT is(pg_temp.until('22:00', '07:00', '2025-07-10 23:00+02'), '2025-07-11 05:00:00', 'an ordinary summer night');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 22:30+00', 'Europe/London'), '2025-01-11 07:00:00', 'another zone');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 13:30+00', 'Asia/Tokyo'), '2025-01-10 22:00:00', 'without summer time');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 20:00+00', 'Asia/Kathmandu'), '2025-01-11 01:15:00', 'by quarters of an hour');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 22:00+01', 'Nowhere/Atall'), '2025-01-11 06:00:00', 'an unknown zone counts as Rome');
SELECT is(pg_temp.until('22:00', '07:00', '2025-01-10 22:00+01', NULL), '2025-01-11 06:00:00', 'and so none');

-- against the definition, minute by minute over both changes: it is quiet
-- exactly when the wall says so, and the end is the first moment when not
CREATE TEMP TABLE walk AS
SELECT at, f, t, io_notify._quiet_until(f, t, 'Europe/Rome', at) AS until,
	   CASE WHEN f < t THEN wall >= f AND wall < t ELSE wall >= f OR wall < t END AS quiet
FROM (VALUES ('22:00'::time, '07:00'::time), ('22:00', '02:30'), ('02:10', '02:50'), ('01:30', '03:30'), ('14:00', '13:00')) h (f, t),
	 (SELECT i AS at, (i AT TIME ZONE 'Europe/Rome')::time AS wall FROM generate_series('2025-03-29 12:00+00', '2025-03-30 12:00+00', interval '1 minute') i
	  UNION ALL SELECT i, (i AT TIME ZONE 'Europe/Rome')::time FROM generate_series('2025-10-25 12:00+00', '2025-10-26 14:00+00', interval '1 minute') i) w;
SELECT is((SELECT count(*) FROM walk WHERE quiet <> (until IS NOT NULL)), 0::bigint, 'quiet when the clock on the wall says so');
SELECT is((SELECT count(*) FROM walk w WHERE w.quiet AND w.until IS DISTINCT FROM (SELECT min(x.at) FROM walk x WHERE x.f = w.f AND x.t = w.t AND x.at > w.at AND NOT x.quiet AND x.at < w.at + interval '1 day 1 hour')
	AND EXISTS (SELECT FROM walk x WHERE x.f = w.f AND x.t = w.t AND x.at > w.at AND NOT x.quiet AND x.at < w.at + interval '1 day 1 hour')), 0::bigint, 'until the first minute when it does not');
SELECT * FROM finish();
ROLLBACK;
