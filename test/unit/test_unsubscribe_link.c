/* units: src/render/unsubscribe_link.c src/render/notice_part.c src/render/front_matter.c src/render/phrase.c src/render/mime.c src/render/mime_header.c src/render/mime_transfer.c src/render/mail_address.c src/render/text_check.c */
#include "base/pure.h"

#include "render/notice.h"
#include "render/unsubscribe_link.h"
#include "tap.h"

#define TOKEN "AbC-_019"

static void
url_is(const char *base, const char *want)
{
	StringInfoData out;
	const char *error = NULL;

	initStringInfo(&out);
	appendStringInfoString(&out, "x");
	if (!ok(ion_unsubscribe_url(&out, base, TOKEN, &error), "taken: %s", base))
		printf("# %s\n", error);
	is_str(out.data + 1, want, "and the token is in it");
	pfree(out.data);
}

static void
refused(const char *base, const char *token)
{
	StringInfoData out;
	const char *error = NULL;

	initStringInfo(&out);
	appendStringInfoString(&out, "x");
	ok(!ion_unsubscribe_url(&out, base, token, &error) && error != NULL, "refused: %s, %s", base, token);
	is_str(out.data, "x", "and nothing is written");
	pfree(out.data);
}

static void
test_header(void)
{
	IonMail		mail = {0};
	IonMailHeader headers[ION_UNSUBSCRIBE_HEADERS];
	StringInfoData url;
	StringInfoData out;
	const char *error = NULL;
	char	   *base = psprintf("https://comune.example.it/%0*d/{token}", 600, 7);

	initStringInfo(&url);
	initStringInfo(&out);
	ok(ion_unsubscribe_url(&url, base, TOKEN, &error), "a long URL");
	ion_unsubscribe_headers(headers, url.data);
	mail.from_addr = "a@example.it";
	mail.to_addr = "b@example.it";
	mail.subject = "Avviso";
	mail.text = "x\n";
	mail.message_id = "1@example.it";
	mail.boundary_seed = "1";
	mail.extra = headers;
	mail.n_extra = ION_UNSUBSCRIBE_HEADERS;
	ok(ion_mail_build(&mail, &out, &error), "a mail with both fields");
	ok(strstr(out.data, psprintf("\r\nList-Unsubscribe: <%s>\r\n", url.data)) != NULL, "the URL stands on one line, in angle brackets");
	ok(strstr(out.data, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") != NULL, "one click is announced as the standard says");
}

int
main(void)
{
	url_is("https://comune.example.it/u/{token}", "https://comune.example.it/u/" TOKEN);
	url_is("https://comune.example.it/{token}/stop?lang=it", "https://comune.example.it/" TOKEN "/stop?lang=it");
	url_is("https://comune.example.it/u?t={token}&x=1", "https://comune.example.it/u?t=" TOKEN "&x=1");
	url_is("https://comune.example.it?t={token}", "https://comune.example.it?t=" TOKEN);
	url_is("https://comune.example.it/u", "https://comune.example.it/u?token=" TOKEN);
	url_is("https://comune.example.it", "https://comune.example.it?token=" TOKEN);
	url_is("https://comune.example.it/u?lang=it", "https://comune.example.it/u?lang=it&token=" TOKEN);
	url_is("HTTPS://comune.example.it:8443/u", "HTTPS://comune.example.it:8443/u?token=" TOKEN);

	refused("http://comune.example.it/u", TOKEN);
	refused("mailto:u@example.it", TOKEN);
	refused("javascript:https://x/", TOKEN);
	refused("https://", TOKEN);
	refused("https:///u", TOKEN);
	refused("", TOKEN);
	refused("https://{token}.example.it/", TOKEN);
	refused("https://comune.example.it{token}", TOKEN);
	refused("https://comune.example.it/{token}/{token}", TOKEN);
	refused("https://comune.example.it/{altro}", TOKEN);
	refused("https://comune.example.it/u#x", TOKEN);
	refused("https://comune.example.it/u x", TOKEN);
	refused("https://comune.example.it/u>\r\nBcc: x@y.it", TOKEN);
	refused("https://comune.example.it/u>,<mailto:x@y.it", TOKEN);
	refused("https://comune.example.it/\"onclick=", TOKEN);
	refused("https://citt\xc3\xa0.example.it/u", TOKEN);
	refused(psprintf("https://comune.example.it/%0*d", ION_NOTICE_URL_MAX, 7), TOKEN);
	refused("https://comune.example.it/u", "");
	refused("https://comune.example.it/u", "a b");
	refused("https://comune.example.it/u", "a>b");
	refused("https://comune.example.it/u", "a%0d%0a");
	test_header();
	return done_testing();
}
