/*-------------------------------------------------------------------------
 *
 * template_tag.h
 *	  One Mustache tag as it stands in the text: for the template parser.
 *
 * All offsets are into the template's text, which ends in a zero byte and
 * holds no other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_TAG_H
#define ION_RENDER_TEMPLATE_TAG_H

#include "render/template.h"

typedef struct IonRawTag
{
	char		sigil;			/* # ^ / > & { = ! or 0 for a plain name */
	int			start;			/* offset of the opening delimiter */
	int			end;			/* offset after the closing one */
	int			name;			/* offset of the content, blanks trimmed */
	int			name_length;
	bool		standalone;
	int			line_start;		/* standalone: offset of its line */
	int			line_end;		/* standalone: offset of the next line */
} IonRawTag;

/*
 * Read the tag whose opening delimiter is at start, up to the closing one.
 * Returns false with *err filled when it is not closed or its name is ill.
 */
extern bool ion_tag_scan(const char *text, int length, int start,
						 const char *open, const char *close,
						 IonRawTag *tag, IonTemplateError *err);

/* Offset of needle at or after from; -1 when it does not occur. */
extern int	ion_tag_find(const char *text, int length, int from,
						 const char *needle);

/* Space, tab or a line end: what may pad a tag's name. */
extern bool ion_tag_is_blank(char c);

#endif							/* ION_RENDER_TEMPLATE_TAG_H */
