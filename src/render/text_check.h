/*-------------------------------------------------------------------------
 *
 * text_check.h
 *	  Questions about a run of bytes that claims to be UTF-8 text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEXT_CHECK_H
#define ION_RENDER_TEXT_CHECK_H

#include "base/pure.h"

extern int	ion_text_char_bytes(const char *s, size_t len);
extern bool ion_text_is_utf8(const char *s, size_t len);
extern bool ion_text_is_ascii(const char *s, size_t len);
extern bool ion_text_has_control(const char *s, size_t len);
extern int	ion_text_char_count(const char *s, size_t len);

#endif							/* ION_RENDER_TEXT_CHECK_H */
