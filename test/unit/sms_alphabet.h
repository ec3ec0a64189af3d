/*
 * sms_alphabet.h
 *	  The GSM alphabet as 3GPP TS 23.038 prints it, and segments counted the
 *	  slow way: what the SMS tests compare with.
 */
#ifndef ION_TEST_SMS_ALPHABET_H
#define ION_TEST_SMS_ALPHABET_H

#include "base/pure.h"

#include "mb/pg_wchar.h"
#include "render/text_check.h"

/* Section 6.2.1, in the order of codes, the escape (0x1B) left out. */
#define GSM_BASIC \
	"@£$¥èéùìòÇ\nØø\rÅå" \
	"Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ" \
	" !\"#¤%&'()*+,-./" \
	"0123456789:;<=>?" \
	"¡ABCDEFGHIJKLMNO" \
	"PQRSTUVWXYZÄÖÑÜ§" \
	"¿abcdefghijklmno" \
	"pqrstuvwxyzäöñüà"

/* Section 6.2.1.1, in the order of codes. */
#define GSM_EXTENSION	"\f^{}\\[~]|€"

/* Septets of the n bytes at s: 1, 2, or 0. */
static inline int
slow_septets(const char *s, int n)
{
	char		one[5] = {0};

	memcpy(one, s, n);
	if (one[0] == '\0')
		return 0;
	return strstr(GSM_BASIC, one) != NULL ? 1 : strstr(GSM_EXTENSION, one) != NULL ? 2 : 0;
}

/*
 * Units and segments, from the definition: one if it holds all, else filled
 * character by character.  True for the GSM alphabet.
 */
static inline bool
slow_measure(const char *s, size_t len, int *units, int *segments)
{
	bool		gsm = true;

	for (size_t at = 0, n; at < len; at += n)
	{
		n = ion_text_char_bytes(s + at, len - at);
		gsm = gsm && slow_septets(s + at, n) > 0;
	}
	for (int room = gsm ? 160 : 70, left = room;; room = left = gsm ? 153 : 67)
	{
		bool		single = room == 160 || room == 70;

		*units = 0;
		*segments = len > 0;
		for (size_t at = 0, n; at < len; at += n)
		{
			int			cost;

			n = ion_text_char_bytes(s + at, len - at);
			cost = gsm ? slow_septets(s + at, n) : n == 4 ? 2 : 1;
			*units += cost;
			if (cost > left)
			{
				(*segments)++;
				left = room;
			}
			left -= cost;
		}
		if (!single || *segments <= 1)
			return gsm;
	}
}

/* Appends text count times. */
static inline void
put_times(StringInfo out, int count, const char *text)
{
	while (count-- > 0)
		appendStringInfoString(out, text);
}

/* A stream of numbers that is the same in every run (Marsaglia's xorshift32). */
static inline uint32
next_number(uint32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif							/* ION_TEST_SMS_ALPHABET_H */
