/*-------------------------------------------------------------------------
 *
 * color.c
 *	  Colours that can be read: contrast as WCAG 2.1 measures it.
 *
 * An organization chooses its colour and nobody checks it with a meter, so
 * what is written in it or on it is computed.  Of black and white one always
 * reaches 4.58 on any background; a shade is found by going a step at a time
 * towards black or white, where the contrast is greatest, so the search ends.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <math.h>
#include <string.h>

#include "render/color.h"

/* Steps from a colour to black or white. */
#define SHADES	64

static int	hex_value(char c);
static uint8 hex_byte(const char *two);
static double contrast(double a, double b);
static double luminance(IonColor color);
static double linear(uint8 channel);
static uint8 between(uint8 from, uint8 to, int step);

bool
ion_color_parse(const char *text, IonColor *result)
{
	if (text == NULL || text[0] != '#' || strlen(text) != ION_COLOR_TEXT_SIZE - 1)
		return false;
	for (int i = 1; i < ION_COLOR_TEXT_SIZE - 1; i++)
	{
		if (hex_value(text[i]) < 0)
			return false;
	}
	result->red = hex_byte(text + 1);
	result->green = hex_byte(text + 3);
	result->blue = hex_byte(text + 5);
	return true;
}

void
ion_color_write(IonColor color, char text[ION_COLOR_TEXT_SIZE])
{
	snprintf(text, ION_COLOR_TEXT_SIZE, "#%02x%02x%02x", color.red,
			 color.green, color.blue);
}

double
ion_color_contrast(IonColor a, IonColor b)
{
	return contrast(luminance(a), luminance(b));
}

IonColor
ion_color_text_on(IonColor background)
{
	IonColor	black = {0, 0, 0};
	IonColor	white = {255, 255, 255};
	double		ground = luminance(background);

	return contrast(ground, 1.0) >= contrast(ground, 0.0) ? white : black;
}

IonColor
ion_color_readable(IonColor wanted, IonColor background)
{
	IonColor	end = ion_color_text_on(background);
	IonColor	shade = wanted;
	double		ground = luminance(background);

	for (int step = 1; step <= SHADES &&
		 contrast(luminance(shade), ground) < ION_COLOR_CONTRAST_MIN; step++)
	{
		shade.red = between(wanted.red, end.red, step);
		shade.green = between(wanted.green, end.green, step);
		shade.blue = between(wanted.blue, end.blue, step);
	}
	return shade;
}

/* Contrast ratio of two luminances (WCAG 2.1, glossary). */
static double
contrast(double a, double b)
{
	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of two hexadecimal digits, which they are known to be. */
static uint8
hex_byte(const char *two)
{
	return (uint8) (hex_value(two[0]) * 16 + hex_value(two[1]));
}

/* Relative luminance, 0 to 1 (WCAG 2.1, glossary). */
static double
luminance(IonColor color)
{
	return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) +
		0.0722 * linear(color.blue);
}

/* One channel without the display's gamma (IEC 61966-2-1). */
static double
linear(uint8 channel)
{
	double		c = channel / 255.0;

	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* A channel so many steps on its way. */
static uint8
between(uint8 from, uint8 to, int step)
{
	return (uint8) (from + (to - from) * step / SHADES);
}
