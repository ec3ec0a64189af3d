/*-------------------------------------------------------------------------
 *
 * third_party.c
 *	  The shape of a message's third_party_data.
 *
 * It says that more is to be had from the sender: text, a precondition to
 * accept, attachments.  Nothing is fetched here; but the citizen's app acts
 * on these keys, so they are checked while the sender can still be told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "intake/third_party.h"
#include "intake/value_check.h"
#include "io_notify.h"
#include "render/text_check.h"

#define ULID_LEN	26

typedef enum ValueKind
{
	VALUE_LINE,					/* a text on one line, not empty */
	VALUE_TEXT,
	VALUE_TIME,					/* RFC 3339, section 5.6 */
	VALUE_BOOLEAN,
	VALUE_PRECONDITION,
	VALUE_ULID
} ValueKind;

static const struct
{
	const char *key;
	ValueKind	kind;
	const char *rule;
}			known[] = {
	{"id", VALUE_LINE, "a text on one line, of 1 to 256 characters"},
	{"original_sender", VALUE_LINE, "a text on one line, of 1 to 256 characters"},
	{"original_receipt_date", VALUE_TIME, "a time such as 2026-01-31T12:00:00Z"},
	{"has_attachments", VALUE_BOOLEAN, "true or false"},
	{"has_remote_content", VALUE_BOOLEAN, "true or false"},
	{"has_precondition", VALUE_PRECONDITION, "ALWAYS, ONCE or NEVER"},
	{"summary", VALUE_TEXT, "a text"},
	{"configuration_id", VALUE_ULID, "a ULID"}
};

static JsonbValue *member(Jsonb *data, const char *key);
static bool value_valid(ValueKind kind, const JsonbValue *value);
static bool text_valid(const char *text, int length, bool lines);
static bool ulid_valid(const char *text, int length);
static bool time_valid(const char *text, int length);
static bool same_text(const JsonbValue *value, const char *text);

void
ion_third_party_check(Jsonb *data)
{
	uint32		found = 0;

	if (!JB_ROOT_IS_OBJECT(data))
		ion_value_error("third_party_data", "It must be a JSON object.", NULL);
	for (size_t i = 0; i < lengthof(known); i++)
	{
		JsonbValue *value = member(data, known[i].key);

		if (value == NULL)
			continue;
		found++;
		if (!value_valid(known[i].kind, value))
			ion_value_error("third_party_data", psprintf("Its %s must be %s.", known[i].key, known[i].rule), NULL);
	}
	if (found < JB_ROOT_COUNT(data))
		ion_value_error("third_party_data", "It holds a key that is not known.",
						"Known are id, original_sender, original_receipt_date, has_attachments, has_remote_content, "
						"has_precondition, summary and configuration_id.");
	if (member(data, "id") == NULL)
		ion_value_error("third_party_data", "Its id is missing.", "The id is the sender's own key for the document.");
}

bool
ion_third_party_has_attachments(Jsonb *data)
{
	JsonbValue *value = member(data, "has_attachments");

	return value != NULL && value->type == jbvBool && value->val.boolean;
}

static JsonbValue *
member(Jsonb *data, const char *key)
{
	return getKeyJsonValueFromContainer(&data->root, key, strlen(key), NULL);
}

static bool
value_valid(ValueKind kind, const JsonbValue *value)
{
	if (kind == VALUE_BOOLEAN)
		return value->type == jbvBool;
	if (value->type != jbvString)
		return false;
	switch (kind)
	{
		case VALUE_LINE:
			return text_valid(value->val.string.val, value->val.string.len, false);
		case VALUE_TEXT:
			return text_valid(value->val.string.val, value->val.string.len, true);
		case VALUE_TIME:
			return time_valid(value->val.string.val, value->val.string.len);
		case VALUE_PRECONDITION:
			return same_text(value, "ALWAYS") || same_text(value, "ONCE") || same_text(value, "NEVER");
		case VALUE_ULID:
			return ulid_valid(value->val.string.val, value->val.string.len);
		case VALUE_BOOLEAN:
			break;
	}
	return false;
}

static bool
text_valid(const char *text, int length, bool lines)
{
	if (!lines)
		return length > 0 && ion_text_char_count(text, length) <= ION_REFERENCE_MAX &&
			!ion_text_has_control(text, length);
	for (int i = 0; i < length; i++)
	{
		unsigned char c = text[i];

		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Crockford's base 32: no I, L, O or U. */
static bool
ulid_valid(const char *text, int length)
{
	return length == ULID_LEN &&
		strspn(pnstrdup(text, length), "0123456789abcdefghjkmnpqrstvwxyzABCDEFGHJKMNPQRSTVWXYZ") == ULID_LEN;
}

/*
 * YYYY-MM-DDThh:mm:ss, a fraction perhaps, and Z or ±hh:mm.  In the pattern
 * 9 is any digit; what stands for more than its place allows is refused.
 */
static bool
time_valid(const char *text, int length)
{
	static const char pattern[] = "9999-99-99T99:99:99";
	char	   *s = pnstrdup(text, length);
	int			month,
				day,
				hour,
				minute,
				second;

	for (int i = 0; pattern[i] != '\0'; i++)
	{
		if (pattern[i] == '9' ? !(s[i] >= '0' && s[i] <= '9') : s[i] != pattern[i])
			return false;
	}
	if (sscanf(s + 5, "%2d-%2dT%2d:%2d:%2d", &month, &day, &hour, &minute, &second) != 5 ||
		month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	s += sizeof(pattern) - 1;
	if (*s == '.')
	{
		size_t		digits = strspn(s + 1, "0123456789");

		if (digits < 1 || digits > 9)
			return false;
		s += 1 + digits;
	}
	if (strcmp(s, "Z") == 0)
		return true;
	return (*s == '+' || *s == '-') && strlen(s) == 6 && s[3] == ':' &&
		strspn(s + 1, "0123456789") == 2 && strspn(s + 4, "0123456789") == 2 &&
		atoi(s + 1) <= 23 && atoi(s + 4) <= 59;
}

static bool
same_text(const JsonbValue *value, const char *text)
{
	return value->val.string.len == (int) strlen(text) &&
		memcmp(value->val.string.val, text, value->val.string.len) == 0;
}
