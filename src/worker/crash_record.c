/*-------------------------------------------------------------------------
 *
 * crash_record.c
 *	  How often in a row the server crashed right after a dispatcher began.
 *
 * A dispatcher that dies by a signal takes the server through a restart, and
 * with it all that shared memory knew.  One that dies as soon as it starts
 * would do so for ever, a restart a second.  A few bytes under the data
 * directory outlive that: they say when a dispatcher was last started and how
 * many times in a row that was the last thing to happen.  The wait doubles
 * with each, up to five seconds, and a dispatcher that lives longer than a
 * moment ends the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "worker/crash_record.h"

#define MOMENT_US		(INT64CONST(1000) * 1000)	/* the server's own restart included */
#define WAIT_FIRST_MS	250
#define WAIT_MAX_MS		5000

typedef struct CrashRecord
{
	int64		started_at;		/* TimestampTz of the last dispatcher's start */
	int64		in_a_row;
} CrashRecord;

static int64 in_a_row = 0;

static void record_path(char *path);

static void
record_path(char *path)
{
	snprintf(path, MAXPGPATH, "%s/io_notify/starts", DataDir);
}

int64
ion_crash_record_wait_ms(void)
{
	char		path[MAXPGPATH];
	CrashRecord record;
	int			fd;
	ssize_t		n;
	int64		since;

	in_a_row = 0;
	record_path(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, &record, sizeof(record));
	close(fd);
	if (n != sizeof(record) || record.in_a_row < 0)
		return 0;
	since = GetCurrentTimestamp() - record.started_at;
	if (since < 0 || since > MOMENT_US)
		return 0;
	in_a_row = record.in_a_row + 1;
	return Min(WAIT_FIRST_MS * (INT64CONST(1) << Min(in_a_row - 1, 10)), WAIT_MAX_MS);
}

void
ion_crash_record_start(void)
{
	char		path[MAXPGPATH];
	CrashRecord record = {GetCurrentTimestamp(), in_a_row};
	int			fd;

	/* no flush: it must survive a crash of the server, not of the machine */
	record_path(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return;
	if (write(fd, &record, sizeof(record)) != sizeof(record))
		(void) unlink(path);
	close(fd);
}

void
ion_crash_record_clear(void)
{
	char		path[MAXPGPATH];

	record_path(path);
	(void) unlink(path);
}
