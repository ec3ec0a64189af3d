/*-------------------------------------------------------------------------
 *
 * notice_style.h
 *	  How a notice looks: its colours, its style sheet, its inline styles.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_NOTICE_STYLE_H
#define ION_RENDER_NOTICE_STYLE_H

#include "base/pure.h"

#include "render/color.h"

/* The colours that follow from an organization's one; ready for a style. */
typedef struct IonNoticeStyle
{
	char		band[ION_COLOR_TEXT_SIZE];	/* behind the organization's name */
	char		band_text[ION_COLOR_TEXT_SIZE];
	char		accent[ION_COLOR_TEXT_SIZE];	/* links on a light ground */
	char		accent_dark[ION_COLOR_TEXT_SIZE];	/* links on a dark ground */
} IonNoticeStyle;

/* Colours of the sheet the notice is written on. */
#define ION_STYLE_PAGE		"#eef2f6"
#define ION_STYLE_SHEET		"#ffffff"
#define ION_STYLE_PANEL		"#f2f5f8"
#define ION_STYLE_TEXT		"#17324d"
#define ION_STYLE_MUTED		"#455b71"
#define ION_STYLE_LINE		"#d0d9e2"
#define ION_STYLE_FONT		"'Titillium Web','Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

/* primary is "#rrggbb"; NULL or anything else gives our own. */
extern void ion_notice_style(IonNoticeStyle *style, const char *primary);

/* Appends the style element: what inline styles cannot say. */
extern void ion_notice_style_sheet(StringInfo out, const IonNoticeStyle *style);

/*
 * Appends HTML as ion_markdown_to_html() makes it, with inline styles for the
 * readers that drop style sheets, and its headings put below a first-level
 * heading without gaps.
 */
extern void ion_notice_style_html(StringInfo out, const char *html, size_t len,
								  const IonNoticeStyle *style);

#endif							/* ION_RENDER_NOTICE_STYLE_H */
