/* units: src/net/url_check.c */
/*
 * test_url_check.c
 *	  URLs taken apart, and every reason to refuse one.
 */
#include "base/pure.h"

#include "net/url_check.h"
#include "tap.h"

typedef struct Good
{
	const char *url;
	const char *scheme;
	const char *host;
	int			port;
	bool		port_given;
	const char *path;			/* what path_offset points at */
	const char *destination;
} Good;

static const Good goods[] = {
	{"https://app.example.it/hooks/io", "https", "app.example.it", 443, false, "/hooks/io", "app.example.it:443"},
	{"http://app.example.it", "http", "app.example.it", 80, false, "", "app.example.it:80"},
	{"HTTPS://APP.Example.IT:8443/Path?Q=1", "https", "app.example.it", 8443, true, "/Path?Q=1", "app.example.it:8443"},
	{"http://a?x=1", "http", "a", 80, false, "?x=1", "a:80"},
	{"http://a:1/", "http", "a", 1, true, "/", "a:1"},
	{"http://a:65535", "http", "a", 65535, true, "", "a:65535"},
	{"http://a:00080/", "http", "a", 80, true, "/", "a:80"},
	{"https://example.it./x", "https", "example.it", 443, false, "/x", "example.it:443"},
	{"https://example.it.:444/x", "https", "example.it", 444, true, "/x", "example.it:444"},
	{"smtp://127.0.0.1:25", "smtp", "127.0.0.1", 25, true, "", "127.0.0.1:25"},
	{"smtp://relay", "smtp", "relay", 25, false, "", "relay:25"},
	{"smtps://relay/client.example.it", "smtps", "relay", 465, false, "/client.example.it", "relay:465"},
	{"imap://box", "imap", "box", 143, false, "", "box:143"},
	{"imaps://box", "imaps", "box", 993, false, "", "box:993"},
	{"https://[2001:DB8::1]/x", "https", "2001:db8::1", 443, false, "/x", "[2001:db8::1]:443"},
	{"https://[0:0:0:0:0:0:0:1]:8443", "https", "::1", 8443, true, "", "[::1]:8443"},
	{"http://xn--citt-3na.example.it/", "http", "xn--citt-3na.example.it", 80, false, "/", "xn--citt-3na.example.it:80"},
	{"http://my_service.internal/", "http", "my_service.internal", 80, false, "/", "my_service.internal:80"},
	{"http://a/b@c:d", "http", "a", 80, false, "/b@c:d", "a:80"},
	{"http://a?mail=b@c", "http", "a", 80, false, "?mail=b@c", "a:80"},
	{"http://a//evil.example/../x%0d%0a", "http", "a", 80, false, "//evil.example/../x%0d%0a", "a:80"},
	{"http://a-b.c--d.e1/", "http", "a-b.c--d.e1", 80, false, "/", "a-b.c--d.e1:80"}
};

/* The host of each stays text: address_policy.c judges what it resolves to. */
static const char *const disguises[][2] = {
	{"http://127.0.0.1/", "127.0.0.1"}, {"http://2130706433/", "2130706433"},
	{"http://0x7f000001/", "0x7f000001"},
	{"http://017700000001/", "017700000001"}, {"http://127.1/", "127.1"},
	{"http://0x7f.1/", "0x7f.1"}, {"http://0177.0.0.1/", "0177.0.0.1"},
	{"http://0X7F.0.0.1/", "0x7f.0.0.1"}, {"http://127.0.1/", "127.0.1"},
	{"http://0/", "0"}, {"http://0.0.0.0/", "0.0.0.0"},
	{"http://2852039166/", "2852039166"},
	{"http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"},
	{"http://[::]/", "::"}, {"http://[::1]/", "::1"},
	{"http://[::ffff:7f00:1]/", "::ffff:127.0.0.1"},
	{"http://[64:ff9b::7f00:1]/", "64:ff9b::7f00:1"}
};

typedef struct Bad
{
	const char *url;
	const char *part;			/* words the error must contain */
} Bad;

static const Bad bads[] = {
	{NULL, "empty"}, {"", "empty"},
	{"http://a/\n", "control"}, {"http://a\r\nHost: b/", "control"},
	{"http://a/\x7f", "control"}, {"http://a/\x01", "control"},
	{"\thttp://a/", "control"}, {"http://a/b\t", "control"},
	{" http://a/", "space"}, {"http://a/b c", "space"}, {"http://a b/", "space"},
	{"http://citt\xc3\xa0.it/", "A-label"}, {"http://a/\xe2\x82\xac", "A-label"},
	{"http://a\xff/", "A-label"},
	{"http://a\\b/", "backslash"}, {"http:\\\\a/", "backslash"},
	{"http://a/b\\", "backslash"},
	{"http://a/#x", "fragment"}, {"http://a#@b/", "fragment"},
	{"ftp://a/", "scheme"}, {"file:///etc/passwd", "scheme"},
	{"gopher://a/", "scheme"}, {"a.example.it/x", "scheme"}, {"//a/", "scheme"},
	{"://a", "scheme"}, {"httpss://a", "scheme"}, {"htt", "scheme"},
	{"http", "scheme"}, {"http:", "\"://\""}, {"http:a", "\"://\""},
	{"http:/a", "\"://\""},
	{"http://u:p@a/", "user information"}, {"http://u@a/", "user information"},
	{"http://@a/", "user information"}, {"http://a:80@b/", "user information"},
	{"http://[::1]@b/", "user information"},
	{"http://good.example%40evil/", "percent"}, {"http://127.0.0.1%2f/", "percent"},
	{"http://", "no host"}, {"http:///x", "no host"}, {"http://?x", "no host"},
	{"http://:80/", "no host"},
	{"http://./", "empty label"}, {"http://../", "empty label"},
	{"http://.a/", "empty label"}, {"http://a..b/", "empty label"},
	{"http://a../", "empty label"},
	{"http://-a/", "hyphen"}, {"http://a-/", "hyphen"}, {"http://a.-b/", "hyphen"},
	{"http://a-.b/", "hyphen"}, {"http://a-./", "hyphen"},
	{"http://a,b/", "character"}, {"http://a;b/", "character"},
	{"http://a&b/", "character"}, {"http://a*b/", "character"},
	{"http://<a>/", "character"}, {"http://a'b/", "character"},
	{"http://a]/", "character"}, {"http://a[::1]/", "character"},
	{"http://a:/", "port is empty"}, {"http://[::1]:/", "port is empty"},
	{"http://a:0/", "65535"}, {"http://a:65536/", "65535"},
	{"http://a:99999/", "65535"}, {"http://a:4294967376/", "65535"},
	{"http://a:-1/", "65535"}, {"http://a:+80/", "65535"},
	{"http://a:8o/", "65535"}, {"http://a:80:80/", "65535"},
	{"http://a:0x50/", "65535"}, {"http://::1/", "no host"},
	{"http://2001:db8::1/", "65535"},
	{"http://[::1/", "bracket"}, {"http://[::1]x/", "closing bracket"},
	{"http://[::1]80/", "closing bracket"},
	{"http://[]/", "IPv6"}, {"http://[127.0.0.1]/", "IPv6"},
	{"http://[::g]/", "IPv6"}, {"http://[fe80::1%25eth0]/", "IPv6"},
	{"http://[fe80::1%eth0]/", "IPv6"}, {"http://[v1.x]/", "IPv6"},
	{"http://[1:2:3:4:5:6:7:8:9]/", "IPv6"},
	{"http://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]/", "IPv6"}
};

static void
check_good(const Good *g)
{
	IonUrl		url;
	const char *error = "unset";
	char		buf[ION_URL_DESTINATION_MAX];

	ok(ion_url_parse(g->url, &url, &error), "%s is taken", g->url);
	ok(error == NULL, "  no error");
	is_str(url.scheme, g->scheme, "  scheme");
	is_str(url.host, g->host, "  host");
	is_int(url.port, g->port, "  port");
	is_int(url.port_given, g->port_given, "  port given");
	is_str(g->url + url.path_offset, g->path, "  path");
	ok(ion_url_destination(&url, buf, sizeof(buf)), "  destination fits");
	is_str(buf, g->destination, "  destination");
}

static void
check_bad(const Bad *b)
{
	IonUrl		url;
	IonUrl		zero;
	const char *error = NULL;

	memset(&zero, 0, sizeof(zero));
	memset(&url, 0x55, sizeof(url));
	ok(!ion_url_parse(b->url, &url, &error), "refused: %s",
	   b->part);
	if (!ok(error != NULL && strstr(error, b->part) != NULL, "  and why"))
		printf("#   url %s: got: %s\n", b->url ? b->url : "(null)", error ? error : "(null)");
	ok(memcmp(&url, &zero, sizeof(url)) == 0, "  nothing is left behind");
	ok(!ion_url_parse(b->url, &url, NULL), "  the error is optional");
}

static void
check_lengths(void)
{
	char		text[ION_URL_MAX + 2];
	char		host[400];
	IonUrl		url;
	const char *error;

	memset(text, 'x', sizeof(text));
	memcpy(text, "http://a/", 9);
	text[ION_URL_MAX] = '\0';
	ok(ion_url_parse(text, &url, NULL), "2048 bytes are taken");
	text[ION_URL_MAX] = 'x';
	text[ION_URL_MAX + 1] = '\0';
	ok(!ion_url_parse(text, &url, &error), "2049 bytes are refused");
	ok(strstr(error, "2048") != NULL, "and the limit is named");

	strcpy(host, "http://");
	memset(host + 7, 'a', 63);
	host[70] = '\0';
	ok(ion_url_parse(host, &url, NULL), "a label of 63 bytes");
	strcpy(host + 70, "a");
	ok(!ion_url_parse(host, &url, &error), "a label of 64 bytes");
	ok(strstr(error, "63") != NULL, "and the limit is named");

	for (int i = 0; i < 253; i++)
		host[7 + i] = i % 4 == 3 ? '.' : 'a';
	host[7 + 253] = '\0';
	ok(ion_url_parse(host, &url, NULL), "a host of 253 bytes");
	is_int(strlen(url.host), 253, "is kept whole");
	strcpy(host + 7 + 253, ".");
	ok(ion_url_parse(host, &url, NULL), "253 bytes and the root dot");
	strcpy(host + 7 + 253, "b");
	ok(!ion_url_parse(host, &url, &error), "a host of 254 bytes");
	ok(strstr(error, "253") != NULL, "and the limit is named");
}

static void
check_buffers(void)
{
	char		text[400] = "https://";
	char		buf[ION_URL_REDACTED_MAX];
	char		small[6];
	IonUrl		url;

	ok(ion_url_parse("https://[::1]:8443/secret?token=abc", &url, NULL), "parsed");
	ok(ion_url_redacted(&url, buf, sizeof(buf)), "redacted fits");
	is_str(buf, "https://[::1]:8443", "redacted holds no path and no query");
	ok(!ion_url_redacted(&url, buf, 18), "one byte short");
	is_str(buf, "", "leaves an empty text");
	ok(ion_url_redacted(&url, buf, 19), "just enough");
	ok(!ion_url_destination(&url, small, sizeof(small)), "destination too long");
	is_str(small, "", "leaves an empty text");
	small[0] = 'x';
	ok(!ion_url_destination(&url, small, 0), "no room at all");
	ok(small[0] == 'x', "writes nothing");

	for (int i = 0; i < 253; i++)
		text[8 + i] = i % 4 == 3 ? '.' : 'a';
	strcpy(text + 8 + 253, ":65535");
	ok(ion_url_parse(text, &url, NULL), "the longest host");
	ok(ion_url_redacted(&url, buf, sizeof(buf)), "fits in the named size");
	is_str(buf, text, "and is whole");
}

int
main(void)
{
	for (size_t i = 0; i < lengthof(goods); i++)
		check_good(&goods[i]);
	for (size_t i = 0; i < lengthof(disguises); i++)
	{
		IonUrl		url;

		ok(ion_url_parse(disguises[i][0], &url, NULL), "%s", disguises[i][0]);
		is_str(url.host, disguises[i][1], "  host as text");
	}
	for (size_t i = 0; i < lengthof(bads); i++)
		check_bad(&bads[i]);
	check_lengths();
	check_buffers();
	return done_testing();
}
