/*-------------------------------------------------------------------------
 *
 * pure.h
 *	  The only include a pure module needs from PostgreSQL.
 *
 * Pure code (bytes in, bytes out) is compiled twice: into the extension, and
 * with -DFRONTEND into the unit tests and fuzz targets, where libpgcommon
 * supplies palloc and StringInfo.  It must not report errors by ereport().
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_PURE_H
#define ION_BASE_PURE_H

#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"

#endif							/* ION_BASE_PURE_H */
