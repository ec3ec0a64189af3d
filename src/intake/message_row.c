/*-------------------------------------------------------------------------
 *
 * message_row.c
 *	  The columns of a message row, and their hash.
 *
 * Column positions are looked up once per statement and relation: partitions
 * made at different times may order columns differently.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "compat/compat.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "base/column.h"
#include "intake/message_row.h"

static const IonColumnSpec columns[ION_COLUMNS] = {
	[ION_COL_ID] = {"id", UUIDOID},
	[ION_COL_SERVICE] = {"service", TEXTOID},
	[ION_COL_RECIPIENT] = {"recipient", TEXTOID},
	[ION_COL_TEMPLATE] = {"template", TEXTOID},
	[ION_COL_PARAMS] = {"params", JSONBOID},
	[ION_COL_SUBJECT] = {"subject", TEXTOID},
	[ION_COL_MARKDOWN] = {"markdown", TEXTOID},
	[ION_COL_PRIORITY] = {"priority", TEXTOID},
	[ION_COL_SEND_AFTER] = {"send_after", TIMESTAMPTZOID},
	[ION_COL_TIME_TO_LIVE] = {"time_to_live", INTERVALOID},
	[ION_COL_DUE_DATE] = {"due_date", TIMESTAMPTZOID},
	[ION_COL_PAYMENT_AMOUNT] = {"payment_amount", INT8OID},
	[ION_COL_PAYMENT_NOTICE] = {"payment_notice", TEXTOID},
	[ION_COL_PAYMENT_PAYEE] = {"payment_payee", TEXTOID},
	[ION_COL_PAYMENT_INVALID_AFTER_DUE_DATE] = {"payment_invalid_after_due_date", BOOLOID},
	[ION_COL_REQUIRE_SECURE_CHANNELS] = {"require_secure_channels", BOOLOID},
	[ION_COL_FEATURE_LEVEL] = {"feature_level", TEXTOID},
	[ION_COL_THIRD_PARTY_DATA] = {"third_party_data", JSONBOID},
	[ION_COL_EMAIL] = {"email", TEXTOID},
	[ION_COL_PHONE] = {"phone", TEXTOID},
	[ION_COL_LANGUAGE] = {"language", TEXTOID},
	[ION_COL_REFERENCE] = {"reference", TEXTOID},
	[ION_COL_IDEMPOTENCY_KEY] = {"idempotency_key", TEXTOID},
	[ION_COL_CREATED_AT] = {"created_at", TIMESTAMPTZOID},
	[ION_COL_CREATED_BY] = {"created_by", NAMEOID},
	[ION_COL_TEMPLATE_VERSION] = {"template_version", INT4OID},
};

static void hash_value(EVP_MD_CTX *md, Datum value, Form_pg_attribute attr);

const char *
ion_column_name(IonColumn column)
{
	return columns[column].name;
}

void
ion_column_map_build(TupleDesc desc, IonColumnMap *map)
{
	map->natts = desc->natts;
	for (int c = 0; c < ION_COLUMNS; c++)
		map->attnum[c] = ion_column_find(desc, "message", &columns[c]) - 1;
}

void
ion_message_row_read(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, IonMessageRow *row)
{
	Datum	   *values = palloc(sizeof(Datum) * map->natts);
	bool	   *nulls = palloc(sizeof(bool) * map->natts);

	heap_deform_tuple(tuple, desc, values, nulls);
	for (int c = 0; c < ION_COLUMNS; c++)
	{
		row->value[c] = values[map->attnum[c]];
		row->isnull[c] = nulls[map->attnum[c]];
	}
	pfree(values);
	pfree(nulls);
}

/*
 * Feed one value's bytes.  The stored image is canonical for every type the
 * table uses (jsonb included), and unlike text output it depends on no
 * session setting.
 */
static void
hash_value(EVP_MD_CTX *md, Datum value, Form_pg_attribute attr)
{
	if (attr->attbyval)
	{
		int64		image = (int64) value;

		EVP_DigestUpdate(md, &image, sizeof(image));
	}
	else if (attr->attlen == -1)
	{
		struct varlena *detoasted = PG_DETOAST_DATUM_PACKED(value);
		int32		length = VARSIZE_ANY_EXHDR(detoasted);

		EVP_DigestUpdate(md, &length, sizeof(length));
		EVP_DigestUpdate(md, VARDATA_ANY(detoasted), length);
	}
	else
		EVP_DigestUpdate(md, DatumGetPointer(value), datumGetSize(value, false, attr->attlen));
}

void
ion_message_hash(const IonMessageRow *row, const IonColumnMap *map, TupleDesc desc, uint8 *hash)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned int length = 0;

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
	{
		EVP_MD_CTX_free(md);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not start a SHA-256 digest")));
	}
	PG_TRY();
	{
		for (int c = ION_COL_SERVICE; c < ION_COLUMNS; c++)
		{
			/* what the database adds is not what the sender wrote */
			if (c == ION_COL_IDEMPOTENCY_KEY || c == ION_COL_CREATED_AT ||
				c == ION_COL_CREATED_BY || c == ION_COL_TEMPLATE_VERSION || row->isnull[c])
				continue;
			EVP_DigestUpdate(md, columns[c].name, strlen(columns[c].name) + 1);
			hash_value(md, row->value[c], TupleDescAttr(desc, map->attnum[c]));
		}
		EVP_DigestFinal_ex(md, hash, &length);
	}
	PG_FINALLY();
	{
		EVP_MD_CTX_free(md);
	}
	PG_END_TRY();
	if (length != 32)
		elog(ERROR, "a SHA-256 digest came out %u bytes long", length);
}
