/*-------------------------------------------------------------------------
 *
 * sms_pattern.c
 *	  SMS texts as telephone companies register them: literal text with holes.
 *
 * Matching keeps the set of places in the text that the pattern read so far
 * may end at, so there is no backtracking: each hole and each literal is one
 * sweep over the text, whatever they are made of.
 *
 *-------------------------------------------------------------------------
 */
#include "render/sms_pattern.h"

#include "render/template_node.h"

static int	hole_at(const char *s);
static void pass_hole(const char *text, int length, bool *ends);
static bool pass_literal(const char *text, int length, const char *literal, int literal_length, bool *ends);

/* The length of the hole s begins with, 0 when it begins with none. */
static int
hole_at(const char *s)
{
	int			letters = 0;

	if (s[0] != '{' || s[1] != '#')
		return 0;
	while ((s[2 + letters] >= 'a' && s[2 + letters] <= 'z') || (s[2 + letters] >= 'A' && s[2 + letters] <= 'Z'))
		letters++;
	return letters > 0 && s[2 + letters] == '#' && s[3 + letters] == '}' ? letters + 4 : 0;
}

/* From every end so far, up to ION_SMS_HOLE_MAX characters further. */
static void
pass_hole(const char *text, int length, bool *ends)
{
	int			reach = -1;		/* characters a hole still covers; -1 none */

	for (int i = 0; i <= length; i++)
	{
		if (i < length && ((unsigned char) text[i] & 0xC0) == 0x80)
			continue;
		if (ends[i])
			reach = ION_SMS_HOLE_MAX;
		else if (reach > 0)
			reach--;
		else
			reach = -1;
		ends[i] = reach >= 0;
	}
}

static bool
pass_literal(const char *text, int length, const char *literal, int literal_length, bool *ends)
{
	bool		any = false;

	/* backwards: an end that was moved must not be moved again */
	for (int i = length; i >= 0; i--)
	{
		int			from = i - literal_length;

		ends[i] = from >= 0 && ends[from] && memcmp(text + from, literal, literal_length) == 0;
		any = any || ends[i];
	}
	return any;
}

bool
ion_sms_pattern_matches(const char *text, const char *pattern)
{
	int			length = (int) Min(strlen(text), (size_t) ION_SMS_PATTERN_TEXT_MAX + 1);
	bool	   *ends;
	bool		matches;

	if (length > ION_SMS_PATTERN_TEXT_MAX || strlen(pattern) > ION_SMS_PATTERN_MAX)
		return false;
	ends = palloc0(length + 1);
	ends[0] = true;
	matches = true;
	while (*pattern != '\0' && matches)
	{
		int			hole = hole_at(pattern);
		int			literal = 0;

		if (hole > 0)
		{
			pass_hole(text, length, ends);
			pattern += hole;
			continue;
		}
		while (pattern[literal] != '\0' && hole_at(pattern + literal) == 0)
			literal++;
		matches = pass_literal(text, length, pattern, literal, ends);
		pattern += literal;
	}
	matches = matches && ends[length];
	pfree(ends);
	return matches;
}

bool
ion_sms_pattern_of(const IonTemplate *tpl, const char *hole, StringInfo out)
{
	int			start = out->len;

	for (int i = 0; i < tpl->node_count; i++)
	{
		const IonNode *node = &tpl->nodes[i];

		switch (node->kind)
		{
			case ION_NODE_TEXT:
				appendBinaryStringInfo(out, tpl->text + node->start, node->length);
				break;
			case ION_NODE_VARIABLE:
			case ION_NODE_RAW:
				appendStringInfoString(out, hole);
				break;
			case ION_NODE_END:
				break;
			default:
				out->len = start;
				out->data[start] = '\0';
				return false;
		}
	}
	return true;
}

bool
ion_sms_pattern_same(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0')
	{
		int			hole_a = hole_at(a);
		int			hole_b = hole_at(b);

		if ((hole_a > 0) != (hole_b > 0))
			return false;
		if (hole_a == 0)
		{
			if (*a++ != *b++)
				return false;
			continue;
		}
		/* holes in a row stand for one longer hole */
		for (; hole_a > 0; hole_a = hole_at(a))
			a += hole_a;
		for (; hole_b > 0; hole_b = hole_at(b))
			b += hole_b;
	}
	return true;
}
