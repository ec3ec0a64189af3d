/*-------------------------------------------------------------------------
 *
 * quota.h
 *	  Daily and monthly quotas of services, counted to the unit.
 *
 * Call these for services that have quotas (IonService.has_quotas).  They run
 * between SPI_connect and SPI_finish as the tables' owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_QUOTA_H
#define ION_QUEUE_QUOTA_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* What one statement draws; allocated in the current context. */
typedef struct IonQuotaUse IonQuotaUse;

extern IonQuotaUse *ion_quota_begin(void);

/*
 * How many messages of service are still to draw: asked for before the first
 * of them, so that a statement is served or refused as a whole instead of
 * holding some units while it waits for the others.  Only the first few
 * services of a statement are worth the counting: then ion_quota_expects.
 */
extern bool ion_quota_expects(const IonQuotaUse *use, const char *service);
extern void ion_quota_expect(IonQuotaUse *use, const char *service, int64 n);

/*
 * Draw n units of service's quota for channel (an IonChannel's name; "" means
 * messages).  True: drawn.
 *
 * False, only with defer: the quota has no unit left and *retry_at says when
 * to come back.  A message (channel "") asks again then.  A delivery need
 * not: its unit is drawn already, from the first period that has one, and
 * *retry_at is where that period begins.
 *
 * Without defer a used up quota is error 53400 with the limit, what remains
 * and the time to retry; where the last units are held by transactions still
 * in progress, the caller waits for them to end.  With defer nobody waits:
 * workers always say defer.
 */
extern bool ion_quota_draw(IonQuotaUse *use, const char *service, const char *channel, int64 n, bool defer, TimestampTz *retry_at);

/* Count n units whatever the limit: what an emergency uses. */
extern void ion_quota_count(IonQuotaUse *use, const char *service, const char *channel, int64 n);

/* Write down what was drawn; nothing more may be drawn with use. */
extern void ion_quota_end(IonQuotaUse *use);

#endif							/* ION_QUEUE_QUOTA_H */
