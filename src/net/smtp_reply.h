/*-------------------------------------------------------------------------
 *
 * smtp_reply.h
 *	  Reading the reply lines of an SMTP server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_REPLY_H
#define ION_NET_SMTP_REPLY_H

#include "base/pure.h"

#define ION_SMTP_REPLY_LINE_MAX		2048	/* bytes of a line with its CRLF;
											 * RFC 5321 says 512 */
#define ION_SMTP_REPLY_LINES_MAX	128 /* continuation lines of a reply */
#define ION_SMTP_REPLY_TEXT_MAX		512 /* bytes of text kept, with the zero */

typedef enum IonSmtpFeed
{
	ION_SMTP_FEED_MORE,			/* all bytes taken, no line ended */
	ION_SMTP_FEED_LINE,			/* a continuation line ended */
	ION_SMTP_FEED_REPLY,		/* the last line ended: the reply is whole */
	ION_SMTP_FEED_ERROR			/* not SMTP; error says why */
} IonSmtpFeed;

/* Enhanced status code (RFC 3463); klass is 0 when the reply has none. */
typedef struct IonSmtpEnhanced
{
	int			klass;
	int			subject;
	int			detail;
} IonSmtpEnhanced;

/*
 * A reply as far as it has been read.  line and line_length are valid until
 * the next feed; code, enhanced and text until the first feed after a REPLY.
 */
typedef struct IonSmtpReply
{
	int			code;			/* 100..599 */
	IonSmtpEnhanced enhanced;	/* of the first line */
	const char *line;			/* last line's text, code and CRLF removed */
	int			line_length;
	int			lines;			/* lines read, the last one included */
	char		text[ION_SMTP_REPLY_TEXT_MAX];	/* lines joined by a space, a
												 * repeated enhanced code left
												 * out, whole words only */
	int			text_length;
	const char *error;			/* static text after FEED_ERROR */

	/* Private to smtp_reply.c. */
	bool		whole;			/* the next line begins a new reply */
	bool		text_full;
	size_t		held;			/* bytes of the unfinished line */
	char		hold[ION_SMTP_REPLY_LINE_MAX];
} IonSmtpReply;

extern void ion_smtp_reply_init(IonSmtpReply *reply);
extern IonSmtpFeed ion_smtp_reply_feed(IonSmtpReply *reply,
									   const char **bytes, size_t *length);
extern int	ion_smtp_enhanced_parse(IonSmtpEnhanced *enhanced, int code,
									const char *text, int length);

#endif							/* ION_NET_SMTP_REPLY_H */
