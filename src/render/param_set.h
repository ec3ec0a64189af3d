/*-------------------------------------------------------------------------
 *
 * param_set.h
 *	  What a read declaration looks like: shared by the param_*.c files.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_PARAM_SET_H
#define ION_RENDER_PARAM_SET_H

#include "render/param_type.h"

#define ION_PARAM_RAW_SUFFIX	"_raw"

typedef enum IonParamType
{
	ION_PARAM_TEXT = 0,
	ION_PARAM_INTEGER,
	ION_PARAM_NUMBER,
	ION_PARAM_MONEY,
	ION_PARAM_BOOLEAN,
	ION_PARAM_DATE,
	ION_PARAM_TIME,
	ION_PARAM_TIMESTAMP,
	ION_PARAM_URL,
	ION_PARAM_LIST,
	ION_PARAM_OBJECT
} IonParamType;

typedef struct IonParam
{
	const char *name;			/* NULL: item of a list */
	int			name_length;
	const char *raw_name;		/* of its neighbour; NULL: has none */
	int			raw_length;
	IonParamType type;
	bool		required;
	int			max;			/* characters or items */
	const IonValue *fallback;	/* the default; NULL: none */
	int			fallback_values;	/* that the default counts for */
	const IonParamSet *fields;	/* object: NULL when it may hold anything */
	const struct IonParam *item;	/* list: NULL when it may hold anything */
} IonParam;

struct IonParamSet
{
	IonParam   *params;			/* in the order of the declaration */
	int			count;
	int			raw_count;		/* how many have a neighbour */
	const IonParam **by_name;	/* sorted */
};

/* Where a parameter is, for messages: a chain that lives on the C stack. */
typedef struct IonParamPlace
{
	const struct IonParamPlace *outer;	/* NULL: outermost */
	const char *name;			/* NULL: an item */
	int			name_length;
	int			index;			/* of the item; -1: any */
} IonParamPlace;

/* Append: parameter "items[2].price" */
extern void ion_param_append_place(StringInfo out, const IonParamPlace *place);

/* May a parameter have this name?  One that may is safe to be printed. */
extern bool ion_param_name_valid(const char *name, int length);

/* The parameter of this name; NULL when there is none. */
extern const IonParam *ion_param_find(const IonParamSet *set, const char *name,
									  int length);

/* Is the type shown in the citizen's language? */
extern bool ion_param_is_localized(IonParamType type);

/*
 * ion_param_check for one value that is there; adds to *values what it counts
 * for.
 */
extern bool ion_param_check_value(const IonParam *param, const IonValue *value,
								  const IonParamPlace *place, int *values,
								  StringInfo problem);

#endif							/* ION_RENDER_PARAM_SET_H */
