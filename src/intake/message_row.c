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
#include "compat/compat.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "intake/message_row.h"

static const char *const column_names[ION_COLUMNS] = {
	[ION_COL_ID] = "id",
	[ION_COL_SERVICE] = "service",
	[ION_COL_RECIPIENT] = "recipient",
	[ION_COL_TEMPLATE] = "template",
	[ION_COL_PARAMS] = "params",
	[ION_COL_SUBJECT] = "subject",
	[ION_COL_MARKDOWN] = "markdown",
	[ION_COL_PRIORITY] = "priority",
	[ION_COL_SEND_AFTER] = "send_after",
	[ION_COL_TIME_TO_LIVE] = "time_to_live",
	[ION_COL_DUE_DATE] = "due_date",
	[ION_COL_PAYMENT_AMOUNT] = "payment_amount",
	[ION_COL_PAYMENT_NOTICE] = "payment_notice",
	[ION_COL_PAYMENT_PAYEE] = "payment_payee",
	[ION_COL_PAYMENT_INVALID_AFTER_DUE_DATE] = "payment_invalid_after_due_date",
	[ION_COL_REQUIRE_SECURE_CHANNELS] = "require_secure_channels",
	[ION_COL_FEATURE_LEVEL] = "feature_level",
	[ION_COL_THIRD_PARTY_DATA] = "third_party_data",
	[ION_COL_EMAIL] = "email",
	[ION_COL_PHONE] = "phone",
	[ION_COL_LANGUAGE] = "language",
	[ION_COL_REFERENCE] = "reference",
	[ION_COL_IDEMPOTENCY_KEY] = "idempotency_key",
	[ION_COL_CREATED_AT] = "created_at",
	[ION_COL_CREATED_BY] = "created_by",
	[ION_COL_TEMPLATE_VERSION] = "template_version",
};

static void hash_value(EVP_MD_CTX *md, Datum value, Form_pg_attribute attr);

const char *
ion_column_name(IonColumn column)
{
	return column_names[column];
}

void
ion_column_map_build(TupleDesc desc, IonColumnMap *map)
{
	map->natts = desc->natts;
	for (int c = 0; c < ION_COLUMNS; c++)
	{
		map->attnum[c] = -1;
		for (int i = 0; i < desc->natts; i++)
		{
			Form_pg_attribute attr = TupleDescAttr(desc, i);

			if (!attr->attisdropped && strcmp(NameStr(attr->attname), column_names[c]) == 0)
			{
				map->attnum[c] = i;
				map->type[c] = attr->atttypid;
				break;
			}
		}
		if (map->attnum[c] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("table io_notify.message lacks column \"%s\"", column_names[c]),
					 errhint("SELECT io_notify.install() brings the tables up to date.")));
	}
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
			EVP_DigestUpdate(md, column_names[c], strlen(column_names[c]) + 1);
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
