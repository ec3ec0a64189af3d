/*-------------------------------------------------------------------------
 *
 * color.h
 *	  Colours that can be read: contrast as WCAG 2.1 measures it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_COLOR_H
#define ION_RENDER_COLOR_H

#include "base/pure.h"

#define ION_COLOR_CONTRAST_MIN	4.5 /* for text, WCAG 2.1 criterion 1.4.3 */
#define ION_COLOR_TEXT_SIZE		8	/* "#rrggbb" and the zero */

typedef struct IonColor
{
	uint8		red;
	uint8		green;
	uint8		blue;
} IonColor;

/*
 * Reads exactly "#rrggbb", hexadecimal digits of either case.  False, and
 * *color as it was, for NULL or anything else: the value goes into a style.
 */
extern bool ion_color_parse(const char *text, IonColor *result);

/* Writes "#rrggbb" in lower case. */
extern void ion_color_write(IonColor color, char text[ION_COLOR_TEXT_SIZE]);

/* Contrast ratio of two colours, 1 to 21; their order does not matter. */
extern double ion_color_contrast(IonColor a, IonColor b);

/* Black or white, whichever reads better on the background: 4.58 at worst. */
extern IonColor ion_color_text_on(IonColor background);

/*
 * The wanted colour, or the shade of it next to it that has enough contrast
 * with the background: darker on a light one, lighter on a dark one.
 */
extern IonColor ion_color_readable(IonColor wanted, IonColor background);

#endif							/* ION_RENDER_COLOR_H */
