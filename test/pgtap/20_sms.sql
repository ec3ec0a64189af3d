-- What a text costs as an SMS.
BEGIN;
\ir setup.inc
SELECT plan(23);

CREATE FUNCTION pg_temp.cost(content text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', encoding, units, segments) FROM io_notify.sms_segments(content)
$$;

SELECT is(pg_temp.cost(''), 'gsm7 0 0', 'nothing costs nothing');
SELECT is(pg_temp.cost('Città, perché?'), 'gsm7 14 1', 'Italian is in the alphabet');
SELECT is(pg_temp.cost('€'), 'gsm7 2 1', 'the euro takes two septets');
SELECT is(pg_temp.cost('ç'), 'ucs2 1 1', 'what is not in it makes the text UCS-2');
SELECT is(pg_temp.cost(repeat('a', 160)), 'gsm7 160 1', 'one segment is 160 septets');
SELECT is(pg_temp.cost(repeat('a', 161)), 'gsm7 161 2', 'of two each has 153');
SELECT is(pg_temp.cost(repeat('a', 306)), 'gsm7 306 2', 'both full');
SELECT is(pg_temp.cost(repeat('a', 307)), 'gsm7 307 3', 'and one more');
SELECT is(pg_temp.cost(repeat('€', 80)), 'gsm7 160 1', '80 euros');
SELECT is(pg_temp.cost(repeat('a', 152) || '€' || repeat('a', 152)), 'gsm7 306 3', 'an extension character is not torn');
SELECT is(pg_temp.cost(repeat('ж', 70)), 'ucs2 70 1', 'one segment is 70 units of UCS-2');
SELECT is(pg_temp.cost(repeat('ж', 71)), 'ucs2 71 2', 'of two each has 67');
SELECT is(pg_temp.cost(repeat('ж', 135)), 'ucs2 135 3', 'and one more');
SELECT is(pg_temp.cost(repeat('a', 160) || '’'), 'ucs2 161 3', 'one curly quote: three segments for one');
SELECT is(pg_temp.cost('😀'), 'ucs2 2 1', 'an emoji is a surrogate pair');
SELECT is(pg_temp.cost(repeat('ж', 66) || '😀' || repeat('ж', 66)), 'ucs2 134 3', 'a pair is not torn');
SELECT is(pg_temp.cost(repeat('a', 39015)), 'gsm7 39015 255', 'no message has more segments than 255');
SELECT throws_ok($$SELECT io_notify.sms_segments(repeat('a', 39016))$$, '22023', 'the text cannot be sent as an SMS', 'so this is an error');
SELECT throws_ok($$SELECT io_notify.sms_segments(repeat('ж', 17086))$$, '22023', 'the text cannot be sent as an SMS', 'and this');
SELECT throws_ok($$SELECT io_notify.sms_segments(repeat('a', 10000000) || 'ж')$$, '22023', NULL, 'however long it is');
DO $$
DECLARE
	said text;
BEGIN
	PERFORM io_notify.sms_segments(repeat('ж', 17086));
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	PERFORM set_config('tap.detail', said, true);
END
$$;
SELECT is(current_setting('tap.detail'), 'It needs more than 255 segments.', 'with its reason');
SELECT is((SELECT segments FROM io_notify.sms_segments(NULL)), NULL, 'null is null');
SELECT is(pg_temp.run_as('tap_stranger', $$SELECT segments FROM io_notify.sms_segments('a')$$), '1', 'everybody may ask');
SELECT * FROM finish();
ROLLBACK;
