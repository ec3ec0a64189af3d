/*-------------------------------------------------------------------------
 *
 * param_check.c
 *	  Do a message's parameters fit their declaration?
 *
 * This runs in the sender's INSERT: what passes can be rendered later, in any
 * language.  So the readers used here are those of param_localize.c, and the
 * values are counted as it will make them: a list of many empty objects, each
 * of which misses many optional fields, is refused here and not there.
 *
 * The sender's own texts never enter a message.  Names do, if they could be
 * those of a parameter; another one is only said to be there.
 *
 *-------------------------------------------------------------------------
 */
#include "render/param_set.h"

#include "render/locale_format.h"
#include "render/moment.h"
#include "render/text_check.h"

typedef struct Checker
{
	int			values;
	StringInfo	problem;
} Checker;

static bool check_object(Checker *c, const IonParamSet *set, const IonValue *object,
						 const IonParamPlace *outer);
static bool check_names(Checker *c, const IonParamSet *set, const IonValue *object,
						const IonParamPlace *outer);
static bool check_value(Checker *c, const IonParam *param, const IonValue *value,
						const IonParamPlace *place);
static bool check_scalar(Checker *c, const IonParam *param, const IonValue *value,
						 const IonParamPlace *place);
static bool check_list(Checker *c, const IonParam *param, const IonValue *list,
					   const IonParamPlace *place);
static bool check_text(Checker *c, const IonParam *param, const IonValue *value,
					   const IonParamPlace *place);
static bool has_control(const char *s);
static bool is_integer(const char *number);
static bool is_money(const char *number);
static bool is_url(const IonValue *value);
static bool is_host(const char *s, size_t length);
static bool count_values(Checker *c, int values);
static bool fail(Checker *c, const IonParamPlace *place, const char *fmt,...) pg_attribute_printf(3, 4);
static void append_path(StringInfo out, const IonParamPlace *place);

bool
ion_param_check(const IonParamSet *set, const IonValue *params, StringInfo problem)
{
	Checker		checker = {0, problem};

	if (params != NULL && params->kind == ION_JSON_NULL)
		params = NULL;
	if (params != NULL && params->kind != ION_JSON_OBJECT)
		return fail(&checker, NULL, "params must be a JSON object");
	return check_object(&checker, set, params, NULL);
}

bool
ion_param_check_value(const IonParam *param, const IonValue *value,
					  const IonParamPlace *place, int *values, StringInfo problem)
{
	Checker		checker = {0, problem};
	bool		fits = check_value(&checker, param, value, place);

	*values += checker.values;
	return fits;
}

/*
 * Every declared parameter, then whether there are others.
 */
static bool
check_object(Checker *c, const IonParamSet *set, const IonValue *object,
			 const IonParamPlace *outer)
{
	int			found = 0;

	if (!count_values(c, set->count))
		return false;
	for (int i = 0; i < set->count; i++)
	{
		const IonParam *param = &set->params[i];
		const IonValue *value = ion_json_get(object, param->name, param->name_length);
		IonParamPlace place = {outer, param->name, param->name_length, -1};

		if (value != NULL)
			found++;
		if (value != NULL && value->kind != ION_JSON_NULL)
		{
			if (!check_value(c, param, value, &place))
				return false;
		}
		else if (param->required)
			return fail(c, &place, "is missing");
		else if (!count_values(c, param->fallback_values))
			return false;
	}
	return object == NULL || found == object->length ||
		check_names(c, set, object, outer);
}

/*
 * A key may also stand in the object twice, and then all are declared.
 */
static bool
check_names(Checker *c, const IonParamSet *set, const IonValue *object,
			const IonParamPlace *outer)
{
	for (int i = 0; i < object->length; i++)
	{
		const IonMember *member = &object->u.members[i];
		IonParamPlace place = {outer, member->key, member->key_length, -1};

		if (ion_param_find(set, member->key, member->key_length) != NULL)
			continue;
		if (ion_param_name_valid(member->key, member->key_length))
			return fail(c, &place, "is not declared");
		if (outer == NULL)
			return fail(c, NULL, "params hold a name that no parameter can have");
		return fail(c, outer, "holds a name that no parameter can have");
	}
	return true;
}

static bool
check_value(Checker *c, const IonParam *param, const IonValue *value,
			const IonParamPlace *place)
{
	switch (param->type)
	{
		case ION_PARAM_OBJECT:
			if (value->kind != ION_JSON_OBJECT)
				return fail(c, place, "must be an object");
			return param->fields == NULL || check_object(c, param->fields, value, place);
		case ION_PARAM_LIST:
			if (value->kind != ION_JSON_ARRAY)
				return fail(c, place, "must be a list");
			return check_list(c, param, value, place);
		case ION_PARAM_TEXT:
			if (value->kind != ION_JSON_STRING)
				return fail(c, place, "must be a text");
			return check_text(c, param, value, place);
		default:
			return check_scalar(c, param, value, place);
	}
}

static bool
check_scalar(Checker *c, const IonParam *param, const IonValue *value,
			 const IonParamPlace *place)
{
	const char *number = value->kind == ION_JSON_NUMBER ? value->u.text : NULL;
	const char *text = value->kind == ION_JSON_STRING ? value->u.text : NULL;
	int			a;
	int			b;
	int			day;
	int64		instant;

	switch (param->type)
	{
		case ION_PARAM_INTEGER:
			return (number != NULL && is_integer(number)) ||
				fail(c, place, "must be a whole number of at most %d digits",
					 ION_NUMBER_DIGITS_MAX);
		case ION_PARAM_NUMBER:
			return (number != NULL && ion_number_measure(number, &a, &b)) ||
				fail(c, place, "must be a number of at most %d digits before the point and after it",
					 ION_NUMBER_DIGITS_MAX);
		case ION_PARAM_MONEY:
			return (number != NULL && is_money(number)) ||
				fail(c, place, "must be money: whole euro cents, a number of at most %d digits",
					 ION_PARAM_MONEY_DIGITS);
		case ION_PARAM_BOOLEAN:
			return value->kind == ION_JSON_BOOL || fail(c, place, "must be true or false");
		case ION_PARAM_DATE:
			return (text != NULL && ion_moment_read_date(text, &a, &b, &day)) ||
				fail(c, place, "must be a date: YYYY-MM-DD");
		case ION_PARAM_TIME:
			return (text != NULL && ion_moment_read_time(text, &a, &b)) ||
				fail(c, place, "must be a time: HH:MM or HH:MM:SS");
		case ION_PARAM_TIMESTAMP:
			return (text != NULL && ion_moment_read_timestamp(text, &instant)) ||
				fail(c, place, "must be a timestamp with its offset: YYYY-MM-DDTHH:MM:SS+HH:MM or Z");
		case ION_PARAM_URL:
			return is_url(value) ||
				fail(c, place, "must be a URL: https://, at most %d bytes of ASCII, no user information",
					 ION_PARAM_URL_MAX);
		default:
			return fail(c, place, "has no such type");
	}
}

static bool
check_list(Checker *c, const IonParam *param, const IonValue *list,
		   const IonParamPlace *place)
{
	if (list->length > param->max)
		return fail(c, place, "has more than %d items", param->max);
	if (param->item == NULL)
		return true;
	if (!count_values(c, list->length))
		return false;
	for (int i = 0; i < list->length; i++)
	{
		IonParamPlace item = {place, NULL, 0, i};

		if (!check_value(c, param->item, &list->u.items[i], &item))
			return false;
	}
	return true;
}

static bool
check_text(Checker *c, const IonParam *param, const IonValue *value,
		   const IonParamPlace *place)
{
	if (value->length > param->max &&
		ion_text_char_count(value->u.text, value->length) > param->max)
		return fail(c, place, "is longer than %d characters", param->max);
	if (has_control(value->u.text))
		return fail(c, place, "holds a control character other than tab and line end");
	return true;
}

/*
 * Any control character but tab and line ends?
 */
static bool
has_control(const char *s)
{
	for (;;)
	{
		size_t		run = strcspn(s, "\t\n\r");

		if (ion_text_has_control(s, run))
			return true;
		if (s[run] == '\0')
			return false;
		s += run + 1;
	}
}

static bool
is_integer(const char *number)
{
	int			whole;
	int			decimals;

	return ion_number_measure(number, &whole, &decimals) && decimals == 0;
}

static bool
is_money(const char *number)
{
	size_t		digits;

	if (*number == '-')
		number++;
	digits = strspn(number, "0123456789");
	return digits > 0 && digits <= ION_PARAM_MONEY_DIGITS && number[digits] == '\0';
}

/*
 * The characters of RFC 3986 and what a link may not do: name a user, and so
 * show one host while leading to another.
 */
static bool
is_url(const IonValue *value)
{
	const char *s = value->u.text;
	const char *host;
	size_t		authority;

	if (value->kind != ION_JSON_STRING || value->length > ION_PARAM_URL_MAX ||
		pg_strncasecmp(s, "https://", 8) != 0)
		return false;
	for (const char *c = s; *c != '\0'; c++)
	{
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c) != NULL)
			return false;
		if (*c == '%' && (!isxdigit((unsigned char) c[1]) || !isxdigit((unsigned char) c[2])))
			return false;
	}
	host = s + 8;
	authority = strcspn(host, "/?#");
	return is_host(host, authority);
}

/*
 * A host name or address, in brackets if it is IPv6, and perhaps a port.
 */
static bool
is_host(const char *s, size_t length)
{
	size_t		host;
	size_t		port;

	if (*s == '[')
	{
		host = strspn(s + 1, "0123456789abcdefABCDEF:.") + 2;
		if (host < 4 || host > length || s[host - 1] != ']')
			return false;
	}
	else
	{
		host = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
		if (host == 0 || *s == '.' || *s == '-')
			return false;
	}
	if (host == length)
		return true;
	port = strspn(s + host + 1, "0123456789");
	return s[host] == ':' && port > 0 && port <= 5 && host + 1 + port == length;
}

static bool
count_values(Checker *c, int values)
{
	c->values += values;
	return c->values <= ION_PARAM_VALUES_MAX ||
		fail(c, NULL, "params hold more than %d values", ION_PARAM_VALUES_MAX);
}

/*
 * Write the problem; always false.
 */
static bool
fail(Checker *c, const IonParamPlace *place, const char *fmt,...)
{
	char		reason[256];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (place != NULL)
	{
		ion_param_append_place(c->problem, place);
		appendStringInfoChar(c->problem, ' ');
	}
	appendStringInfoString(c->problem, reason);
	return false;
}

void
ion_param_append_place(StringInfo out, const IonParamPlace *place)
{
	appendStringInfoString(out, "parameter \"");
	append_path(out, place);
	appendStringInfoChar(out, '"');
}

static void
append_path(StringInfo out, const IonParamPlace *place)
{
	if (place->outer != NULL)
		append_path(out, place->outer);
	if (place->name == NULL)
	{
		if (place->index >= 0)
			appendStringInfo(out, "[%d]", place->index);
		else
			appendStringInfoString(out, "[]");
		return;
	}
	if (place->outer != NULL)
		appendStringInfoChar(out, '.');
	appendBinaryStringInfo(out, place->name, place->name_length);
}
