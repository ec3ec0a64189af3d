/*-------------------------------------------------------------------------
 *
 * param_type.h
 *	  The parameters a template declares: their types, checked and localized.
 *
 * A declaration is a JSON object that maps names to types:
 *
 *	 {"amount": "money",
 *	  "owner": {"type": "text", "max": 80, "required": false, "default": "-"},
 *	  "items": {"type": "list", "items": {"price": "money", "day": "date"}}}
 *
 * type			JSON value
 * text			string; "max" characters (ION_PARAM_TEXT_DEFAULT); of the control
 *				characters only tab and line ends
 * integer		number without decimals
 * number		number; at most ION_NUMBER_DIGITS_MAX digits on either side
 * money		number: whole euro cents, at most ION_PARAM_MONEY_DIGITS digits
 * boolean		true or false
 * date			"YYYY-MM-DD"
 * time			"HH:MM", "HH:MM:SS", decimals of the second allowed
 * timestamp	date, "T" or space, time, offset: RFC 3339 and what PostgreSQL's
 *				to_jsonb(timestamptz) writes
 * url			string: https, ASCII, no user information
 * list			array; "max" items (ION_PARAM_ITEMS_DEFAULT); "items" is the
 *				declaration of its objects, or the type of its scalars
 * object		object; "fields" is its declaration
 *
 * A parameter is required unless it says "required": false or has a default.
 * JSON null is a missing value.  A list without "items" and an object without
 * "fields" hold whatever the sender puts there.
 *
 * Localized, the types from integer to timestamp (boolean excepted) keep
 * their JSON value and get a text to show beside it (IonValue.shown), so that
 * {{amount}} writes "12,50 €" while {{#count}} still finds 0 falsey and a
 * JSON body still carries the number.  Each has a neighbour <name>_raw
 * without that text, for links and the like: ?due={{due_date_raw}}.  So no
 * declared name may end in _raw.  Items of a list of scalars are shown by
 * {{.}}; they have no neighbours.
 *
 * Paths in messages count list items from 0: items[2].price.  A message never
 * quotes a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_PARAM_TYPE_H
#define ION_RENDER_PARAM_TYPE_H

#include "base/pure.h"
#include "render/json_value.h"
#include "render/template.h"

#define ION_PARAM_DEPTH_MAX		4	/* declarations inside one another */
#define ION_PARAM_COUNT_MAX		200 /* parameters of a declaration, the inner
									 * ones too */
#define ION_PARAM_NAME_MAX		63	/* bytes */
#define ION_PARAM_TEXT_DEFAULT	1000	/* characters of a text */
#define ION_PARAM_TEXT_MAX		100000
#define ION_PARAM_ITEMS_DEFAULT 1000	/* items of a list */
#define ION_PARAM_ITEMS_MAX		10000
#define ION_PARAM_URL_MAX		2048	/* bytes */
#define ION_PARAM_MONEY_DIGITS	15
#define ION_PARAM_VALUES_MAX	100000	/* of one set of params; what is
										 * missing counts too */

typedef struct IonParamSet IonParamSet;

/*
 * Read a declaration.  The set lives in the current memory context and points
 * into the declaration, which must live as long.  NULL with a palloc'd *error
 * that names the parameter when the declaration is ill.
 */
extern IonParamSet *ion_param_declare(const IonValue *declaration,
									  const char **error);

/*
 * Do the params (an object; NULL or null is an empty one) fit?  If not, append
 * one sentence to problem: which parameter, and what it must be.
 */
extern bool ion_param_check(const IonParamSet *set, const IonValue *params,
							StringInfo problem);

/*
 * A copy of params, localized, with the defaults filled in and null for what
 * is missing, so that a name inside a section never finds a namesake outside
 * it.  What is not declared is kept as it is.  New containers and texts are
 * palloc'd in the current context; everything else is shared with params and
 * set, which must live as long.  NULL with a static *error when a value does
 * not fit its type (params that passed the check do) or the time zone, needed
 * for timestamps alone, is unknown.
 */
extern IonValue *ion_param_localize(const IonParamSet *set, const IonValue *params,
									const char *language, const char *time_zone,
									const char **error);

/*
 * Is every name the template's tags use declared?  Inside a section over a
 * list or an object names are looked for there first, then outward; partials
 * are not looked into.  If not, append to problem the first that is not, with
 * its line and column.
 */
extern bool ion_param_covers(const IonParamSet *set, const IonTemplate *tpl,
							 StringInfo problem);

#endif							/* ION_RENDER_PARAM_TYPE_H */
