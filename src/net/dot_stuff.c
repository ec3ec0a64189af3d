/*-------------------------------------------------------------------------
 *
 * dot_stuff.c
 *	  Line ends and leading dots of mail content (RFC 5321 §4.5.2, §2.3.8).
 *
 * The argument: servers disagree about what ends a line, and a sender that
 * passes a lone CR or LF through lets the content forge the end of the mail
 * for one of them ("SMTP smuggling").  So every CR, LF and CRLF of the input
 * leaves as CRLF and *then* every line that begins with a dot gets a second
 * one; no CR or LF stands alone in the output and no line in it is ".".
 *
 * Output goes to the caller's StringInfo, enlarged once per call.  Each byte
 * is looked at a fixed number of times: runs between line ends are found by
 * memchr and copied whole.  Nothing here can fail but the allocation.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/dot_stuff.h"

/* The next CR and the next LF; each is searched again only once passed. */
typedef struct LineEnds
{
	const char *cr;				/* end when there is none */
	const char *lf;
	const char *end;
} LineEnds;

static const char *find_byte(const char *from, const char *end, char byte);
static const char *next_line_end(LineEnds *ends, const char *from);

/* Prepare for the content of one mail. */
void
ion_dot_stuff_init(IonDotStuff *stuff)
{
	stuff->line_start = true;
	stuff->after_cr = false;
}

/*
 * Append the next length bytes of content to out, normalised and stuffed: at
 * most ION_DOT_STUFF_GROWTH(length) bytes.
 */
void
ion_dot_stuff_add(IonDotStuff *stuff, StringInfo out,
				  const char *bytes, size_t length)
{
	const char *p = bytes;
	LineEnds	ends;
	char	   *to;

	if (length == 0)
		return;
	enlargeStringInfo(out, (int) ION_DOT_STUFF_GROWTH(length));
	to = out->data + out->len;
	ends.end = bytes + length;
	ends.cr = find_byte(p, ends.end, '\r');
	ends.lf = find_byte(p, ends.end, '\n');

	while (p < ends.end)
	{
		const char *stop;

		/* The LF of a CRLF: the CR has already written both. */
		if (stuff->after_cr && *p == '\n')
		{
			stuff->after_cr = false;
			p++;
			continue;
		}
		stuff->after_cr = false;

		if (stuff->line_start && *p == '.')
			*to++ = '.';
		stop = next_line_end(&ends, p);
		if (stop > p)
		{
			memcpy(to, p, stop - p);
			to += stop - p;
			stuff->line_start = false;
		}
		if (stop < ends.end)
		{
			*to++ = '\r';
			*to++ = '\n';
			stuff->line_start = true;
			stuff->after_cr = (*stop == '\r');
			stop++;
		}
		p = stop;
	}
	out->len = to - out->data;
	*to = '\0';
}

/*
 * End the content: close the last line if it is open.  The caller then adds
 * the line with the single dot.
 */
void
ion_dot_stuff_end_line(IonDotStuff *stuff, StringInfo out)
{
	if (!stuff->line_start)
		appendBinaryStringInfo(out, "\r\n", 2);
	stuff->line_start = true;
	stuff->after_cr = false;
}

/*
 * Measure a whole content before it is sent.
 */
void
ion_dot_stuff_measure(IonDotMeasure *measure, const char *bytes, size_t length)
{
	const char *p = bytes;
	size_t		added = 0;
	unsigned char bits = 0;
	LineEnds	ends;

	measure->wire_size = 0;
	measure->eight_bit = false;
	measure->zero_byte = false;
	if (length == 0)
		return;

	ends.end = bytes + length;
	ends.cr = find_byte(p, ends.end, '\r');
	ends.lf = find_byte(p, ends.end, '\n');
	while ((p = next_line_end(&ends, p)) < ends.end)
	{
		if (*p == '\r' && p + 1 < ends.end && p[1] == '\n')
			p++;
		else
			added++;			/* a lone CR or LF becomes two bytes */
		p++;
	}
	if (ends.end[-1] != '\r' && ends.end[-1] != '\n')
		added += 2;
	measure->wire_size = length + added;

	for (size_t i = 0; i < length; i++)
		bits |= (unsigned char) bytes[i];
	measure->eight_bit = (bits & 0x80) != 0;
	measure->zero_byte = memchr(bytes, '\0', length) != NULL;
}

static const char *
find_byte(const char *from, const char *end, char byte)
{
	const char *found = memchr(from, byte, end - from);

	return found != NULL ? found : end;
}

/* The first CR or LF at or after from, or the end. */
static const char *
next_line_end(LineEnds *ends, const char *from)
{
	if (ends->cr < from)
		ends->cr = find_byte(from, ends->end, '\r');
	if (ends->lf < from)
		ends->lf = find_byte(from, ends->end, '\n');
	return Min(ends->cr, ends->lf);
}
