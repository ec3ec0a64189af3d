/*-------------------------------------------------------------------------
 *
 * provider_catalog.h
 *	  The foreign servers of this database that are providers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_PROVIDER_CATALOG_H
#define ION_BASE_PROVIDER_CATALOG_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Oid of the foreign-data wrapper io_notify, or InvalidOid. */
extern Oid	ion_provider_wrapper(void);

/* Oids (a List of Oid) of its servers.  Needs a transaction. */
extern List *ion_provider_servers(void);

/*
 * The channels that have at least one provider, enabled or not, as a text[]
 * datum that stays valid until the next call.  Cached until a server changes.
 */
extern Datum ion_provider_channels(void);

#endif							/* ION_BASE_PROVIDER_CATALOG_H */
