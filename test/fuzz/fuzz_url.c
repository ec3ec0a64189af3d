/* units: src/net/url_check.c src/net/address_policy.c */
/*
 * fuzz_url.c
 *	  URLs from nowhere: what is taken must hold its promises.
 */
#include "base/pure.h"

#include "net/address_policy.h"
#include "net/url_check.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

/* scheme://destination must parse to the same thing again. */
static void
check_round_trip(const IonUrl *url)
{
	char		redacted[ION_URL_REDACTED_MAX];
	char		first[ION_URL_DESTINATION_MAX];
	char		second[ION_URL_DESTINATION_MAX];
	IonUrl		again;

	require(ion_url_redacted(url, redacted, sizeof(redacted)));
	require(ion_url_destination(url, first, sizeof(first)));
	require(ion_url_parse(redacted, &again, NULL));
	require(ion_url_destination(&again, second, sizeof(second)));
	require(strcmp(first, second) == 0);
	require(strcmp(url->scheme, again.scheme) == 0);
	require(again.port_given);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	const char *error;
	IonUrl		url;

	memcpy(text, data, size);
	text[size] = '\0';
	if (ion_url_parse(text, &url, &error))
	{
		require(error == NULL);
		require(url.port >= 1 && url.port <= 65535);
		require(url.host[0] != '\0' && url.scheme[0] != '\0');
		require(url.path_offset <= strlen(text));
		require(text[url.path_offset] == '\0' || text[url.path_offset] == '/' ||
				text[url.path_offset] == '?');
		for (const char *p = url.host; *p != '\0'; p++)
			require(*p > ' ' && *p < 0x7F && *p != '@' && *p != '%' &&
					!(*p >= 'A' && *p <= 'Z'));
		check_round_trip(&url);
		ion_address_text_is_private(url.host);
	}
	else
		require(error != NULL && url.host[0] == '\0');
	ion_address_text_is_private(text);
	free(text);
	return 0;
}
