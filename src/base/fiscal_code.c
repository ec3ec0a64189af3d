/*-------------------------------------------------------------------------
 *
 * fiscal_code.c
 *	  Italian fiscal codes of persons and numbers of organizations.
 *
 *	  RSSMRA 85 T 10 A562 S
 *	  name  year M day place check
 *
 * Every message carries a code, so the check runs for each row of a bulk
 * insert: one pass over tables, no regular expression.
 *
 * Where two people would share a code, digits are replaced by letters from
 * the right (omocodia), and the check character is computed on the result.
 * Codes of the sandbox (place Y followed by three digits, ending in X) and
 * IO's test code are made without regard to day and check character.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "base/fiscal_code.h"

/* The letters of omocodia; a letter's place is the digit it stands for. */
static const char omocodia[] = "LMNPQRSTUV";
static const char months[] = "ABCDEHLMPRST";

/* What each place holds: A letter, 9 digit or its substitute, M month. */
static const char shape[] = "AAAAAA99M99A999A";

static const char test_code[] = "AAAAAA00A00A000A";

/* Values on odd places (1st, 3rd, ...), by digit or by letter. */
static const uint8 odd_values[26] = {
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18,
	20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23
};

static bool has_shape(const char *s);
static bool is_exempt(const char *s);
static int	digit_value(char c);
static char check_character_of(const char *s);

IonFiscalCodeVerdict
ion_fiscal_code_check(const char *s, size_t len, bool check_character)
{
	int			day;

	if (s == NULL || len != ION_FISCAL_CODE_LEN)
		return ION_FISCAL_CODE_BAD_LENGTH;
	if (!has_shape(s))
		return ION_FISCAL_CODE_BAD_SHAPE;
	if (!check_character || is_exempt(s))
		return ION_FISCAL_CODE_VALID;
	day = digit_value(s[9]) * 10 + digit_value(s[10]);
	if (day > 40)
		day -= 40;				/* women */
	if (day < 1 || day > 31)
		return ION_FISCAL_CODE_BAD_DAY;
	if (check_character_of(s) != s[15])
		return ION_FISCAL_CODE_BAD_CHECK;
	return ION_FISCAL_CODE_VALID;
}

const char *
ion_fiscal_code_verdict_text(IonFiscalCodeVerdict verdict)
{
	switch (verdict)
	{
		case ION_FISCAL_CODE_VALID:
			return "the fiscal code is valid";
		case ION_FISCAL_CODE_BAD_LENGTH:
			return "a fiscal code has 16 characters";
		case ION_FISCAL_CODE_BAD_SHAPE:
			return "a fiscal code has the form AAAAAA99A99A999A, in upper case";
		case ION_FISCAL_CODE_BAD_DAY:
			return "the day of birth in the fiscal code does not exist";
		case ION_FISCAL_CODE_BAD_CHECK:
			return "the check character of the fiscal code does not match";
	}
	return "the fiscal code is not valid";
}

bool
ion_vat_number_valid(const char *s)
{
	int			sum = 0;
	bool		all_zero = true;

	if (s == NULL || strlen(s) != ION_VAT_NUMBER_LEN)
		return false;
	for (int i = 0; i < ION_VAT_NUMBER_LEN; i++)
	{
		int			digit = s[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		if (digit != 0)
			all_zero = false;
		if (i % 2 == 1)
		{
			digit *= 2;
			if (digit > 9)
				digit -= 9;
		}
		sum += digit;
	}
	return !all_zero && sum % 10 == 0;
}

static bool
has_shape(const char *s)
{
	for (int i = 0; i < ION_FISCAL_CODE_LEN; i++)
	{
		bool		fits = false;

		switch (shape[i])
		{
			case 'A':
				fits = s[i] >= 'A' && s[i] <= 'Z';
				break;
			case '9':
				fits = digit_value(s[i]) >= 0;
				break;
			case 'M':
				fits = s[i] != '\0' && strchr(months, s[i]) != NULL;
				break;
		}
		if (!fits)
			return false;
	}
	return true;
}

/* Given the shape: ^[A-Z]{6}[0-9]{2}A[0-9]{2}Y[0-9]{3}X$, or the test code. */
static bool
is_exempt(const char *s)
{
	if (memcmp(s, test_code, ION_FISCAL_CODE_LEN) == 0)
		return true;
	if (s[8] != 'A' || s[11] != 'Y' || s[15] != 'X')
		return false;
	for (int i = 0; i < ION_FISCAL_CODE_LEN; i++)
	{
		if (shape[i] == '9' && (s[i] < '0' || s[i] > '9'))
			return false;
	}
	return true;
}

/* The digit c is or, by omocodia, stands for; -1 when neither. */
static int
digit_value(char c)
{
	const char *place;

	if (c >= '0' && c <= '9')
		return c - '0';
	if (c == '\0')
		return -1;
	place = strchr(omocodia, c);
	return place != NULL ? (int) (place - omocodia) : -1;
}

static char
check_character_of(const char *s)
{
	int			sum = 0;

	for (int i = 0; i < ION_FISCAL_CODE_LEN - 1; i++)
	{
		int			value = s[i] <= '9' ? s[i] - '0' : s[i] - 'A';

		sum += i % 2 == 0 ? odd_values[value] : value;
	}
	return (char) ('A' + sum % 26);
}
