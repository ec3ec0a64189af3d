/*-------------------------------------------------------------------------
 *
 * layout_cache.h
 *	  Organizations' layouts as a process keeps them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_LAYOUT_CACHE_H
#define ION_CHANNEL_LAYOUT_CACHE_H

#include "postgres.h"

#include "channel/kept.h"
#include "render/notice.h"

typedef struct IonLayoutKept
{
	IonKept		kept;
	bool		exists;			/* the organization or one above it has one */
	IonLayout	layout;
	const char *unsubscribe_url;	/* the page a citizen leaves by, or NULL */
} IonLayoutKept;

/*
 * The layout of an organization, never NULL.  Pin it (ion_kept_pin) to use it
 * past the next call.  Runs between SPI_connect and SPI_finish, as the owner.
 */
extern IonLayoutKept *ion_layout_get(const char *organization);

#endif							/* ION_CHANNEL_LAYOUT_CACHE_H */
