/*-------------------------------------------------------------------------
 *
 * template_lint.h
 *	  What is wrong with a template's text, and what may surprise its author.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_LINT_H
#define ION_RENDER_TEMPLATE_LINT_H

#include "render/json_value.h"

/* A text as it stands in io_notify.template; NULL where that is null. */
typedef struct IonLintedText
{
	bool		is_partial;
	const char *channel;
	const char *subject;
	const char *markdown;
	const IonValue *parameters; /* the declaration in force */
	const IonValue *partials;	/* object: all it needs by name; null for one
								 * there is none of */
	int			sms_max_segments;	/* 0: not known */
} IonLintedText;

/* problem: one sentence without a full stop, valid during the call. */
typedef void (*IonLintFound) (void *arg, bool is_error, const char *problem);

/*
 * Tell found what keeps the text from being approved (is_error) and what its
 * author should know.  Subject and markdown must parse; if they do not, that
 * is the only problem told.
 */
extern void ion_template_lint(const IonLintedText *text, IonLintFound found, void *arg);

#endif							/* ION_RENDER_TEMPLATE_LINT_H */
