/*-------------------------------------------------------------------------
 *
 * json_value.h
 *	  A JSON value as a tree in memory, read once and then only looked at.
 *
 * The tree is built by one call and belongs to the memory context current at
 * that call: there is no function to free it, the context is reset or deleted.
 * It keeps no pointer into the text it was read from.  Strings are UTF-8,
 * unescaped and zero-terminated; a number keeps its source text, because
 * "12.50" and 12.5 are not the same to a citizen.  What a citizen is shown in
 * its place ("12,50 €") may stand beside it: it changes neither the value's
 * truth nor its JSON text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_JSON_VALUE_H
#define ION_RENDER_JSON_VALUE_H

#include "base/pure.h"
#include "render/json_escape.h"

#define ION_JSON_TEXT_MAX	(4 * 1024 * 1024)	/* bytes of JSON text */
#define ION_JSON_DEPTH_MAX	64	/* arrays and objects inside one another */
#define ION_JSON_NODES_MAX	100000	/* values in one tree */

typedef enum IonValueKind
{
	ION_JSON_NULL = 0,
	ION_JSON_BOOL,
	ION_JSON_NUMBER,
	ION_JSON_STRING,
	ION_JSON_ARRAY,
	ION_JSON_OBJECT
} IonValueKind;

typedef struct IonMember IonMember;

typedef struct IonValue
{
	IonValueKind kind;
	int			length;			/* bytes of text; number of items or members */
	union
	{
		bool		boolean;
		const char *text;		/* string or number, zero-terminated */
		const struct IonValue *items;	/* array */
		const IonMember *members;	/* object, in the order of the text */
	}			u;
	union
	{
		const IonMember *const *by_key; /* object: members sorted by key; NULL
										 * in small ones */
		const char *shown;		/* string or number: what a person is shown in
								 * its place, zero-terminated; NULL: the text */
	};
} IonValue;

struct IonMember
{
	const char *key;			/* zero-terminated */
	int			key_length;		/* bytes */
	IonValue	value;
};

/*
 * Read text[0..len) as one JSON value (RFC 8259; PostgreSQL's own parser).
 * Returns NULL and a static *error when the text is not valid JSON or not
 * valid UTF-8, holds \u0000, or exceeds one of the limits above.
 */
extern IonValue *ion_json_parse(const char *text, size_t len, const char **error);

/*
 * The member of an object by its key; NULL when there is none, or when the
 * value is NULL or no object.  Of equal keys the last wins, as in jsonb.
 */
extern const IonValue *ion_json_get(const IonValue *object, const char *key,
									size_t key_length);

/* The same, as an index into u.members; -1 when there is none. */
extern int	ion_json_find(const IonValue *object, const char *key,
						  size_t key_length);

/*
 * What `!!value` says of JSON in JavaScript, except that an empty array is
 * false: NULL, null, false, "", and any number equal to 0 are false too.
 */
extern bool ion_json_truthy(const IonValue *value);

/*
 * For whoever builds an object by hand: its by_key, allocated in the current
 * context; NULL when the object is too small to need one.
 */
extern const IonMember *const *ion_json_index(const IonMember *members,
											  int count);

/*
 * Append a value as compact JSON text.  Returns false, with part of the text
 * appended, when it is nested deeper than ION_JSON_DEPTH_MAX (a tree made by
 * ion_json_parse never is).
 */
extern bool ion_json_write(StringInfo out, const IonValue *value);

#endif							/* ION_RENDER_JSON_VALUE_H */
