/*-------------------------------------------------------------------------
 *
 * param_localize.c
 *	  A message's parameters as its reader sees them.
 *
 * The copy is made of new objects and lists wherever the declaration reaches
 * and shares everything else.  No value is written twice: a member and its
 * _raw neighbour are the same value, with and without a text to show.
 *
 *-------------------------------------------------------------------------
 */
#include "render/param_set.h"

#include "render/locale_format.h"
#include "render/moment.h"

#define ILL_TYPED	"a parameter does not fit its declared type"

typedef struct Localizer
{
	const char *language;
	const char *time_zone;
	int			values;			/* made so far */
	StringInfoData text;		/* where each text is written */
	const char *error;			/* static */
} Localizer;

static bool localize_object(Localizer *l, const IonParamSet *set,
							const IonValue *object, IonValue *result);
static int	copy_undeclared(const IonParamSet *set, const IonValue *object,
							IonMember *members);
static bool localize_value(Localizer *l, const IonParam *param,
						   const IonValue *value, IonValue *result);
static bool localize_list(Localizer *l, const IonParam *item,
						  const IonValue *list, IonValue *result);
static bool localize_scalar(Localizer *l, const IonParam *param, IonValue *value);
static bool write_scalar(Localizer *l, IonParamType type, const IonValue *value);
static bool fail(Localizer *l, const char *error);

IonValue *
ion_param_localize(const IonParamSet *set, const IonValue *params,
				   const char *language, const char *time_zone,
				   const char **error)
{
	Localizer	localizer;
	IonValue   *result = palloc0(sizeof(IonValue));
	bool		done;

	memset(&localizer, 0, sizeof(localizer));
	localizer.language = language;
	localizer.time_zone = time_zone;
	if (params != NULL && params->kind == ION_JSON_NULL)
		params = NULL;
	initStringInfo(&localizer.text);
	done = localize_object(&localizer, set, params, result);
	pfree(localizer.text.data);
	*error = localizer.error;
	return done ? result : NULL;
}

/*
 * What is not declared comes first: of equal keys the last wins, and no name
 * out of the sender's object may hide one of ours.
 */
static bool
localize_object(Localizer *l, const IonParamSet *set, const IonValue *object,
				IonValue *result)
{
	const IonValue **given = palloc(Max(set->count, 1) * sizeof(IonValue *));
	int			found = 0;
	int			n = set->count + set->raw_count;
	IonMember  *members;

	if (object != NULL && object->kind != ION_JSON_OBJECT)
		return fail(l, ILL_TYPED);
	l->values += set->count;
	if (l->values > ION_PARAM_VALUES_MAX)
		return fail(l, "params hold too many values");
	for (int i = 0; i < set->count; i++)
	{
		const IonParam *param = &set->params[i];

		given[i] = ion_json_get(object, param->name, param->name_length);
		if (given[i] != NULL)
			found++;
	}
	if (object != NULL && found < object->length)
		n += object->length;
	members = palloc0(Max(n, 1) * sizeof(IonMember));
	n = 0;
	if (object != NULL && found < object->length)
		n = copy_undeclared(set, object, members);

	for (int i = 0; i < set->count; i++)
	{
		const IonParam *param = &set->params[i];
		IonMember  *member = &members[n++];

		member->key = param->name;
		member->key_length = param->name_length;
		if (!localize_value(l, param, given[i], &member->value))
			return false;
		if (param->raw_name == NULL)
			continue;
		members[n] = *member;
		members[n].key = param->raw_name;
		members[n].key_length = param->raw_length;
		members[n].value.shown = NULL;
		n++;
	}
	pfree(given);
	result->kind = ION_JSON_OBJECT;
	result->length = n;
	result->u.members = members;
	result->by_key = ion_json_index(members, n);
	return true;
}

static int
copy_undeclared(const IonParamSet *set, const IonValue *object, IonMember *members)
{
	int			n = 0;

	for (int i = 0; i < object->length; i++)
	{
		const IonMember *member = &object->u.members[i];

		if (ion_param_find(set, member->key, member->key_length) == NULL)
			members[n++] = *member;
	}
	return n;
}

/*
 * value may be NULL: missing.
 */
static bool
localize_value(Localizer *l, const IonParam *param, const IonValue *value,
			   IonValue *result)
{
	if (value == NULL || value->kind == ION_JSON_NULL)
		value = param->fallback;
	memset(result, 0, sizeof(*result));
	if (value == NULL)
		return true;			/* null */

	if (param->type == ION_PARAM_OBJECT && param->fields != NULL)
		return localize_object(l, param->fields, value, result);
	if (param->type == ION_PARAM_LIST && param->item != NULL &&
		(param->item->fields != NULL || ion_param_is_localized(param->item->type)))
		return localize_list(l, param->item, value, result);
	*result = *value;
	return !ion_param_is_localized(param->type) || localize_scalar(l, param, result);
}

static bool
localize_list(Localizer *l, const IonParam *item, const IonValue *list,
			  IonValue *result)
{
	IonValue   *items;

	if (list->kind != ION_JSON_ARRAY)
		return fail(l, ILL_TYPED);
	l->values += list->length;
	if (l->values > ION_PARAM_VALUES_MAX)
		return fail(l, "params hold too many values");
	items = palloc(Max(list->length, 1) * sizeof(IonValue));
	for (int i = 0; i < list->length; i++)
	{
		if (!localize_value(l, item, &list->u.items[i], &items[i]))
			return false;
	}
	result->kind = ION_JSON_ARRAY;
	result->length = list->length;
	result->u.items = items;
	return true;
}

static bool
localize_scalar(Localizer *l, const IonParam *param, IonValue *value)
{
	bool		is_number = param->type == ION_PARAM_INTEGER ||
		param->type == ION_PARAM_NUMBER || param->type == ION_PARAM_MONEY;
	char	   *shown;

	if (value->kind != (is_number ? ION_JSON_NUMBER : ION_JSON_STRING))
		return fail(l, ILL_TYPED);
	resetStringInfo(&l->text);
	if (!write_scalar(l, param->type, value))
		return false;
	shown = palloc(l->text.len + 1);
	memcpy(shown, l->text.data, l->text.len + 1);
	value->shown = shown;
	return true;
}

static bool
write_scalar(Localizer *l, IonParamType type, const IonValue *value)
{
	const char *text = value->u.text;
	int			a;
	int			b;
	int			c;
	int64		instant;

	switch (type)
	{
		case ION_PARAM_INTEGER:
		case ION_PARAM_NUMBER:
			return ion_format_number(&l->text, text, l->language, &l->error);
		case ION_PARAM_MONEY:
			return ion_format_money(&l->text, strtoll(text, NULL, 10), "EUR",
									l->language, &l->error);
		case ION_PARAM_DATE:
			if (!ion_moment_read_date(text, &a, &b, &c))
				return fail(l, ILL_TYPED);
			return ion_format_plain_date(&l->text, a, b, c, l->language, &l->error);
		case ION_PARAM_TIME:
			if (!ion_moment_read_time(text, &a, &b))
				return fail(l, ILL_TYPED);
			return ion_format_plain_time(&l->text, a, b, l->language, &l->error);
		case ION_PARAM_TIMESTAMP:
			if (!ion_moment_read_timestamp(text, &instant))
				return fail(l, ILL_TYPED);
			return ion_format_timestamp(&l->text, instant, l->language, l->time_zone,
										&l->error);
		default:
			return fail(l, ILL_TYPED);
	}
}

static bool
fail(Localizer *l, const char *error)
{
	l->error = error;
	return false;
}
