/*-------------------------------------------------------------------------
 *
 * json_value.c
 *	  Looking into a tree of JSON values, and writing it out.
 *
 * An object with many members has an index sorted by key, made by a merge
 * sort: its time does not depend on what the keys are, as a quicksort's
 * would, and keys may come from strangers.
 *
 *-------------------------------------------------------------------------
 */
#include "render/json_value.h"

#define LINEAR_MEMBERS_MAX	8	/* an object this small is searched as it is */

static void merge_runs(const IonMember **from, const IonMember **to,
					   int left, int middle, int right);
static int	compare_key(const char *a, size_t a_length,
						const char *b, size_t b_length);
static int	find_sorted(const IonValue *object, const char *key, size_t key_length);
static bool is_zero(const char *number);
static bool write_value(StringInfo out, const IonValue *value, int depth);

const IonMember *const *
ion_json_index(const IonMember *members, int count)
{
	const IonMember **sorted;
	const IonMember **other;

	if (count <= LINEAR_MEMBERS_MAX)
		return NULL;
	sorted = palloc(count * sizeof(IonMember *));
	other = palloc(count * sizeof(IonMember *));
	for (int i = 0; i < count; i++)
		sorted[i] = &members[i];
	for (int width = 1; width < count; width *= 2)
	{
		const IonMember **swap = sorted;

		for (int left = 0; left < count; left += 2 * width)
			merge_runs(sorted, other, left, Min(left + width, count),
					   Min(left + 2 * width, count));
		sorted = other;
		other = swap;
	}
	pfree(other);
	return sorted;
}

static void
merge_runs(const IonMember **from, const IonMember **to,
		   int left, int middle, int right)
{
	int			a = left;
	int			b = middle;

	for (int i = left; i < right; i++)
	{
		bool		take_a = a < middle;

		if (take_a && b < right)
			take_a = compare_key(from[a]->key, from[a]->key_length,
								 from[b]->key, from[b]->key_length) <= 0;
		to[i] = take_a ? from[a++] : from[b++];
	}
}

/*
 * Any total order serves: shorter first, then bytes.
 */
static int
compare_key(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return memcmp(a, b, a_length);
}

const IonValue *
ion_json_get(const IonValue *object, const char *key, size_t key_length)
{
	int			found = ion_json_find(object, key, key_length);

	return found < 0 ? NULL : &object->u.members[found].value;
}

int
ion_json_find(const IonValue *object, const char *key, size_t key_length)
{
	if (object == NULL || object->kind != ION_JSON_OBJECT)
		return -1;
	if (object->by_key != NULL)
		return find_sorted(object, key, key_length);
	for (int i = object->length - 1; i >= 0; i--)
	{
		const IonMember *member = &object->u.members[i];

		if (compare_key(member->key, member->key_length, key, key_length) == 0)
			return i;
	}
	return -1;
}

/*
 * Binary search for the last member whose key is not greater than the one
 * wanted, which among equal keys is the last of the text.
 */
static int
find_sorted(const IonValue *object, const char *key, size_t key_length)
{
	int			low = 0;
	int			high = object->length;
	const IonMember *member;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		member = object->by_key[middle];
		if (compare_key(member->key, member->key_length, key, key_length) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return -1;
	member = object->by_key[low - 1];
	if (compare_key(member->key, member->key_length, key, key_length) != 0)
		return -1;
	return (int) (member - object->u.members);
}

bool
ion_json_truthy(const IonValue *value)
{
	if (value == NULL)
		return false;
	switch (value->kind)
	{
		case ION_JSON_NULL:
			return false;
		case ION_JSON_BOOL:
			return value->u.boolean;
		case ION_JSON_NUMBER:
			return !is_zero(value->u.text);
		case ION_JSON_STRING:
		case ION_JSON_ARRAY:
			return value->length > 0;
		case ION_JSON_OBJECT:
			return true;
	}
	return false;
}

/*
 * Zero in any spelling JSON has: -0, 0.00, 0e7.
 */
static bool
is_zero(const char *number)
{
	for (const char *c = number; *c != '\0' && *c != 'e' && *c != 'E'; c++)
	{
		if (*c >= '1' && *c <= '9')
			return false;
	}
	return true;
}

bool
ion_json_write(StringInfo out, const IonValue *value)
{
	return write_value(out, value, 0);
}

static bool
write_value(StringInfo out, const IonValue *value, int depth)
{
	bool		object = value->kind == ION_JSON_OBJECT;

	switch (value->kind)
	{
		case ION_JSON_NULL:
			appendStringInfoString(out, "null");
			return true;
		case ION_JSON_BOOL:
			appendStringInfoString(out, value->u.boolean ? "true" : "false");
			return true;
		case ION_JSON_NUMBER:
			appendBinaryStringInfo(out, value->u.text, value->length);
			return true;
		case ION_JSON_STRING:
			ion_json_escape(out, value->u.text, value->length);
			return true;
		case ION_JSON_ARRAY:
		case ION_JSON_OBJECT:
			break;
	}

	if (depth >= ION_JSON_DEPTH_MAX)
		return false;
	appendStringInfoChar(out, object ? '{' : '[');
	for (int i = 0; i < value->length; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (object)
		{
			const IonMember *member = &value->u.members[i];

			ion_json_escape(out, member->key, member->key_length);
			appendStringInfoChar(out, ':');
			if (!write_value(out, &member->value, depth + 1))
				return false;
		}
		else if (!write_value(out, &value->u.items[i], depth + 1))
			return false;
	}
	appendStringInfoChar(out, object ? '}' : ']');
	return true;
}
