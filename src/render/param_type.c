/*-------------------------------------------------------------------------
 *
 * param_type.c
 *	  Read the declaration of a template's parameters.
 *
 * The declaration is written by whoever writes the template, once; it is read
 * strictly, so that a word misspelt is an error at that time and not a check
 * that silently never happens.  Depth and count are bounded, so the recursion
 * is too.
 *
 *-------------------------------------------------------------------------
 */
#include "render/param_set.h"

#include "render/text_check.h"

typedef struct Reader
{
	int			count;			/* parameters so far, at every depth */
	StringInfoData error;		/* empty: none */
} Reader;

static const char *const type_names[] = {
	"text", "integer", "number", "money", "boolean", "date", "time", "timestamp",
	"url", "list", "object"
};

static IonParamSet *read_set(Reader *r, const IonValue *declaration,
							 const IonParamPlace *place, int depth);
static bool read_param(Reader *r, const IonMember *member, IonParam *param,
					   const IonParamPlace *outer, int depth);
static bool read_name(Reader *r, IonParam *param, const IonParamPlace *place);
static bool read_type(Reader *r, const IonValue *name, IonParam *param,
					  const IonParamPlace *place);
static bool read_keys(Reader *r, const IonValue *spec, IonParam *param,
					  const IonParamPlace *place);
static bool read_required(Reader *r, const IonValue *spec, IonParam *param,
						  const IonParamPlace *place);
static bool read_max(Reader *r, const IonValue *max, IonParam *param,
					 const IonParamPlace *place);
static bool read_inner(Reader *r, const IonValue *spec, IonParam *param,
					   const IonParamPlace *place, int depth);
static IonParam *read_item(Reader *r, const IonValue *items,
						   const IonParamPlace *place, int depth);
static bool read_default(Reader *r, const IonValue *value, IonParam *param,
						 const IonParamPlace *place);
static bool sort_names(Reader *r, IonParamSet *set, const IonParamPlace *place);
static int	compare_names(const void *a, const void *b);
static const IonValue *get(const IonValue *object, const char *key);
static bool fail(Reader *r, const IonParamPlace *place, const char *fmt,...) pg_attribute_printf(3, 4);

IonParamSet *
ion_param_declare(const IonValue *declaration, const char **error)
{
	Reader		reader = {0};
	IonParamSet *set;

	initStringInfo(&reader.error);
	set = read_set(&reader, declaration, NULL, 1);
	*error = set == NULL ? reader.error.data : NULL;
	return set;
}

static IonParamSet *
read_set(Reader *r, const IonValue *declaration, const IonParamPlace *place, int depth)
{
	IonParamSet *set;

	if (declaration == NULL || declaration->kind != ION_JSON_OBJECT)
	{
		fail(r, place, "a declaration must be a JSON object");
		return NULL;
	}
	if (depth > ION_PARAM_DEPTH_MAX)
	{
		fail(r, place, "declarations are more than %d levels deep", ION_PARAM_DEPTH_MAX);
		return NULL;
	}
	if (declaration->length > ION_PARAM_COUNT_MAX - r->count)
	{
		fail(r, place, "more than %d parameters are declared", ION_PARAM_COUNT_MAX);
		return NULL;
	}
	r->count += declaration->length;

	set = palloc0(sizeof(IonParamSet));
	set->params = palloc0(Max(declaration->length, 1) * sizeof(IonParam));
	set->count = declaration->length;
	for (int i = 0; i < set->count; i++)
	{
		if (!read_param(r, &declaration->u.members[i], &set->params[i], place, depth))
			return NULL;
		if (set->params[i].raw_name != NULL)
			set->raw_count++;
	}
	return sort_names(r, set, place) ? set : NULL;
}

static bool
read_param(Reader *r, const IonMember *member, IonParam *param,
		   const IonParamPlace *outer, int depth)
{
	const IonValue *spec = &member->value;
	IonParamPlace place = {outer, member->key, member->key_length, -1};

	param->name = member->key;
	param->name_length = member->key_length;
	param->required = true;
	if (!read_name(r, param, &place))
		return false;

	if (spec->kind == ION_JSON_STRING)
	{
		if (!read_type(r, spec, param, &place))
			return false;
	}
	else if (spec->kind != ION_JSON_OBJECT)
		return fail(r, &place, "its declaration must be a type or an object");
	else if (!read_type(r, get(spec, "type"), param, &place) ||
			 !read_keys(r, spec, param, &place) ||
			 !read_required(r, spec, param, &place) ||
			 !read_max(r, get(spec, "max"), param, &place) ||
			 !read_inner(r, spec, param, &place, depth))
		return false;

	if (param->max == 0)
		param->max = param->type == ION_PARAM_LIST ?
			ION_PARAM_ITEMS_DEFAULT : ION_PARAM_TEXT_DEFAULT;
	if (ion_param_is_localized(param->type))
	{
		param->raw_name = psprintf("%s" ION_PARAM_RAW_SUFFIX, param->name);
		param->raw_length = (int) strlen(param->raw_name);
	}
	return spec->kind == ION_JSON_STRING ||
		read_default(r, get(spec, "default"), param, &place);
}

/*
 * A name must be fit for a tag, and leave the names ending in _raw to us.
 */
static bool
read_name(Reader *r, IonParam *param, const IonParamPlace *place)
{
	int			suffix = (int) strlen(ION_PARAM_RAW_SUFFIX);

	if (!ion_param_name_valid(param->name, param->name_length))
		return fail(r, place->outer,
					"a name has 1 to %d bytes: letters, digits, _ and -, a letter or _ first",
					ION_PARAM_NAME_MAX);
	if (param->name_length >= suffix &&
		strcmp(param->name + param->name_length - suffix, ION_PARAM_RAW_SUFFIX) == 0)
		return fail(r, place, "names ending in %s are kept for values as they were given",
					ION_PARAM_RAW_SUFFIX);
	return true;
}

static bool
read_type(Reader *r, const IonValue *name, IonParam *param, const IonParamPlace *place)
{
	if (name == NULL || name->kind != ION_JSON_STRING)
		return fail(r, place, "its declaration has no \"type\"");
	for (size_t i = 0; i < lengthof(type_names); i++)
	{
		if (strcmp(name->u.text, type_names[i]) == 0)
		{
			param->type = (IonParamType) i;
			return true;
		}
	}
	return fail(r, place,
				"unknown type; there are text, integer, number, money, boolean, "
				"date, time, timestamp, url, list and object");
}

/*
 * Only keys that mean something for the type.
 */
static bool
read_keys(Reader *r, const IonValue *spec, IonParam *param, const IonParamPlace *place)
{
	for (int i = 0; i < spec->length; i++)
	{
		const char *key = spec->u.members[i].key;

		if (strcmp(key, "type") == 0 || strcmp(key, "required") == 0 ||
			strcmp(key, "default") == 0)
			continue;
		if (strcmp(key, "max") == 0 &&
			(param->type == ION_PARAM_TEXT || param->type == ION_PARAM_LIST))
			continue;
		if (strcmp(key, "items") == 0 && param->type == ION_PARAM_LIST)
			continue;
		if (strcmp(key, "fields") == 0 && param->type == ION_PARAM_OBJECT)
			continue;
		return fail(r, place, "type %s knows \"type\", \"required\", \"default\"%s, nothing else",
					type_names[param->type],
					param->type == ION_PARAM_TEXT ? ", \"max\"" :
					param->type == ION_PARAM_LIST ? ", \"max\", \"items\"" :
					param->type == ION_PARAM_OBJECT ? ", \"fields\"" : "");
	}
	return true;
}

static bool
read_required(Reader *r, const IonValue *spec, IonParam *param,
			  const IonParamPlace *place)
{
	const IonValue *required = get(spec, "required");
	bool		has_default = get(spec, "default") != NULL;

	param->required = !has_default;
	if (required == NULL)
		return true;
	if (required->kind != ION_JSON_BOOL)
		return fail(r, place, "\"required\" must be true or false");
	param->required = required->u.boolean;
	if (param->required && has_default)
		return fail(r, place, "what has a default cannot be required");
	return true;
}

static bool
read_max(Reader *r, const IonValue *max, IonParam *param, const IonParamPlace *place)
{
	int			limit = param->type == ION_PARAM_LIST ?
		ION_PARAM_ITEMS_MAX : ION_PARAM_TEXT_MAX;

	if (max == NULL)
		return true;
	if (max->kind == ION_JSON_NUMBER && max->length <= 6 &&
		strspn(max->u.text, "0123456789") == (size_t) max->length)
		param->max = atoi(max->u.text);
	if (param->max < 1 || param->max > limit)
		return fail(r, place, "\"max\" must be a whole number from 1 to %d", limit);
	return true;
}

static bool
read_inner(Reader *r, const IonValue *spec, IonParam *param,
		   const IonParamPlace *place, int depth)
{
	const IonValue *items = get(spec, "items");
	const IonValue *fields = get(spec, "fields");

	if (fields != NULL)
	{
		param->fields = read_set(r, fields, place, depth + 1);
		return param->fields != NULL;
	}
	if (items != NULL)
	{
		param->item = read_item(r, items, place, depth);
		return param->item != NULL;
	}
	return true;
}

static IonParam *
read_item(Reader *r, const IonValue *items, const IonParamPlace *place, int depth)
{
	IonParam   *item = palloc0(sizeof(IonParam));
	IonParamPlace inside = {place, NULL, 0, -1};

	item->required = true;
	item->max = ION_PARAM_TEXT_DEFAULT;
	if (items->kind == ION_JSON_STRING)
	{
		if (!read_type(r, items, item, place))
			return NULL;
		if (item->type != ION_PARAM_LIST && item->type != ION_PARAM_OBJECT)
			return item;
	}
	else if (items->kind == ION_JSON_OBJECT)
	{
		item->type = ION_PARAM_OBJECT;
		item->fields = read_set(r, items, &inside, depth + 1);
		return item->fields != NULL ? item : NULL;
	}
	fail(r, place, "\"items\" must be a declaration or the type of a scalar");
	return NULL;
}

static bool
read_default(Reader *r, const IonValue *value, IonParam *param,
			 const IonParamPlace *place)
{
	StringInfoData problem;

	if (value == NULL)
		return true;
	initStringInfo(&problem);
	if (!ion_param_check_value(param, value, place, &param->fallback_values, &problem))
		return fail(r, NULL, "default: %s", problem.data);
	pfree(problem.data);
	param->fallback = value;
	return true;
}

static bool
sort_names(Reader *r, IonParamSet *set, const IonParamPlace *place)
{
	set->by_name = palloc(Max(set->count, 1) * sizeof(IonParam *));
	for (int i = 0; i < set->count; i++)
		set->by_name[i] = &set->params[i];
	qsort(set->by_name, set->count, sizeof(IonParam *), compare_names);
	for (int i = 1; i < set->count; i++)
	{
		const IonParam *param = set->by_name[i];
		IonParamPlace twice = {place, param->name, param->name_length, -1};

		if (compare_names(&set->by_name[i - 1], &set->by_name[i]) == 0)
			return fail(r, &twice, "declared twice");
	}
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(const IonParam *const *) a)->name,
				  (*(const IonParam *const *) b)->name);
}

const IonParam *
ion_param_find(const IonParamSet *set, const char *name, int length)
{
	int			low = 0;
	int			high = set->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const IonParam *param = set->by_name[middle];
		int			order = strncmp(param->name, name, length);

		if (order == 0 && param->name_length > length)
			order = 1;
		if (order == 0)
			return param;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
ion_param_is_localized(IonParamType type)
{
	return type == ION_PARAM_INTEGER || type == ION_PARAM_NUMBER ||
		type == ION_PARAM_MONEY || type == ION_PARAM_DATE ||
		type == ION_PARAM_TIME || type == ION_PARAM_TIMESTAMP;
}

/*
 * Letters are also all characters beyond ASCII but controls and separators.
 */
bool
ion_param_name_valid(const char *name, int length)
{
	if (length < 1 || length > ION_PARAM_NAME_MAX || ion_text_has_control(name, length))
		return false;
	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c >= 0x80 || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		if (i == 0 || (c != '-' && (c < '0' || c > '9')))
			return false;
	}
	return true;
}

static const IonValue *
get(const IonValue *object, const char *key)
{
	return ion_json_get(object, key, strlen(key));
}

/*
 * Keep the first error; always false.
 */
static bool
fail(Reader *r, const IonParamPlace *place, const char *fmt,...)
{
	char		reason[512];
	va_list		args;

	if (r->error.len > 0)
		return false;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (place != NULL)
	{
		ion_param_append_place(&r->error, place);
		appendStringInfoString(&r->error, ": ");
	}
	appendStringInfoString(&r->error, reason);
	return false;
}
