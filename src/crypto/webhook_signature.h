/*-------------------------------------------------------------------------
 *
 * webhook_signature.h
 *	  Standard Webhooks: the value of the webhook-signature header.
 *
 * See webhook_signature.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CRYPTO_WEBHOOK_SIGNATURE_H
#define ION_CRYPTO_WEBHOOK_SIGNATURE_H

#include "base/pure.h"

#define ION_WEBHOOK_KEYS_MAX		4	/* secrets signing at one time */
#define ION_WEBHOOK_SECRET_MAX		512 /* bytes of one secret's text */
#define ION_WEBHOOK_KEY_ADVISED		24	/* bytes the standard asks for */
#define ION_WEBHOOK_ID_MAX			128 /* bytes of webhook-id */
/* per key "v1," and 44 characters of base64, then a space or the zero */
#define ION_WEBHOOK_SIGNATURE_MAX	(ION_WEBHOOK_KEYS_MAX * (3 + 44 + 1))

typedef struct IonWebhookKey IonWebhookKey;

/*
 * Prepare the keys of a secret: one or, for rotation, up to four separated by
 * spaces, newest first.  Each is "whsec_" and the key in base64, or any other
 * printable ASCII text, whose bytes are the key.  NULL and a static *error
 * (if not NULL) when a secret is malformed.  The struct is palloc'd in the
 * current memory context, but it holds OpenSSL contexts that are not: give it
 * back with ion_webhook_key_free before that context goes.
 */
extern IonWebhookKey *ion_webhook_key_create(const char *secret,
											 const char **error);

/* Wipe and free; NULL is allowed. */
extern void ion_webhook_key_free(IonWebhookKey *key);

/*
 * True when a key is shorter than the 24 bytes the standard asks for: it
 * signs all the same, and status() can say so.
 */
extern bool ion_webhook_key_is_weak(const IonWebhookKey *key);

/*
 * Sign "id.timestamp.body" with every key: "v1,<base64> v1,<base64>" into
 * out.  timestamp is in seconds since 1970.  False, out "" and a static
 * *error (if not NULL) when id or timestamp cannot stand in a header or
 * OpenSSL fails.  key keeps no trace of the content, but is not const: one
 * process, one signature at a time.
 */
extern bool ion_webhook_key_sign(IonWebhookKey *key, const char *id,
								 int64 timestamp, const char *body, size_t len,
								 char out[ION_WEBHOOK_SIGNATURE_MAX],
								 const char **error);

/* The three steps at once, for a secret that is used a single time. */
extern bool ion_webhook_sign(const char *secret, const char *id,
							 int64 timestamp, const char *body, size_t len,
							 char out[ION_WEBHOOK_SIGNATURE_MAX],
							 const char **error);

#endif							/* ION_CRYPTO_WEBHOOK_SIGNATURE_H */
