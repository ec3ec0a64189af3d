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
 * gets it: it is what the client wrote.  Not so while we route: the rows are
 * ours then, and a citizen's address is none of the sender's business.  Looking for a duplicate before the
 * insert would not do: a trigger cannot know of ON CONFLICT, and would refuse
 * what the statement is ready to handle.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/log_guard.h"
#include "io_notify.h"

#define NOT_SHOWN "The row is not shown: it may hold personal data."

static emit_log_hook_type previous_hook = NULL;

static void guard(ErrorData *edata);
static bool is_integrity_error(int sqlerrcode);
static void hide(void *arg);
static void hide_rows(void *arg);
static void begin(ErrorContextCallback *frame, void (*callback) (void *arg));

void
ion_log_guard_install(void)
{
	previous_hook = emit_log_hook;
	emit_log_hook = guard;
}

static bool
is_integrity_error(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION;
}

/* Runs in the error's own memory context. */
static void
guard(ErrorData *edata)
{
	if (edata->schema_name != NULL && strcmp(edata->schema_name, ION_SCHEMA) == 0 &&
		is_integrity_error(edata->sqlerrcode))
	{
		edata->hide_stmt = true;
		edata->hide_ctx = true;
		if (edata->detail != NULL)
			edata->detail_log = pstrdup(NOT_SHOWN);
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

static void
hide_rows(void *arg)
{
	hide(arg);
	if (is_integrity_error(geterrcode()))
		errdetail(NOT_SHOWN);
}

void
ion_hide_begin(ErrorContextCallback *frame)
{
	begin(frame, hide);
}

void
ion_hide_rows_begin(ErrorContextCallback *frame)
{
	begin(frame, hide_rows);
}

static void
begin(ErrorContextCallback *frame, void (*callback) (void *arg))
{
	frame->callback = callback;
	frame->arg = NULL;
	frame->previous = error_context_stack;
	error_context_stack = frame;
}

void
ion_hide_end(const ErrorContextCallback *frame)
{
	error_context_stack = frame->previous;
}
