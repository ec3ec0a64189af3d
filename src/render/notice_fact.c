/*-------------------------------------------------------------------------
 *
 * notice_fact.c
 *	  What a notice's own columns say: due date and payment.
 *
 * These values are never part of the sender's text, so they are set the same
 * way in every notice, in the citizen's language and time zone.  A preview
 * shows none, because it is what IO's e-mail shows; a secure notice shows none
 * because it shows nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/local_time.h"
#include "render/locale_format.h"
#include "render/notice_part.h"
#include "render/phrase.h"

#define CURRENCY		"EUR"

/* A payment notice's 18 digits are read in groups of four. */
#define GROUP_DIGITS	4

static bool add_due_date(const IonNotice *notice, IonNoticeFacts *facts,
						 const char **error);
static bool add_payment(const IonNotice *notice, IonNoticeFacts *facts,
						const char **error);
static void add(IonNoticeFacts *facts, const IonNotice *notice,
				IonPhrase label, char *value, bool digits);
static char *grouped(const char *digits);

bool
ion_notice_facts(const IonNotice *notice, IonNoticeFacts *facts,
				 const char **error)
{
	memset(facts, 0, sizeof(*facts));
	if (notice->secure || notice->preview_only)
		return true;
	if (notice->due_date != ION_NOTICE_NO_DATE && !add_due_date(notice, facts, error))
		return false;
	return notice->payment_amount <= 0 || add_payment(notice, facts, error);
}

/* The date, and the time where it means one. */
static bool
add_due_date(const IonNotice *notice, IonNoticeFacts *facts, const char **error)
{
	const char *zone = notice->time_zone ? notice->time_zone : ION_LOCAL_TIME_ZONE;
	const char *language = ion_notice_language(notice);
	StringInfoData value;
	IonLocalTime local;
	bool		done;

	if (!ion_local_time(notice->due_date, zone, &local, error))
		return false;
	initStringInfo(&value);
	if (ion_local_time_whole_day(&local))
		done = ion_format_date(&value, notice->due_date, language, zone, error);
	else
		done = ion_format_timestamp(&value, notice->due_date, language, zone, error);
	if (done)
		add(facts, notice, ION_PHRASE_DUE_DATE, value.data, false);
	return done;
}

static bool
add_payment(const IonNotice *notice, IonNoticeFacts *facts, const char **error)
{
	const char *language = ion_notice_language(notice);
	char	   *number = ion_notice_line(notice->payment_notice);
	char	   *payee = ion_notice_line(notice->payment_payee);
	StringInfoData amount;

	initStringInfo(&amount);
	if (!ion_format_money(&amount, notice->payment_amount, CURRENCY, language, error))
		return false;
	facts->payment = true;
	add(facts, notice, ION_PHRASE_AMOUNT, amount.data, false);
	if (number != NULL)
		add(facts, notice, ION_PHRASE_PAYMENT_NOTICE, grouped(number), true);
	if (payee != NULL)
		add(facts, notice, ION_PHRASE_PAYEE, payee, true);
	if (notice->payment_invalid_after_due_date && notice->due_date != ION_NOTICE_NO_DATE)
		facts->remark = ion_phrase(notice->language, ION_PHRASE_INVALID_AFTER);
	return true;
}

static void
add(IonNoticeFacts *facts, const IonNotice *notice, IonPhrase label,
	char *value, bool digits)
{
	IonNoticeFact *fact = &facts->fact[facts->count++];

	fact->label = ion_phrase(notice->language, label);
	fact->value = value;
	fact->digits = digits;
}

/* "3020 1234 5678 9012 34"; anything but digits stays as it is. */
static char *
grouped(const char *digits)
{
	StringInfoData out;

	if (digits[strspn(digits, "0123456789")] != '\0')
		return pstrdup(digits);
	initStringInfo(&out);
	for (int i = 0; digits[i] != '\0'; i++)
	{
		if (i > 0 && i % GROUP_DIGITS == 0)
			appendStringInfoCharMacro(&out, ' ');
		appendStringInfoCharMacro(&out, digits[i]);
	}
	return out.data;
}
