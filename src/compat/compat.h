/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Every difference between PostgreSQL majors this project meets.
 *
 * The only place for #if PG_VERSION_NUM in the server code (json_compat.h
 * beside it holds those of the JSON parser).  One block per upstream change.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_COMPAT_COMPAT_H
#define ION_COMPAT_COMPAT_H

#include "postgres.h"

#include "storage/latch.h"

#if PG_VERSION_NUM < 150000
#error "io_notify needs PostgreSQL 15 or later"
#endif

/* 16 moved VARDATA and friends out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 split WaitEventSet out of latch.h */
#if PG_VERSION_NUM >= 180000
#include "storage/waiteventset.h"
#endif

/* 17: a wait event set belongs to a resource owner, not to a context */
#if PG_VERSION_NUM >= 170000
#define ion_create_wait_event_set(n) CreateWaitEventSet(NULL, (n))
#else
#define ion_create_wait_event_set(n) CreateWaitEventSet(TopMemoryContext, (n))
#endif

/* 18: the module's magic block carries its name */
#if PG_VERSION_NUM >= 180000
#define ION_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "io_notify")
#else
#define ION_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 17 renamed the waiting-for-an-extension event's neighbours, not this one */
#include "utils/wait_event.h"
#define ION_WAIT_EVENT PG_WAIT_EXTENSION

/* 19: a worker with this flag yields to DROP and ALTER DATABASE by itself */
#if PG_VERSION_NUM >= 190000
#define ION_BGWORKER_FLAGS (BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION | BGWORKER_INTERRUPTIBLE)
#else
#define ION_BGWORKER_FLAGS (BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION)
#endif

/* 16 replaced the per-class ownership checks */
#include "utils/acl.h"
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_database.h"
#define ion_owns_database(database, role) object_ownercheck(DatabaseRelationId, (database), (role))
#else
#define ion_owns_database(database, role) pg_database_ownercheck((database), (role))
#endif

/* 18 turned the attribute into a prefix */
#if PG_VERSION_NUM >= 180000
#define ion_noreturn pg_noreturn
#else
#define ion_noreturn pg_attribute_noreturn()
#endif

/* 16 moved permissions out of the range table; 18 wants the relations not pruned */
#include "executor/executor.h"
#include "parser/parse_relation.h"
static inline void
ion_init_range_table(EState *estate, RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	List	   *permissions = NIL;

	addRTEPermissionInfo(&permissions, rte);
#if PG_VERSION_NUM >= 180000
	ExecInitRangeTable(estate, list_make1(rte), permissions, bms_make_singleton(1));
#else
	ExecInitRangeTable(estate, list_make1(rte), permissions);
#endif
#else
	ExecInitRangeTable(estate, list_make1(rte));
#endif
}

/* 16 computes the map when it is asked for, and tells summarizing indexes */
#if PG_VERSION_NUM >= 160000
#define ion_root_to_child_map(leaf, estate) ExecGetRootToChildMap((leaf), (estate))
#define ion_insert_index_tuples(leaf, slot, estate) \
	ExecInsertIndexTuples((leaf), (slot), (estate), false, false, NULL, NIL, false)
#else
#define ion_root_to_child_map(leaf, estate) ((leaf)->ri_RootToPartitionMap)
#define ion_insert_index_tuples(leaf, slot, estate) \
	ExecInsertIndexTuples((leaf), (slot), (estate), false, false, NULL, NIL)
#endif

/* 18 counts what an index scan does */
#if PG_VERSION_NUM >= 180000
#define ion_index_beginscan(heap, index, snapshot, n) index_beginscan((heap), (index), (snapshot), NULL, (n), 0)
#else
#define ion_index_beginscan(heap, index, snapshot, n) index_beginscan((heap), (index), (snapshot), (n), 0)
#endif

/* 17 moved the local transaction id */
#include "storage/proc.h"
#if PG_VERSION_NUM >= 170000
#define ion_local_xid() (MyProc->vxid.lxid)
#else
#define ion_local_xid() (MyProc->lxid)
#endif

#endif							/* ION_COMPAT_COMPAT_H */
