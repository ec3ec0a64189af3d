/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The configuration parameters, io_notify.*, in alphabetical order.
 *
 * They are defined whether or not the library is preloaded, so that a
 * postgresql.conf that names them is never in error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/settings.h"
#include "io_notify.h"

bool		ion_check_fiscal_code = true;
char	   *ion_citizen = "";
bool		ion_dispatch = true;
int			ion_dispatchers = 1;

void
ion_settings_define(void)
{
	DefineCustomBoolVariable("io_notify.check_fiscal_code",
							 "Checks the last character of fiscal codes.",
							 "Sandbox codes and IO's test code are exempt.",
							 &ion_check_fiscal_code,
							 true,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);

	/*
	 * No check: its error would print the value.  A code that is none belongs
	 * to nobody, and act_for() checks.
	 */
	DefineCustomStringVariable("io_notify.citizen",
							   "The citizen a session of the app's back end acts for.",
							   "A fiscal code; counts for roles of grant_app() alone. Set it with io_notify.act_for().",
							   &ion_citizen,
							   "",
							   PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
	DefineCustomBoolVariable("io_notify.dispatch",
							 "Sends queued deliveries from this server.",
							 "Turn it off on physical clones and staging copies: messages are accepted and stay queued.",
							 &ion_dispatch,
							 true,
							 PGC_SIGHUP,
							 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("io_notify.dispatchers",
							"Number of dispatcher processes per database.",
							"Each takes one of max_worker_processes.",
							&ion_dispatchers,
							1, 1, ION_MAX_DISPATCHERS,
							PGC_SIGHUP,
							0,
							NULL, NULL, NULL);
	MarkGUCPrefixReserved("io_notify");
}
