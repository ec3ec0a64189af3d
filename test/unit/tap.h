/*
 * tap.h
 *	  The few assertions the C unit tests print as TAP.
 */
#ifndef ION_TEST_TAP_H
#define ION_TEST_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int	tap_count = 0;
static int	tap_failed = 0;

static inline int
ok(int condition, const char *fmt,...)
{
	va_list		args;

	tap_count++;
	if (!condition)
		tap_failed++;
	printf("%sok %d - ", condition ? "" : "not ", tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return condition;
}

static inline int
is_str(const char *got, const char *want, const char *name)
{
	int			same = (got == NULL || want == NULL) ? got == want
		: strcmp(got, want) == 0;

	if (!ok(same, "%s", name))
		printf("#   got: %s\n#  want: %s\n", got ? got : "(null)",
			   want ? want : "(null)");
	return same;
}

static inline int
is_int(long long got, long long want, const char *name)
{
	if (!ok(got == want, "%s", name))
		printf("#   got: %lld\n#  want: %lld\n", got, want);
	return got == want;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed == 0 ? 0 : 1;
}

#endif							/* ION_TEST_TAP_H */
