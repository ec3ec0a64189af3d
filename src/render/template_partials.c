/*-------------------------------------------------------------------------
 *
 * template_partials.c
 *	  Partials out of a JSON object that maps names to template texts.
 *
 * The set is the caller's object plus one slot per member for the parsed
 * template.  A partial nobody uses is never parsed, so an error in it shows
 * only when it matters; a recursive one is parsed once.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_partials.h"

struct IonPartials
{
	const IonValue *texts;		/* NULL: no partials */
	IonTemplate **parsed;		/* by member index; NULL until asked for */
};

IonPartials *
ion_partials_create(const IonValue *texts, const char **error)
{
	IonPartials *set;

	*error = NULL;
	if (texts != NULL && texts->kind != ION_JSON_OBJECT)
	{
		*error = "partials are not an object";
		return NULL;
	}
	for (int i = 0; texts != NULL && i < texts->length; i++)
	{
		if (texts->u.members[i].value.kind != ION_JSON_STRING)
		{
			*error = "a partial is not a string";
			return NULL;
		}
	}

	set = palloc0(sizeof(IonPartials));
	set->texts = texts;
	if (texts != NULL && texts->length > 0)
		set->parsed = palloc0(texts->length * sizeof(IonTemplate *));
	return set;
}

bool
ion_partials_lookup(void *arg, const char *name, const IonTemplate **partial,
					IonTemplateError *err)
{
	IonPartials *set = arg;
	int			index = ion_json_find(set->texts, name, strlen(name));

	*partial = NULL;
	if (index < 0)
		return true;
	if (set->parsed[index] == NULL)
	{
		const IonValue *text = &set->texts->u.members[index].value;

		set->parsed[index] = ion_template_parse(text->u.text, text->length, err);
	}
	*partial = set->parsed[index];
	return *partial != NULL;
}
