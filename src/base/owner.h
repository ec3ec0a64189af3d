/*-------------------------------------------------------------------------
 *
 * owner.h
 *	  Acting as the owner of the tables, safely.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_OWNER_H
#define ION_BASE_OWNER_H

#include "postgres.h"

#include "utils/relcache.h"

typedef struct IonCaller
{
	Oid			user;			/* who called, to be restored */
	int			security_context;
	int			guc_level;
} IonCaller;

/*
 * Oid of io_notify.message and of its owner.  With missing_ok false a missing
 * table is an error (42P01 with a hint to install()); with missing_ok true
 * InvalidOid is returned.
 */
extern Oid	ion_message_relid(bool missing_ok);
extern Oid	ion_owner(void);

/* Whether role may do all that the owner may. */
extern bool ion_is_owner(Oid role);

/*
 * 42501 unless rel lies in our schema.  Trigger functions that act as the
 * owner begin with this: whoever may execute one could put it on a table of
 * his own and feed it rows that nobody has checked.
 */
extern void ion_own_relation_require(Relation rel);

/*
 * Become the owner under SECURITY_RESTRICTED_OPERATION with a pinned
 * search_path, no setting that changes what a statement means, and planner
 * settings that make cached plans use the primary keys, however small a table
 * was when it was planned; and go back.  On error the transaction's abort
 * restores everything.
 */
extern void ion_owner_begin(IonCaller *caller, bool index_plans);
extern void ion_owner_end(const IonCaller *caller);

#endif							/* ION_BASE_OWNER_H */
