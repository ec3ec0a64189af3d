/*-------------------------------------------------------------------------
 *
 * large_tables.h
 *	  Keeps kept plans from being made for empty tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_LARGE_TABLES_H
#define ION_BASE_LARGE_TABLES_H

/* Hook the planner; called once from _PG_init. */
extern void ion_large_tables_install(void);

#endif							/* ION_BASE_LARGE_TABLES_H */
