/*-------------------------------------------------------------------------
 *
 * unsubscribe_token.c
 *	  The token that says which delivery somebody unsubscribes from.
 *
 * RFC 8058 has the mail's reader, or its provider, POST to a URL without any
 * sign of who they are, so the URL itself must say it (section 3.1: an opaque
 * identifier that is hard to forge).  The token is
 *
 *	  base64url(version | message's UUID | seq | tag)
 *
 * with tag the first 16 bytes of HMAC-SHA256 (RFC 2104, section 5 on cutting)
 * over a label of ours and what precedes it.  The label keeps a key that also
 * signs other things from signing a token by accident.  It holds no personal
 * data, and a database needs no table to recognize it.
 *
 * Comparing takes the same time for every wrong tag.  A character beyond the
 * last byte's bits must be zero bits, so a token has one spelling.  Neither
 * function allocates; what was computed under the key is wiped.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/unsubscribe_token.h"

#define TOKEN_VERSION	1
#define TOKEN_LABEL		"io_notify unsubscribe"
#define SEQ_AT			(1 + ION_UNSUBSCRIBE_ID_LEN)
#define TAG_AT			(SEQ_AT + 2)
#define TAG_LEN			16
#define TOKEN_BYTES		(TAG_AT + TAG_LEN)
#define DIGEST_LEN		32

static bool make_tag(const uint8 *key, size_t key_len,
					 const uint8 bytes[TAG_AT], uint8 tag[TAG_LEN],
					 const char **error);
static void encode(const uint8 bytes[TOKEN_BYTES],
				   char token[ION_UNSUBSCRIBE_TOKEN_LEN + 1]);
static bool decode(const char *token, uint8 bytes[TOKEN_BYTES]);
static int	base64url_value(char c);

bool
ion_unsubscribe_token_build(const uint8 *key, size_t key_len,
							const uint8 id[ION_UNSUBSCRIBE_ID_LEN], int16 seq,
							char token[ION_UNSUBSCRIBE_TOKEN_LEN + 1],
							const char **error)
{
	uint8		bytes[TOKEN_BYTES];

	token[0] = '\0';
	bytes[0] = TOKEN_VERSION;
	memcpy(bytes + 1, id, ION_UNSUBSCRIBE_ID_LEN);
	bytes[SEQ_AT] = (uint8) ((uint16) seq >> 8);
	bytes[SEQ_AT + 1] = (uint8) ((uint16) seq & 255);
	if (!make_tag(key, key_len, bytes, bytes + TAG_AT, error))
		return false;
	encode(bytes, token);
	return true;
}

bool
ion_unsubscribe_token_verify(const uint8 *key, size_t key_len,
							 const char *token, size_t len,
							 uint8 id[ION_UNSUBSCRIBE_ID_LEN], int16 *seq,
							 const char **error)
{
	uint8		bytes[TOKEN_BYTES];
	uint8		tag[TAG_LEN];
	bool		same;

	if (len != ION_UNSUBSCRIBE_TOKEN_LEN || !decode(token, bytes) ||
		bytes[0] != TOKEN_VERSION)
	{
		*error = "the unsubscribe token is malformed";
		return false;
	}
	if (!make_tag(key, key_len, bytes, tag, error))
		return false;
	same = CRYPTO_memcmp(tag, bytes + TAG_AT, TAG_LEN) == 0;
	OPENSSL_cleanse(tag, sizeof(tag));
	if (!same)
	{
		*error = "the unsubscribe token is not ours";
		return false;
	}
	memcpy(id, bytes + 1, ION_UNSUBSCRIBE_ID_LEN);
	*seq = (int16) (uint16) (bytes[SEQ_AT] << 8 | bytes[SEQ_AT + 1]);
	return true;
}

/* The tag over the label and what a token begins with. */
static bool
make_tag(const uint8 *key, size_t key_len, const uint8 bytes[TAG_AT],
		 uint8 tag[TAG_LEN], const char **error)
{
	EVP_MAC    *hmac;
	EVP_MAC_CTX *mac;
	uint8		digest[DIGEST_LEN];
	size_t		digest_len = 0;
	bool		done;
	OSSL_PARAM	sha256[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_end()
	};

	if (key == NULL || key_len < ION_UNSUBSCRIBE_KEY_MIN || key_len > ION_UNSUBSCRIBE_KEY_MAX)
	{
		*error = "the unsubscribe key is not 32 to 1024 bytes long";
		return false;
	}
	hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	done = mac != NULL && EVP_MAC_init(mac, key, key_len, sha256) == 1 &&
		EVP_MAC_update(mac, (const unsigned char *) TOKEN_LABEL, sizeof(TOKEN_LABEL)) == 1 &&
		EVP_MAC_update(mac, bytes, TAG_AT) == 1 &&
		EVP_MAC_final(mac, digest, &digest_len, sizeof(digest)) == 1 &&
		digest_len == DIGEST_LEN;
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	if (done)
		memcpy(tag, digest, TAG_LEN);
	else
		*error = "OpenSSL could not compute the unsubscribe token";
	OPENSSL_cleanse(digest, sizeof(digest));
	return done;
}

/* RFC 4648 section 5, without padding. */
static void
encode(const uint8 bytes[TOKEN_BYTES], char token[ION_UNSUBSCRIBE_TOKEN_LEN + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (int i = 0; i < ION_UNSUBSCRIBE_TOKEN_LEN; i++)
	{
		int			bit = i * 6;
		int			at = bit / 8;
		uint32		pair = (uint32) bytes[at] << 8;

		if (at + 1 < TOKEN_BYTES)
			pair |= bytes[at + 1];
		token[i] = digits[pair >> (10 - bit % 8) & 63];
	}
	token[ION_UNSUBSCRIBE_TOKEN_LEN] = '\0';
}

/* The inverse; false for a foreign character or bits left over. */
static bool
decode(const char *token, uint8 bytes[TOKEN_BYTES])
{
	uint32		bits = 0;
	int			have = 0;
	int			used = 0;

	for (int i = 0; i < ION_UNSUBSCRIBE_TOKEN_LEN; i++)
	{
		int			value = base64url_value(token[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32) value;
		have += 6;
		if (have >= 8)
		{
			have -= 8;
			bytes[used++] = (uint8) (bits >> have);
			bits &= (1U << have) - 1;
		}
	}
	return bits == 0;
}

static int
base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	if (c == '_')
		return 63;
	return -1;
}
