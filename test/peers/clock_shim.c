/*-------------------------------------------------------------------------
 *
 * clock_shim.c
 *	  Preloaded into a server, moves its wall clock while it runs.
 *
 * The file that CLOCK_SHIM names holds a number of seconds, one int64 in the
 * machine's own order, which is added to every reading of the wall clock; the
 * file is mapped, so all processes see a change at once.  The monotonic clock
 * is left alone, as it is when somebody sets a real clock.
 *
 * libfaketime will not do: what a 15 postmaster forks from a signal handler
 * that interrupted one of its wrapped calls keeps the true time for ever.
 *
 *	  cc -shared -fPIC -o clock_shim.so clock_shim.c -ldl
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int	(*real_clock_gettime) (clockid_t, struct timespec *);

__attribute__((constructor))
static void
shim_start(void)
{
	const char *path = getenv("CLOCK_SHIM");
	int			fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void	   *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		offset = map;
	*(void **) &real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int			result = real_clock_gettime(clock, now);

	if (result == 0 && offset != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += *offset;
	return result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec ts;

	(void) zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	now->tv_sec = ts.tv_sec;
	now->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *seconds)
{
	struct timespec ts = {0};

	(void) clock_gettime(CLOCK_REALTIME, &ts);
	if (seconds != NULL)
		*seconds = ts.tv_sec;
	return ts.tv_sec;
}
