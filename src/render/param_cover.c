/*-------------------------------------------------------------------------
 *
 * param_cover.c
 *	  Does a declaration cover the names a template uses?
 *
 * A walk over the tags that keeps, for each open section, what the renderer
 * would push there: the declaration of an object, nothing to look into (a
 * scalar), or something undeclared, where every name may be.  An inverted
 * section pushes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "render/param_set.h"

typedef struct Scope
{
	bool		pushed;			/* false: of an inverted section */
	bool		open;			/* holds anything */
	const IonParamSet *set;		/* its names; NULL: none, or open */
} Scope;

/* What a name stands for. */
typedef struct Target
{
	bool		open;			/* anything */
	const IonParam *param;		/* NULL: a _raw neighbour, or open */
} Target;

typedef struct Cover
{
	Scope		scope[ION_TEMPLATE_NEST_MAX + 1];	/* [0] is all params */
	int			depth;			/* index of the innermost */
	StringInfo	problem;
} Cover;

static bool visit_tag(void *arg, const IonTag *tag);
static bool resolve(Cover *cover, const IonTag *tag, Target *target);
static bool resolve_rest(Cover *cover, const IonTag *tag, int done, Target *target);
static bool find_outward(const Cover *cover, const char *name, int length, Target *target);
static bool find_in(const Scope *scope, const char *name, int length, Target *target);
static const Scope *innermost(const Cover *cover);
static Scope inside(const Target *target);
static int	part_length(const char *name, int length);
static bool fail(Cover *cover, const IonTag *tag, const char *fmt,...) pg_attribute_printf(3, 4);

bool
ion_param_covers(const IonParamSet *set, const IonTemplate *tpl, StringInfo problem)
{
	Cover		cover = {0};

	cover.scope[0].pushed = true;
	cover.scope[0].set = set;
	cover.problem = problem;
	return ion_template_walk(tpl, visit_tag, &cover);
}

static bool
visit_tag(void *arg, const IonTag *tag)
{
	Cover	   *cover = arg;
	Scope		scope = {0};
	Target		target = {0};
	bool		dot = tag->length == 1 && tag->name[0] == '.';

	if (tag->kind == ION_TAG_PARTIAL)
		return true;
	if (tag->kind == ION_TAG_END)
	{
		cover->depth--;
		return true;
	}
	if (dot)
		scope = *innermost(cover);
	else if (!resolve(cover, tag, &target))
		return false;
	else
		scope = inside(&target);

	if (tag->kind == ION_TAG_SECTION || tag->kind == ION_TAG_INVERTED)
	{
		Assert(cover->depth < ION_TEMPLATE_NEST_MAX);
		scope.pushed = tag->kind == ION_TAG_SECTION;
		cover->scope[++cover->depth] = scope;
	}
	return true;
}

/*
 * The first part of a name is looked for outward, or, behind a leading dot, in
 * the innermost scope alone.
 */
static bool
resolve(Cover *cover, const IonTag *tag, Target *target)
{
	int			leading = tag->name[0] == '.' ? 1 : 0;
	const char *name = tag->name + leading;
	int			part = part_length(name, tag->length - leading);
	bool		found = leading ? find_in(innermost(cover), name, part, target) :
		find_outward(cover, name, part, target);

	if (!found)
		return fail(cover, tag, "\"%.*s\" is not declared", part, name);
	return resolve_rest(cover, tag, leading + part, target);
}

/*
 * Each other part is looked for in what the parts before it name.
 */
static bool
resolve_rest(Cover *cover, const IonTag *tag, int done, Target *target)
{
	while (done < tag->length)
	{
		const char *name = tag->name + done + 1;
		int			part = part_length(name, tag->length - done - 1);
		Scope		scope = inside(target);

		if (target->param != NULL && target->param->type == ION_PARAM_LIST)
			return fail(cover, tag, "\"%.*s\" is a list: its items are reached by a section",
						done, tag->name);
		if (!find_in(&scope, name, part, target))
			return fail(cover, tag, "\"%.*s\" is not declared",
						done + 1 + part, tag->name);
		done += part + 1;
	}
	return true;
}

static bool
find_outward(const Cover *cover, const char *name, int length, Target *target)
{
	for (int i = cover->depth; i >= 0; i--)
	{
		if (cover->scope[i].pushed && find_in(&cover->scope[i], name, length, target))
			return true;
	}
	return false;
}

static bool
find_in(const Scope *scope, const char *name, int length, Target *target)
{
	int			suffix = (int) strlen(ION_PARAM_RAW_SUFFIX);

	memset(target, 0, sizeof(*target));
	target->open = scope->open;
	if (scope->open || scope->set == NULL)
		return scope->open;
	target->param = ion_param_find(scope->set, name, length);
	if (target->param != NULL)
		return true;
	if (length > suffix &&
		memcmp(name + length - suffix, ION_PARAM_RAW_SUFFIX, suffix) == 0)
	{
		const IonParam *param = ion_param_find(scope->set, name, length - suffix);

		return param != NULL && param->raw_name != NULL;
	}
	return false;
}

/* Scope 0 is always pushed. */
static const Scope *
innermost(const Cover *cover)
{
	int			i = cover->depth;

	while (!cover->scope[i].pushed)
		i--;
	return &cover->scope[i];
}

/*
 * What a section over the target, or a dot behind it, looks into.
 */
static Scope
inside(const Target *target)
{
	Scope		scope = {0};
	const IonParam *param = target->param;

	scope.open = target->open;
	if (param != NULL && param->type == ION_PARAM_LIST)
	{
		scope.open = param->item == NULL;
		param = param->item;
	}
	if (param != NULL && param->type == ION_PARAM_OBJECT)
	{
		scope.open = param->fields == NULL;
		scope.set = param->fields;
	}
	return scope;
}

static int
part_length(const char *name, int length)
{
	const char *dot = memchr(name, '.', length);

	return dot == NULL ? length : (int) (dot - name);
}

/*
 * Write the problem; always false.
 */
static bool
fail(Cover *cover, const IonTag *tag, const char *fmt,...)
{
	char		reason[ION_TEMPLATE_NAME_MAX + 128];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	appendStringInfo(cover->problem, "line %d, column %d: %s",
					 tag->line, tag->column, reason);
	return false;
}
