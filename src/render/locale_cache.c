/*-------------------------------------------------------------------------
 *
 * locale_cache.c
 *	  ICU's formatters, opened once and kept.
 *
 * Opening a formatter takes a tenth of a millisecond, using it less than one
 * microsecond, so they are kept per kind, language and qualifier.  This is
 * the one state that rendering has between calls, and it decides nothing: a
 * formatter found and one newly opened write the same.  Beyond
 * ION_LOCALE_CACHE_MAX the one not used for longest is closed.
 *
 * ICU allocates by malloc(), which no memory context knows.  Nothing in this
 * file can leave by longjmp(): it calls ICU and the C library, neither palloc
 * nor ereport, so what is open is either in the cache or closed on the way
 * out.
 *
 * ICU is never asked for a language it does not know: it would answer in that
 * of the process's environment.  Nor for a zone it does not know, which it
 * would take for UTC, or for one like GMT+5, which it reads east of Greenwich
 * and PostgreSQL west.
 *
 *-------------------------------------------------------------------------
 */
#include "render/locale_cache.h"

#include <unicode/ucal.h>
#include <unicode/uenum.h>
#include <unicode/uloc.h>
#include <unicode/ures.h>
#include <unicode/ustring.h>

#include "render/locale_format.h"

#define FALLBACK_LANGUAGE	"it"
#define SKELETON_MAX		(ION_NUMBER_DIGITS_MAX + 32)
#define ALWAYS_GREGORIAN	(-1e14) /* milliseconds; before any year we show */

typedef struct Slot
{
	IonFormatter formatter;		/* both NULL: the slot is free */
	uint64		used;			/* clock of its last use */
	IonFormatKind kind;
	char		language[ION_LOCALE_LANGUAGE_MAX + 1];
	char		qualifier[ION_LOCALE_QUALIFIER_MAX + 1];
} Slot;

static Slot cache[ION_LOCALE_CACHE_MAX];
static uint32 cache_hash[ION_LOCALE_CACHE_MAX]; /* of the slots, side by side */
static uint64 cache_clock = 0;
static UFormattedNumber *number_result = NULL;

static uint32 hash_key(IonFormatKind kind, const char *language, const char *qualifier);
static bool slot_fits(const Slot *slot, IonFormatKind kind,
					  const char *language, const char *qualifier);
static void close_formatter(IonFormatter *formatter);
static const char *open_formatter(IonFormatter *formatter, IonFormatKind kind,
								  const char *language, const char *qualifier);
static UNumberFormatter *open_number(const char *locale, IonFormatKind kind,
									 const char *qualifier);
static UDateFormat *open_date(const char *locale, IonFormatKind kind, const UChar *zone);
static void find_locale(const char *language, char *locale, int size);
static bool locale_known(const char *locale);
static bool find_zone(const char *name, UChar *zone, int size);
static bool find_zone_any_case(const char *name, UChar *zone, int size);
static bool zone_known(const UChar *zone);

/*
 * The formatter, good until the next call.  NULL and a static *error when the
 * zone is unknown or ICU fails; an unknown language is that of its language
 * part, or Italian.
 */
const IonFormatter *
ion_locale_formatter(IonFormatKind kind, const char *language,
					 const char *qualifier, const char **error)
{
	uint32		hash;
	int			oldest = 0;
	IonFormatter formatter = {NULL, NULL};
	Slot	   *slot;

	*error = NULL;
	if (language == NULL || strlen(language) > ION_LOCALE_LANGUAGE_MAX)
		language = FALLBACK_LANGUAGE;
	if (qualifier == NULL || strlen(qualifier) > ION_LOCALE_QUALIFIER_MAX)
	{
		*error = "unknown time zone";
		return NULL;
	}

	hash = hash_key(kind, language, qualifier);
	for (int i = 0; i < ION_LOCALE_CACHE_MAX; i++)
	{
		if (cache_hash[i] == hash && slot_fits(&cache[i], kind, language, qualifier))
		{
			cache[i].used = ++cache_clock;
			return &cache[i].formatter;
		}
	}

	*error = open_formatter(&formatter, kind, language, qualifier);
	if (*error != NULL)
		return NULL;
	for (int i = 1; i < ION_LOCALE_CACHE_MAX; i++)
	{
		if (cache[i].used < cache[oldest].used)
			oldest = i;
	}
	slot = &cache[oldest];
	close_formatter(&slot->formatter);
	slot->kind = kind;
	slot->formatter = formatter;
	strlcpy(slot->language, language, sizeof(slot->language));
	strlcpy(slot->qualifier, qualifier, sizeof(slot->qualifier));
	slot->used = ++cache_clock;
	cache_hash[oldest] = hash;
	return &slot->formatter;
}

/*
 * The place ICU puts a formatted number into before it becomes text; one for
 * all, since a text is made of it at once.
 */
UFormattedNumber *
ion_locale_number_result(const char **error)
{
	*error = NULL;
	if (number_result == NULL)
	{
		UErrorCode	status = U_ZERO_ERROR;

		number_result = unumf_openResult(&status);
		if (U_FAILURE(status))
		{
			unumf_closeResult(number_result);
			number_result = NULL;
			*error = "out of memory for numbers";
		}
	}
	return number_result;
}

bool
ion_time_zone_known(const char *time_zone)
{
	UChar		zone[ION_LOCALE_QUALIFIER_MAX + 1];

	return find_zone(time_zone, zone, lengthof(zone));
}

void
ion_locale_format_reset(void)
{
	for (int i = 0; i < ION_LOCALE_CACHE_MAX; i++)
	{
		close_formatter(&cache[i].formatter);
		cache[i].used = 0;
	}
	if (number_result != NULL)
		unumf_closeResult(number_result);
	number_result = NULL;
}

/*
 * FNV-1a, over the key with the zero byte between its parts.
 */
static uint32
hash_key(IonFormatKind kind, const char *language, const char *qualifier)
{
	uint32		hash = 2166136261u ^ (uint32) kind;

	for (const char *c = language; *c != '\0'; c++)
		hash = (hash ^ (unsigned char) *c) * 16777619u;
	hash *= 16777619u;
	for (const char *c = qualifier; *c != '\0'; c++)
		hash = (hash ^ (unsigned char) *c) * 16777619u;
	return hash;
}

static bool
slot_fits(const Slot *slot, IonFormatKind kind,
		  const char *language, const char *qualifier)
{
	return (slot->formatter.number != NULL || slot->formatter.date != NULL) &&
		slot->kind == kind && strcmp(slot->language, language) == 0 &&
		strcmp(slot->qualifier, qualifier) == 0;
}

static void
close_formatter(IonFormatter *formatter)
{
	if (formatter->number != NULL)
		unumf_close(formatter->number);
	if (formatter->date != NULL)
		udat_close(formatter->date);
	formatter->number = NULL;
	formatter->date = NULL;
}

/*
 * Returns a static error, or NULL.
 */
static const char *
open_formatter(IonFormatter *formatter, IonFormatKind kind,
			   const char *language, const char *qualifier)
{
	char		locale[ULOC_FULLNAME_CAPACITY];
	UChar		zone[ION_LOCALE_QUALIFIER_MAX + 1];

	find_locale(language, locale, sizeof(locale));
	if (kind == ION_FORMAT_MONEY || kind == ION_FORMAT_NUMBER)
	{
		formatter->number = open_number(locale, kind, qualifier);
		return formatter->number == NULL ? "could not open a formatter of numbers" : NULL;
	}
	if (!find_zone(qualifier, zone, lengthof(zone)))
		return "unknown time zone";
	formatter->date = open_date(locale, kind, zone);
	return formatter->date == NULL ? "could not open a formatter of dates" : NULL;
}

/*
 * A money formatter takes hundredths and always shows both decimals: no
 * amount is ever rounded.  It groups from 1.000 on, as accounts do, while for
 * plain numbers of four digits CLDR decides (and changes its mind).  A number formatter shows exactly the decimals it
 * is opened for.
 */
static UNumberFormatter *
open_number(const char *locale, IonFormatKind kind, const char *qualifier)
{
	char		text[SKELETON_MAX];
	UChar		skeleton[SKELETON_MAX];
	UErrorCode	status = U_ZERO_ERROR;
	UNumberFormatter *number;
	int			decimals;

	if (kind == ION_FORMAT_MONEY)
		snprintf(text, sizeof(text), "currency/%s scale/0.01 .00 group-on-aligned", qualifier);
	else
	{
		decimals = Min(atoi(qualifier), ION_NUMBER_DIGITS_MAX);
		strlcpy(text, decimals == 0 ? "precision-integer" : ".", sizeof(text));
		for (int i = 0; i < decimals; i++)
			strlcat(text, "0", sizeof(text));
	}
	u_charsToUChars(text, skeleton, (int32_t) strlen(text) + 1);
	number = unumf_openForSkeletonAndLocale(skeleton, -1, locale, &status);
	if (U_FAILURE(status))
	{
		unumf_close(number);
		return NULL;
	}
	return number;
}

/*
 * Whatever calendar is customary in the language, an administration's dates
 * are Gregorian, and proleptic like PostgreSQL's.
 */
static UDateFormat *
open_date(const char *locale, IonFormatKind kind, const UChar *zone)
{
	char		name[ULOC_FULLNAME_CAPACITY + 32];
	UErrorCode	status = U_ZERO_ERROR;
	UDateFormat *date;
	UCalendar  *calendar = NULL;

	snprintf(name, sizeof(name), "%s@calendar=gregorian", locale);
	date = udat_open(kind == ION_FORMAT_DATE ? UDAT_NONE : UDAT_SHORT,
					 kind == ION_FORMAT_TIME ? UDAT_NONE : UDAT_LONG,
					 name, zone, -1, NULL, 0, &status);
	if (U_SUCCESS(status))
	{
		calendar = ucal_clone(udat_getCalendar(date), &status);
		ucal_setGregorianChange(calendar, ALWAYS_GREGORIAN, &status);
	}
	if (U_SUCCESS(status))
		udat_setCalendar(date, calendar);
	if (calendar != NULL)
		ucal_close(calendar);
	if (U_FAILURE(status))
	{
		udat_close(date);
		return NULL;
	}
	return date;
}

/*
 * The ICU locale of a language tag: as it is, or of the part of it that is
 * well-formed.  An underscore may stand for a hyphen; extensions (-u-...) are
 * left out, since they would choose calendars and digits.
 */
static void
find_locale(const char *language, char *locale, int size)
{
	char		tag[ION_LOCALE_LANGUAGE_MAX + 1];
	char		full[ULOC_FULLNAME_CAPACITY];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		length;

	strlcpy(tag, language, sizeof(tag));
	for (char *c = tag; *c != '\0'; c++)
	{
		if (*c == '_')
			*c = '-';
	}
	uloc_forLanguageTag(tag, full, sizeof(full), NULL, &status);
	length = uloc_getBaseName(full, locale, size, &status);
	if (U_FAILURE(status) || length <= 0 || length >= size || !locale_known(locale))
		strlcpy(locale, FALLBACK_LANGUAGE, size);
}

/*
 * Has CLDR anything to say of this language?  ICU itself falls back from
 * it_XX to it.
 */
static bool
locale_known(const char *locale)
{
	UErrorCode	status = U_ZERO_ERROR;
	UResourceBundle *bundle = ures_open(NULL, locale, &status);
	bool		known = false;

	if (U_SUCCESS(status) && status != U_USING_DEFAULT_WARNING)
	{
		const char *found = ures_getLocaleByType(bundle, ULOC_ACTUAL_LOCALE, &status);

		known = U_SUCCESS(status) && strcmp(found, "root") != 0;
	}
	ures_close(bundle);
	return known;
}

/*
 * The zone by its name in the time zone database.  PostgreSQL reads these
 * names without regard to case, so we do too.
 */
static bool
find_zone(const char *name, UChar *zone, int size)
{
	size_t		length = strlen(name);

	if (length == 0 || length >= (size_t) size)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	}
	u_charsToUChars(name, zone, (int32_t) length + 1);
	return zone_known(zone) || find_zone_any_case(name, zone, size);
}

static bool
find_zone_any_case(const char *name, UChar *zone, int size)
{
	UErrorCode	status = U_ZERO_ERROR;
	UEnumeration *zones = ucal_openTimeZones(&status);
	const char *known;
	int32_t		length;
	bool		found = false;

	while (U_SUCCESS(status) && !found &&
		   (known = uenum_next(zones, &length, &status)) != NULL)
	{
		if (length >= size || pg_strcasecmp(known, name) != 0)
			continue;
		u_charsToUChars(known, zone, length + 1);
		found = zone_known(zone);
	}
	uenum_close(zones);
	return found;
}

static bool
zone_known(const UChar *zone)
{
	UChar		canonical[ION_LOCALE_QUALIFIER_MAX + 1];
	UBool		from_database = 0;
	UErrorCode	status = U_ZERO_ERROR;

	ucal_getCanonicalTimeZoneID(zone, -1, canonical, lengthof(canonical),
								&from_database, &status);
	return U_SUCCESS(status) && from_database;
}
