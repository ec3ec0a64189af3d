/* units: src/queue/retry_policy.c */
/*
 * test_retry_policy.c
 *	  Schedules in text, delays to the millisecond, the breaker's doubling.
 */
#include "base/pure.h"

#include <limits.h>
#include <math.h>

#include "queue/retry_policy.h"
#include "tap.h"

#define S	INT64CONST(1000)
#define MIN	(60 * S)
#define H	(60 * MIN)
#define D	(24 * H)

typedef struct Good
{
	const char *text;
	int			count;
	int64		delay_ms[5];
} Good;

static const Good goods[] = {
	{"5 s, 5 min, 30 min, 2 h, 1 d", 5, {5 * S, 5 * MIN, 30 * MIN, 2 * H, D}},
	{"5s,5min", 2, {5 * S, 5 * MIN}},
	{"  1   ms  ", 1, {1}},
	{"1\tms,\n2 msec, 3 msecs, 4 millisecond, 5 milliseconds", 5, {1, 2, 3, 4, 5}},
	{"1 s, 1 sec, 1 secs, 1 second, 2 seconds", 5, {S, S, S, S, 2 * S}},
	{"1 min, 2 mins, 1 minute, 2 minutes", 4, {MIN, 2 * MIN, MIN, 2 * MIN}},
	{"1 h, 1 hr, 2 hrs, 1 hour, 2 hours", 5, {H, H, 2 * H, H, 2 * H}},
	{"1 d, 1 day, 30 days", 3, {D, D, 30 * D}},
	{"1 MIN, 2 Hours, 3 D", 3, {MIN, 2 * H, 3 * D}},
	{"2592000000 ms, 2592000 s, 43200 min, 720 h", 4, {30 * D, 30 * D, 30 * D, 30 * D}},
	{"007 s", 1, {7 * S}},
	{"10 s, 1 s, 10 s", 3, {10 * S, S, 10 * S}}
};

typedef struct Bad
{
	const char *text;
	const char *part;
} Bad;

static const Bad bads[] = {
	{NULL, "at least one"}, {"", "at least one"}, {"  \t\n", "at least one"},
	{",", "whole number"}, {"5 s,", "whole number"}, {",5 s", "whole number"},
	{"5 s,,5 s", "whole number"}, {"s", "whole number"}, {"five s", "whole number"},
	{"-5 s", "whole number"}, {"+5 s", "whole number"}, {".5 s", "whole number"},
	{"5", "unit"}, {"5,6", "unit"}, {"5 m", "unit"}, {"5 x", "unit"},
	{"1.5 h", "unit"}, {"5 weeks", "unit"}, {"1 month", "unit"},
	{"5 sss", "unit"}, {"5 millisecondsmilliseconds", "unit"},
	{"5 s 5 min", "commas"}, {"5 s; 5 min", "commas"}, {"5 s.", "commas"},
	{"5 s\xc2\xa0", "commas"},
	{"0 s", "at least 1 ms"}, {"0 ms", "at least 1 ms"},
	{"5 s, 000 d", "at least 1 ms"},
	{"31 d", "30 days"}, {"721 h", "30 days"}, {"2592000001 ms", "30 days"},
	{"2592000000 d", "30 days"}, {"99999999999999999999999999 ms", "30 days"},
	{"18446744073709551617 s", "30 days"}
};

static void
check_parse(void)
{
	IonRetrySchedule schedule;
	IonRetrySchedule zero;
	const char *error;

	memset(&zero, 0, sizeof(zero));
	for (size_t i = 0; i < lengthof(goods); i++)
	{
		error = "unset";
		ok(ion_retry_schedule_parse(goods[i].text, &schedule, &error), "'%s'",
		   goods[i].text[1] == '\t' ? "all milliseconds" : goods[i].text);
		ok(error == NULL, "  no error");
		is_int(schedule.count, goods[i].count, "  steps");
		for (int n = 0; n < goods[i].count; n++)
			is_int(schedule.delay_ms[n], goods[i].delay_ms[n], "  delay");
	}
	for (size_t i = 0; i < lengthof(bads); i++)
	{
		error = NULL;
		memset(&schedule, 0x55, sizeof(schedule));
		ok(!ion_retry_schedule_parse(bads[i].text, &schedule, &error),
		   "refused: %s", bads[i].part);
		if (!ok(error != NULL && strstr(error, bads[i].part), "  and why"))
			printf("#   %s: %s\n", bads[i].text ? bads[i].text : "(null)", error ? error : "(null)");
		ok(memcmp(&schedule, &zero, sizeof(zero)) == 0, "  nothing left behind");
		ok(!ion_retry_schedule_parse(bads[i].text, &schedule, NULL),
		   "  the error is optional");
	}
}

static void
check_limits(void)
{
	IonRetrySchedule schedule;
	const char *error;
	char		text[ION_RETRY_TEXT_MAX + 8] = "";

	for (int i = 0; i < 32; i++)
		strcat(text, i == 0 ? "1 s" : ",1 s");
	ok(ion_retry_schedule_parse(text, &schedule, NULL), "32 steps");
	is_int(schedule.count, 32, "are all there");
	is_int(ion_retry_delay_ms(&schedule, 32, -1, 0.5), S, "the last one counts");
	is_int(ion_retry_delay_ms(&schedule, 33, -1, 0.5), -1, "and then it is over");
	strcat(text, ",1 s");
	ok(!ion_retry_schedule_parse(text, &schedule, &error), "33 steps");
	ok(strstr(error, "32") != NULL, "the limit is named");

	memset(text, ' ', sizeof(text));
	memcpy(text, "1 s", 3);
	text[ION_RETRY_TEXT_MAX] = '\0';
	ok(ion_retry_schedule_parse(text, &schedule, NULL), "1024 bytes");
	text[ION_RETRY_TEXT_MAX] = ' ';
	text[ION_RETRY_TEXT_MAX + 1] = '\0';
	ok(!ion_retry_schedule_parse(text, &schedule, &error), "1025 bytes");
	ok(strstr(error, "1024") != NULL, "the limit is named");
}

static void
check_delays(void)
{
	IonRetrySchedule schedule;

	ion_retry_schedule_parse("10 s, 100 s", &schedule, NULL);
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 0.5), 10000, "first, middle");
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 0.0), 8000, "first, -20 %");
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 1.0), 12000, "first, +20 %");
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 0.25), 9000, "first, -10 %");
	is_int(ion_retry_delay_ms(&schedule, 2, -1, 0.5), 100000, "second");
	is_int(ion_retry_delay_ms(&schedule, 3, -1, 0.5), -1, "exhausted");
	is_int(ion_retry_delay_ms(&schedule, INT_MAX, -1, 0.5), -1, "long exhausted");
	is_int(ion_retry_delay_ms(&schedule, 0, -1, 0.5), 10000, "0 failures is the first");
	is_int(ion_retry_delay_ms(&schedule, INT_MIN, -1, 0.5), 10000, "so is less");

	is_int(ion_retry_delay_ms(&schedule, 1, 0, 0.5), 10000, "Retry-After 0");
	is_int(ion_retry_delay_ms(&schedule, 1, 3, 0.5), 10000, "less than the step");
	is_int(ion_retry_delay_ms(&schedule, 1, 60, 0.5), 60000, "more than the step");
	is_int(ion_retry_delay_ms(&schedule, 1, 11, 1.0), 12000, "a floor under the jitter");
	is_int(ion_retry_delay_ms(&schedule, 1, 11, 0.0), 11000, "which cannot go below");
	is_int(ion_retry_delay_ms(&schedule, 1, 86400, 0.5), D, "a day");
	is_int(ion_retry_delay_ms(&schedule, 1, 86401, 0.5), D, "is the most");
	is_int(ion_retry_delay_ms(&schedule, 1, INT_MAX, 0.5), D, "whatever is asked");
	is_int(ion_retry_delay_ms(&schedule, 1, INT_MIN, 0.5), 10000, "negative is none");
	is_int(ion_retry_delay_ms(&schedule, 3, 60, 0.5), -1,
		   "Retry-After does not revive an exhausted schedule");

	is_int(ion_retry_delay_ms(&schedule, 1, -1, -7.0), 8000, "random01 below 0");
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 9.0), 12000, "random01 above 1");
	is_int(ion_retry_delay_ms(&schedule, 1, -1, (double) NAN), 8000, "random01 NaN");

	ion_retry_schedule_parse("1 ms, 30 d", &schedule, NULL);
	is_int(ion_retry_delay_ms(&schedule, 1, -1, 0.0), 1, "never 0 ms");
	is_int(ion_retry_delay_ms(&schedule, 2, -1, 1.0), 36 * D, "30 d +20 %");
	is_int(ion_retry_delay_ms(&schedule, 2, 5, 0.0), 24 * D,
		   "the cap on Retry-After does not cut a longer step");
}

static void
check_defaults(void)
{
	static const struct
	{
		const char *channel;
		const char *text;
	}			defaults[] = {
		{"email", "1 min, 5 min, 15 min, 1 h, 3 h, 6 h, 12 h, 24 h"},
		{"pec", "1 min, 5 min, 15 min, 1 h, 3 h, 6 h, 12 h, 24 h"},
		{"sms", "10 s, 1 min, 5 min, 15 min, 1 h"},
		{"webhook", "5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h"},
		{"push", "5 s, 30 s, 5 min, 30 min"}
	};
	IonRetrySchedule schedule;

	for (size_t i = 0; i < lengthof(defaults); i++)
	{
		ion_retry_schedule_parse(defaults[i].text, &schedule, NULL);
		ok(memcmp(&schedule, ion_retry_default(defaults[i].channel),
				  sizeof(schedule)) == 0, "default of %s", defaults[i].channel);
	}
	is_int(ion_retry_default("inbox")->count, 0, "inbox has none");
	is_int(ion_retry_default("Email")->count, 0, "an unknown name has none");
	is_int(ion_retry_default(NULL)->count, 0, "NULL has none");
	is_int(ion_retry_delay_ms(ion_retry_default("inbox"), 1, 9, 0.5), -1,
		   "no schedule is exhausted at once");
}

static void
check_breaker(void)
{
	static const int64 expected[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};

	for (int n = 1; n <= (int) lengthof(expected); n++)
	{
		int64		ms = expected[n - 1] * S;

		is_int(ion_breaker_delay_ms(n, 0.5), ms, "breaker, middle");
		is_int(ion_breaker_delay_ms(n, 0.0), ms * 8 / 10, "breaker, -20 %");
		is_int(ion_breaker_delay_ms(n, 1.0), ms * 12 / 10, "breaker, +20 %");
	}
	is_int(ion_breaker_delay_ms(0, 0.5), S, "0 opens");
	is_int(ion_breaker_delay_ms(INT_MIN + 1, 0.5), S, "fewer");
	is_int(ion_breaker_delay_ms(INT_MIN, 0.5), S, "fewest");
	is_int(ion_breaker_delay_ms(INT_MAX, 0.5), 60 * S, "most");
}

int
main(void)
{
	check_parse();
	check_limits();
	check_delays();
	check_defaults();
	check_breaker();
	return done_testing();
}
