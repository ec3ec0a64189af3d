/*-------------------------------------------------------------------------
 *
 * third_party.h
 *	  The shape of a message's third_party_data.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_THIRD_PARTY_H
#define ION_INTAKE_THIRD_PARTY_H

#include "postgres.h"

#include "utils/jsonb.h"

/*
 * Raise 22023 unless data, a JSON object, has a text id, known keys only, and
 * each of the type IO gives it.  Nothing of what the sender wrote is told.
 */
extern void ion_third_party_check(Jsonb *data);

/* Whether it announces attachments, which only advanced messages may. */
extern bool ion_third_party_has_attachments(Jsonb *data);

#endif							/* ION_INTAKE_THIRD_PARTY_H */
