/*-------------------------------------------------------------------------
 *
 * citizen_api.c
 *	  What the functions for citizens need besides SQL.
 *
 * Secrets that prove an address, and the pseudonyms of the subscription feed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "common/hmac.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "compat/compat.h"
#include "intake/acting_citizen.h"
#include "intake/authority.h"
#include "sqlapi/as_owner.h"

#define RANDOM_BYTES_MAX 64

PG_FUNCTION_INFO_V1(ion_acting_citizen_sql);
PG_FUNCTION_INFO_V1(ion_require_citizen);
PG_FUNCTION_INFO_V1(ion_random_bytes);
PG_FUNCTION_INFO_V1(ion_hmac_sha256);
PG_FUNCTION_INFO_V1(ion_same_bytes);

/* _acting_citizen() returns text: null unless an app or the owner asks, and a citizen is set. */
Datum
ion_acting_citizen_sql(PG_FUNCTION_ARGS)
{
	const char *code = ion_acting_citizen(ion_door_caller());

	(void) fcinfo;
	if (code == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(code));
}

/* _require_citizen() returns text: 42501 for who may not act for any, 55000 while none is set. */
Datum
ion_require_citizen(PG_FUNCTION_ARGS)
{
	const char *code = ion_acting_citizen(ion_door_caller());

	(void) fcinfo;
	if (code == NULL && !ion_role_is(ion_door_caller(), "app", NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not act for citizens", GetUserNameFromId(ion_door_caller(), true)),
				 errhint("The owner of the tables can SELECT io_notify.grant_app(role)."),
				 errhidestmt(true)));
	if (code == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this session acts for no citizen"),
				 errhint("Call io_notify.act_for(fiscal_code) first, in the same transaction."),
				 errhidestmt(true)));
	PG_RETURN_TEXT_P(cstring_to_text(code));
}

/* _random_bytes(n) returns bytea: 1 to 64 bytes fit for secrets. */
Datum
ion_random_bytes(PG_FUNCTION_ARGS)
{
	int32		n = PG_GETARG_INT32(0);
	bytea	   *result;

	if (n < 1 || n > RANDOM_BYTES_MAX)
		elog(ERROR, "cannot give %d random bytes", n);
	result = palloc(VARHDRSZ + n);
	SET_VARSIZE(result, VARHDRSZ + n);
	if (!pg_strong_random(VARDATA(result), n))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the system gives no random numbers")));
	PG_RETURN_BYTEA_P(result);
}

/* _hmac_sha256(key bytea, data text) returns bytea (RFC 2104). */
Datum
ion_hmac_sha256(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);
	text	   *data = PG_GETARG_TEXT_PP(1);
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);

	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (ctx == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (pg_hmac_init(ctx, (uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) < 0 ||
		pg_hmac_update(ctx, (uint8 *) VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data)) < 0 ||
		pg_hmac_final(ctx, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
	{
		const char *problem = pg_hmac_error(ctx);

		pg_hmac_free(ctx);
		elog(ERROR, "could not compute an HMAC: %s", problem);
	}
	pg_hmac_free(ctx);
	PG_RETURN_BYTEA_P(result);
}

/* _same_bytes(a, b) returns boolean: compares in a time that tells nothing of the content. */
Datum
ion_same_bytes(PG_FUNCTION_ARGS)
{
	bytea	   *a = PG_GETARG_BYTEA_PP(0);
	bytea	   *b = PG_GETARG_BYTEA_PP(1);
	size_t		length = VARSIZE_ANY_EXHDR(a);

	PG_RETURN_BOOL(length == VARSIZE_ANY_EXHDR(b) &&
				   CRYPTO_memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0);
}
