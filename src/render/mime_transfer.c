/*-------------------------------------------------------------------------
 *
 * mime_transfer.c
 *	  Content-Transfer-Encoding of UTF-8 text: quoted-printable and base64.
 *
 * Both encoders take text with any mixture of CR, LF and CRLF and encode the
 * canonical form, in which every one of them is CRLF (RFC 2049 section 4,
 * step 2).  So no bare CR or LF can reach the wire: that is what SMTP
 * smuggling needs.  The output is ASCII, in lines of 76 characters at most.
 *
 * A mail is built once per delivery, so this is a hot path: one table lookup
 * a byte, runs of ordinary text copied in a tight loop, and room in the
 * StringInfo asked for by the block.  Nothing fails but the allocation.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/mime_transfer.h"

/* What quoted-printable does with a byte; the order is used: plain first. */
typedef enum QpClass
{
	QP_PLAIN = 0,				/* stands for itself */
	QP_BLANK,					/* stands for itself except at a line's end */
	QP_BREAK,					/* CR or LF */
	QP_ESCAPE					/* must become =XX */
} QpClass;

/* Input octets in one full line of base64. */
#define BASE64_LINE_IN	(ION_MIME_LINE_MAX / 4 * 3)

/* The most one step of the quoted-printable loop writes, with margin. */
#define QP_STEP_MAX		128

/* How much room is asked for at a time. */
#define QP_ROOM			4096

static const char hex_digit[] = "0123456789ABCDEF";
static const char base64_digit[] =
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define P8	0, 0, 0, 0, 0, 0, 0, 0
#define E8	3, 3, 3, 3, 3, 3, 3, 3
#define E32 E8, E8, E8, E8

/* Octets 33-60 and 62-126 are plain (RFC 2045 section 6.7, rule 2). */
static const uint8 qp_class[256] = {
	E8,							/* 00 */
	3, 1, 2, 3, 3, 2, 3, 3,		/* 08: tab, LF, CR */
	E8, E8,						/* 10 */
	1, 0, 0, 0, 0, 0, 0, 0,		/* 20: space */
	P8,							/* 28 */
	P8,							/* 30 */
	0, 0, 0, 0, 0, 3, 0, 0,		/* 38: equals sign */
	P8, P8, P8, P8,				/* 40 */
	P8, P8, P8,					/* 60 */
	0, 0, 0, 0, 0, 0, 0, 3,		/* 78: DEL */
	E32, E32, E32, E32			/* 80 */
};

/* Where the quoted-printable encoder stands. */
typedef struct QpState
{
	const unsigned char *p;		/* next input byte */
	const unsigned char *end;
	char	   *w;				/* next output byte */
	int			column;			/* characters on the current output line */
} QpState;

static void qp_run(QpState *state);
static void qp_token(QpState *state);

/*
 * Appends text in quoted-printable (RFC 2045 section 6.7).  "From " at a line's
 * beginning is escaped as well, for mailboxes in mbox format.  No line end is
 * added.  Returns the octets of the canonical text, which tell what base64
 * would have needed.
 */
size_t
ion_mime_transfer_qp(StringInfo out, const char *text, size_t len)
{
	QpState		state;
	const char *limit;
	size_t		added = 0;

	state.p = (const unsigned char *) text;
	state.end = state.p + len;
	state.column = 0;
	enlargeStringInfo(out, QP_ROOM);
	state.w = out->data + out->len;
	limit = out->data + out->maxlen - QP_STEP_MAX;

	while (state.p < state.end)
	{
		if (state.w >= limit)
		{
			out->len = (int) (state.w - out->data);
			enlargeStringInfo(out, QP_ROOM);
			state.w = out->data + out->len;
			limit = out->data + out->maxlen - QP_STEP_MAX;
		}
		if (qp_class[*state.p] == QP_BREAK)
		{
			bool		pair = *state.p == '\r' && state.p + 1 < state.end &&
				state.p[1] == '\n';

			state.p += pair ? 2 : 1;
			added += pair ? 0 : 1;
			*state.w++ = '\r';
			*state.w++ = '\n';
			state.column = 0;
			continue;
		}
		if (qp_class[*state.p] <= QP_BLANK)
			qp_run(&state);
		if (state.p < state.end && qp_class[*state.p] != QP_BREAK)
			qp_token(&state);
	}
	out->len = (int) (state.w - out->data);
	out->data[out->len] = '\0';
	return len + added;
}

/*
 * Appends text in base64 (RFC 2045 section 6.8), lines of 76 characters with
 * CRLF between them and none after the last.
 */
void
ion_mime_transfer_base64(StringInfo out, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	bool		first = true;
	bool		owed_lf = false;	/* a CR went out as a line's last octet */

	while (p < end || owed_lf)
	{
		unsigned char line[BASE64_LINE_IN];
		size_t		n = 0;

		while (n < sizeof(line) && (p < end || owed_lf))
		{
			if (owed_lf)
			{
				line[n++] = '\n';
				owed_lf = false;
			}
			else if (*p == '\r' || *p == '\n')
			{
				p += *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
				line[n++] = '\r';
				owed_lf = true;
			}
			else
				line[n++] = *p++;
		}
		enlargeStringInfo(out, ION_MIME_LINE_MAX + 2);
		if (!first)
		{
			out->data[out->len++] = '\r';
			out->data[out->len++] = '\n';
		}
		first = false;
		out->len += (int) ion_mime_base64_block(out->data + out->len, line, n);
		out->data[out->len] = '\0';
	}
}

/* Octets ion_mime_transfer_base64() appends for len octets of canonical text. */
size_t
ion_mime_transfer_base64_size(size_t len)
{
	size_t		lines = (len + BASE64_LINE_IN - 1) / BASE64_LINE_IN;

	return (len + 2) / 3 * 4 + (lines > 0 ? (lines - 1) * 2 : 0);
}

/*
 * Writes the base64 of len octets to "to", which has room for 4 characters for
 * each 3 octets begun; returns the characters written.  No line ends, no zero.
 */
size_t
ion_mime_base64_block(char *to, const unsigned char *from, size_t len)
{
	char	   *w = to;

	while (len >= 3)
	{
		uint32		bits = (uint32) from[0] << 16 | from[1] << 8 | from[2];

		*w++ = base64_digit[bits >> 18];
		*w++ = base64_digit[(bits >> 12) & 63];
		*w++ = base64_digit[(bits >> 6) & 63];
		*w++ = base64_digit[bits & 63];
		from += 3;
		len -= 3;
	}
	if (len > 0)
	{
		uint32		bits = (uint32) from[0] << 16 | (len == 2 ? from[1] << 8 : 0);

		*w++ = base64_digit[bits >> 18];
		*w++ = base64_digit[(bits >> 12) & 63];
		*w++ = len == 2 ? base64_digit[(bits >> 6) & 63] : '=';
		*w++ = '=';
	}
	return w - to;
}

/*
 * Copies ordinary text as far as column 75, the last that leaves room for a
 * soft break.  Stops before a blank that ends a line, and copies nothing when
 * the line begins with "From ": those are qp_token()'s.
 */
static void
qp_run(QpState *state)
{
	const unsigned char *p = state->p;
	const unsigned char *stop = state->end;
	char	   *w = state->w;

	if (stop - p > ION_MIME_LINE_MAX - 1 - state->column)
		stop = p + (ION_MIME_LINE_MAX - 1 - state->column);
	if (state->column == 0 && state->end - p >= 5 && memcmp(p, "From ", 5) == 0)
		return;

	while (p < stop && qp_class[*p] <= QP_BLANK)
		*w++ = (char) *p++;
	while (p > state->p && qp_class[p[-1]] == QP_BLANK &&
		   (p == state->end || qp_class[*p] == QP_BREAK))
	{
		p--;
		w--;
	}
	state->column += (int) (p - state->p);
	state->p = p;
	state->w = w;
}

/*
 * Writes one octet, escaped if it must be, after a soft break if it does not
 * fit.  Only the last octet of a line may use column 76.
 */
static void
qp_token(QpState *state)
{
	unsigned char c = *state->p;
	bool		at_end = state->p + 1 == state->end ||
		qp_class[state->p[1]] == QP_BREAK;
	int			room = ION_MIME_LINE_MAX - (at_end ? 0 : 1);
	bool		escape = qp_class[c] == QP_ESCAPE ||
		(qp_class[c] == QP_BLANK && at_end);

	if (state->column + (escape ? 3 : 1) > room)
	{
		memcpy(state->w, "=\r\n", 3);
		state->w += 3;
		state->column = 0;
	}
	if (state->column == 0 && state->end - state->p >= 5 &&
		memcmp(state->p, "From ", 5) == 0)
		escape = true;

	if (escape)
	{
		*state->w++ = '=';
		*state->w++ = hex_digit[c >> 4];
		*state->w++ = hex_digit[c & 15];
		state->column += 3;
	}
	else
	{
		*state->w++ = (char) c;
		state->column++;
	}
	state->p++;
}
