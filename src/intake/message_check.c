/*-------------------------------------------------------------------------
 *
 * message_check.c
 *	  The values of a message, checked before any constraint sees them.
 *
 * A failing CHECK or NOT NULL would print the row into the server log, so
 * none stands on a column a sender writes: every rule is here.  Errors name
 * the column and the limit, never a body, and hide the statement from the
 * log (it may carry both).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "compat/compat.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/fiscal_code.h"
#include "base/settings.h"
#include "intake/message_row.h"
#include "intake/third_party.h"
#include "intake/value_check.h"
#include "io_notify.h"
#include "render/mail_address.h"
#include "render/text_check.h"

/* what a sender writes himself; a template may be shorter */
#define SUBJECT_CHARS_MIN	10
#define SUBJECT_CHARS_MAX	120
#define MARKDOWN_CHARS_MIN	80
#define MARKDOWN_CHARS_MAX	10000
#define PAYMENT_CENTS_MAX	INT64CONST(9999999999)
/* a date beyond these is a mistake, and some formats cannot write it */
#define DUE_YEAR_MIN		2000
#define DUE_YEAR_MAX		2099

static void check_recipient(const IonMessageRow *row);
static void check_content(const IonMessageRow *row);
static void check_schedule(const IonMessageRow *row, bool *scheduled);
static bool due_date_valid(TimestampTz due);
static void check_payment(const IonMessageRow *row);
static void check_addresses(const IonMessageRow *row);
static void check_labels(const IonMessageRow *row);
static bool column_text(const IonMessageRow *row, IonColumn column, const char **text, int *length);
static void check_object(const IonMessageRow *row, IonColumn column);
static void check_line(const IonMessageRow *row, IonColumn column, int chars_min, int chars_max);

void
ion_value_error(const char *column, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s of the message is not valid", column),
			 detail ? errdetail("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 errhidestmt(true),
			 errhidecontext(true)));
}

void
ion_message_check(const IonMessageRow *row, bool *scheduled)
{
	check_recipient(row);
	check_content(row);
	check_schedule(row, scheduled);
	check_payment(row);
	check_addresses(row);
	check_labels(row);
}

static void
check_recipient(const IonMessageRow *row)
{
	const char *text;
	int			length;
	IonFiscalCodeVerdict verdict;

	if (!column_text(row, ION_COL_RECIPIENT, &text, &length))
		ion_value_error("recipient", "It is missing.", "Write the citizen's fiscal code.");
	verdict = ion_fiscal_code_check(text, length, ion_check_fiscal_code);
	/* never the code itself: it would be copied into the server log */
	if (verdict != ION_FISCAL_CODE_VALID)
		ion_value_error("recipient",
						psprintf("It is not a fiscal code: %s.", ion_fiscal_code_verdict_text(verdict)),
						verdict == ION_FISCAL_CODE_BAD_SHAPE ? "Fiscal codes are written in upper case." : NULL);
}

static bool
column_text(const IonMessageRow *row, IonColumn column, const char **text, int *length)
{
	struct varlena *value;

	if (row->isnull[column])
		return false;
	value = PG_DETOAST_DATUM_PACKED(row->value[column]);
	*text = VARDATA_ANY(value);
	*length = VARSIZE_ANY_EXHDR(value);
	return true;
}

static void
check_content(const IonMessageRow *row)
{
	const char *text;
	int			length;
	bool		has_template = !row->isnull[ION_COL_TEMPLATE];

	if (has_template && (!row->isnull[ION_COL_SUBJECT] || !row->isnull[ION_COL_MARKDOWN]))
		ion_value_error("content", "It has both a template and a subject or markdown.",
						"Write either template (with params), or subject and markdown.");
	if (!has_template && (row->isnull[ION_COL_SUBJECT] || row->isnull[ION_COL_MARKDOWN]))
		ion_value_error("content", row->isnull[ION_COL_SUBJECT] && row->isnull[ION_COL_MARKDOWN] ?
						"It has neither a template nor a subject and markdown." :
						"Subject and markdown go together, and one of them is missing.",
						"Write either template (with params), or subject and markdown.");
	check_object(row, ION_COL_PARAMS);
	check_object(row, ION_COL_THIRD_PARTY_DATA);
	if (!row->isnull[ION_COL_THIRD_PARTY_DATA])
		ion_third_party_check(DatumGetJsonbP(row->value[ION_COL_THIRD_PARTY_DATA]));
	check_line(row, ION_COL_SUBJECT, SUBJECT_CHARS_MIN, SUBJECT_CHARS_MAX);
	if (column_text(row, ION_COL_MARKDOWN, &text, &length))
	{
		int			chars = ion_text_char_count(text, length);

		if (chars < MARKDOWN_CHARS_MIN || chars > MARKDOWN_CHARS_MAX)
			ion_value_error("markdown", psprintf("It has %d characters; %d to %d are allowed.",
												 chars, MARKDOWN_CHARS_MIN, MARKDOWN_CHARS_MAX), NULL);
		for (int i = 0; i < length; i++)
		{
			unsigned char c = text[i];

			if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
				ion_value_error("markdown", "It holds a control character.", NULL);
		}
	}
}

static void
check_schedule(const IonMessageRow *row, bool *scheduled)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (!row->isnull[ION_COL_SEND_AFTER])
	{
		TimestampTz at = DatumGetTimestampTz(row->value[ION_COL_SEND_AFTER]);

		if (TIMESTAMP_NOT_FINITE(at) ||
			at > now + (int64) ION_HORIZON_DAYS * USECS_PER_DAY)
			ion_value_error("send_after", psprintf("It lies beyond the horizon of %d days.", ION_HORIZON_DAYS), NULL);
		if (at > now)
			*scheduled = true;
	}
	if (!row->isnull[ION_COL_TIME_TO_LIVE] &&
		!ion_time_to_live_valid(DatumGetIntervalP(row->value[ION_COL_TIME_TO_LIVE])))
		ion_value_error("time_to_live", psprintf("It must be positive and at most %d days.", ION_TTL_MAX_DAYS), NULL);
	if (!row->isnull[ION_COL_DUE_DATE] && !due_date_valid(DatumGetTimestampTz(row->value[ION_COL_DUE_DATE])))
		ion_value_error("due_date", psprintf("It must lie in the years %d to %d.", DUE_YEAR_MIN, DUE_YEAR_MAX), NULL);
}

bool
ion_time_to_live_valid(const Interval *ttl)
{
	double		seconds = ttl->time / 1000000.0 + (ttl->day + ttl->month * 30.0) * SECS_PER_DAY;

	return seconds > 0 && seconds <= (double) ION_TTL_MAX_DAYS * SECS_PER_DAY;
}

/* By the calendar of UTC, so that every session judges alike. */
static bool
due_date_valid(TimestampTz due)
{
	TimestampTz first = (date2j(DUE_YEAR_MIN, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	TimestampTz end = (date2j(DUE_YEAR_MAX + 1, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	return due >= first && due < end;
}

static void
check_payment(const IonMessageRow *row)
{
	bool		invalid_after = !row->isnull[ION_COL_PAYMENT_INVALID_AFTER_DUE_DATE] &&
		DatumGetBool(row->value[ION_COL_PAYMENT_INVALID_AFTER_DUE_DATE]);
	const char *text;
	int			length;

	if (row->isnull[ION_COL_PAYMENT_AMOUNT] != row->isnull[ION_COL_PAYMENT_NOTICE])
		ion_value_error("payment", "Amount and notice number go together, and one of them is missing.", NULL);
	if (row->isnull[ION_COL_PAYMENT_AMOUNT])
	{
		if (!row->isnull[ION_COL_PAYMENT_PAYEE])
			ion_value_error("payment_payee", "There is no payment it could belong to.", NULL);
		if (invalid_after)
			ion_value_error("payment_invalid_after_due_date", "There is no payment it could belong to.", NULL);
		return;
	}
	if (invalid_after && row->isnull[ION_COL_DUE_DATE])
		ion_value_error("payment_invalid_after_due_date", "There is no due_date after which it could count.", NULL);
	if (DatumGetInt64(row->value[ION_COL_PAYMENT_AMOUNT]) < 1 ||
		DatumGetInt64(row->value[ION_COL_PAYMENT_AMOUNT]) > PAYMENT_CENTS_MAX)
		ion_value_error("payment_amount", psprintf("It must be 1 to " INT64_FORMAT " euro cents.", PAYMENT_CENTS_MAX), NULL);

	column_text(row, ION_COL_PAYMENT_NOTICE, &text, &length);
	if (length != 18 || strspn(pnstrdup(text, length), "0123456789") != 18 || text[0] > '3')
		ion_value_error("payment_notice", "It must be 18 digits, the first of them 0 to 3.", NULL);
	if (column_text(row, ION_COL_PAYMENT_PAYEE, &text, &length) &&
		!ion_vat_number_valid(pnstrdup(text, length)))
		ion_value_error("payment_payee", "It must be an organization's fiscal code: 11 digits, the last of them a check digit.", NULL);
}

static void
check_addresses(const IonMessageRow *row)
{
	const char *text;
	int			length;
	const char *error;

	if (column_text(row, ION_COL_EMAIL, &text, &length) &&
		!ion_mail_address_valid(pnstrdup(text, length), &error))
		ion_value_error("email", psprintf("It is not an e-mail address: %s.", error), NULL);
	if (column_text(row, ION_COL_PHONE, &text, &length) && !ion_phone_valid(text, length))
		ion_value_error("phone", "It must be in E.164 form: + and 8 to 15 digits.", NULL);
}

bool
ion_phone_valid(const char *text, int length)
{
	if (length < 9 || length > 16 || text[0] != '+' || text[1] < '1' || text[1] > '9')
		return false;
	for (int i = 2; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

static void
check_labels(const IonMessageRow *row)
{
	const char *text;
	int			length;

	if (!column_text(row, ION_COL_PRIORITY, &text, &length) ||
		!((length == 9 && memcmp(text, "emergency", 9) == 0) ||
		  (length == 6 && memcmp(text, "normal", 6) == 0) ||
		  (length == 4 && memcmp(text, "bulk", 4) == 0)))
		ion_value_error("priority", "It must be emergency, normal or bulk.", NULL);
	if (!column_text(row, ION_COL_FEATURE_LEVEL, &text, &length) ||
		!((length == 8 && memcmp(text, "standard", 8) == 0) ||
		  (length == 8 && memcmp(text, "advanced", 8) == 0)))
		ion_value_error("feature_level", "It must be standard or advanced.", NULL);
	if (column_text(row, ION_COL_LANGUAGE, &text, &length) && !ion_language_valid(text, length))
		ion_value_error("language", "It must be a language tag such as it or de-AT.", NULL);
	check_line(row, ION_COL_TEMPLATE, 1, ION_REFERENCE_MAX);
	check_line(row, ION_COL_REFERENCE, 1, ION_REFERENCE_MAX);
	check_line(row, ION_COL_IDEMPOTENCY_KEY, 1, ION_REFERENCE_MAX);
}

bool
ion_language_valid(const char *text, int length)
{
	int			letters = 0;

	if (length > 35)
		return false;
	while (letters < length && text[letters] >= 'a' && text[letters] <= 'z')
		letters++;
	if (letters < 2 || letters > 3)
		return false;
	for (int i = letters; i < length; i++)
	{
		bool		alnum = (text[i] >= '0' && text[i] <= '9') ||
			(text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');

		if (text[i] == '-' ? (i + 2 >= length || text[i + 1] == '-') : !alnum)
			return false;
		if (i == letters && text[i] != '-')
			return false;
	}
	return true;
}

static void
check_object(const IonMessageRow *row, IonColumn column)
{
	Jsonb	   *value;

	if (row->isnull[column])
		return;
	value = DatumGetJsonbP(row->value[column]);
	if (!JB_ROOT_IS_OBJECT(value))
		ion_value_error(ion_column_name(column), "It must be a JSON object.", NULL);
	if (VARSIZE(value) > ION_PARAMS_MAX)
		ion_value_error(ion_column_name(column),
						psprintf("It takes %d bytes; %d are allowed.", (int) VARSIZE(value), ION_PARAMS_MAX), NULL);
}

/* A short text on one line: so many characters, no control character. */
static void
check_line(const IonMessageRow *row, IonColumn column, int chars_min, int chars_max)
{
	const char *text;
	int			length;
	int			chars;

	if (!column_text(row, column, &text, &length))
		return;
	chars = ion_text_char_count(text, length);
	if (chars < chars_min || chars > chars_max)
		ion_value_error(ion_column_name(column),
						psprintf("It has %d characters; %d to %d are allowed.", chars, chars_min, chars_max), NULL);
	if (ion_text_has_control(text, length))
		ion_value_error(ion_column_name(column), "It holds a control character.",
						"Line breaks and other control characters could forge headers further on.");
}
