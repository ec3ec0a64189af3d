/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The configuration parameters, io_notify.*.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_SETTINGS_H
#define ION_BASE_SETTINGS_H

#include "postgres.h"

extern bool ion_check_fiscal_code;	/* io_notify.check_fiscal_code */
extern char *ion_citizen;		/* io_notify.citizen; "" when none */
extern bool ion_dispatch;		/* io_notify.dispatch */
extern int	ion_dispatchers;	/* io_notify.dispatchers */

/* Define the parameters; called once from _PG_init. */
extern void ion_settings_define(void);

#endif							/* ION_BASE_SETTINGS_H */
