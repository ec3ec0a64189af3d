/*-------------------------------------------------------------------------
 *
 * json_compat.h
 *	  What changed in PostgreSQL's JSON parser between majors.
 *
 * 15: the callbacks of JsonSemAction return nothing, so they cannot stop the
 *	   parse: a builder that failed must ignore the calls that follow.
 * 16: they return JsonParseErrorType and can stop it.
 * 17: makeJsonLexContextCstringLen() takes the struct to fill first, and
 *	   freeJsonLexContext() exists.
 *
 * Everything else the project uses is the same in 15 to 18.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_COMPAT_JSON_COMPAT_H
#define ION_COMPAT_JSON_COMPAT_H

#include "base/pure.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

/*
 * Result type of a callback, and the last statement of one: ok says whether
 * the parse should go on.
 */
#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType IonJsonActionResult;

#define ION_JSON_ACTION_END(ok) \
	return (ok) ? JSON_SUCCESS : JSON_SEM_ACTION_FAILED
#else
typedef void IonJsonActionResult;

#define ION_JSON_ACTION_END(ok) \
	((void) (ok))
#endif

/*
 * A lexer over text[0..len), UTF-8, that unescapes strings.  The text is not
 * changed and must outlive the lexer.
 */
static inline JsonLexContext *
ion_json_lexer_create(const char *text, int len)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, (char *) text, len, PG_UTF8, true);
#else
	return makeJsonLexContextCstringLen((char *) text, len, PG_UTF8, true);
#endif
}

static inline void
ion_json_lexer_free(JsonLexContext *lex)
{
#if PG_VERSION_NUM >= 170000
	freeJsonLexContext(lex);
#else
	pfree(lex->strval->data);
	pfree(lex->strval);
	pfree(lex);
#endif
}

#endif							/* ION_COMPAT_JSON_COMPAT_H */
