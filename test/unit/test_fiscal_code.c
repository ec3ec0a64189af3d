/* units: src/base/fiscal_code.c */
/*
 * test_fiscal_code.c
 *	  Published and computed codes, every omocodia, every single error.
 */
#include "base/pure.h"

#include "base/fiscal_code.h"
#include "tap.h"

static const char letters[] = "LMNPQRSTUV";
static const int places[] = {6, 7, 9, 10, 12, 13, 14};

static const char *const valid[] = {
	"RSSMRA85T10A562S", "RSSMRA85T10A56NH", "RSSMRA85T10A5SNT", "RSSMRAURTMLARSNL",
	"VRDGPP70A01H501S", "VRDGPP70A01H50MK", "VRDGPP70A01H5LMV", "VRDGPPTLALMHRLMB",
	"RSSMRA80A01H501U", "RSSMRA80A01H50MM", "RSSMRA80A01H5LMX", "RSSMRAULALMHRLMD",
	"RSSMRA80A41H501Y", "RSSMRA80A41H50MQ", "RSSMRA80A41H5LMB", "RSSMRAULAQMHRLMI"
};

static IonFiscalCodeVerdict
strict(const char *s)
{
	return ion_fiscal_code_check(s, strlen(s), true);
}

static IonFiscalCodeVerdict
lenient(const char *s)
{
	return ion_fiscal_code_check(s, strlen(s), false);
}

/* The one check letter that makes code valid; 0 unless there is exactly one. */
static char
only_check_letter(const char *code)
{
	char		text[17];
	char		found = 0;
	int			count = 0;

	strcpy(text, code);
	for (char c = 'A'; c <= 'Z'; c++)
	{
		text[15] = c;
		if (strict(text) == ION_FISCAL_CODE_VALID)
		{
			found = c;
			count++;
		}
	}
	return count == 1 ? found : 0;
}

static void
check_vectors(void)
{
	for (size_t i = 0; i < lengthof(valid); i++)
	{
		is_int(strict(valid[i]), ION_FISCAL_CODE_VALID, valid[i]);
		is_int(lenient(valid[i]), ION_FISCAL_CODE_VALID, "  leniently too");
		is_int(only_check_letter(valid[i]), valid[i][15], "  no other letter does");
	}
	is_int(ion_fiscal_code_check("RSSMRA85T10A562Sxyz", 16, true),
		   ION_FISCAL_CODE_VALID, "only len bytes are read");
}

/* All 127 substitutions of the first vector: shape, and one check letter. */
static void
check_omocodia(void)
{
	int			shaped = 0;
	int			single = 0;

	for (int mask = 1; mask < 128; mask++)
	{
		char		text[17];

		strcpy(text, "RSSMRA85T10A562S");
		for (int p = 0; p < 7; p++)
		{
			if (mask & (1 << p))
				text[places[p]] = letters[text[places[p]] - '0'];
		}
		if (lenient(text) == ION_FISCAL_CODE_VALID)
			shaped++;
		if (only_check_letter(text) != 0)
			single++;
	}
	is_int(shaped, 127, "all 127 variants have the shape");
	is_int(single, 127, "and each exactly one check letter");
}

/* At each place each byte: exactly those of IO's expression have the shape. */
static void
check_shape(void)
{
	static const char *const allowed[16] = {
		"U", "U", "U", "U", "U", "U", "D", "D", "ABCDEHLMPRST", "D", "D",
		"U", "D", "D", "D", "U"
	};
	int			wrong = 0;

	for (int place = 0; place < 16; place++)
	{
		for (int c = 0; c < 256; c++)
		{
			char		text[17];
			const char *set = allowed[place];
			bool		expected;

			if (strcmp(set, "U") == 0)
				set = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
			else if (strcmp(set, "D") == 0)
				set = "0123456789LMNPQRSTUV";
			expected = c != 0 && strchr(set, c) != NULL;
			strcpy(text, "RSSMRA85T10A562S");
			text[place] = (char) c;
			if ((ion_fiscal_code_check(text, 16, false) ==
				 ION_FISCAL_CODE_VALID) != expected)
				wrong++;
		}
	}
	is_int(wrong, 0, "4,096 one-byte changes agree with the expression");
	is_int(lenient("rssmra85t10a562s"), ION_FISCAL_CODE_BAD_SHAPE, "lower case");
	is_int(lenient(""), ION_FISCAL_CODE_BAD_LENGTH, "empty");
	is_int(lenient("RSSMRA85T10A562"), ION_FISCAL_CODE_BAD_LENGTH, "15 characters");
	is_int(lenient("RSSMRA85T10A562SS"), ION_FISCAL_CODE_BAD_LENGTH, "17 characters");
	is_int(lenient("RSSMRA85T10A562S\n"), ION_FISCAL_CODE_BAD_LENGTH, "a line's end");
	is_int(lenient("RSSMRA85T10A562\n"), ION_FISCAL_CODE_BAD_SHAPE, "within too");
	is_int(ion_fiscal_code_check(NULL, 16, true), ION_FISCAL_CODE_BAD_LENGTH, "NULL");
	is_int(lenient("01488650142"), ION_FISCAL_CODE_BAD_LENGTH, "an organization's");
}

static void
check_days(void)
{
	int			wrong = 0;

	for (int day = 0; day <= 99; day++)
	{
		char		text[32];
		bool		exists = (day >= 1 && day <= 31) || (day >= 41 && day <= 71);
		int			valid_letters = 0;
		int			bad_days = 0;

		for (char c = 'A'; c <= 'Z'; c++)
		{
			snprintf(text, sizeof(text), "RSSMRA80A%02dH501%c", day, c);
			if (strict(text) == ION_FISCAL_CODE_VALID)
				valid_letters++;
			else if (strict(text) == ION_FISCAL_CODE_BAD_DAY)
				bad_days++;
			if (lenient(text) != ION_FISCAL_CODE_VALID)
				wrong++;
		}
		if (valid_letters != (exists ? 1 : 0) || bad_days != (exists ? 0 : 26))
			wrong++;
	}
	is_int(wrong, 0, "days 1..31 and 41..71 exist, the others count leniently");
	is_int(strict("RSSMRA80APNH501U"), ION_FISCAL_CODE_BAD_DAY, "day 32 in letters");
	is_int(strict("RSSMRA80ALLH501U"), ION_FISCAL_CODE_BAD_DAY, "day 00 in letters");
}

static void
check_exemptions(void)
{
	is_int(strict("AAAAAA00A00A000A"), ION_FISCAL_CODE_VALID, "IO's test code");
	is_int(strict("AAAAAA00A00A000B"), ION_FISCAL_CODE_BAD_DAY, "its neighbour is not");
	is_int(strict("AAAAAA00A01A000A"), ION_FISCAL_CODE_BAD_CHECK, "nor this one");
	is_int(lenient("AAAAAA00A00A000A"), ION_FISCAL_CODE_VALID, "by shape alone it is nothing special");
	is_int(lenient("AAAAAA00A00A000I"), ION_FISCAL_CODE_VALID, "nor with the right check character");
	is_int(strict("AAAAAA00A00A000I"), ION_FISCAL_CODE_BAD_DAY, "which does not make day 00 exist");
	is_int(strict("QWERTY12A34Y567X"), ION_FISCAL_CODE_VALID, "a sandbox code");
	is_int(lenient("QWERTY12A34Y567X"), ION_FISCAL_CODE_VALID, "by shape too");
	is_int(strict("AAAAAA00A00Y000X"), ION_FISCAL_CODE_VALID, "day 00 in the sandbox");
	is_int(strict("AAAAAA00B01Y000X"), ION_FISCAL_CODE_BAD_CHECK, "another month");
	is_int(strict("AAAAAA00A01Z000X"), ION_FISCAL_CODE_BAD_CHECK, "another place");
	is_int(strict("AAAAAA00A01Y000W"), ION_FISCAL_CODE_BAD_CHECK, "another end");
	is_int(strict("AAAAAA00A01Y00LX"), ION_FISCAL_CODE_BAD_CHECK, "omocodia in place");
	is_int(strict("AAAAAAL0A01Y000X"), ION_FISCAL_CODE_BAD_CHECK, "omocodia in year");
}

static void
check_texts(void)
{
	for (int v = ION_FISCAL_CODE_VALID; v <= ION_FISCAL_CODE_BAD_CHECK; v++)
	{
		const char *text = ion_fiscal_code_verdict_text((IonFiscalCodeVerdict) v);

		ok(text != NULL && strstr(text, "fiscal code") != NULL, "%s", text);
		for (int w = ION_FISCAL_CODE_VALID; w < v; w++)
			ok(strcmp(text, ion_fiscal_code_verdict_text((IonFiscalCodeVerdict) w)) != 0,
			   "  not the text of another verdict");
	}
}

static void
check_vat_numbers(void)
{
	static const char *const good[] = {
		"01488650142", "15376371009", "01386780454"
	};

	for (size_t i = 0; i < lengthof(good); i++)
	{
		char		text[12];
		int			accepted = 0;

		ok(ion_vat_number_valid(good[i]), "%s", good[i]);
		strcpy(text, good[i]);
		for (int place = 0; place < 11; place++)
		{
			for (char c = '0'; c <= '9'; c++)
			{
				text[place] = c;
				if (c != good[i][place] && ion_vat_number_valid(text))
					accepted++;
			}
			text[place] = good[i][place];
		}
		is_int(accepted, 0, "  no single digit may change");
	}
	ok(!ion_vat_number_valid("00000000000"), "eleven zeros");
	ok(!ion_vat_number_valid(""), "empty");
	ok(!ion_vat_number_valid(NULL), "NULL");
	ok(!ion_vat_number_valid("0148865014"), "10 digits");
	ok(!ion_vat_number_valid("014886501420"), "12 digits");
	ok(!ion_vat_number_valid("0148865014A"), "a letter");
	ok(!ion_vat_number_valid("0148865014\xff"), "a byte above ASCII");
	ok(!ion_vat_number_valid("IT01488650142"), "a country prefix");
}

int
main(void)
{
	check_vectors();
	check_omocodia();
	check_shape();
	check_days();
	check_exemptions();
	check_texts();
	check_vat_numbers();
	return done_testing();
}
