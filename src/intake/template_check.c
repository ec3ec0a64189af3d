/*-------------------------------------------------------------------------
 *
 * template_check.c
 *	  The template a message names: which version, and whether its params fit.
 *
 * A message is bound to the version that counts when it is inserted, and what
 * it needs from its sender is asked for then: later there is nobody to tell.
 * The binding of (service, template) is kept by the process until templates,
 * services or organizations change, and by the statement until its end, so
 * that all rows of one statement say the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/owner.h"
#include "channel/template_cache.h"
#include "intake/template_check.h"
#include "intake/value_check.h"
#include "queue/template_read.h"
#include "render/markdown.h"
#include "render/param_set.h"
#include "render/sms_text.h"

#define STATEMENT_BINDINGS_MAX 32	/* of one statement; further ones may change during it */

/* What the messages of one service with one template need to know. */
typedef struct Binding
{
	IonKept		kept;
	bool		exists;
	IonTemplateChoice choice;
	IonFamily  *family;			/* pinned by kept.cxt */
	const char *missing;		/* a channel of the service without a text, or NULL */
	IonTemplateText **sms;		/* its SMS texts, if the service sends any */
	int			n_sms;
	bool		mails;			/* the service sends mail, whose Markdown has a limit */
	Size		longest;		/* bytes of its longest other text, */
	int			variables;		/* how many values those take, */
	bool		repeats;		/* and whether parts of them do or come from elsewhere */
} Binding;

typedef struct Bound
{
	const char *service;
	const char *template;
	Binding    *binding;
} Bound;

struct IonTemplateCheck
{
	MemoryContext cxt;
	Bound		bound[STATEMENT_BINDINGS_MAX];
	int			n;
	int			last;			/* rows of one kind come in runs */
};

static Binding *find_binding(IonTemplateCheck *check, const char *service, const char *template);
static Binding *get_binding(const char *service, const char *template);
static void read_binding(Binding *binding, const char *service, const char *template);
static void read_texts(Binding *binding);
static void check_params(const Binding *binding, const IonMessageRow *row);
static void check_sms(const Binding *binding, const IonValue *params);
static bool may_grow_long(const Binding *binding, const IonMessageRow *row);
static void check_length(const Binding *binding, const IonValue *params);
static bool weigh_tag(void *arg, const IonTag *tag);
static void weigh_texts(Binding *binding);
ion_noreturn static void no_such_template(const char *service, const char *template);
static HeapTuple set_version(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, MemoryContext cxt,
							 bool isnull, int32 version);

IonTemplateCheck *
ion_template_check_create(MemoryContext cxt)
{
	IonTemplateCheck *check = MemoryContextAllocZero(cxt, sizeof(IonTemplateCheck));

	check->cxt = cxt;
	return check;
}

HeapTuple
ion_template_bind(IonTemplateCheck *check, const IonMessageRow *row, HeapTuple tuple, TupleDesc desc,
				  const IonColumnMap *map, MemoryContext tuple_cxt)
{
	char	   *service;
	char	   *template;
	Binding    *binding;

	if (row->isnull[ION_COL_TEMPLATE])
	{
		if (!row->isnull[ION_COL_PARAMS])
			ion_value_error("params", "There is no template they could fill in.",
							"Write template and params, or subject and markdown.");
		return row->isnull[ION_COL_TEMPLATE_VERSION] ? tuple : set_version(tuple, desc, map, tuple_cxt, true, 0);
	}
	service = TextDatumGetCString(row->value[ION_COL_SERVICE]);
	template = TextDatumGetCString(row->value[ION_COL_TEMPLATE]);
	binding = find_binding(check, service, template);
	if (!binding->exists)
		no_such_template(service, template);
	if (binding->missing != NULL)
		ion_value_error("template", psprintf("Template \"%s\" has no text for channel %s, which service \"%s\" uses.",
											 template, binding->missing, service),
						"Approve a text for that channel, or one for every channel (channel null).");
	check_params(binding, row);
	return set_version(tuple, desc, map, tuple_cxt, false, binding->choice.version);
}

static HeapTuple
set_version(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, MemoryContext cxt, bool isnull, int32 version)
{
	int			column = map->attnum[ION_COL_TEMPLATE_VERSION] + 1;
	Datum		value = Int32GetDatum(version);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	HeapTuple	bound = heap_modify_tuple_by_cols(tuple, desc, 1, &column, &value, &isnull);

	MemoryContextSwitchTo(old);
	return bound;
}

static void
no_such_template(const char *service, const char *template)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("template \"%s\" does not exist for service \"%s\"", template, service),
			 errhint("Templates stand in io_notify.template."),
			 errhidestmt(true)));
}

static Binding *
find_binding(IonTemplateCheck *check, const char *service, const char *template)
{
	Binding    *binding;
	Bound	   *bound;

	for (int i = 0; i < check->n; i++)
	{
		int			at = (check->last + i) % check->n;

		bound = &check->bound[at];
		if (strcmp(bound->template, template) == 0 && strcmp(bound->service, service) == 0)
		{
			check->last = at;
			return bound->binding;
		}
	}
	binding = get_binding(service, template);
	if (check->n < STATEMENT_BINDINGS_MAX)
	{
		ion_kept_pin(&binding->kept, check->cxt);
		check->last = check->n++;
		bound = &check->bound[check->last];
		bound->service = MemoryContextStrdup(check->cxt, service);
		bound->template = MemoryContextStrdup(check->cxt, template);
		bound->binding = binding;
	}
	return binding;
}

static Binding *
get_binding(const char *service, const char *template)
{
	char		key[ION_KEPT_KEY_MAX];
	Binding    *binding;
	IonCaller	caller;

	/* neither may hold a slash, and both are at most 63 bytes where they exist */
	snprintf(key, sizeof(key), "binding %s/%s", service, template);
	binding = (Binding *) ion_kept_find(key);
	if (binding != NULL)
		return binding;
	binding = (Binding *) ion_kept_begin(key, sizeof(Binding));
	SPI_connect();
	ion_owner_begin(&caller, true);
	read_binding(binding, service, template);
	ion_owner_end(&caller);
	SPI_finish();
	if (binding->exists)
		ion_kept_end(&binding->kept);
	return binding;
}

static void
read_binding(Binding *binding, const char *service, const char *template)
{
	MemoryContext old;

	if (!ion_template_resolve(service, template, &binding->choice))
		return;
	binding->family = ion_family_get(template, binding->choice.version);
	if (binding->family == NULL)
		return;
	ion_kept_pin(&binding->family->kept, binding->kept.cxt);
	weigh_texts(binding);
	old = MemoryContextSwitchTo(binding->kept.cxt);
	read_texts(binding);
	binding->choice.channels = NULL;	/* was SPI's */
	MemoryContextSwitchTo(old);
	binding->exists = true;
}

/* Which channels have a text, and which texts go out as SMS. */
static void
read_texts(Binding *binding)
{
	IonFamily  *family = binding->family;

	for (int c = 0; c < binding->choice.n_channels; c++)
	{
		const char *channel = binding->choice.channels[c];

		if (ion_template_text_choose(family->texts, family->n_texts, channel, NULL, 0) == NULL)
		{
			binding->missing = pstrdup(channel);
			return;
		}
		binding->mails = binding->mails || strcmp(channel, "email") == 0 || strcmp(channel, "pec") == 0;
		if (strcmp(channel, ION_TEXT_CHANNEL_SMS) != 0)
			continue;
		binding->sms = palloc(sizeof(IonTemplateText *) * (family->n_texts + 1));
		for (int i = 0; i < family->n_texts; i++)
		{
			if (strcmp(family->texts[i].channel, ION_TEXT_CHANNEL_SMS) == 0)
				binding->sms[binding->n_sms++] = &family->texts[i];
		}
	}
}

static void
check_params(const Binding *binding, const IonMessageRow *row)
{
	IonFamily  *family = binding->family;
	const IonValue *params = NULL;
	StringInfoData problem;

	bool		long_text = may_grow_long(binding, row);

	if (family->params == NULL && binding->n_sms == 0 && !long_text)
		return;
	if (!row->isnull[ION_COL_PARAMS])
	{
		Jsonb	   *jsonb = DatumGetJsonbP(row->value[ION_COL_PARAMS]);
		char	   *json = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
		const char *error;

		params = ion_json_parse(json, strlen(json), &error);
		if (params == NULL)
			ion_value_error("params", psprintf("They cannot be read: %s.", error), NULL);
	}
	if (family->params != NULL)
	{
		initStringInfo(&problem);
		if (!ion_param_check(family->params, params, &problem))
			ion_value_error("params", psprintf("%s.", problem.data),
							psprintf("Template \"%s\" declares its parameters in io_notify.template.", family->name));
	}
	if (binding->n_sms > 0)
		check_sms(binding, params);
	if (long_text)
		check_length(binding, params);
}

static bool
weigh_tag(void *arg, const IonTag *tag)
{
	Binding    *binding = arg;

	if (tag->kind == ION_TAG_VARIABLE || tag->kind == ION_TAG_RAW)
		binding->variables++;
	else
		binding->repeats = true;
	return true;
}

/* How long a text may become: what repeats has to be tried with each message's params. */
static void
weigh_texts(Binding *binding)
{
	for (int i = 0; i < binding->family->n_texts; i++)
	{
		const IonTemplateText *text = &binding->family->texts[i];
		IonTemplateError error;
		IonTemplate *parsed;

		if (strcmp(text->channel, ION_TEXT_CHANNEL_SMS) == 0)
			continue;
		parsed = ion_template_parse(text->markdown, strlen(text->markdown), &error);
		if (parsed != NULL)
			(void) ion_template_tags(parsed, weigh_tag, binding);
		binding->longest = Max(binding->longest, strlen(text->markdown));
	}
}

static bool
may_grow_long(const Binding *binding, const IonMessageRow *row)
{
	Size		params;

	if (!binding->mails)
		return false;
	if (row->isnull[ION_COL_PARAMS])
		return binding->longest > ION_MARKDOWN_MAX;
	if (binding->repeats)
		return true;
	/* as text they take less than twice what they take as jsonb */
	params = 2 * toast_raw_datum_size(row->value[ION_COL_PARAMS]);
	return binding->longest + params * ION_ESCAPE_GROWTH * binding->variables > ION_MARKDOWN_MAX;
}

/* A text too long for a mail is the sender's error now, not a failure at night. */
static void
check_length(const Binding *binding, const IonValue *params)
{
	for (int i = 0; i < binding->family->n_texts; i++)
	{
		IonTemplateText *text = &binding->family->texts[i];
		StringInfoData subject;
		StringInfoData body;
		const char *error;

		if (strcmp(text->channel, ION_TEXT_CHANNEL_SMS) == 0)
			continue;
		initStringInfo(&subject);
		initStringInfo(&body);
		if (!ion_family_render(binding->family, text, params, NULL, &subject, &body, &error))
			ion_value_error("params", psprintf("They do not fit the text in %s: %s.", text->language, error), NULL);
		if (body.len > ION_MARKDOWN_MAX)
			ion_value_error("params", psprintf("With them the text in %s takes %d octets; %d are allowed.",
											   text->language, body.len, ION_MARKDOWN_MAX), "Give shorter values or lists.");
		pfree(subject.data);
		pfree(body.data);
	}
}

/* Which language the citizen will read is decided later: each must fit. */
static void
check_sms(const Binding *binding, const IonValue *params)
{
	for (int i = 0; i < binding->n_sms; i++)
	{
		IonTemplateText *text = binding->sms[i];
		int			limit = text->sms_max_segments > 0 ? text->sms_max_segments : binding->choice.sms_max_segments;
		StringInfoData subject;
		StringInfoData body;
		StringInfoData sms;
		IonSmsSize	size;
		const char *error;

		initStringInfo(&subject);
		initStringInfo(&body);
		initStringInfo(&sms);
		if (!ion_family_render(binding->family, text, params, NULL, &subject, &body, &error))
			ion_value_error("params", psprintf("They do not fit the SMS text in %s: %s.", text->language, error), NULL);
		ion_sms_fit(&sms, body.data, body.len, ION_SMS_SEGMENTS_MAX, binding->choice.sms_transliterate, &size);
		if (size.segments > limit)
			ion_value_error("params", psprintf("The SMS text in %s takes %d segments; %d are allowed.",
											   text->language, size.segments, limit),
							"Give shorter values; the limit is sms_max_segments of the template or the service.");
	}
}

Datum
ion_template_declared(const char *service, const char *template, Datum row)
{
	Binding    *binding = get_binding(service, template);
	JsonbIterator *it;
	JsonbParseState *state = NULL;
	JsonbValue *kept = NULL;
	JsonbValue	v;
	JsonbIteratorToken token;
	bool		nested = true;

	if (!binding->exists || binding->family->params == NULL)
		return row;
	it = JsonbIteratorInit(&DatumGetJsonbP(row)->root);
	while ((token = JsonbIteratorNext(&it, &v, !nested)) != WJB_DONE)
	{
		nested = false;
		if (token == WJB_KEY && ion_param_find(binding->family->params, v.val.string.val, v.val.string.len) == NULL)
			(void) JsonbIteratorNext(&it, &v, true);
		else
			kept = pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY ? &v : NULL);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(kept));
}
