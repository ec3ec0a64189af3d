/*-------------------------------------------------------------------------
 *
 * retry_policy.c
 *	  When to try again, and when to stop: arithmetic only.
 *
 * The caller brings the random number and adds the delay to its own clock, so
 * every result here is a function of its arguments and can be tested to the
 * millisecond.  Jitter is what keeps a thousand deliveries that failed in one
 * second from coming back in one second.
 *
 * A Retry-After is a floor and never a ceiling: asking for less than our own
 * step does not make us come sooner, and asking for a year is capped, for
 * otherwise one bad header would park a delivery for good.
 *
 * No memory is allocated; the default schedules are constants.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "queue/retry_policy.h"

#define ONE_SECOND		INT64CONST(1000)
#define ONE_MINUTE		(60 * ONE_SECOND)
#define ONE_HOUR		(60 * ONE_MINUTE)
#define ONE_DAY			(24 * ONE_HOUR)

#define UNIT_NAME_MAX	16		/* longest unit looked at, with the zero */

typedef struct IonRetryUnit
{
	const char *name;
	int64		ms;
} IonRetryUnit;

static const IonRetryUnit units[] = {
	{"ms", 1}, {"msec", 1}, {"msecs", 1},
	{"millisecond", 1}, {"milliseconds", 1},
	{"s", ONE_SECOND}, {"sec", ONE_SECOND}, {"secs", ONE_SECOND},
	{"second", ONE_SECOND}, {"seconds", ONE_SECOND},
	{"min", ONE_MINUTE}, {"mins", ONE_MINUTE},
	{"minute", ONE_MINUTE}, {"minutes", ONE_MINUTE},
	{"h", ONE_HOUR}, {"hr", ONE_HOUR}, {"hrs", ONE_HOUR},
	{"hour", ONE_HOUR}, {"hours", ONE_HOUR},
	{"d", ONE_DAY}, {"day", ONE_DAY}, {"days", ONE_DAY}
};

static const IonRetrySchedule email_schedule = {
	8, {
		ONE_MINUTE, 5 * ONE_MINUTE, 15 * ONE_MINUTE, ONE_HOUR, 3 * ONE_HOUR,
		6 * ONE_HOUR, 12 * ONE_HOUR, 24 * ONE_HOUR
	}
};

static const IonRetrySchedule sms_schedule = {
	5, {
		10 * ONE_SECOND, ONE_MINUTE, 5 * ONE_MINUTE, 15 * ONE_MINUTE, ONE_HOUR
	}
};

static const IonRetrySchedule webhook_schedule = {
	9, {
		5 * ONE_SECOND, 5 * ONE_MINUTE, 30 * ONE_MINUTE, 2 * ONE_HOUR,
		5 * ONE_HOUR, 10 * ONE_HOUR, 14 * ONE_HOUR, 20 * ONE_HOUR,
		24 * ONE_HOUR
	}
};

static const IonRetrySchedule push_schedule = {
	4, {
		5 * ONE_SECOND, 30 * ONE_SECOND, 5 * ONE_MINUTE, 30 * ONE_MINUTE
	}
};

static const IonRetrySchedule no_schedule = {0, {0}};

static const char *take_step(const char **cursor, int64 *delay_ms);
static const char *skip_blanks(const char *p);
static int64 spread(int64 delay_ms, double random01);

bool
ion_retry_schedule_parse(const char *text, IonRetrySchedule *out,
						 const char **error)
{
	const char *problem = NULL;
	const char *p = text;

	memset(out, 0, sizeof(*out));
	if (text == NULL || *skip_blanks(text) == '\0')
		problem = "a retry schedule must have at least one step";
	else if (strlen(text) > ION_RETRY_TEXT_MAX)
		problem = "a retry schedule must not be longer than 1024 bytes";
	while (problem == NULL)
	{
		if (out->count == ION_RETRY_STEPS_MAX)
		{
			problem = "a retry schedule must not have more than 32 steps";
			break;
		}
		problem = take_step(&p, &out->delay_ms[out->count]);
		if (problem != NULL)
			break;
		out->count++;
		if (*p == '\0')
			break;
		if (*p != ',')
			problem = "the steps of a retry schedule must be separated by commas";
		p++;
	}
	if (error != NULL)
		*error = problem;
	if (problem != NULL)
		memset(out, 0, sizeof(*out));
	return problem == NULL;
}

const IonRetrySchedule *
ion_retry_default(const char *channel)
{
	if (channel == NULL)
		return &no_schedule;
	if (strcmp(channel, "email") == 0 || strcmp(channel, "pec") == 0)
		return &email_schedule;
	if (strcmp(channel, "sms") == 0)
		return &sms_schedule;
	if (strcmp(channel, "webhook") == 0)
		return &webhook_schedule;
	if (strcmp(channel, "push") == 0)
		return &push_schedule;
	return &no_schedule;
}

int64
ion_retry_delay_ms(const IonRetrySchedule *schedule, int failures,
				   int retry_after_s, double random01)
{
	int64		delay;
	int64		floor_ms;

	if (failures < 1)
		failures = 1;
	if (failures > schedule->count)
		return -1;
	delay = spread(schedule->delay_ms[failures - 1], random01);
	if (retry_after_s > 0)
	{
		floor_ms = Min(retry_after_s, ION_RETRY_AFTER_MAX_S) * ONE_SECOND;
		delay = Max(delay, floor_ms);
	}
	return delay;
}

int64
ion_breaker_delay_ms(int consecutive_opens, double random01)
{
	int64		delay = ION_BREAKER_FIRST_MS;

	for (; consecutive_opens > 1 && delay < ION_BREAKER_MAX_MS;
		 consecutive_opens--)
		delay *= 2;
	return spread(Min(delay, ION_BREAKER_MAX_MS), random01);
}

/* One "number unit" and the blanks around it; NULL when well formed. */
static const char *
take_step(const char **cursor, int64 *delay_ms)
{
	const char *p = skip_blanks(*cursor);
	char		unit[UNIT_NAME_MAX];
	size_t		length = 0;
	int64		number = 0;

	if (*p < '0' || *p > '9')
		return "a step of a retry schedule must begin with a whole number";
	for (; *p >= '0' && *p <= '9'; p++)
	{
		number = number * 10 + (*p - '0');
		if (number > ION_RETRY_STEP_MAX_MS)
			return "a step of a retry schedule must not exceed 30 days";
	}
	p = skip_blanks(p);
	for (; (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'); p++)
	{
		if (length + 1 < sizeof(unit))
			unit[length++] = pg_ascii_tolower((unsigned char) *p);
	}
	unit[length] = '\0';
	for (size_t i = 0; i < lengthof(units); i++)
	{
		if (strcmp(unit, units[i].name) != 0)
			continue;

		/* both factors are below 2^32, so the product fits */
		number *= units[i].ms;
		if (number < ION_RETRY_STEP_MIN_MS)
			return "a step of a retry schedule must be at least 1 ms";
		if (number > ION_RETRY_STEP_MAX_MS)
			return "a step of a retry schedule must not exceed 30 days";
		*delay_ms = number;
		*cursor = skip_blanks(p);
		return NULL;
	}
	return "a step of a retry schedule must have a unit: ms, s, min, h or d";
}

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/* delay_ms * (0.8 .. 1.2); a random01 outside [0, 1] is pulled inside. */
static int64
spread(int64 delay_ms, double random01)
{
	double		factor;

	if (!(random01 > 0.0))		/* also catches NaN */
		random01 = 0.0;
	else if (random01 > 1.0)
		random01 = 1.0;
	factor = 1.0 - ION_RETRY_JITTER + 2.0 * ION_RETRY_JITTER * random01;
	return Max((int64) ((double) delay_ms * factor + 0.5), 1);
}
