/*-------------------------------------------------------------------------
 *
 * io_notify.c
 *	  Wires the library into the server; nothing else.
 *
 * In the postmaster (shared_preload_libraries) it asks for shared memory,
 * registers the launcher and hooks the utility statements that need the
 * dispatchers out of a database.  Loaded later, by a function call, it only
 * defines the settings: everything but dispatch works.  No libcurl or OpenSSL
 * call happens here: both must be initialised after the fork.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/large_tables.h"
#include "base/log_guard.h"
#include "base/settings.h"
#include "base/shared.h"
#include "compat/compat.h"
#include "intake/database_guard.h"
#include "worker/launcher.h"

ION_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	ion_settings_define();
	ion_large_tables_install();
	ion_log_guard_install();
	if (!process_shared_preload_libraries_in_progress)
		return;
	ion_shared_request();
	ion_database_guard_install();
	ion_launcher_register();
}
