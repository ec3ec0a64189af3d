/*-------------------------------------------------------------------------
 *
 * unsubscribe_token.h
 *	  The token that says which delivery somebody unsubscribes from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CRYPTO_UNSUBSCRIBE_TOKEN_H
#define ION_CRYPTO_UNSUBSCRIBE_TOKEN_H

#include "base/pure.h"

#define ION_UNSUBSCRIBE_KEY_MIN		32	/* bytes: as many as the digest */
#define ION_UNSUBSCRIBE_KEY_MAX		1024
#define ION_UNSUBSCRIBE_ID_LEN		16	/* bytes of a UUID */
#define ION_UNSUBSCRIBE_TOKEN_LEN	47	/* characters, without the zero */

/*
 * Make the token of a delivery: ION_UNSUBSCRIBE_TOKEN_LEN characters of
 * [A-Za-z0-9_-] and the zero.  The same delivery and key give the same token.
 * False, token "" and a static *error for a key of another length than ours
 * or when OpenSSL fails.
 */
extern bool ion_unsubscribe_token_build(const uint8 *key, size_t key_len,
										const uint8 id[ION_UNSUBSCRIBE_ID_LEN],
										int16 seq,
										char token[ION_UNSUBSCRIBE_TOKEN_LEN + 1],
										const char **error);

/*
 * The delivery a token was made for.  False and a static *error when it was
 * not made with this key, whatever is wrong with it; id and seq are then not
 * set.  Tokens do not expire: whoever wants to stop a mail may do so late.
 */
extern bool ion_unsubscribe_token_verify(const uint8 *key, size_t key_len,
										 const char *token, size_t len,
										 uint8 id[ION_UNSUBSCRIBE_ID_LEN],
										 int16 *seq, const char **error);

#endif							/* ION_CRYPTO_UNSUBSCRIBE_TOKEN_H */
