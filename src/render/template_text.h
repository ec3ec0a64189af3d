/*-------------------------------------------------------------------------
 *
 * template_text.h
 *	  The texts of a template, one per channel and language: which is whose,
 *	  and filling it in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_TEXT_H
#define ION_RENDER_TEMPLATE_TEXT_H

#include "render/template.h"

#define ION_TEXT_CHANNEL_SMS	"sms"	/* its text is plain, not Markdown */
#define ION_TEXT_CHANNEL_PUSH	"push"	/* so is this one's */
#define ION_TEXT_DEFAULT_LANGUAGE "it"
#define ION_TEXT_LANGUAGE_MAX	35	/* bytes of a language tag */

/* A text as one provider registered it. */
typedef struct IonRegistration
{
	const char *provider;
	const char *provider_template_id;
	const char *pattern;		/* or NULL: see sms_pattern.h */
} IonRegistration;

/* The strings belong to whoever fills this in; compiled is ours. */
typedef struct IonTemplateText
{
	uint8		id[16];			/* the row's UUID */
	int			version;
	const char *channel;		/* "": every channel */
	const char *language;
	const char *subject;		/* or NULL */
	const char *markdown;		/* for an SMS: the text itself */
	const char *partials;		/* JSON object of texts by name, or NULL */
	const char *layout;			/* organization whose letterhead, or NULL */
	bool		calendar;		/* a due date comes with a calendar part */
	int			sms_max_segments;	/* 0: the service's */
	const IonRegistration *registrations;
	int			n_registrations;
	struct IonCompiledText *compiled;	/* NULL until first compiled */
} IonTemplateText;

/*
 * The text for a channel, by a list of languages, the most wanted first (NULL
 * entries are passed over): each language as it is, then without its subtags,
 * one after another (RFC 4647, section 3.4); if none of them has a text, the
 * first language in alphabetical order.  Within a language a text of the
 * channel's own comes before one for every channel: a citizen rather reads a
 * long text than one of another language.  NULL when no text is for the
 * channel.
 */
extern IonTemplateText *ion_template_text_choose(IonTemplateText *texts, int n, const char *channel,
												 const char *const *languages, int n_languages);

/* Whether the text is plain text rather than Markdown. */
extern bool ion_template_text_is_plain(const IonTemplateText *text);

/*
 * Parse subject, body and partials in the current context, which must live
 * as long as the text.  Does nothing the second time.  False with *err filled
 * when one of them is no template; it is not kept then.
 */
extern bool ion_template_text_compile(IonTemplateText *text, IonTemplateError *err);

/*
 * Append subject and body, filled in from params, to the buffers.  The text
 * must be compiled.  A text without subject leaves that buffer as it was.
 */
extern bool ion_template_text_render(const IonTemplateText *text, const IonValue *params,
									 StringInfo subject, StringInfo body, IonTemplateError *err);

/* What provider has registered of the text, or NULL. */
extern const IonRegistration *ion_template_text_registration(const IonTemplateText *text, const char *provider);

#endif							/* ION_RENDER_TEMPLATE_TEXT_H */
