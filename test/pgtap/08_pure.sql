-- Identifiers, fiscal codes, templates, Markdown.
BEGIN;
\ir setup.inc
SELECT plan(46);

-- UUID version 7: RFC 9562, section 5.7
CREATE TEMP TABLE made ON COMMIT DROP AS SELECT i, io_notify.uuid_v7() AS id, clock_timestamp() AS at FROM generate_series(1, 20000) i;
SELECT is((SELECT count(DISTINCT id) FROM made), 20000::bigint, 'no two are the same');
SELECT is_empty('SELECT FROM (SELECT id, lag(id) OVER (ORDER BY i) AS before FROM made) x WHERE id <= before', 'each is greater than the one before');
SELECT is_empty($$SELECT FROM made WHERE substr(id::text, 15, 1) <> '7' OR substr(id::text, 20, 1) NOT IN ('8', '9', 'a', 'b')$$, 'version 7, variant 10');
SELECT is_empty($$SELECT FROM made WHERE abs(extract(epoch FROM at) * 1000 - ('x' || lpad(replace(substr(id::text, 1, 13), '-', ''), 16, '0'))::bit(64)::bigint) > 1000$$, 'the time is in it');
SELECT is(io_notify._uuid_v7_floor('2026-01-01 00:00+00'), '019b76da-a800-0000-0000-000000000000'::uuid, 'a partition bound');
SELECT cmp_ok(io_notify._uuid_v7_floor(now() - interval '1 hour'), '<', io_notify.uuid_v7(), 'lies below');

-- fiscal codes and their omocodia
SELECT ok(io_notify.fiscal_code_valid(c), c) FROM unnest('{RSSMRA85T10A562S,RSSMRA85T10A56NH,RSSMRA85T10A5SNT,RSSMRAURTMLARSNL,
	VRDGPP70A01H501S,VRDGPP70A01H50MK,VRDGPP70A01H5LMV,VRDGPPTLALMHRLMB,RSSMRA80A01H501U,RSSMRA80A01H50MM,RSSMRA80A01H5LMX,RSSMRAULALMHRLMD,
	RSSMRA80A41H501Y,RSSMRA80A41H50MQ,RSSMRA80A41H5LMB,RSSMRAULAQMHRLMI,AAAAAA00A00A000A,BBBBBB88A01Y123X}'::text[]) c;
SELECT ok(NOT io_notify.fiscal_code_valid(c), 'not ' || c) FROM unnest('{RSSMRA85T10A562T,RSSMRA85T10A562,RSSMRA85T10A562SS,rssmra85t10a562s,RSSMRA85F10A562S,RSSMRA85T32A562X,
	RSSMRA85T72A562X,AAAAAA00A00A000I,01488650142,RSSMR485T10A562S}'::text[]) c;
SELECT ok(NOT io_notify.fiscal_code_valid(''), 'not the empty text');
SELECT is(io_notify.fiscal_code_valid(NULL), NULL, 'null is null');
SET LOCAL io_notify.check_fiscal_code = off;
SELECT ok(io_notify.fiscal_code_valid('RSSMRA85T10A562T'), 'without the check character');

-- templates
SELECT is(io_notify.render('{{a}} {{{a}}} {{b.c}}{{^d}}!{{/d}}{{#e}}{{.}},{{/e}}{{>p}}', '{"a": "<&>", "b": {"c": 1.50}, "e": ["x", 2]}', partials => '{"p": "[{{a}}]"}'),
	'&lt;&amp;&gt; <&> 1.50!x,2,[&lt;&amp;&gt;]', 'variables, sections, lists, partials');
SELECT is(io_notify.render('{{a}}', '{"a": "x\"\\\n"}', 'json'), 'x\"\\\n', 'escaped for JSON');
SELECT is(io_notify.render('{{a}}', '{"a": "à b&c"}', 'url'), '%C3%A0%20b%26c', 'for a URL');
SELECT throws_ok($$SELECT io_notify.render('{{#a}}', '{}')$$, '22023', 'the template cannot be rendered', 'a section left open');
SELECT throws_ok($$SELECT io_notify.render('x', '"a"')$$, '22023', 'params must be a JSON object', 'params that are no object');

-- Markdown
SELECT is(rtrim(io_notify.markdown_to_html('**a** <b>x</b> [l](javascript:alert(1)) [m](https://e.it)'), E'\n') ~ '<b>|javascript', false, 'no raw HTML, no script links');
SELECT alike(io_notify.markdown_to_html('**a** [m](https://e.it)'), '%<strong>a</strong> <a href="https://e.it">m</a>%', 'CommonMark');
SELECT throws_ok($$SELECT io_notify.markdown_to_html(repeat('a', 20000000))$$, '22023', NULL, 'too long a text');
SELECT is(io_notify.markdown_to_html(''), '', 'nothing from nothing');
SELECT * FROM finish();
ROLLBACK;
