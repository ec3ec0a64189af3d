/*-------------------------------------------------------------------------
 *
 * notice_style.c
 *	  How a notice looks: its colours, its style sheet, its inline styles.
 *
 * Mail readers differ in what they keep of a style: some drop the style
 * element, some know no media queries.  So the plain look, light and for any
 * width, is inline; the style element only adds dark mode, small screens and
 * print, and its rules win by !important.
 *
 * The HTML styled here is cmark's.  cmark writes "<" for its own tags only and
 * ">" for nothing else in them, so tags are found by these characters.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/notice_style.h"

#define PRIMARY_DEFAULT	"#0055a4"

/* Colours of dark mode. */
#define DARK_PAGE	"#0f151c"
#define DARK_SHEET	"#18212b"
#define DARK_PANEL	"#222e3a"
#define DARK_TEXT	"#e6edf3"
#define DARK_MUTED	"#b4c1cd"
#define DARK_LINE	"#3a4856"

#define HEADING_LEVELS	6

/* Inline style of each tag that cmark writes and that needs one. */
static const struct
{
	const char *tag;
	const char *style;
}			tag_styles[] = {
	{"p", "margin:0 0 16px"},
	{"ul", "margin:0 0 16px;padding:0 0 0 24px"},
	{"ol", "margin:0 0 16px;padding:0 0 0 28px"},
	{"blockquote", "margin:0 0 16px;padding:0 0 0 16px;border-left:4px solid " ION_STYLE_LINE},
	{"pre", "margin:0 0 16px;padding:12px 16px;background-color:" ION_STYLE_PANEL
	";font-size:15px;white-space:pre-wrap;overflow-wrap:anywhere"},
	{"hr", "margin:24px 0;border:0;border-top:1px solid " ION_STYLE_LINE}
};

/* Inline style of headings, from the second level. */
static const char *const heading_styles[HEADING_LEVELS] = {
	NULL,
	"margin:28px 0 10px;font-size:21px;line-height:1.3;font-weight:700",
	"margin:24px 0 8px;font-size:19px;line-height:1.3;font-weight:700",
	"margin:20px 0 8px;font-size:17px;line-height:1.3;font-weight:700",
	"margin:20px 0 8px;font-size:17px;line-height:1.3;font-weight:600",
	"margin:20px 0 8px;font-size:17px;line-height:1.3;font-weight:600"
};

static void find_levels(const char *html, size_t len, int level[HEADING_LEVELS + 1]);
static const char *next_tag(const char *p, const char *end);
static int	heading_level(const char *tag, const char *end);
static bool tag_is(const char *tag, const char *end, const char *name);
static const char *style_of(const char *tag, const char *end);

void
ion_notice_style(IonNoticeStyle *style, const char *primary)
{
	IonColor	own;
	IonColor	panel;
	IonColor	dark_panel;

	if (!ion_color_parse(primary, &own))
		ion_color_parse(PRIMARY_DEFAULT, &own);
	ion_color_parse(ION_STYLE_PANEL, &panel);
	ion_color_parse(DARK_PANEL, &dark_panel);
	ion_color_write(own, style->band);
	ion_color_write(ion_color_text_on(own), style->band_text);
	/* the panels are nearer to the text's colour than the sheet is */
	ion_color_write(ion_color_readable(own, panel), style->accent);
	ion_color_write(ion_color_readable(own, dark_panel), style->accent_dark);
}

void
ion_notice_style_sheet(StringInfo out, const IonNoticeStyle *style)
{
	appendStringInfo(out,
					 "<style>\n"
					 ":root{color-scheme:light dark;supported-color-schemes:light dark}\n"
					 "body{-webkit-text-size-adjust:100%%;text-size-adjust:100%%}\n"
					 "a:focus{outline:3px solid #ff9900;outline-offset:2px}\n"
					 "@media (max-width:520px){"
					 ".pad{padding-left:20px!important;padding-right:20px!important}"
					 ".fact th,.fact td{display:block!important;width:auto!important;padding-right:0!important}"
					 ".fact th{padding-bottom:0!important}.fact td{padding-top:0!important}"
					 "h1{font-size:24px!important}}\n"
					 "@media (prefers-color-scheme:dark){"
					 ".page{background-color:" DARK_PAGE "!important}"
					 ".sheet{background-color:" DARK_SHEET "!important;color:" DARK_TEXT "!important}"
					 ".panel,.sheet pre{background-color:" DARK_PANEL "!important}"
					 ".muted{color:" DARK_MUTED "!important}"
					 ".line,.sheet hr,.sheet blockquote{border-color:" DARK_LINE "!important}"
					 ".sheet a{color:%s!important}.edge{border-color:%s!important}}\n"
					 "@media print{.page,.sheet{background:none!important;color:#000000!important}}\n"
					 "</style>\n", style->accent_dark, style->accent_dark);
}

void
ion_notice_style_html(StringInfo out, const char *html, size_t len,
					  const IonNoticeStyle *style)
{
	const char *end = html + len;
	const char *done = html;
	const char *tag = html;
	int			level[HEADING_LEVELS + 1];

	find_levels(html, len, level);
	while ((tag = next_tag(tag, end)) != NULL)
	{
		const char *close = memchr(tag, '>', end - tag);
		int			heading = heading_level(tag, end);
		const char *inline_style = style_of(tag, end);

		if (close == NULL)
			break;
		if (heading > 0)
		{
			/* "<h1" or "</h1": the digit is its last character */
			appendBinaryStringInfo(out, done, (int) (close - 1 - done));
			appendStringInfoCharMacro(out, (char) ('0' + level[heading]));
			done = close;
			if (tag[1] != '/')
				inline_style = heading_styles[level[heading] - 1];
		}
		if (inline_style != NULL || tag_is(tag, end, "a"))
		{
			const char *before = close[-1] == '/' ? close - 1 : close;	/* "<hr />" */

			while (before > done && before[-1] == ' ')
				before--;
			appendBinaryStringInfo(out, done, (int) (before - done));
			if (inline_style != NULL)
				appendStringInfo(out, " style=\"%s\"", inline_style);
			else
				appendStringInfo(out, " style=\"color:%s;text-decoration:underline\"", style->accent);
			done = before;
		}
		tag = close;
	}
	appendBinaryStringInfo(out, done, (int) (end - done));
}

/*
 * What becomes of each heading level: the levels in use follow each other from
 * 2 on, in their order, because the notice's subject is the only h1.
 */
static void
find_levels(const char *html, size_t len, int level[HEADING_LEVELS + 1])
{
	const char *end = html + len;
	bool		used[HEADING_LEVELS + 1] = {false};
	int			next = 2;

	for (const char *tag = html; (tag = next_tag(tag, end)) != NULL; tag++)
		used[heading_level(tag, end)] = true;
	for (int i = 1; i <= HEADING_LEVELS; i++)
	{
		level[i] = Min(next, HEADING_LEVELS);
		next += used[i];
	}
}

/* The next "<" from p on, or NULL. */
static const char *
next_tag(const char *p, const char *end)
{
	return p < end ? memchr(p, '<', end - p) : NULL;
}

/* 1 to 6 for the opening or closing tag of a heading, else 0. */
static int
heading_level(const char *tag, const char *end)
{
	const char *p = tag + 1;

	if (p < end && *p == '/')
		p++;
	if (end - p < 3 || p[0] != 'h' || p[1] < '1' || p[1] > '6' || p[2] != '>')
		return 0;
	return p[1] - '0';
}

/* Whether it is the opening tag of that name. */
static bool
tag_is(const char *tag, const char *end, const char *name)
{
	size_t		len = strlen(name);

	if ((size_t) (end - tag) < len + 2 || memcmp(tag + 1, name, len) != 0)
		return false;
	return tag[len + 1] == '>' || tag[len + 1] == ' ';
}

/* The inline style of an opening tag, or NULL. */
static const char *
style_of(const char *tag, const char *end)
{
	for (size_t i = 0; i < lengthof(tag_styles); i++)
	{
		if (tag_is(tag, end, tag_styles[i].tag))
			return tag_styles[i].style;
	}
	return NULL;
}
