/*-------------------------------------------------------------------------
 *
 * mime.h
 *	  Builds one RFC 5322 message, ready for SMTP's DATA.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MIME_H
#define ION_RENDER_MIME_H

#include "base/pure.h"

#define ION_MAIL_SUBJECT_MAX	2000	/* octets */
#define ION_MAIL_BODY_MAX		(16 * 1024 * 1024)	/* octets of each part */
#define ION_MAIL_MESSAGE_ID_MAX 250 /* octets, without angle brackets */
#define ION_MAIL_LANGUAGE_MAX	35	/* octets of a language tag, RFC 5646 4.4.1 */
#define ION_MAIL_EXTRA_MAX		32	/* extra header fields */
#define ION_MAIL_FILE_MAX		64	/* octets of the calendar's file name */

/* A field the caller adds: ASCII is sent as it is, prose is encoded. */
typedef struct IonMailHeader
{
	const char *name;			/* [A-Za-z0-9-]+, none that we write */
	const char *value;			/* UTF-8 without control characters */
} IonMailHeader;

/* What a mail says; all strings are the caller's, UTF-8, and outlive the call. */
typedef struct IonMail
{
	const char *from_name;		/* NULL or empty: no display name */
	const char *from_addr;
	const char *reply_to;		/* an address, or NULL */
	const char *to_addr;
	const char *subject;		/* may be empty */
	const char *text;			/* text/plain, any line ends */
	const char *html;			/* text/html, or NULL: text alone */
	const char *calendar;		/* text/calendar, METHOD:PUBLISH, or NULL */
	const char *calendar_file;	/* its file name, [A-Za-z0-9_.-]+; NULL: ours */
	const char *message_id;		/* left@right, without angle brackets */
	int64		date_unix;		/* seconds since 1970, UTC */
	const char *language;		/* Content-Language, or NULL */
	const char *boundary_seed;	/* the boundary is a function of this alone */
	bool		eight_bit_headers;	/* SMTPUTF8 agreed and needed: UTF-8 local
									 * parts may stand in address fields */
	const IonMailHeader *extra; /* n_extra of them; NULL when none */
	int			n_extra;
} IonMail;

extern bool ion_mail_build(const IonMail *mail, StringInfo out,
						   const char **error);

#endif							/* ION_RENDER_MIME_H */
