/*-------------------------------------------------------------------------
 *
 * webhook_signature.c
 *	  Standard Webhooks: the value of the webhook-signature header.
 *
 * The signature is HMAC-SHA256 (RFC 2104) over "id.timestamp.body", scheme
 * "v1".  Time and identifier are inside what is signed, so a receiver that
 * checks both cannot be fed an old request again.  While a secret is being
 * rotated all current keys sign, and the receiver accepts any of them.
 *
 * An OpenSSL MAC context is prepared once per key and re-initialised for each
 * message, which saves hashing the key's pads and fetching the algorithm.
 * The contexts live outside PostgreSQL's memory contexts, and so the key has
 * an owner who must free it.  Key bytes are wiped wherever they were copied;
 * inside its context OpenSSL wipes its own.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/webhook_signature.h"

#define SECRET_PREFIX		"whsec_"
#define SECRET_PREFIX_LEN	6
#define MAC_LEN				32	/* bytes of SHA-256 */
#define TIMESTAMP_LEN		24	/* ".<int64>." and the zero */

struct IonWebhookKey
{
	int			count;
	bool		weak;
	EVP_MAC_CTX *mac[ION_WEBHOOK_KEYS_MAX];
};

static const char *add_secret(IonWebhookKey *key, EVP_MAC *hmac,
							  const char *text, size_t length);
static bool decode_base64(const char *text, size_t length, uint8 *out,
						  size_t *out_length);
static int	base64_value(char c);
static const char *check_id(const char *id);
static bool sign_once(EVP_MAC_CTX *mac, const char *id, const char *stamp,
					  const char *body, size_t len, char *out);

IonWebhookKey *
ion_webhook_key_create(const char *secret, const char **error)
{
	const char *problem = NULL;
	IonWebhookKey *key = palloc0(sizeof(IonWebhookKey));
	EVP_MAC    *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);

	if (hmac == NULL)
		problem = "OpenSSL offers no HMAC";
	for (const char *p = secret ? secret : ""; problem == NULL;)
	{
		size_t		length;

		p += strspn(p, " ");
		length = strcspn(p, " ");
		if (length == 0)
			break;
		problem = add_secret(key, hmac, p, length);
		p += length;
	}
	if (problem == NULL && key->count == 0)
		problem = "the webhook secret is empty";
	EVP_MAC_free(hmac);
	if (error != NULL)
		*error = problem;
	if (problem != NULL)
	{
		ion_webhook_key_free(key);
		return NULL;
	}
	return key;
}

void
ion_webhook_key_free(IonWebhookKey *key)
{
	if (key == NULL)
		return;
	for (int i = 0; i < key->count; i++)
		EVP_MAC_CTX_free(key->mac[i]);
	OPENSSL_cleanse(key, sizeof(*key));
	pfree(key);
}

bool
ion_webhook_key_is_weak(const IonWebhookKey *key)
{
	return key->weak;
}

bool
ion_webhook_key_sign(IonWebhookKey *key, const char *id, int64 timestamp,
					 const char *body, size_t len,
					 char out[ION_WEBHOOK_SIGNATURE_MAX], const char **error)
{
	const char *problem = check_id(id);
	char		stamp[TIMESTAMP_LEN];
	char	   *end = out;

	if (problem == NULL && timestamp < 0)
		problem = "the webhook timestamp lies before 1970";
	snprintf(stamp, sizeof(stamp), "." INT64_FORMAT ".", timestamp);
	for (int i = 0; problem == NULL && i < key->count; i++)
	{
		if (i > 0)
			*end++ = ' ';
		memcpy(end, "v1,", 3);
		end += 3;
		if (!sign_once(key->mac[i], id, stamp, body, len, end))
			problem = "OpenSSL could not compute the webhook signature";
		else
			end += strlen(end);
	}
	if (problem != NULL)
		end = out;
	*end = '\0';
	if (error != NULL)
		*error = problem;
	return problem == NULL;
}

bool
ion_webhook_sign(const char *secret, const char *id, int64 timestamp,
				 const char *body, size_t len,
				 char out[ION_WEBHOOK_SIGNATURE_MAX], const char **error)
{
	IonWebhookKey *key = ion_webhook_key_create(secret, error);
	bool		done;

	out[0] = '\0';
	if (key == NULL)
		return false;
	done = ion_webhook_key_sign(key, id, timestamp, body, len, out, error);
	ion_webhook_key_free(key);
	return done;
}

/* Add one secret to key; NULL when it could be used. */
static const char *
add_secret(IonWebhookKey *key, EVP_MAC *hmac, const char *text, size_t length)
{
	uint8		bytes[ION_WEBHOOK_SECRET_MAX];
	size_t		used = length;
	EVP_MAC_CTX *mac;
	bool		ready;
	OSSL_PARAM	digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_end()
	};

	if (key->count == ION_WEBHOOK_KEYS_MAX)
		return "the webhook secret holds more than 4 keys";
	if (length > ION_WEBHOOK_SECRET_MAX)
		return "the webhook secret is longer than 512 bytes";
	if (length >= SECRET_PREFIX_LEN &&
		memcmp(text, SECRET_PREFIX, SECRET_PREFIX_LEN) == 0)
	{
		if (!decode_base64(text + SECRET_PREFIX_LEN,
						   length - SECRET_PREFIX_LEN, bytes, &used))
		{
			OPENSSL_cleanse(bytes, sizeof(bytes));
			return "the webhook secret after \"whsec_\" is not base64";
		}
	}
	else
	{
		for (size_t i = 0; i < length; i++)
		{
			if (text[i] < 0x21 || text[i] > 0x7E)
				return "the webhook secret contains a character that is not printable ASCII";
		}
		memcpy(bytes, text, length);
	}
	mac = EVP_MAC_CTX_new(hmac);
	ready = mac != NULL && EVP_MAC_init(mac, bytes, used, digest) == 1;
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (!ready)
	{
		EVP_MAC_CTX_free(mac);
		return "OpenSSL could not prepare the webhook key";
	}
	key->mac[key->count++] = mac;
	if (used < ION_WEBHOOK_KEY_ADVISED)
		key->weak = true;
	return NULL;
}

/*
 * RFC 4648, section 4, padding optional, nothing else: a secret that was
 * mistyped must not become another secret.  out holds at least length bytes.
 */
static bool
decode_base64(const char *text, size_t length, uint8 *out, size_t *out_length)
{
	uint32		bits = 0;
	int			have = 0;
	size_t		used = 0;

	if (length % 4 == 0 && length >= 4)
	{
		if (text[length - 1] == '=')
			length--;
		if (text[length - 1] == '=')
			length--;
	}
	if (length == 0 || length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		int			value = base64_value(text[i]);

		if (value < 0)
			return false;
		bits = (bits << 6) | (uint32) value;
		have += 6;
		if (have >= 8)
		{
			have -= 8;
			out[used++] = (uint8) (bits >> have);
			bits &= (1U << have) - 1;
		}
	}
	*out_length = used;
	return bits == 0;			/* bits beyond the last byte are zero */
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* An id goes into a header as it is; NULL when it may. */
static const char *
check_id(const char *id)
{
	if (id == NULL || *id == '\0')
		return "the webhook id is empty";
	for (const char *p = id; *p != '\0'; p++)
	{
		if (p - id >= ION_WEBHOOK_ID_MAX)
			return "the webhook id is longer than 128 bytes";
		if (*p < 0x21 || *p > 0x7E)
			return "the webhook id contains a character that is not printable ASCII";
	}
	return NULL;
}

/* One signature in base64 at out, zero-terminated: 45 bytes. */
static bool
sign_once(EVP_MAC_CTX *mac, const char *id, const char *stamp,
		  const char *body, size_t len, char *out)
{
	uint8		digest[MAC_LEN];
	size_t		digest_len = 0;

	/* without a key, init starts a new message under the same one */
	if (EVP_MAC_init(mac, NULL, 0, NULL) != 1 ||
		EVP_MAC_update(mac, (const unsigned char *) id, strlen(id)) != 1 ||
		EVP_MAC_update(mac, (const unsigned char *) stamp, strlen(stamp)) != 1 ||
		(len > 0 &&
		 EVP_MAC_update(mac, (const unsigned char *) body, len) != 1) ||
		EVP_MAC_final(mac, digest, &digest_len, sizeof(digest)) != 1 ||
		digest_len != MAC_LEN)
		return false;
	EVP_EncodeBlock((unsigned char *) out, digest, MAC_LEN);
	return true;
}
