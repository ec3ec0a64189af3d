/* units: src/render/color.c */
#include "base/pure.h"

#include "render/color.h"
#include "tap.h"

static IonColor
color(const char *text)
{
	IonColor	result = {1, 2, 3};

	ok(ion_color_parse(text, &result), "%s is a colour", text);
	return result;
}

static void
written_as(IonColor got, const char *want, const char *name)
{
	char		text[ION_COLOR_TEXT_SIZE];

	ion_color_write(got, text);
	is_str(text, want, name);
}

static void
test_parse(void)
{
	static const char *const ill[] = {
		"", "#", "0055a4", "#0055a", "#0055a44", "#0055ag", " #0055a4", "#0055a4 ",
		"#0055a4;color:red", "#05a", "blue", "rgb(0,0,0)", "#0055\xc3\xa0", "#-155a4", "#0x55a4"
	};
	IonColor	result = {1, 2, 3};

	written_as(color("#0055A4"), "#0055a4", "digits of either case");
	written_as(color("#ffffff"), "#ffffff", "all ones");
	for (size_t i = 0; i < lengthof(ill); i++)
		ok(!ion_color_parse(ill[i], &result), "refused: \"%s\"", ill[i]);
	ok(!ion_color_parse(NULL, &result), "refused: NULL");
	ok(result.red == 1 && result.green == 2 && result.blue == 3, "and the colour stays as it was");
}

/* Ratios published with WCAG's examples, to a hundredth. */
static void
test_contrast(void)
{
	struct
	{
		const char *a;
		const char *b;
		int			hundredths;
	}			known[] = {
		{"#000000", "#ffffff", 2100}, {"#ffffff", "#ffffff", 100},
		{"#777777", "#ffffff", 448}, {"#767676", "#ffffff", 454},
		{"#ff0000", "#ffffff", 400}, {"#0000ff", "#ffffff", 859},
		{"#ffff00", "#ffffff", 107}, {"#0066cc", "#ffffff", 557}
	};

	for (size_t i = 0; i < lengthof(known); i++)
	{
		IonColor	a = color(known[i].a);
		IonColor	b = color(known[i].b);

		is_int((int) (ion_color_contrast(a, b) * 100 + 0.5), known[i].hundredths, "contrast in hundredths");
		ok(ion_color_contrast(a, b) == ion_color_contrast(b, a), "either way round");
	}
}

/* Every colour of a lattice is readable, on light and on dark ground. */
static void
test_lattice(void)
{
	IonColor	ground[] = {color("#ffffff"), color("#f2f5f8"), color("#222e3a"), color("#000000")};
	bool		on = true;
	bool		shade = true;
	bool		kept = true;

	for (int i = 0; i < 16 * 16 * 16; i++)
	{
		IonColor	c = {(uint8) (i / 256 * 17), (uint8) (i / 16 % 16 * 17), (uint8) (i % 16 * 17)};

		on = on && ion_color_contrast(c, ion_color_text_on(c)) >= ION_COLOR_CONTRAST_MIN;
		for (size_t g = 0; g < lengthof(ground); g++)
		{
			IonColor	r = ion_color_readable(c, ground[g]);

			shade = shade && ion_color_contrast(r, ground[g]) >= ION_COLOR_CONTRAST_MIN;
			if (ion_color_contrast(c, ground[g]) >= ION_COLOR_CONTRAST_MIN)
				kept = kept && memcmp(&r, &c, sizeof(c)) == 0;
		}
	}
	ok(on, "black or white is readable on 4096 colours");
	ok(shade, "a readable shade of 4096 colours is found on four grounds");
	ok(kept, "and a colour that is readable stays");
	written_as(ion_color_text_on(color("#ffcc00")), "#000000", "black on yellow");
	written_as(ion_color_text_on(color("#0055a4")), "#ffffff", "white on blue");
}

int
main(void)
{
	test_parse();
	test_contrast();
	test_lattice();
	return done_testing();
}
