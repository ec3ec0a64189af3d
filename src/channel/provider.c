/*-------------------------------------------------------------------------
 *
 * provider.c
 *	  Reading a provider from the catalogs.
 *
 * A provider lives in a memory context of its own, credentials included; when
 * it is replaced after ALTER SERVER, requests under way keep the old one until
 * they end.  Credentials are wiped before the memory goes back.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "channel/provider.h"

static List *mapping_options(Oid server, Oid user);
static void wipe(char *secret);
static void fingerprint(IonProvider *p, List *server, List *mapping);

IonProvider *
ion_provider_load(Oid server, Oid mapping_user, bool read_files, MemoryContext parent)
{
	ForeignServer *fs = GetForeignServerExtended(server, FSV_MISSING_OK);
	MemoryContext cxt;
	MemoryContext old;
	IonProvider *p;
	IonOptionError error;
	List	   *mapping;

	if (fs == NULL)
		return NULL;
	cxt = AllocSetContextCreate(parent, "io_notify provider", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(cxt);
	p = palloc0(sizeof(IonProvider));
	p->cxt = cxt;
	p->server = server;
	strlcpy(p->name, fs->servername, sizeof(p->name));
	mapping = mapping_options(server, mapping_user);
	if (!ion_provider_parse(p, fs->options, &error) ||
		!ion_provider_parse_mapping(p, mapping, read_files, &error))
		strlcpy(p->problem, error.message, sizeof(p->problem));
	else if (p->transport == ION_TRANSPORT_SMTP && (p->token != NULL || p->key != NULL))
		strlcpy(p->problem, "the user mapping has a token or secret, which transport smtp cannot use", sizeof(p->problem));
	fingerprint(p, fs->options, mapping);
	MemoryContextSwitchTo(old);
	return p;
}

/*
 * A digest of name, options and credentials as read, files included: when it
 * is the same, connections and health may be kept across a reading.
 */
static void
fingerprint(IonProvider *p, List *server, List *mapping)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	List	   *lists[2] = {server, mapping};
	const char *credentials[2] = {p->password, p->token};

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
	{
		/* without a digest every reading counts as a change */
		EVP_MD_CTX_free(md);
		snprintf(p->fingerprint, sizeof(p->fingerprint), "%p", (void *) p);
		return;
	}
	EVP_DigestUpdate(md, p->name, strlen(p->name) + 1);
	for (int i = 0; i < 2; i++)
	{
		ListCell   *lc;

		foreach(lc, lists[i])
		{
			DefElem    *def = (DefElem *) lfirst(lc);
			const char *value = defGetString(def);

			EVP_DigestUpdate(md, def->defname, strlen(def->defname) + 1);
			EVP_DigestUpdate(md, value, strlen(value) + 1);
		}
		if (credentials[i] != NULL)
			EVP_DigestUpdate(md, credentials[i], strlen(credentials[i]) + 1);
	}
	EVP_DigestUpdate(md, p->secret_digest, sizeof(p->secret_digest));
	EVP_DigestFinal_ex(md, digest, &length);
	EVP_MD_CTX_free(md);
	for (unsigned int i = 0; i < Min(length, 32); i++)
		snprintf(p->fingerprint + i * 2, 3, "%02x", digest[i]);
}

/* The mapping of user, else PUBLIC's, else none. */
static List *
mapping_options(Oid server, Oid user)
{
	HeapTuple	tuple;
	Datum		options;
	bool		isnull;
	List	   *list = NIL;

	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user), ObjectIdGetDatum(server));
	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	options = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple, Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		list = untransformRelOptions(options);
	ReleaseSysCache(tuple);
	return list;
}

static void
wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
}

void
ion_provider_free(IonProvider *p)
{
	ion_webhook_key_free(p->key);
	wipe(p->password);
	wipe(p->token);
	MemoryContextDelete(p->cxt);
}
