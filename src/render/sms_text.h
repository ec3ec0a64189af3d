/*-------------------------------------------------------------------------
 *
 * sms_text.h
 *	  What a text costs as an SMS, and how to make it cost less.
 *
 * A short message carries 140 octets: 160 characters of the GSM 7-bit default
 * alphabet (3GPP TS 23.038, sections 6.2.1 and 6.2.1.1; those of the extension
 * table count twice), or 70 UTF-16 units when only one character lies outside
 * that alphabet.  A longer text goes in segments, each of which gives 6 octets
 * to the header that puts them together again (3GPP TS 23.040, section
 * 9.2.3.24.1): 153 or 67 remain.  Each segment is billed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_SMS_TEXT_H
#define ION_RENDER_SMS_TEXT_H

#include "base/pure.h"

#include "mb/pg_wchar.h"

/* The header counts segments in one octet. */
#define ION_SMS_SEGMENTS_MAX	255

typedef enum IonSmsEncoding
{
	ION_SMS_GSM7 = 0,
	ION_SMS_UCS2
} IonSmsEncoding;

typedef struct IonSmsSize
{
	IonSmsEncoding encoding;
	int			units;			/* septets or UTF-16 units, headers left out */
	int			segments;		/* 0 for the empty text */
} IonSmsSize;

/* Units of one encoding put into segments, one character after the other. */
typedef struct IonSmsFill
{
	int			units;
	int			segments;		/* with headers: as if one did not suffice */
	int			used;			/* units in the last of them */
} IonSmsFill;

/* A text being measured; zeroed, it is the empty one. */
typedef struct IonSmsCounter
{
	bool		needs_ucs2;
	IonSmsFill	gsm7;			/* meaningless once needs_ucs2 */
	IonSmsFill	ucs2;
} IonSmsCounter;

extern int	ion_sms_septets(pg_wchar c);
extern void ion_sms_count(IonSmsCounter *counter, pg_wchar c);
extern void ion_sms_counted(const IonSmsCounter *counter, IonSmsSize *size);
extern const char *ion_sms_encoding_name(IonSmsEncoding encoding);

/*
 * The size of text[0..len) as it stands.  False when it needs more than
 * ION_SMS_SEGMENTS_MAX segments (size->segments is then that and one) or is
 * not UTF-8 (size is then all zero).
 */
extern bool ion_sms_measure(const char *text, size_t len, IonSmsSize *size);

/*
 * Append the text with each character the GSM alphabet lacks replaced by near
 * ones it has: accents go where the accented letter is not in the alphabet,
 * typographic signs become plain ones, what is invisible vanishes.  What has
 * nothing near, an emoji or a Cyrillic letter, stays as it is: never a '?'.
 * Doing it twice changes nothing more.  Text that is not UTF-8 is appended
 * unchanged.
 */
extern void ion_sms_transliterate(StringInfo out, const char *text, size_t len);

/*
 * Append what of the text fits into segments_max segments (1 to
 * ION_SMS_SEGMENTS_MAX; other numbers are taken for the nearer of these), with
 * its size as appended, and return whether it was cut: then it ends in "...",
 * at the end of a word if one ends within the last 20 characters, and never
 * within what a reader takes for one character (unless that is longer than 32
 * code points).
 *
 * Line ends become LF, tabs a space, other controls vanish.  With
 * transliterate the replacements above are made if they save the text from
 * UCS-2 without making it longer; else they would cost accents for nothing.
 *
 * Text that is not UTF-8: nothing is appended, size is all zero, false.
 */
extern bool ion_sms_fit(StringInfo out, const char *text, size_t len,
						int segments_max, bool transliterate, IonSmsSize *size);

#endif							/* ION_RENDER_SMS_TEXT_H */
