/*-------------------------------------------------------------------------
 *
 * log_guard.c
 *	  Keeping personal data out of the server log.
 *
 * An error takes three things into the log that may be a citizen's: the
 * statement, its parameters (in the context) and, when a constraint fails,
 * the row or the key (in the detail).  Our own messages name columns, never
 * values; this file sees to the rest.
 *
 * Where we run (triggers, the door), an error context callback hides the
 * statement of every error raised meanwhile, the server's own included.  It
 * may do so because callbacks run while the error is being put together.
 *
 * A constraint fails after our triggers have returned, so a hook on the log
 * takes the detail of integrity errors of our tables away.  The client still
 * gets it: it is what the client wrote.  Looking for a duplicate before the
 * insert would not do: a trigger cannot know of ON CONFLICT, and would refuse
 * what the statement is ready to handle.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/log_guard.h"
#include "io_notify.h"

static emit_log_hook_type previous_hook = NULL;

static void guard(ErrorData *edata);
static void hide(void *arg);

void
ion_log_guard_install(void)
{
	previous_hook = emit_log_hook;
	emit_log_hook = guard;
}

/* Runs in the error's own memory context. */
static void
guard(ErrorData *edata)
{
	if (edata->schema_name != NULL && strcmp(edata->schema_name, ION_SCHEMA) == 0 &&
		ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
	{
		edata->hide_stmt = true;
		edata->hide_ctx = true;
		if (edata->detail != NULL)
			edata->detail_log = pstrdup("The row is not shown: it may hold personal data.");
	}
	if (previous_hook != NULL)
		previous_hook(edata);
}

static void
hide(void *arg)
{
	(void) arg;
	errhidestmt(true);
	errhidecontext(true);
}

void
ion_hide_begin(ErrorContextCallback *frame)
{
	frame->callback = hide;
	frame->arg = NULL;
	frame->previous = error_context_stack;
	error_context_stack = frame;
}

void
ion_hide_end(const ErrorContextCallback *frame)
{
	error_context_stack = frame->previous;
}
