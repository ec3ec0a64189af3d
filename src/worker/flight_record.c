/*-------------------------------------------------------------------------
 *
 * flight_record.c
 *	  What a dispatcher was doing, for whoever cleans up after its death.
 *
 * The claim in the queue says that a try may have begun; it cannot say
 * whether it did.  Between claim and settle the dispatcher therefore keeps one
 * slot per job in a small memory-mapped file under the data directory.  Plain
 * stores into the page cache: no system call, no flush, and yet they survive
 * kill -9 of the dispatcher and of the whole server.  So after a crash a job
 * that had not begun is simply queued again, one whose answer was in keeps its
 * answer, and only those truly between bytes and answer are unknown.
 *
 * The page cache does not survive a crash of the operating system: the record
 * carries the kernel's boot id, and a record of another boot is not believed.
 * Nor is a copy (a base backup, a standby on the same host), which is older
 * than the claims it is asked about: a record knows the file it was born in.
 *
 * The phase is stored last, behind a barrier, so a half-written slot still
 * says its earlier phase.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/fd.h"

#include "worker/flight_record.h"

#define FLIGHT_DIRECTORY "io_notify"
#define FLIGHT_MAGIC	0x494F4E46	/* IONF */
#define FLIGHT_VERSION	2
#define BOOT_ID_MAX		48

typedef struct FlightHeader
{
	uint32		magic;
	uint32		version;
	uint32		slots;
	uint32		slot_size;
	uint32		overflowed;		/* a claim found no slot: absence proves nothing */
	uint64		device;			/* of the file itself */
	uint64		inode;
	char		boot_id[BOOT_ID_MAX];
} FlightHeader;

struct IonFlightRecord
{
	FlightHeader *header;
	IonFlightSlot *slots;
	size_t		size;
	int			n_free;
	int		   *free_list;		/* indexes; NULL when opened read-only */
	char		path[MAXPGPATH];
};

static void record_path(char *path, Oid database, const char *token);
static bool boot_id(char *buffer);
static IonFlightRecord *map_file(int fd, const char *path, bool writable);
static void set_phase(IonFlightSlot *slot, IonFlightPhase phase);

static void
record_path(char *path, Oid database, const char *token)
{
	snprintf(path, MAXPGPATH, "%s/%s/%u.%s", DataDir, FLIGHT_DIRECTORY, database, token);
}

/* The kernel's id of this boot; "" when the system has none. */
static bool
boot_id(char *buffer)
{
	int			fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t		n;

	memset(buffer, 0, BOOT_ID_MAX);
	if (fd < 0)
		return false;
	n = read(fd, buffer, BOOT_ID_MAX - 1);
	close(fd);
	return n > 0;
}

static IonFlightRecord *
map_file(int fd, const char *path, bool writable)
{
	size_t		size = sizeof(FlightHeader) + sizeof(IonFlightSlot) * ION_FLIGHT_SLOTS;
	void	   *base = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
							writable ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	IonFlightRecord *record;

	if (base == MAP_FAILED)
		return NULL;
	record = palloc0(sizeof(IonFlightRecord));
	record->header = base;
	record->slots = (IonFlightSlot *) ((char *) base + sizeof(FlightHeader));
	record->size = size;
	strlcpy(record->path, path, sizeof(record->path));
	return record;
}

IonFlightRecord *
ion_flight_create(Oid database, const char *token)
{
	char		path[MAXPGPATH];
	char		directory[MAXPGPATH];
	IonFlightRecord *record = NULL;
	struct stat st;
	int			fd;

	snprintf(directory, sizeof(directory), "%s/%s", DataDir, FLIGHT_DIRECTORY);
	(void) mkdir(directory, S_IRWXU);
	record_path(path, database, token);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	/* allocated now: a store into a hole on a full disk would be a SIGBUS */
	if (fd >= 0 && fstat(fd, &st) == 0 &&
		posix_fallocate(fd, 0, sizeof(FlightHeader) + sizeof(IonFlightSlot) * ION_FLIGHT_SLOTS) == 0)
		record = map_file(fd, path, true);
	if (fd >= 0)
		close(fd);
	if (record == NULL)
	{
		(void) unlink(path);
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("io_notify could not create its flight record \"%s\": %m", path),
				 errdetail("After a crash every try under way will count as unknown.")));
		return NULL;
	}
	record->free_list = palloc(sizeof(int) * ION_FLIGHT_SLOTS);
	for (int i = 0; i < ION_FLIGHT_SLOTS; i++)
		record->free_list[i] = ION_FLIGHT_SLOTS - 1 - i;
	record->n_free = ION_FLIGHT_SLOTS;
	(void) boot_id(record->header->boot_id);
	record->header->device = (uint64) st.st_dev;
	record->header->inode = (uint64) st.st_ino;
	record->header->slots = ION_FLIGHT_SLOTS;
	record->header->slot_size = sizeof(IonFlightSlot);
	record->header->version = FLIGHT_VERSION;
	pg_write_barrier();
	record->header->magic = FLIGHT_MAGIC;
	return record;
}

void
ion_flight_remove(IonFlightRecord *record)
{
	if (record == NULL)
		return;
	(void) unlink(record->path);
	munmap(record->header, record->size);
}

int
ion_flight_room(const IonFlightRecord *record)
{
	return record == NULL ? INT_MAX : record->n_free;
}

static void
set_phase(IonFlightSlot *slot, IonFlightPhase phase)
{
	pg_write_barrier();
	*(volatile uint32 *) &slot->phase = phase;
}

void
ion_flight_claimed(IonFlightRecord *record, IonJob *job)
{
	IonFlightSlot *slot;

	if (record == NULL)
		return;
	if (record->n_free == 0)
	{
		record->header->overflowed = 1;
		return;
	}
	job->flight_slot = record->free_list[--record->n_free];
	slot = &record->slots[job->flight_slot];
	slot->attempt = job->attempt;
	slot->message_id = job->message_id;
	slot->seq = job->seq;
	set_phase(slot, ION_FLIGHT_CLAIMED);
}

void
ion_flight_begun(IonFlightRecord *record, IonJob *job)
{
	IonFlightSlot *slot;

	if (record == NULL || job->flight_slot < 0)
		return;
	slot = &record->slots[job->flight_slot];
	slot->hold_unknown = job->hold_unknown;
	memcpy(slot->provider, job->provider_name, NAMEDATALEN);
	set_phase(slot, ION_FLIGHT_BEGUN);
}

/* It was not begun after all: no connection was free. */
void
ion_flight_unbegun(IonFlightRecord *record, IonJob *job)
{
	if (record != NULL && job->flight_slot >= 0)
		set_phase(&record->slots[job->flight_slot], ION_FLIGHT_CLAIMED);
}

void
ion_flight_ended(IonFlightRecord *record, IonJob *job)
{
	IonFlightSlot *slot;

	if (record == NULL || job->flight_slot < 0)
		return;
	slot = &record->slots[job->flight_slot];
	slot->kind = job->outcome.kind;
	slot->code = job->outcome.code;
	strlcpy(slot->detail, job->outcome.detail, sizeof(slot->detail));
	strlcpy(slot->ref, job->outcome.ref, sizeof(slot->ref));
	set_phase(slot, ION_FLIGHT_ENDED);
}

void
ion_flight_settled(IonFlightRecord *record, IonJob *job)
{
	if (record == NULL || job->flight_slot < 0)
		return;
	set_phase(&record->slots[job->flight_slot], ION_FLIGHT_FREE);
	record->free_list[record->n_free++] = job->flight_slot;
	job->flight_slot = -1;
}

IonFlightRecord *
ion_flight_open(Oid database, const char *token)
{
	char		path[MAXPGPATH];
	char		boot[BOOT_ID_MAX];
	IonFlightRecord *record = NULL;
	struct stat st;
	int			fd;

	/* a token comes from a table: it must not lead out of our directory */
	if (strlen(token) >= ION_TOKEN_MAX || strspn(token, "0123456789abcdef-") != strlen(token))
		return NULL;
	record_path(path, database, token);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 &&
		st.st_size == (off_t) (sizeof(FlightHeader) + sizeof(IonFlightSlot) * ION_FLIGHT_SLOTS))
		record = map_file(fd, path, false);
	close(fd);
	if (record == NULL)
		return NULL;
	if (record->header->magic != FLIGHT_MAGIC || record->header->version != FLIGHT_VERSION ||
		record->header->slots != ION_FLIGHT_SLOTS || record->header->slot_size != sizeof(IonFlightSlot) ||
		record->header->device != (uint64) st.st_dev || record->header->inode != (uint64) st.st_ino ||
		!boot_id(boot) || memcmp(boot, record->header->boot_id, BOOT_ID_MAX) != 0)
	{
		munmap(record->header, record->size);
		return NULL;
	}
	return record;
}

const IonFlightSlot *
ion_flight_find(IonFlightRecord *record, const pg_uuid_t *message_id, int16 seq, int32 attempt)
{
	for (int i = 0; i < ION_FLIGHT_SLOTS; i++)
	{
		const IonFlightSlot *slot = &record->slots[i];

		if (slot->phase != ION_FLIGHT_FREE && slot->phase <= ION_FLIGHT_ENDED &&
			slot->attempt == attempt && slot->seq == seq &&
			memcmp(&slot->message_id, message_id, UUID_LEN) == 0)
			return slot;
	}
	return NULL;
}

bool
ion_flight_complete(const IonFlightRecord *record)
{
	return record->header->overflowed == 0;
}

void
ion_flight_close(IonFlightRecord *record)
{
	munmap(record->header, record->size);
}

void
ion_flight_clean(Oid database, IonDatabaseSlot *slot, List *claimed)
{
	char		directory[MAXPGPATH];
	char		prefix[16];
	DIR		   *dir;
	struct dirent *entry;

	snprintf(directory, sizeof(directory), "%s/%s", DataDir, FLIGHT_DIRECTORY);
	snprintf(prefix, sizeof(prefix), "%u.", database);
	dir = AllocateDir(directory);
	if (dir == NULL)
		return;
	while ((entry = ReadDirExtended(dir, directory, LOG)) != NULL)
	{
		char		path[MAXPGPATH * 2];
		bool		live = false;
		ListCell   *lc;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		foreach(lc, claimed)
			live = live || strcmp(lfirst(lc), entry->d_name + strlen(prefix)) == 0;
		LWLockAcquire(ion_shared->lock, LW_SHARED);
		for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
			live = live || (slot->dispatchers[i].pid != 0 &&
							strcmp(slot->dispatchers[i].token, entry->d_name + strlen(prefix)) == 0);
		LWLockRelease(ion_shared->lock);
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!live)
			(void) unlink(path);
	}
	FreeDir(dir);
}
