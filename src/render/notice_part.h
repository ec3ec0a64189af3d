/*-------------------------------------------------------------------------
 *
 * notice_part.h
 *	  The parts of a notice, ready to be set as HTML or as text.
 *
 * Part of notice_html.c, notice_text.c and notice_push.c: what they show comes
 * from here, so no two of them can disagree about it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_NOTICE_PART_H
#define ION_RENDER_NOTICE_PART_H

#include "base/pure.h"

#include "render/notice.h"

#define ION_NOTICE_FACTS_MAX	4

/* Who writes, about what: each one clean line, or NULL. */
typedef struct IonNoticeHead
{
	char	   *organization;	/* the service where there is none */
	char	   *service;		/* NULL when it only repeats the organization */
	char	   *subject;		/* never NULL */
} IonNoticeHead;

/* One value from the notice's own columns. */
typedef struct IonNoticeFact
{
	const char *label;
	char	   *value;
	bool		digits;			/* read in groups: keep on one line */
} IonNoticeFact;

typedef struct IonNoticeFacts
{
	int			count;
	IonNoticeFact fact[ION_NOTICE_FACTS_MAX];
	bool		payment;		/* there is a payment among them */
	const char *remark;			/* a sentence after them, or NULL */
} IonNoticeFacts;

/* What stands below the text; strings NULL where there is none. */
typedef struct IonNoticeFoot
{
	const char *footer_markdown;
	const char *contacts_markdown;
	const char *website;
	const char *unsubscribe_url;
	char	   *unsubscribe_text;	/* never NULL */
	bool		unsubscribe_ours;	/* it is our phrase, in its language */
} IonNoticeFoot;

/* The notice's language tag; that of our phrases when it has none or an ill one. */
extern const char *ion_notice_language(const IonNotice *notice);

extern void ion_notice_head(const IonNotice *notice, IonNoticeHead *head);
extern bool ion_notice_facts(const IonNotice *notice, IonNoticeFacts *facts,
							 const char **error);
extern void ion_notice_foot(const IonNotice *notice, IonNoticeFoot *foot);

/*
 * A copy of a value as one line that cannot disturb what stands around it;
 * NULL for NULL and for what has nothing to show.
 */
extern char *ion_notice_line(const char *text);

/*
 * The Markdown a person reads: without front matter, and without controls, be
 * it those that reverse the direction of other people's text.  NULL and *error
 * when there is none.
 */
extern const char *ion_notice_markdown(const IonNotice *notice, size_t *len,
									   const char **error);

/* Whether a URL may become a link: its scheme, its length, no odd character. */
extern bool ion_notice_url_valid(const char *url, bool https_only);

#endif							/* ION_RENDER_NOTICE_PART_H */
