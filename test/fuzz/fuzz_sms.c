/* units: src/render/sms_fit.c src/render/sms_transliterate.c src/render/sms_text.c src/render/grapheme.c src/render/text_check.c */
/*
 * fuzz_sms.c
 *	  Any bytes as an SMS: what is promised of its size must hold.
 *
 * The input is a byte of segments and one of switches, then the text.
 */
#include "fuzz_arena.h"

#include "render/grapheme.h"
#include "render/sms_text.h"
#include "render/text_check.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
check_size(const char *text, size_t len)
{
	IonSmsSize	size;

	if (ion_sms_measure(text, len, &size))
	{
		int			room = size.encoding == ION_SMS_GSM7 ? 153 : 67;

		require(ion_text_is_utf8(text, len));
		require((size.units == 0) == (len == 0) && (size.segments == 0) == (len == 0));
		require(size.segments <= ION_SMS_SEGMENTS_MAX);
		/* at most one unit of each segment but the last is wasted */
		require(size.segments <= 1 || (size.units > (size.segments - 1) * (room - 1) && size.units <= size.segments * room));
	}
	else if (ion_text_is_utf8(text, len))
		require(size.segments == ION_SMS_SEGMENTS_MAX + 1);
}

static void
check_transliterate(const char *text, size_t len)
{
	StringInfoData once;
	StringInfoData twice;
	IonSmsSize	before;
	IonSmsSize	after;

	initStringInfo(&once);
	ion_sms_transliterate(&once, text, len);
	require(ion_text_is_utf8(once.data, once.len) == ion_text_is_utf8(text, len));
	initStringInfo(&twice);
	ion_sms_transliterate(&twice, once.data, once.len);
	require(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	if (ion_sms_measure(text, len, &before) && before.encoding == ION_SMS_GSM7)
	{
		require(ion_sms_measure(once.data, once.len, &after));
		require((size_t) once.len == len && memcmp(once.data, text, len) == 0);
	}
}

static void
check_fit(const char *text, size_t len, int segments_max, bool transliterate)
{
	StringInfoData out;
	StringInfoData again;
	IonSmsSize	size;
	IonSmsSize	measured;
	bool		cut;

	initStringInfo(&out);
	cut = ion_sms_fit(&out, text, len, segments_max, transliterate, &size);
	if (!ion_text_is_utf8(text, len))
	{
		require(!cut && out.len == 0 && size.units == 0 && size.segments == 0);
		return;
	}
	require(ion_sms_measure(out.data, out.len, &measured));
	require(size.encoding == measured.encoding && size.units == measured.units && size.segments == measured.segments);
	require(size.segments <= Max(segments_max, 1));
	for (int at = 0, n; at < out.len; at += n)
	{
		pg_wchar	c = ion_code_point(out.data + at, &n);

		require(c == '\n' || (c >= ' ' && (c < 0x7F || c > 0x9F)));
	}
	if (cut)
		require(out.len >= 3 && memcmp(out.data + out.len - 3, "...", 3) == 0);

	/* what fits once fits as it is */
	initStringInfo(&again);
	require(!ion_sms_fit(&again, out.data, out.len, segments_max, false, &measured));
	require(again.len == out.len && memcmp(again.data, out.data, out.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size < 2)
		return 0;
	/* an exact copy: the sanitizer sees its end */
	text = memcpy(palloc(Max(size - 2, 1)), data + 2, size - 2);
	check_size(text, size - 2);
	check_transliterate(text, size - 2);
	/* few segments, so that short inputs are cut too */
	check_fit(text, size - 2, data[1] & 2 ? data[0] : data[0] % 3, data[1] & 1);
	arena_reset();
	return 0;
}
