/*
 * smtp_script.h
 *	  Plays a dialogue against the SMTP machine from a list of lines.
 *
 * A step is a letter, a colon and a text:
 *	  C:bytes	 the machine's output, all of it, must be bytes
 *	  W:n		 write n bytes of output only (they count for the next C)
 *	  S:bytes	 the server says bytes
 *	  X: T:		 the peer closes; the deadline passes
 *	  M:n m:n	 give mail n; it must be taken / must not be taken
 *	  R:text	 a result must be there: "tag kind code[ stale][ fault][ bad address]|ref|detail",
 *				 or "tag held"
 *	  N:		 no result must be there
 *	  P:phase	 ready, busy or dead
 *	  V:name	 what is waited for
 *	  Q:		 quit
 *	  G:shut	 from here on no mail may begin; G:open, again
 */
#ifndef ION_TEST_SMTP_SCRIPT_H
#define ION_TEST_SMTP_SCRIPT_H

#include "net/smtp_dialogue.h"
#include "tap.h"

#define SCRIPT_STEPS	64

typedef struct Script
{
	const char *name;
	const char *steps[SCRIPT_STEPS];
} Script;

/* How the server's bytes are cut and the client's are written. */
typedef struct Play
{
	IonSmtp    *smtp;
	bool		shut;
	const IonSmtpMail *mails;
	size_t		split;			/* cut before this byte of all the server says */
	bool		single;			/* byte by byte */
	unsigned	small_writes;	/* seed for writes of 1..7 bytes; 0 for whole */
	size_t		said;
	StringInfoData wire;
	StringInfoData why;
} Play;

static bool
play_may_begin(void *arg)
{
	return !((Play *) arg)->shut;
}

static void
play_write(Play *play, size_t limit)
{
	while (limit > 0)
	{
		size_t		length;
		const char *bytes = ion_smtp_output(play->smtp, &length);

		if (length == 0)
			return;
		length = Min(length, limit);
		if (play->small_writes)
		{
			play->small_writes = play->small_writes * 1103515245u + 12345u;
			length = Min(length, 1 + (play->small_writes >> 16) % 7);
		}
		appendBinaryStringInfo(&play->wire, bytes, length);
		ion_smtp_sent(play->smtp, length);
		limit -= length;
	}
}

static void
play_say(Play *play, const char *bytes)
{
	size_t		length = strlen(bytes);
	size_t		at = 0;

	while (at < length)
	{
		size_t		piece = play->single ? 1 : length - at;
		char	   *copy;

		if (play->said < play->split && play->said + piece > play->split)
			piece = play->split - play->said;
		copy = palloc(piece);	/* exact, for the sanitizer */
		memcpy(copy, bytes + at, piece);
		ion_smtp_input(play->smtp, copy, piece);
		pfree(copy);
		at += piece;
		play->said += piece;
	}
}

static const char *
play_result(Play *play)
{
	static char text[ION_DETAIL_MAX + ION_REF_MAX + 80];
	IonSmtpResult result;

	if (!ion_smtp_result(play->smtp, &result))
		return "none";
	if (result.held)
	{
		snprintf(text, sizeof(text), UINT64_FORMAT " held", result.tag);
		return text;
	}
	snprintf(text, sizeof(text), UINT64_FORMAT " %s %d%s%s%s|%s|%s", result.tag,
			 ion_outcome_name(result.outcome.kind), result.outcome.code,
			 result.stale ? " stale" : "",
			 result.outcome.destination_fault ? " fault" : "",
			 result.outcome.bad_address ? " bad address" : "",
			 result.outcome.ref, result.outcome.detail);
	return text;
}

/* Play one step; false with why filled when the machine disagrees. */
static bool
play_step(Play *play, const char *step)
{
	static const char *const phases[] = {"ready", "busy", "dead"};
	static const char *const waits[] = {"nothing", "ehlo", "rset", "mail",
	"rcpt", "data", "content", "dot"};
	const char *text = step + 2;
	const char *got = text;

	switch (step[0])
	{
		case 'C':
			play_write(play, (size_t) -1);
			if (strcmp(play->wire.data, text) != 0)
				got = play->wire.data;
			break;
		case 'W':
			play_write(play, atoi(text));
			return true;
		case 'S':
			play_say(play, text);
			return true;
		case 'X':
		case 'T':
			ion_smtp_closed(play->smtp, step[0] == 'T');
			return true;
		case 'Q':
			ion_smtp_quit(play->smtp);
			return true;
		case 'G':
			play->shut = strcmp(text, "shut") == 0;
			return true;
		case 'M':
		case 'm':
			if (ion_smtp_send_mail(play->smtp, &play->mails[atoi(text)]) != (step[0] == 'M'))
				got = "the contrary";
			break;
		case 'R':
			got = play_result(play);
			break;
		case 'N':
			got = play_result(play);
			text = "none";
			break;
		case 'P':
			got = phases[ion_smtp_phase(play->smtp)];
			break;
		case 'V':
			got = waits[ion_smtp_waiting_for(play->smtp)];
			break;
		default:
			got = "unknown step";
	}
	if (strcmp(got, text) != 0)
	{
		appendStringInfo(&play->why, "%c: want %s\n#   got %s", step[0], text, got);
		return false;
	}
	if (step[0] == 'C')
		resetStringInfo(&play->wire);
	return true;
}

/* Play it once; the bytes the server said, or -1 when a step failed. */
static long
play_script(const Script *script, const IonSmtpMail *mails, size_t split,
			bool single, unsigned small_writes, StringInfo why)
{
	Play		play = {0};
	bool		good = true;

	play.smtp = ion_smtp_create("io.example.it");
	ion_smtp_ask(play.smtp, play_may_begin, &play);
	play.mails = mails;
	play.split = split;
	play.single = single;
	play.small_writes = small_writes;
	initStringInfo(&play.wire);
	initStringInfo(&play.why);
	for (int i = 0; good && i < SCRIPT_STEPS && script->steps[i] != NULL; i++)
	{
		good = play_step(&play, script->steps[i]);
		if (!good)
			appendStringInfo(why, "step %d, split %zu: %s", i, split, play.why.data);
	}
	ion_smtp_free(play.smtp);
	pfree(play.wire.data);
	pfree(play.why.data);
	return good ? (long) play.said : -1;
}

/* One assertion: it plays the same unsplit, split anywhere, and in bytes. */
static void
check_script(const Script *script, const IonSmtpMail *mails)
{
	StringInfoData why;
	long		length;
	bool		good;

	initStringInfo(&why);
	length = play_script(script, mails, 0, false, 0, &why);
	good = length >= 0;
	for (long split = 1; good && split < length; split++)
		good = play_script(script, mails, split, false, split % 2 ? split : 0, &why) == length;
	good = good && play_script(script, mails, 0, true, 0, &why) == length;
	for (unsigned seed = 1; good && seed <= 5; seed++)
		good = play_script(script, mails, 0, seed % 2, seed * 7919, &why) == length;
	if (!ok(good, "%s", script->name))
		printf("#   %s\n", why.data);
	pfree(why.data);
}

#endif							/* ION_TEST_SMTP_SCRIPT_H */
