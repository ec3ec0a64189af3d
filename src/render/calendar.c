/*-------------------------------------------------------------------------
 *
 * calendar.c
 *	  A due date as a calendar entry (RFC 5545).
 *
 * METHOD:PUBLISH (RFC 5546 section 3.2.1): an entry to take or leave, nobody
 * is invited and nothing answers.  The entry is private, because calendars are
 * shared with colleagues, and transparent, because a deadline occupies nobody.
 *
 * A date without a time becomes an entry for the day, which stays on that day
 * wherever the citizen travels; a time becomes an instant in UTC, without
 * duration (section 3.6.1: no DTEND).
 *
 * Every value is TEXT and escaped, its controls gone, or checked character by
 * character, so none can end its line; lines are folded between characters.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/calendar.h"
#include "render/local_time.h"
#include "render/text_check.h"

/* A day's entry begins at midnight: this is nine in the morning before it. */
#define ALARM_WHOLE_DAY	"-PT15H"
#define ALARM_INSTANT	"-P1D"

static bool event_check(const IonCalendarEvent *event, const char **error);
static bool text_check(const char *text, const char **error);
static bool address_valid(const char *address);
static void append_event(StringInfo out, const IonCalendarEvent *event,
						 const IonLocalTime *due, const IonLocalTime *due_utc,
						 const IonLocalTime *stamped);
static void append_line(StringInfo out, const char *line, size_t len);
static void append_property(StringInfo out, const char *property, const char *value);
static void append_text(StringInfo out, const char *property, const char *text);
static void append_organizer(StringInfo out, const char *name, const char *address);
static char *utc_text(const IonLocalTime *utc);

bool
ion_calendar_build(StringInfo out, const IonCalendarEvent *event,
				   const char **error)
{
	const char *zone = event->time_zone ? event->time_zone : ION_LOCAL_TIME_ZONE;
	IonLocalTime due;
	IonLocalTime due_utc;
	IonLocalTime stamped;

	if (!event_check(event, error) ||
		!ion_local_time(event->due_at, zone, &due, error) ||
		!ion_local_time(event->due_at, "Etc/UTC", &due_utc, error) ||
		!ion_local_time(event->stamped_at, "Etc/UTC", &stamped, error))
		return false;
	append_property(out, "BEGIN", "VCALENDAR");
	append_property(out, "VERSION", "2.0");
	append_property(out, "PRODID", "-//io_notify//io_notify//EN");
	append_property(out, "CALSCALE", "GREGORIAN");
	append_property(out, "METHOD", "PUBLISH");
	append_event(out, event, &due, &due_utc, &stamped);
	append_property(out, "END", "VCALENDAR");
	return true;
}

static bool
event_check(const IonCalendarEvent *event, const char **error)
{
	size_t		len = event->uid ? strnlen(event->uid, ION_CALENDAR_UID_MAX + 1) : 0;

	*error = NULL;
	if (len == 0 || len > ION_CALENDAR_UID_MAX ||
		!ion_text_is_ascii(event->uid, len) || ion_text_has_control(event->uid, len))
		*error = "the calendar entry's identifier is malformed";
	else if (event->summary == NULL)
		*error = "the calendar entry has no summary";
	else if (event->organizer_address && !address_valid(event->organizer_address))
		*error = "the calendar entry's organizer is malformed";
	if (*error)
		return false;
	return text_check(event->summary, error) &&
		(event->description == NULL || text_check(event->description, error)) &&
		(event->organizer_name == NULL || text_check(event->organizer_name, error));
}

static bool
text_check(const char *text, const char **error)
{
	size_t		len = strnlen(text, ION_CALENDAR_TEXT_MAX + 1);

	if (len > ION_CALENDAR_TEXT_MAX)
		*error = "the calendar entry's text is too long";
	else if (!ion_text_is_utf8(text, len))
		*error = "the calendar entry's text is not valid UTF-8";
	return *error == NULL;
}

/* What a mailto URI may hold as it is; other addresses do without. */
static bool
address_valid(const char *address)
{
	size_t		len = strnlen(address, ION_CALENDAR_ADDRESS_MAX + 1);
	size_t		good = strspn(address, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							  "abcdefghijklmnopqrstuvwxyz0123456789@.-_+");

	return len > 0 && len <= ION_CALENDAR_ADDRESS_MAX && good == len &&
		strchr(address, '@') != NULL;
}

/* The VEVENT (section 3.6.1) and its VALARM (section 3.6.6). */
static void
append_event(StringInfo out, const IonCalendarEvent *event,
			 const IonLocalTime *due, const IonLocalTime *due_utc,
			 const IonLocalTime *stamped)
{
	bool		whole_day = ion_local_time_whole_day(due);

	append_property(out, "BEGIN", "VEVENT");
	append_text(out, "UID", event->uid);
	append_property(out, "DTSTAMP", utc_text(stamped));
	if (whole_day)
		append_property(out, "DTSTART;VALUE=DATE",
						psprintf("%04d%02d%02d", due->year, due->month, due->day));
	else
		append_property(out, "DTSTART", utc_text(due_utc));
	append_text(out, "SUMMARY", event->summary);
	if (event->description)
		append_text(out, "DESCRIPTION", event->description);
	if (event->organizer_address)
		append_organizer(out, event->organizer_name, event->organizer_address);
	append_property(out, "SEQUENCE", "0");
	append_property(out, "STATUS", "CONFIRMED");
	append_property(out, "TRANSP", "TRANSPARENT");
	append_property(out, "CLASS", "PRIVATE");
	append_property(out, "BEGIN", "VALARM");
	append_property(out, "ACTION", "DISPLAY");
	append_text(out, "DESCRIPTION", event->summary);
	append_property(out, "TRIGGER", whole_day ? ALARM_WHOLE_DAY : ALARM_INSTANT);
	append_property(out, "END", "VALARM");
	append_property(out, "END", "VEVENT");
}

/*
 * Appends a content line, folded (section 3.1): no line is longer than 75
 * octets, and a character's octets stay together.
 */
static void
append_line(StringInfo out, const char *line, size_t len)
{
	size_t		column = 0;

	for (size_t i = 0; i < len;)
	{
		int			n = Max(ion_text_char_bytes(line + i, len - i), 1);

		if (column + n > ION_CALENDAR_FOLD)
		{
			appendBinaryStringInfo(out, "\r\n ", 3);
			column = 1;
		}
		appendBinaryStringInfo(out, line + i, n);
		column += n;
		i += n;
	}
	appendBinaryStringInfo(out, "\r\n", 2);
}

/* Appends a property whose value is ours and needs no escaping. */
static void
append_property(StringInfo out, const char *property, const char *value)
{
	char	   *line = psprintf("%s:%s", property, value);

	append_line(out, line, strlen(line));
	pfree(line);
}

/*
 * Appends a property of type TEXT (section 3.3.11): line ends of any kind are
 * written "\n", other controls are dropped.
 */
static void
append_text(StringInfo out, const char *property, const char *text)
{
	StringInfoData line;
	size_t		len = strlen(text);

	initStringInfo(&line);
	appendStringInfo(&line, "%s:", property);
	for (size_t i = 0; i < len;)
	{
		int			n = Max(ion_text_char_bytes(text + i, len - i), 1);

		if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))
			appendBinaryStringInfo(&line, "\\n", 2);
		else if (text[i] == '\t')
			appendStringInfoCharMacro(&line, ' ');
		else if (!ion_text_has_control(text + i, n))
		{
			if (text[i] == '\\' || text[i] == ';' || text[i] == ',')
				appendStringInfoCharMacro(&line, '\\');
			appendBinaryStringInfo(&line, text + i, n);
		}
		i += n;
	}
	append_line(out, line.data, line.len);
	pfree(line.data);
}

/*
 * Appends ORGANIZER (section 3.8.4.3).  A quoted parameter value has no way to
 * write a quotation mark (section 3.2), so it becomes an apostrophe.
 */
static void
append_organizer(StringInfo out, const char *name, const char *address)
{
	StringInfoData line;
	size_t		len = name ? strlen(name) : 0;

	initStringInfo(&line);
	appendStringInfoString(&line, "ORGANIZER");
	if (len > 0)
	{
		appendStringInfoString(&line, ";CN=\"");
		for (size_t i = 0; i < len;)
		{
			int			n = Max(ion_text_char_bytes(name + i, len - i), 1);

			if (ion_text_has_control(name + i, n))
				appendStringInfoCharMacro(&line, ' ');
			else if (name[i] == '"')
				appendStringInfoCharMacro(&line, '\'');
			else
				appendBinaryStringInfo(&line, name + i, n);
			i += n;
		}
		appendStringInfoCharMacro(&line, '"');
	}
	appendStringInfo(&line, ":mailto:%s", address);
	append_line(out, line.data, line.len);
	pfree(line.data);
}

/* DATE-TIME in UTC (section 3.3.5, form 2). */
static char *
utc_text(const IonLocalTime *utc)
{
	return psprintf("%04d%02d%02dT%02d%02d%02dZ", utc->year, utc->month,
					utc->day, utc->hour, utc->minute, utc->second);
}
