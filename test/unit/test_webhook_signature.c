/* units: src/crypto/webhook_signature.c */
/*
 * test_webhook_signature.c
 *	  The standard's own vector, vectors made with the openssl command and
 *	  Python's hmac, rotation, and every secret or id that is refused.
 */
#include "base/pure.h"

#include "crypto/webhook_signature.h"
#include "tap.h"

#define SPEC_SECRET	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SPEC_ID		"msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SPEC_TIME	INT64CONST(1614265330)
#define SPEC_BODY	"{\"test\": 2432232314}"
#define SPEC_VALUE	"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* the bytes 0 to 31 */
#define RAMP_SECRET	"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define RAMP_BARE	"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define RAMP_ID		"0190b6ee-4f1c-7abc-8def-0123456789ab.1"
#define RAMP_VALUE	"v1,REIUYnm6t2AB5yDKzNjxOS4UWaiIkOMgp5Qgan4OIjw="

static const char ramp_body[] =
"Gentile citt\xc3\xa0, \xc3\xa8 tutto pronto \xe2\x80\x94 \xe2\x82\xac\0\r\nend";

static void
check_sign(const char *name, const char *secret, const char *id, int64 stamp,
		   const char *body, size_t len, const char *want)
{
	char		out[ION_WEBHOOK_SIGNATURE_MAX];
	const char *error = "unset";

	ok(ion_webhook_sign(secret, id, stamp, body, len, out, &error), "%s", name);
	ok(error == NULL, "  no error");
	is_str(out, want, "  the signature");
}

static void
check_vectors(void)
{
	static char big[100000];

	check_sign("the standard's vector", SPEC_SECRET, SPEC_ID, SPEC_TIME,
			   SPEC_BODY, strlen(SPEC_BODY), SPEC_VALUE);
	check_sign("UTF-8, a zero byte and CRLF", RAMP_SECRET, RAMP_ID, 1732320000,
			   ramp_body, sizeof(ramp_body) - 1, RAMP_VALUE);
	check_sign("no padding", RAMP_BARE, RAMP_ID, 1732320000,
			   ramp_body, sizeof(ramp_body) - 1, RAMP_VALUE);
	check_sign("a plain secret, no body", "plain-secret", RAMP_ID, 0, NULL, 0,
			   "v1,GhLHZegZjnUEzFjiqlvsM1K/75nH6FVR5lcSsKna/U0=");
	memset(big, 'x', sizeof(big));
	check_sign("a long body, the last timestamp", RAMP_SECRET, "m",
			   PG_INT64_MAX, big, sizeof(big),
			   "v1,xfU3T1/SM82myz/87FNZtpukaZ9NmR8MfKoJO2glILY=");
}

static void
check_rotation(void)
{
	char		out[ION_WEBHOOK_SIGNATURE_MAX];
	const char *error = "unset";
	IonWebhookKey *key;

	check_sign("two keys, newest first", SPEC_SECRET " " RAMP_SECRET, SPEC_ID,
			   SPEC_TIME, SPEC_BODY, strlen(SPEC_BODY),
			   SPEC_VALUE " v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI=");
	check_sign("in the other order", "  " RAMP_SECRET "   " SPEC_SECRET " ",
			   SPEC_ID, SPEC_TIME, SPEC_BODY, strlen(SPEC_BODY),
			   "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI= " SPEC_VALUE);
	ok(ion_webhook_sign(SPEC_SECRET " a b c", SPEC_ID, SPEC_TIME, "", 0, out,
						&error), "four keys");
	is_int(strlen(out), ION_WEBHOOK_SIGNATURE_MAX - 1, "fill the named size");
	ok(!ion_webhook_sign("a b c d e", SPEC_ID, SPEC_TIME, "", 0, out, &error),
	   "five keys");
	ok(error != NULL && strstr(error, "4 keys") != NULL, "and why");
	is_str(out, "", "nothing is left behind");

	key = ion_webhook_key_create(SPEC_SECRET, &error);
	ok(key != NULL, "a key to keep");
	for (int i = 0; i < 3; i++)
	{
		ok(ion_webhook_key_sign(key, SPEC_ID, SPEC_TIME, SPEC_BODY,
								strlen(SPEC_BODY), out, NULL), "signs again");
		is_str(out, SPEC_VALUE, "  the same");
		ok(ion_webhook_key_sign(key, "other", 1, "body", 4, out, NULL),
		   "and another message");
		ok(strcmp(out, SPEC_VALUE) != 0, "  differently");
	}
	ok(!ion_webhook_key_sign(key, "", 1, "body", 4, out, NULL), "a bad id");
	is_str(out, "", "  leaves nothing behind");
	ok(ion_webhook_key_sign(key, SPEC_ID, SPEC_TIME, SPEC_BODY,
							strlen(SPEC_BODY), out, NULL), "does no harm");
	is_str(out, SPEC_VALUE, "  to the next");
	ion_webhook_key_free(key);
	ion_webhook_key_free(NULL);
	ok(true, "NULL may be freed");
}

static void
check_refusals(void)
{
	static const struct
	{
		const char *secret;
		const char *part;
	}			bad[] = {
		{NULL, "empty"}, {"", "empty"}, {"   ", "empty"},
		{"whsec_", "base64"}, {"whsec_A", "base64"}, {"whsec_AA==A", "base64"},
		{"whsec_====", "base64"}, {"whsec_A===", "base64"},
		{"whsec_AAE", "base64?"}, {"whsec_AB==", "base64"},
		{"whsec_AA-_", "base64"}, {"whsec_AA\nA", "base64"},
		{"whsec_MfKQ!r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64"},
		{SPEC_SECRET " whsec_A", "base64"},
		{"with\ttab", "printable"}, {"line\n", "printable"},
		{"citt\xc3\xa0", "printable"}, {"\x7f", "printable"}
	};
	char		out[ION_WEBHOOK_SIGNATURE_MAX];
	const char *error;

	for (size_t i = 0; i < lengthof(bad); i++)
	{
		bool		fine = strchr(bad[i].part, '?') != NULL;

		error = NULL;
		memset(out, 'x', sizeof(out));
		ok(ion_webhook_sign(bad[i].secret, "id", 1, "b", 1, out, &error) == fine,
		   "secret %zu: %s", i, fine ? "taken" : bad[i].part);
		if (fine)
			continue;
		ok(error != NULL && strstr(error, bad[i].part) != NULL, "  and why");
		is_str(out, "", "  nothing left behind");
		ok(ion_webhook_key_create(bad[i].secret, NULL) == NULL,
		   "  the error is optional");
	}
}

static void
check_lengths_and_ids(void)
{
	static const char *const bad_ids[] = {
		NULL, "", "a b", "a\r\nX: y", "\x7f", "\xc3\xa0"
	};
	char		text[ION_WEBHOOK_SECRET_MAX + 2];
	char		out[ION_WEBHOOK_SIGNATURE_MAX];
	const char *error = NULL;

	memset(text, 'k', sizeof(text));
	text[ION_WEBHOOK_SECRET_MAX] = '\0';
	ok(ion_webhook_sign(text, "id", 1, "b", 1, out, NULL), "a secret of 512 bytes");
	text[ION_WEBHOOK_SECRET_MAX] = 'k';
	text[ION_WEBHOOK_SECRET_MAX + 1] = '\0';
	ok(!ion_webhook_sign(text, "id", 1, "b", 1, out, &error), "513 bytes");
	ok(error != NULL && strstr(error, "512") != NULL, "and why");

	text[ION_WEBHOOK_ID_MAX] = '\0';
	ok(ion_webhook_sign("s", text, 1, "b", 1, out, NULL), "an id of 128 bytes");
	text[ION_WEBHOOK_ID_MAX] = 'k';
	text[ION_WEBHOOK_ID_MAX + 1] = '\0';
	ok(!ion_webhook_sign("s", text, 1, "b", 1, out, &error), "129 bytes");
	ok(error != NULL && strstr(error, "128") != NULL, "and why");
	for (size_t i = 0; i < lengthof(bad_ids); i++)
	{
		error = NULL;
		ok(!ion_webhook_sign("s", bad_ids[i], 1, "b", 1, out, &error),
		   "id %zu is refused", i);
		ok(error != NULL && strstr(error, "webhook id") != NULL, "  and why");
	}
	ok(!ion_webhook_sign("s", "id", -1, "b", 1, out, &error), "before 1970");
	ok(strstr(error, "1970") != NULL, "and why");
}

static void
check_weak(void)
{
	static const struct
	{
		const char *secret;
		bool		weak;
	}			keys[] = {
		{SPEC_SECRET, false}, {RAMP_SECRET, false},
		{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", true},
		{"123456789012345678901234", false},
		{"12345678901234567890123", true},
		{SPEC_SECRET " short", true}
	};

	for (size_t i = 0; i < lengthof(keys); i++)
	{
		IonWebhookKey *key = ion_webhook_key_create(keys[i].secret, NULL);

		ok(key != NULL, "secret %zu", i);
		is_int(ion_webhook_key_is_weak(key), keys[i].weak,
			   keys[i].weak ? "  is weak" : "  is strong");
		ion_webhook_key_free(key);
	}
}

int
main(void)
{
	check_vectors();
	check_rotation();
	check_refusals();
	check_lengths_and_ids();
	check_weak();
	return done_testing();
}
