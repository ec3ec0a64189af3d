/*-------------------------------------------------------------------------
 *
 * calendar.h
 *	  A due date as a calendar entry (RFC 5545).
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_CALENDAR_H
#define ION_RENDER_CALENDAR_H

#include "base/pure.h"

#define ION_CALENDAR_UID_MAX	200 /* octets */
#define ION_CALENDAR_TEXT_MAX	65536	/* octets of summary or description */
#define ION_CALENDAR_ADDRESS_MAX 254	/* octets of the organizer's address */
#define ION_CALENDAR_FOLD		75	/* octets of a line, RFC 5545 3.1 */

/* Strings are the caller's, UTF-8. */
typedef struct IonCalendarEvent
{
	const char *uid;			/* the message's UUID: RFC 7986 section 5.3 */
	const char *summary;
	const char *description;	/* or NULL */
	const char *time_zone;		/* IANA name in which due_at is read; NULL:
								 * Europe/Rome */
	const char *organizer_name; /* or NULL */
	const char *organizer_address;	/* e-mail address, ASCII; NULL: no
									 * ORGANIZER */
	int64		due_at;			/* microseconds since 1970, UTC */
	int64		stamped_at;		/* the same; DTSTAMP: when the message was
								 * made, so every try is the same calendar */
} IonCalendarEvent;

/*
 * Appends a VCALENDAR with one VEVENT, lines ended by CRLF.  False, with
 * *error a static string and out as it was, when a value is missing, too
 * long, not UTF-8 or out of range, or the time zone is unknown.
 */
extern bool ion_calendar_build(StringInfo out, const IonCalendarEvent *event,
							   const char **error);

#endif							/* ION_RENDER_CALENDAR_H */
