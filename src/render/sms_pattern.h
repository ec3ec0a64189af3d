/*-------------------------------------------------------------------------
 *
 * sms_pattern.h
 *	  SMS texts as telephone companies register them: literal text with holes.
 *
 * A hole is written {#var#} (or any other word of letters between {# and #})
 * and stands for up to ION_SMS_HOLE_MAX characters, none included; for more,
 * holes are written one after another.  Everything else stands for itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_SMS_PATTERN_H
#define ION_RENDER_SMS_PATTERN_H

#include "render/template.h"

#define ION_SMS_HOLE			"{#var#}"
#define ION_SMS_HOLE_MAX		30	/* characters a hole stands for */
#define ION_SMS_PATTERN_MAX		4096	/* bytes of a pattern */
#define ION_SMS_PATTERN_TEXT_MAX 8192	/* bytes of a text compared with one */

/* Both are UTF-8.  A text or pattern beyond the limits matches nothing. */
extern bool ion_sms_pattern_matches(const char *text, const char *pattern);

/*
 * Append the template's text with hole in the place of each variable: with
 * ION_SMS_HOLE the pattern it should be registered with.  False, with out as
 * it was, when sections or partials decide what the text says.
 */
extern bool ion_sms_pattern_of(const IonTemplate *tpl, const char *hole, StringInfo out);

/* Whether two patterns stand for the same texts but for the length of holes. */
extern bool ion_sms_pattern_same(const char *a, const char *b);

#endif							/* ION_RENDER_SMS_PATTERN_H */
