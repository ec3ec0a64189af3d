/*-------------------------------------------------------------------------
 *
 * html_page.c
 *	  HTML escaping, and the page around a message's body.
 *
 * The page refers to nothing outside itself (no image, font, script or style
 * sheet), so opening a notice tells nobody that it was opened.  It declares
 * its language for screen readers, scales on a phone, and follows the
 * reader's light or dark preference.  Nothing fails but the allocation.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/html_page.h"

/* Readable measure and contrast; type in relative units so zoom works. */
static const char page_style[] =
"body{margin:0;padding:0;background:#ffffff;color:#17324d;"
"font-family:Titillium Web,Segoe UI,Roboto,Helvetica,Arial,sans-serif;"
"font-size:1.0625rem;line-height:1.5}\n"
"main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem;overflow-wrap:break-word}\n"
"h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1.5em 0 .5em}\n"
"a{color:#0052a3;text-decoration:underline}\n"
"blockquote{margin:1em 0;padding:0 0 0 1em;border-left:.25rem solid #5a768a}\n"
"pre{white-space:pre-wrap;background:#f0f4f7;padding:.75em}\n"
"@media (prefers-color-scheme:dark){"
"body{background:#121820;color:#e8eef4}a{color:#8ec5ff}"
"pre{background:#1e2833}}\n";

/*
 * Appends len bytes of text as HTML text or attribute value: the five
 * characters with a meaning become references, all else stays.
 */
void
ion_html_escape(StringInfo out, const char *s, size_t len)
{
	size_t		done = 0;

	for (size_t i = 0; i < len; i++)
	{
		const char *reference;

		switch (s[i])
		{
			case '&':
				reference = "&amp;";
				break;
			case '<':
				reference = "&lt;";
				break;
			case '>':
				reference = "&gt;";
				break;
			case '"':
				reference = "&quot;";
				break;
			case '\'':
				reference = "&#39;";
				break;
			default:
				continue;
		}
		appendBinaryStringInfo(out, s + done, (int) (i - done));
		appendStringInfoString(out, reference);
		done = i + 1;
	}
	appendBinaryStringInfo(out, s + done, (int) (len - done));
}

/*
 * Appends a whole HTML document.  language (NULL when unknown) and title are
 * plain text and escaped here; body_html is markup the caller vouches for,
 * such as ion_markdown_to_html()'s.
 */
void
ion_html_page(StringInfo out, const char *language, const char *title,
			  const char *body_html)
{
	appendStringInfoString(out, "<!DOCTYPE html>\n<html");
	if (language)
	{
		appendStringInfoString(out, " lang=\"");
		ion_html_escape(out, language, strlen(language));
		appendStringInfoCharMacro(out, '"');
	}
	appendStringInfoString(out, ">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
						   "<meta name=\"color-scheme\" content=\"light dark\">\n"
						   "<title>");
	ion_html_escape(out, title, strlen(title));
	appendStringInfoString(out, "</title>\n<style>\n");
	appendStringInfoString(out, page_style);
	appendStringInfoString(out, "</style>\n</head>\n<body>\n<main>\n");
	appendStringInfoString(out, body_html);
	appendStringInfoString(out, "</main>\n</body>\n</html>\n");
}
