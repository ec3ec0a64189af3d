/*-------------------------------------------------------------------------
 *
 * template.h
 *	  Mustache templates: parsed once, rendered many times.
 *
 * The language is that of the Mustache specification, modules interpolation,
 * sections, inverted, comments, delimiters and partials; no lambdas, no
 * inheritance, no dynamic names (their sigils are refused, not ignored).
 * Where the specification leaves a choice:
 *
 * - Falsey is what `!!data` makes of JSON in JavaScript, the expression the
 *	 specification gives: a missing value, null, false, "" and any number equal
 *	 to 0, and by the specification's own words an empty list.  An empty object
 *	 is truthy.
 * - A number is written by its source text (1.50 stays 1.50), true and false
 *	 by name, null as nothing; a list or an object as compact JSON, which is
 *	 what a template of a JSON body wants.  A string or number that has another
 *	 text to show (IonValue.shown) is written by that one.
 * - A leading dot ({{.name}}) looks into the top of the context stack only.
 * - Standalone partials indent every line of the partial, empty ones too.
 * - A name holds no blanks, no control characters and no empty part.
 *
 * {{{x}}} and {{&x}} write their value without the escape, as the
 * specification demands, except that the targets header and sms keep their
 * control-character rule, which guards the wire and not the looks.  Whoever
 * renders values of strangers refuses templates that use them:
 * ion_template_has_raw().
 *
 * An IonTemplate is immutable and lives in the memory context current when it
 * was parsed, its text copied; it is freed with the context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_H
#define ION_RENDER_TEMPLATE_H

#include "base/pure.h"
#include "render/escape.h"
#include "render/json_value.h"

#define ION_TEMPLATE_TEXT_MAX		(256 * 1024)	/* bytes of one template */
#define ION_TEMPLATE_NEST_MAX		32	/* sections inside one another */
#define ION_TEMPLATE_NAME_MAX		255 /* bytes of a tag's name */
#define ION_TEMPLATE_DELIMITER_MAX	16	/* bytes of a delimiter */
#define ION_TEMPLATE_PARTIAL_MAX	16	/* partials inside one another */
#define ION_TEMPLATE_OUTPUT_MAX		(1024 * 1024)	/* bytes one render writes */
#define ION_TEMPLATE_STEPS_MAX		1000000 /* of one render: nodes rendered,
											 * objects searched, 128 bytes
											 * copied */

typedef struct IonTemplate IonTemplate;

/*
 * Where and why.  line and column count from 1, columns in characters.
 * partial names the partial the position lies in, "" for the template itself.
 */
typedef struct IonTemplateError
{
	char		message[256];	/* lower case, no full stop; UTF-8 */
	char		partial[ION_TEMPLATE_NAME_MAX + 1];
	int			line;
	int			column;
} IonTemplateError;

/*
 * Finds the partial of a name.  Returns true with *partial set, or NULL when
 * there is none (it then renders as nothing); false with *err filled when
 * there is one but it cannot be had.  The template must live until the render
 * ends.
 */
typedef bool (*IonPartialLookup) (void *arg, const char *name,
								  const IonTemplate **partial,
								  IonTemplateError *err);

/* What a tag uses its name for. */
typedef enum IonTagKind
{
	ION_TAG_VARIABLE = 0,
	ION_TAG_RAW,				/* {{{x}}} or {{&x}} */
	ION_TAG_SECTION,
	ION_TAG_INVERTED,
	ION_TAG_PARTIAL,
	ION_TAG_END					/* of a section, inverted or not; only
								 * ion_template_walk shows it */
} IonTagKind;

typedef struct IonTag
{
	IonTagKind	kind;
	const char *name;			/* not zero-terminated */
	int			length;			/* bytes */
	int			line;			/* of the name, not of the delimiter */
	int			column;
} IonTag;

/* Returns false to end the walk. */
typedef bool (*IonTagVisitor) (void *arg, const IonTag *tag);

/*
 * Compile text[0..len).  Returns NULL with *err filled when it is no valid
 * template, no valid UTF-8, or exceeds a limit.
 */
extern IonTemplate *ion_template_parse(const char *text, size_t len,
									   IonTemplateError *err);

/*
 * Append the template, filled from params (any JSON value; NULL is like an
 * empty object), to out.  lookup may be NULL: no partials.  On false *err is
 * filled and out is as it was before.
 */
extern bool ion_template_render(const IonTemplate *tpl, const IonValue *params,
								IonEscape escape,
								IonPartialLookup lookup, void *lookup_arg,
								StringInfo out, IonTemplateError *err);

/* Does the template itself (not its partials) hold an unescaped tag? */
extern bool ion_template_has_raw(const IonTemplate *tpl);

/*
 * Show each tag that has a name to visit, in the order of the text, closing
 * tags left out.  Returns false when visit ended the walk.
 */
extern bool ion_template_tags(const IonTemplate *tpl, IonTagVisitor visit,
							  void *arg);

/*
 * The same with the closing tags, for who must know what is inside what.
 */
extern bool ion_template_walk(const IonTemplate *tpl, IonTagVisitor visit,
							  void *arg);

#endif							/* ION_RENDER_TEMPLATE_H */
