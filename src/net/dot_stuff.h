/*-------------------------------------------------------------------------
 *
 * dot_stuff.h
 *	  Mail content as the DATA command of SMTP wants it.
 *
 * The content may come in pieces of any size: the two flags of IonDotStuff
 * are all that is remembered between them, so a large mail never needs a
 * second copy in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_DOT_STUFF_H
#define ION_NET_DOT_STUFF_H

#include "base/pure.h"

typedef struct IonDotStuff
{
	bool		line_start;		/* the next byte begins a line */
	bool		after_cr;		/* the last byte read was a CR */
} IonDotStuff;

typedef struct IonDotMeasure
{
	size_t		wire_size;		/* bytes once normalised, without added dots:
								 * what SIZE= of RFC 1870 counts */
	bool		eight_bit;		/* some byte is above 0x7f */
	bool		zero_byte;		/* some byte is zero: must not be sent */
} IonDotMeasure;

/* Bytes that length bytes of content can grow to in one ion_dot_stuff_add. */
#define ION_DOT_STUFF_GROWTH(length)	(2 * (length) + 1)

extern void ion_dot_stuff_init(IonDotStuff *stuff);
extern void ion_dot_stuff_add(IonDotStuff *stuff, StringInfo out,
							  const char *bytes, size_t length);
extern void ion_dot_stuff_end_line(IonDotStuff *stuff, StringInfo out);
extern void ion_dot_stuff_measure(IonDotMeasure *measure,
								  const char *bytes, size_t length);

#endif							/* ION_NET_DOT_STUFF_H */
