/* units: src/render/calendar.c src/render/local_time.c src/render/text_check.c */
#include "base/pure.h"

#include "render/calendar.h"
#include "render/text_check.h"
#include "tap.h"

#define SECOND	INT64CONST(1000000)
#define NOON	(INT64CONST(1796036400) * SECOND)	/* 30 November 2026 in Rome */

static IonCalendarEvent
sample(void)
{
	IonCalendarEvent event = {0};

	event.uid = "0190c1a0-1111-7abc-8def-001122334455";
	event.summary = "TARI 2026";
	event.due_at = NOON;
	event.stamped_at = INT64CONST(1790000000) * SECOND;
	return event;
}

static char *
build(const IonCalendarEvent *event)
{
	StringInfoData out;
	const char *error = "";

	initStringInfo(&out);
	ok(ion_calendar_build(&out, event, &error), "a calendar is made %s", error);
	return out.data;
}

static void
has(const char *calendar, const char *line)
{
	if (!ok(strstr(calendar, psprintf("\r\n%s\r\n", line)) != NULL, "has the line %s", line))
		printf("# %s\n", calendar);
}

static void
refused(const IonCalendarEvent *event, const char *why)
{
	StringInfoData out;
	const char *error = NULL;

	initStringInfo(&out);
	appendStringInfoString(&out, "x");
	ok(!ion_calendar_build(&out, event, &error), "refused: %s", why);
	is_str(error, why, "and says so");
	is_str(out.data, "x", "and nothing is written");
}

static void
test_whole(void)
{
	IonCalendarEvent event = sample();

	event.description = "Importo: 120,50 \xe2\x82\xac";
	event.organizer_name = "Comune di \"Esempio\"; ufficio, tributi: uno";
	event.organizer_address = "no-reply@comune.example.it";
	is_str(build(&event),
		   "BEGIN:VCALENDAR\r\n"
		   "VERSION:2.0\r\n"
		   "PRODID:-//io_notify//io_notify//EN\r\n"
		   "CALSCALE:GREGORIAN\r\n"
		   "METHOD:PUBLISH\r\n"
		   "BEGIN:VEVENT\r\n"
		   "UID:0190c1a0-1111-7abc-8def-001122334455\r\n"
		   "DTSTAMP:20260921T141320Z\r\n"
		   "DTSTART:20261130T110000Z\r\n"
		   "SUMMARY:TARI 2026\r\n"
		   "DESCRIPTION:Importo: 120\\,50 \xe2\x82\xac\r\n"
		   "ORGANIZER;CN=\"Comune di 'Esempio'; ufficio, tributi: uno\":mailto:no-reply@c\r\n"
		   " omune.example.it\r\n"
		   "SEQUENCE:0\r\n"
		   "STATUS:CONFIRMED\r\n"
		   "TRANSP:TRANSPARENT\r\n"
		   "CLASS:PRIVATE\r\n"
		   "BEGIN:VALARM\r\n"
		   "ACTION:DISPLAY\r\n"
		   "DESCRIPTION:TARI 2026\r\n"
		   "TRIGGER:-P1D\r\n"
		   "END:VALARM\r\n"
		   "END:VEVENT\r\n"
		   "END:VCALENDAR\r\n", "every octet as expected");
}

static void
test_day(void)
{
	IonCalendarEvent event = sample();
	char	   *calendar;

	event.due_at = NOON + (11 * 60 + 59) * 60 * SECOND;
	calendar = build(&event);
	has(calendar, "DTSTART;VALUE=DATE:20261130");
	has(calendar, "TRIGGER:-PT15H");
	event.due_at = NOON + 12 * 60 * 60 * SECOND;
	has(build(&event), "DTSTART;VALUE=DATE:20261201");
	event.due_at = NOON + (11 * 60 + 58) * 60 * SECOND;
	has(build(&event), "DTSTART:20261130T225800Z");

	event.due_at = NOON + 12 * 60 * 60 * SECOND;
	event.time_zone = "Asia/Kolkata";
	has(build(&event), "DTSTART:20261130T230000Z");
	event.time_zone = "Etc/UTC";
	event.due_at = NOON + 13 * 60 * 60 * SECOND;
	has(build(&event), "DTSTART;VALUE=DATE:20261201");
	ok(strstr(build(&event), "DTEND") == NULL && strstr(build(&event), "DURATION") == NULL, "a deadline has no end and no duration");
}

static void
test_text(void)
{
	IonCalendarEvent event = sample();
	char	   *calendar;

	event.summary = "a\\b;c,d:e\"f\r\ng\nh\ri\tl\x01m\x7fn\xc2\x85o\xe2\x80\xa8p";
	calendar = build(&event);
	has(calendar, "SUMMARY:a\\\\b\\;c\\,d:e\"f\\ng\\nh\\ni lmnop");
	event.summary = "x\r\nEND:VEVENT\r\nATTENDEE:mailto:x@y.it";
	calendar = build(&event);
	has(calendar, "SUMMARY:x\\nEND:VEVENT\\nATTENDEE:mailto:x@y.it");
	ok(strstr(calendar, "\r\nATTENDEE") == NULL, "no property comes out of a text");
	event.organizer_address = "a@b.it";
	event.organizer_name = "A\r\nATTENDEE:mailto:x@y.it";
	ok(strstr(build(&event), "\r\nATTENDEE") == NULL, "nor out of a name");
	event.organizer_name = "";
	has(build(&event), "ORGANIZER:mailto:a@b.it");
}

/* Ten thousand characters of one to four octets, folded and unfolded again. */
static void
test_folding(void)
{
	static const char *const letters[] = {"a", "\xc3\xa8", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	IonCalendarEvent event = sample();
	StringInfoData text;
	StringInfoData unfolded;
	char	   *calendar;
	bool		fits = true;
	bool		whole = true;

	initStringInfo(&text);
	initStringInfo(&unfolded);
	for (int i = 0; i < 10000; i++)
		appendStringInfoString(&text, letters[i * 7 / 3 % 4]);
	event.description = text.data;
	calendar = build(&event);
	for (char *line = calendar; *line != '\0';)
	{
		size_t		len = strcspn(line, "\r");

		fits = fits && len <= ION_CALENDAR_FOLD;
		whole = whole && ion_text_is_utf8(line, len);
		appendBinaryStringInfo(&unfolded, line, (int) len);
		line += len + 2;
		if (*line == ' ')
			line++;
		else
			appendStringInfoString(&unfolded, "\r\n");
	}
	ok(fits, "no line is longer than 75 octets");
	ok(whole, "no character is torn");
	has(unfolded.data, psprintf("DESCRIPTION:%s", text.data));
}

static void
test_refused(void)
{
	IonCalendarEvent event = sample();
	char	   *too_long = palloc(ION_CALENDAR_TEXT_MAX + 2);

	event.uid = NULL;
	refused(&event, "the calendar entry's identifier is malformed");
	event.uid = "a\r\nb";
	refused(&event, "the calendar entry's identifier is malformed");
	event = sample();
	event.summary = NULL;
	refused(&event, "the calendar entry has no summary");
	event.summary = "\xff";
	refused(&event, "the calendar entry's text is not valid UTF-8");
	memset(too_long, 'x', ION_CALENDAR_TEXT_MAX + 1);
	too_long[ION_CALENDAR_TEXT_MAX + 1] = '\0';
	event = sample();
	event.description = too_long;
	refused(&event, "the calendar entry's text is too long");
	event = sample();
	event.organizer_address = "a@b.it\r\nX:y";
	refused(&event, "the calendar entry's organizer is malformed");
	event.organizer_address = "nessuno";
	refused(&event, "the calendar entry's organizer is malformed");
	event = sample();
	event.time_zone = "Europe/Atlantis";
	refused(&event, "the time zone is unknown");
	event = sample();
	event.due_at = PG_INT64_MIN;
	refused(&event, "the date is out of range");
	event = sample();
	event.stamped_at = PG_INT64_MAX;
	refused(&event, "the date is out of range");
}

int
main(void)
{
	test_whole();
	test_day();
	test_text();
	test_folding();
	test_refused();
	return done_testing();
}
