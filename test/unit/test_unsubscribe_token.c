/* units: src/crypto/unsubscribe_token.c */
#include "base/pure.h"

#include "crypto/unsubscribe_token.h"
#include "tap.h"

static const uint8 key[] = "0123456789abcdef0123456789abcdef";
static const uint8 id[ION_UNSUBSCRIBE_ID_LEN] = {
	0x01, 0x90, 0xc1, 0xa0, 0x11, 0x11, 0x7a, 0xbc, 0x8d, 0xef, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55
};

#define KEY_LEN		(sizeof(key) - 1)
#define ALPHABET	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static bool
verifies(const char *token, size_t len)
{
	uint8		got[ION_UNSUBSCRIBE_ID_LEN];
	int16		seq;
	const char *error = NULL;
	bool		good = ion_unsubscribe_token_verify(key, KEY_LEN, token, len, got, &seq, &error);

	if (!good && error == NULL)
		ok(false, "a refusal has its reason");
	return good;
}

static void
test_round_trip(void)
{
	static const int16 seqs[] = {0, 1, 255, 256, 32767, -1, -32768};
	char		token[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	char		again[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	uint8		got[ION_UNSUBSCRIBE_ID_LEN];
	const char *error = NULL;

	for (size_t i = 0; i < lengthof(seqs); i++)
	{
		int16		seq = 99;

		ok(ion_unsubscribe_token_build(key, KEY_LEN, id, seqs[i], token, &error), "a token for delivery %d", seqs[i]);
		is_int(strspn(token, ALPHABET), ION_UNSUBSCRIBE_TOKEN_LEN, "of 47 characters that need no escaping");
		ok(ion_unsubscribe_token_build(key, KEY_LEN, id, seqs[i], again, &error) && strcmp(token, again) == 0, "is always the same");
		ok(ion_unsubscribe_token_verify(key, KEY_LEN, token, strlen(token), got, &seq, &error), "is recognized");
		ok(memcmp(got, id, sizeof(id)) == 0, "names its message");
		is_int(seq, seqs[i], "and its delivery");
	}
}

/* Computed apart: HMAC-SHA256 by Python's hmac over the documented bytes. */
static void
test_vector(void)
{
	char		token[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	const char *error;

	ion_unsubscribe_token_build(key, KEY_LEN, id, 3, token, &error);
	is_str(token, "AQGQwaAREXq8je8AESIzRFUAA2p7qHYlgvH5jkRhB8IjgQE", "the token's bytes are the documented ones");
}

/* Any other spelling is refused: no character of it may change. */
static void
test_forged(void)
{
	char		token[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	char		other[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	const char *error;
	int			taken = 0;

	ion_unsubscribe_token_build(key, KEY_LEN, id, 1, token, &error);
	for (int i = 0; i < ION_UNSUBSCRIBE_TOKEN_LEN; i++)
	{
		for (int c = 1; c < 256; c++)
		{
			memcpy(other, token, sizeof(token));
			other[i] = (char) c;
			if (other[i] != token[i] && verifies(other, ION_UNSUBSCRIBE_TOKEN_LEN))
				taken++;
		}
	}
	is_int(taken, 0, "no token with one character changed is taken");
	ok(!verifies(token, ION_UNSUBSCRIBE_TOKEN_LEN - 1), "nor a shorter one");
	ok(!verifies(psprintf("%sA", token), ION_UNSUBSCRIBE_TOKEN_LEN + 1), "nor a longer one");
	ok(!verifies(psprintf("%s=", token), ION_UNSUBSCRIBE_TOKEN_LEN + 1), "nor one with padding");
	ok(!verifies("", 0), "nor an empty one");
	ok(verifies(token, ION_UNSUBSCRIBE_TOKEN_LEN), "but the token itself is");
}

static void
test_keys(void)
{
	uint8		other[KEY_LEN];
	uint8		got[ION_UNSUBSCRIBE_ID_LEN];
	int16		seq;
	char		token[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	char		second[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	const char *error = NULL;
	uint8	   *large = palloc0(ION_UNSUBSCRIBE_KEY_MAX + 1);

	memcpy(other, key, KEY_LEN);
	other[KEY_LEN - 1] ^= 1;
	ion_unsubscribe_token_build(key, KEY_LEN, id, 1, token, &error);
	ion_unsubscribe_token_build(other, KEY_LEN, id, 1, second, &error);
	ok(strcmp(token, second) != 0, "another key, another token");
	ok(!ion_unsubscribe_token_verify(other, KEY_LEN, token, strlen(token), got, &seq, &error), "and does not recognize this one");
	is_str(error, "the unsubscribe token is not ours", "and says so");

	ok(!ion_unsubscribe_token_build(key, KEY_LEN - 1, id, 1, token, &error), "a key of 31 bytes is refused");
	is_str(error, "the unsubscribe key is not 32 to 1024 bytes long", "and why");
	is_str(token, "", "and there is no token");
	ok(!ion_unsubscribe_token_build(NULL, 0, id, 1, token, &error), "so is none");
	ok(!ion_unsubscribe_token_build(large, ION_UNSUBSCRIBE_KEY_MAX + 1, id, 1, token, &error), "so is one of 1025 bytes");
	ok(ion_unsubscribe_token_build(large, ION_UNSUBSCRIBE_KEY_MAX, id, 1, token, &error), "one of 1024 will do");
	ok(!ion_unsubscribe_token_verify(key, 5, second, strlen(second), got, &seq, &error), "a short key recognizes nothing");
	pfree(large);
}

int
main(void)
{
	test_round_trip();
	test_vector();
	test_forged();
	test_keys();
	return done_testing();
}
