/*-------------------------------------------------------------------------
 *
 * json_parse.c
 *	  JSON text into a tree of values.
 *
 * PostgreSQL's parser descends recursively, and before version 16 its
 * callbacks cannot stop it.  So the depth is measured by a flat scan before
 * the parser runs, and the UTF-8 is verified there too: what reaches the
 * parser can only make it return an error code, never raise one (memory
 * apart).  A container under construction lives on the builder's own stack
 * and is copied into its parent when it ends, so nothing moves under a
 * pointer that was handed out.
 *
 *-------------------------------------------------------------------------
 */
#include "render/json_value.h"

#include "compat/json_compat.h"

#define CONTAINER_SIZE_MIN	4	/* entries first allocated */

typedef struct Container
{
	IonValueKind kind;			/* array or object */
	int			count;
	int			size;			/* allocated entries */
	IonValue   *items;			/* array */
	IonMember  *members;		/* object */
	const char *key;			/* object: of the value to come */
} Container;

typedef struct Builder
{
	Container	stack[ION_JSON_DEPTH_MAX];
	int			depth;
	int			nodes;
	IonValue   *root;
	const char *error;			/* static; once set, every call is ignored */
} Builder;

static const char *check_text(const char *text, size_t len);
static int	depth_of(const char *text, size_t len);
static const char *error_text(JsonParseErrorType code);
static bool builder_open(Builder *b, IonValueKind kind);
static bool builder_close(Builder *b);
static bool builder_key(Builder *b, char *key);
static bool builder_scalar(Builder *b, char *token, JsonTokenType type);
static bool builder_add(Builder *b, IonValue value);

/*
 * The parser's callbacks; each hands over to the builder.
 */
static IonJsonActionResult
on_object_start(void *state)
{
	ION_JSON_ACTION_END(builder_open(state, ION_JSON_OBJECT));
}

static IonJsonActionResult
on_array_start(void *state)
{
	ION_JSON_ACTION_END(builder_open(state, ION_JSON_ARRAY));
}

static IonJsonActionResult
on_container_end(void *state)
{
	ION_JSON_ACTION_END(builder_close(state));
}

static IonJsonActionResult
on_field_start(void *state, char *key, bool isnull)
{
	(void) isnull;
	ION_JSON_ACTION_END(builder_key(state, key));
}

static IonJsonActionResult
on_scalar(void *state, char *token, JsonTokenType type)
{
	ION_JSON_ACTION_END(builder_scalar(state, token, type));
}

IonValue *
ion_json_parse(const char *text, size_t len, const char **error)
{
	Builder		builder;
	JsonSemAction actions;
	JsonLexContext *lex;
	JsonParseErrorType code;

	*error = check_text(text, len);
	if (*error != NULL)
		return NULL;

	memset(&builder, 0, sizeof(builder));
	memset(&actions, 0, sizeof(actions));
	actions.semstate = &builder;
	actions.object_start = on_object_start;
	actions.object_end = on_container_end;
	actions.array_start = on_array_start;
	actions.array_end = on_container_end;
	actions.object_field_start = on_field_start;
	actions.scalar = on_scalar;

	lex = ion_json_lexer_create(text, (int) len);
	code = pg_parse_json(lex, &actions);
	ion_json_lexer_free(lex);

	if (builder.error != NULL)
		*error = builder.error;
	else if (code != JSON_SUCCESS)
		*error = error_text(code);
	return *error == NULL ? builder.root : NULL;
}

/*
 * Everything that must hold before the parser may see the text.
 */
static const char *
check_text(const char *text, size_t len)
{
	if (len > ION_JSON_TEXT_MAX)
		return "JSON text is too long";
	if (pg_encoding_verifymbstr(PG_UTF8, text, (int) len) != (int) len)
		return "JSON text is not valid UTF-8";
	if (depth_of(text, len) > ION_JSON_DEPTH_MAX)
		return "JSON is nested too deeply";
	return NULL;
}

/*
 * How deep the brackets outside strings go.  On text that is JSON up to some
 * point this agrees with the parser up to that point, which is as far as the
 * parser gets.
 */
static int
depth_of(const char *text, size_t len)
{
	int			depth = 0;
	int			deepest = 0;
	bool		in_string = false;

	for (size_t i = 0; i < len; i++)
	{
		char		c = text[i];

		if (in_string)
		{
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		}
		else if (c == '"')
			in_string = true;
		else if (c == '[' || c == '{')
		{
			depth++;
			deepest = Max(deepest, depth);
		}
		else if (c == ']' || c == '}')
			depth--;
	}
	return deepest;
}

static const char *
error_text(JsonParseErrorType code)
{
	switch (code)
	{
		case JSON_UNICODE_CODE_POINT_ZERO:
			return "JSON string holds \\u0000, which text cannot";
		case JSON_UNICODE_HIGH_SURROGATE:
		case JSON_UNICODE_LOW_SURROGATE:
		case JSON_UNICODE_HIGH_ESCAPE:
		case JSON_UNICODE_ESCAPE_FORMAT:
			return "JSON string has an invalid \\u escape";
		case JSON_ESCAPING_INVALID:
			return "JSON string has an invalid escape";
		case JSON_ESCAPING_REQUIRED:
			return "JSON string has an unescaped control character";
		case JSON_EXPECTED_MORE:
			return "JSON text ends too early";
		case JSON_EXPECTED_END:
			return "text follows the JSON value";
		default:
			return "invalid JSON";
	}
}

static bool
builder_open(Builder *b, IonValueKind kind)
{
	Container  *container;

	if (b->error != NULL)
		return false;
	if (b->depth >= ION_JSON_DEPTH_MAX)
	{
		b->error = "JSON is nested too deeply";
		return false;
	}
	container = &b->stack[b->depth++];
	memset(container, 0, sizeof(*container));
	container->kind = kind;
	return true;
}

/*
 * The innermost container is complete: it becomes a value of its parent.
 */
static bool
builder_close(Builder *b)
{
	Container  *container;
	IonValue	value = {0};

	if (b->error != NULL)
		return false;
	Assert(b->depth > 0);
	container = &b->stack[--b->depth];
	value.kind = container->kind;
	value.length = container->count;
	if (container->kind == ION_JSON_ARRAY)
		value.u.items = container->items;
	else
	{
		value.u.members = container->members;
		value.by_key = ion_json_index(container->members, container->count);
	}
	return builder_add(b, value);
}

static bool
builder_key(Builder *b, char *key)
{
	if (b->error != NULL)
	{
		pfree(key);
		return false;
	}
	Assert(b->depth > 0 && b->stack[b->depth - 1].kind == ION_JSON_OBJECT);
	b->stack[b->depth - 1].key = key;
	return true;
}

static bool
builder_scalar(Builder *b, char *token, JsonTokenType type)
{
	IonValue	value = {0};

	if (b->error != NULL)
	{
		pfree(token);
		return false;
	}
	if (type == JSON_TOKEN_STRING || type == JSON_TOKEN_NUMBER)
	{
		value.kind = type == JSON_TOKEN_STRING ? ION_JSON_STRING : ION_JSON_NUMBER;
		value.length = (int) strlen(token);
		value.u.text = token;
		return builder_add(b, value);
	}

	pfree(token);
	if (type == JSON_TOKEN_TRUE || type == JSON_TOKEN_FALSE)
	{
		value.kind = ION_JSON_BOOL;
		value.u.boolean = type == JSON_TOKEN_TRUE;
	}
	return builder_add(b, value);
}

/*
 * Put a finished value where it belongs: the innermost open container, or the
 * root.
 */
static bool
builder_add(Builder *b, IonValue value)
{
	Container  *parent;

	if (++b->nodes > ION_JSON_NODES_MAX)
	{
		b->error = "JSON has too many values";
		return false;
	}
	if (b->depth == 0)
	{
		b->root = palloc(sizeof(IonValue));
		*b->root = value;
		return true;
	}

	parent = &b->stack[b->depth - 1];
	if (parent->count == parent->size)
	{
		size_t		entry = parent->kind == ION_JSON_ARRAY ?
			sizeof(IonValue) : sizeof(IonMember);
		void	   *old = parent->kind == ION_JSON_ARRAY ?
			(void *) parent->items : (void *) parent->members;

		parent->size = Max(parent->size * 2, CONTAINER_SIZE_MIN);
		old = old == NULL ? palloc(parent->size * entry) :
			repalloc(old, parent->size * entry);
		if (parent->kind == ION_JSON_ARRAY)
			parent->items = old;
		else
			parent->members = old;
	}

	if (parent->kind == ION_JSON_ARRAY)
		parent->items[parent->count++] = value;
	else
	{
		IonMember  *member = &parent->members[parent->count++];

		member->key = parent->key;
		member->key_length = (int) strlen(parent->key);
		member->value = value;
	}
	return true;
}
