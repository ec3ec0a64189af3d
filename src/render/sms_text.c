/*-------------------------------------------------------------------------
 *
 * sms_text.c
 *	  What a text costs as an SMS: alphabet, units, segments.
 *
 * Segments are filled as a telephone fills them, one character after the
 * other, and not found by division: neither the two septets of an extension
 * character nor a surrogate pair may lie in two segments, so a segment can end
 * with a unit to spare.  Both encodings are counted in one pass, since the
 * last character may be the one that decides.
 *
 * Nothing is allocated.  Counts cannot overflow: measuring stops one segment
 * after the most there can be.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "render/sms_text.h"
#include "render/text_check.h"

/* Units of the only segment, and of each of many. */
#define GSM7_SINGLE		160
#define GSM7_SEGMENT	153
#define UCS2_SINGLE		70
#define UCS2_SEGMENT	67

/* Of the alphabet what is not ASCII, in order; each is one septet. */
static const uint16 gsm7_not_ascii[] = {
	0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5,
	0x00C6, 0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00D8, 0x00DC, 0x00DF,
	0x00E0, 0x00E4, 0x00E5, 0x00E6, 0x00E8, 0x00E9, 0x00EC, 0x00F1,
	0x00F2, 0x00F6, 0x00F8, 0x00F9, 0x00FC, 0x0393, 0x0394, 0x0398,
	0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9
};

static void fill(IonSmsFill *f, int units, int segment);
static bool too_many(const IonSmsCounter *counter);

/*
 * Septets of a character in the GSM 7-bit default alphabet with its extension
 * table: 1 or 2, or 0 when it has none.
 */
int
ion_sms_septets(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(gsm7_not_ascii);

	if (c < 0x80)
	{
		if (c == '\n' || c == '\r')
			return 1;
		if (c < ' ' || c == '`' || c == 0x7F)
			return c == '\f' ? 2 : 0;
		return (c >= '[' && c <= '^') || (c >= '{' && c <= '~') ? 2 : 1;
	}
	if (c == 0x20AC)			/* the euro sign */
		return 2;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (gsm7_not_ascii[middle] == c)
			return 1;
		if (gsm7_not_ascii[middle] < c)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* Add one character to the text measured. */
void
ion_sms_count(IonSmsCounter *counter, pg_wchar c)
{
	int			septets = counter->needs_ucs2 ? 0 : ion_sms_septets(c);

	if (septets == 0)
		counter->needs_ucs2 = true;
	else
		fill(&counter->gsm7, septets, GSM7_SEGMENT);
	fill(&counter->ucs2, c > 0xFFFF ? 2 : 1, UCS2_SEGMENT);
}

/* The size of the text counted so far. */
void
ion_sms_counted(const IonSmsCounter *counter, IonSmsSize *size)
{
	const IonSmsFill *f = counter->needs_ucs2 ? &counter->ucs2 : &counter->gsm7;
	int			single = counter->needs_ucs2 ? UCS2_SINGLE : GSM7_SINGLE;

	size->encoding = counter->needs_ucs2 ? ION_SMS_UCS2 : ION_SMS_GSM7;
	size->units = f->units;
	size->segments = f->units > single ? f->segments : f->units > 0;
}

/* "gsm7" or "ucs2". */
const char *
ion_sms_encoding_name(IonSmsEncoding encoding)
{
	return encoding == ION_SMS_GSM7 ? "gsm7" : "ucs2";
}

bool
ion_sms_measure(const char *text, size_t len, IonSmsSize *size)
{
	IonSmsCounter counter = {0};
	size_t		at = 0;

	while (at < len && !too_many(&counter))
	{
		int			n = ion_text_char_bytes(text + at, len - at);

		if (n == 0)
		{
			memset(size, 0, sizeof(*size));
			return false;
		}
		ion_sms_count(&counter, utf8_to_unicode((const unsigned char *) text + at));
		at += n;
	}
	ion_sms_counted(&counter, size);
	if (size->segments <= ION_SMS_SEGMENTS_MAX)
		return true;
	size->segments = ION_SMS_SEGMENTS_MAX + 1;
	return false;
}

static void
fill(IonSmsFill *f, int units, int segment)
{
	if (f->segments == 0 || f->used + units > segment)
	{
		f->segments++;
		f->used = 0;
	}
	f->used += units;
	f->units += units;
}

/*
 * Whether nothing that follows can make the text short enough.  As UCS-2 no
 * text takes fewer segments than as GSM, so the rest of a GSM text that is too
 * long need not be known.
 */
static bool
too_many(const IonSmsCounter *counter)
{
	return (counter->needs_ucs2 ? &counter->ucs2 : &counter->gsm7)->segments > ION_SMS_SEGMENTS_MAX;
}
