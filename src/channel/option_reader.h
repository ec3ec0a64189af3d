/*-------------------------------------------------------------------------
 *
 * option_reader.h
 *	  How each kind of provider option is read; private to provider_options.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_OPTION_READER_H
#define ION_CHANNEL_OPTION_READER_H

#include "channel/provider.h"

typedef struct OptionContext
{
	IonProvider *p;
	IonOptionError *error;
	bool		seen_tls;
	bool		seen_timeout;
	bool		seen_in_flight;
	bool		seen_unknown;
	bool		seen_retry;
	const char *body_text;		/* parsed last: needs format */
	const char *file[4];		/* user mapping: *_file values */
} OptionContext;

/* Each reads one value into c->p; false with c->error filled. */
extern bool ion_option_read_transport(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_channel(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_url(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_sender(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_bool(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_number(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_duration(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_retry(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_choice(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_line(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_headers(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_body(OptionContext *c, const char *name, const char *value);
extern bool ion_option_read_credential(OptionContext *c, const char *name, const char *value);

/* A JSON object of name → template. */
extern bool ion_option_read_fields(OptionContext *c, const char *name, const char *value, int max, IonField **fields, int *n);

/* Fill *error; always false, so that a reader can return it. */
extern bool ion_option_fail(IonOptionError *error, int sqlstate, const char *hint, const char *fmt,...) pg_attribute_printf(4, 5);

#endif							/* ION_CHANNEL_OPTION_READER_H */
