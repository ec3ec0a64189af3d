/*-------------------------------------------------------------------------
 *
 * registry_trigger.h
 *	  What the triggers of the registry's tables share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_REGISTRY_TRIGGER_H
#define ION_INTAKE_REGISTRY_TRIGGER_H

#include "postgres.h"

#include "access/htup.h"
#include "fmgr.h"

#include "compat/compat.h"

/* The row as it is to be written; an error unless fired BEFORE, for a row. */
extern HeapTuple ion_registry_row(FunctionCallInfo fcinfo);

/* A column of it as text, or NULL. */
extern char *ion_registry_column(FunctionCallInfo fcinfo, HeapTuple tuple, const char *name);

/* 22023: what ("email of the citizen") is not valid, detail says why. */
ion_noreturn extern void ion_registry_error(const char *what, const char *detail);

/*
 * 22023 unless code is a citizen's fiscal code.  Never says the code itself:
 * it would be copied into the server log.
 */
extern void ion_registry_fiscal_code(const char *what, const char *code);

#endif							/* ION_INTAKE_REGISTRY_TRIGGER_H */
