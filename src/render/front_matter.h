/*-------------------------------------------------------------------------
 *
 * front_matter.h
 *	  The YAML block at the head of a message's Markdown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_FRONT_MATTER_H
#define ION_RENDER_FRONT_MATTER_H

#include "base/pure.h"

/*
 * Octets of the front matter at the start of markdown[0..len), blank lines
 * after it included; 0 when there is none.  What follows is the text a person
 * reads.
 */
extern size_t ion_front_matter_length(const char *markdown, size_t len);

#endif							/* ION_RENDER_FRONT_MATTER_H */
