/* units: src/net/smtp_dialogue.c src/net/smtp_machine.c src/net/smtp_reply.c src/net/smtp_verdict.c src/net/smtp_capability.c src/net/smtp_envelope.c src/net/dot_stuff.c src/base/outcome.c */
/*
 * test_smtp_dialogue.c
 *	  Whole dialogues: what is written, and what each mail comes to.
 */
#include "base/pure.h"

#include "smtp_script.h"

/* The server, with and without its extensions, and our side of mail 0. */
#define EHLO	"C:EHLO io.example.it\r\n"
#define FULL	"S:250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n" \
				"250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
#define PLAIN	"S:250 mx.example\r\n"
#define FROM0	"MAIL FROM:<no-reply@comune.test>"
#define RCPT0	"RCPT TO:<mario@citizens.test>\r\n"
#define GROUP0	FROM0 " SIZE=22\r\n" RCPT0 "DATA\r\n"
#define BODY0	"C:Subject: a\r\n\r\n..hello\r\n.\r\n"
#define GO		"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n"
#define MAIL0	"M:0", "C:" GROUP0, "S:" GO, BODY0
#define DONE0	"S:250 2.0.0 Ok: queued as ABC123\r\n", "R:100 accepted 250|ABC123|"
#define START	EHLO, FULL, MAIL0
#define PLAIN0	EHLO, PLAIN, "M:0", "C:" FROM0 "\r\n"

static const IonSmtpMail mails[] = {
	{"no-reply@comune.test", "mario@citizens.test", false, "Subject: a\n\n.hello\n", 19, 100},
	{"no-reply@comune.test", "mario@citizens.test", false, "b\303\240\r\n", 5, 101},
	{"no-reply@comune.test", "mario@citizens.test", true, "x\r\n", 3, 102},
	{"no-reply@comune.test", "m\303\240rio@citizens.test", false, "x\r\n", 3, 103},
	{"", "mario@citizens.test", false, "x", 1, 104},
	{NULL, "mario@citizens.test", false, NULL, 0, 105},
	{"a@b.test", "mario@citizens.test>\r\nRSET", false, "x", 1, 106},
	{"a b@c.test", "mario@citizens.test", false, "x", 1, 107},
	{"a@b.test", "mario@citizens.test", false, "a\0b", 3, 108},
	{"a@b.test", "", false, "x", 1, 109},
};

static const Script scripts[] = {
	/* The way it should go. */
	{"pipelined mail", {"P:ready", "V:ehlo", EHLO, FULL, "V:nothing", "M:0", "P:busy", "m:1",
	"V:mail", "C:" GROUP0, "S:250 2.1.0 ok\r\n", "V:rcpt", "S:250 2.1.5 ok\r\n", "V:data",
	"S:354 go\r\n", "V:content", BODY0, "V:dot", "N:", DONE0, "N:", "P:ready", "V:nothing"}},
	{"mail given before EHLO is answered", {"M:0", "P:busy", EHLO, FULL, "C:" GROUP0, "S:" GO, BODY0,
	DONE0, "P:ready"}},
	{"step by step without PIPELINING", {PLAIN0, "V:mail", "S:250 ok\r\n", "C:" RCPT0, "V:rcpt",
	"S:251 will forward\r\n", "C:DATA\r\n", "V:data", "S:354 go\r\n", BODY0, "V:dot",
	"S:250 ok 1234 qp 5678\r\n", "R:100 accepted 250|ok 1234 qp 5678|", "P:ready"}},
	{"only EHLO teaches extensions", {PLAIN0, "S:250-ok\r\n250 PIPELINING\r\n", "C:" RCPT0}},
	{"replies in many lines", {EHLO, FULL, "M:0", "C:" GROUP0,
	"S:250-2.1.0 a\r\n250 2.1.0 b\r\n250-x\r\n250-y\r\n250 z\r\n354-go\r\n354 on\r\n", BODY0, DONE0}},
	{"second mail without RSET", {START, DONE0, "P:ready", MAIL0, DONE0, "P:ready"}},
	{"result must be taken first", {START, "S:250 2.0.0 Ok: queued as ABC123\r\n", "P:busy", "m:0",
	"R:100 accepted 250|ABC123|", "M:0"}},
	{"8-bit content is declared", {EHLO, FULL, "M:1",
	"C:MAIL FROM:<no-reply@comune.test> SIZE=5 BODY=8BITMIME\r\n" RCPT0 "DATA\r\n", "S:" GO,
	"C:b\303\240\r\n.\r\n"}},
	{"8-bit content without 8BITMIME", {EHLO, PLAIN, "M:1", "C:" FROM0 "\r\n"}},
	{"SMTPUTF8 asked for", {EHLO, FULL, "M:2",
	"C:MAIL FROM:<no-reply@comune.test> SIZE=3 SMTPUTF8\r\n" RCPT0 "DATA\r\n"}},
	{"SMTPUTF8 by address", {EHLO, FULL, "M:3",
	"C:MAIL FROM:<no-reply@comune.test> SIZE=3 SMTPUTF8\r\nRCPT TO:<m\303\240rio@citizens.test>\r\nDATA\r\n"}},
	{"null reverse-path", {EHLO, FULL, "M:4", "C:MAIL FROM:<> SIZE=3\r\n" RCPT0 "DATA\r\n", "S:" GO,
	"C:x\r\n.\r\n"}},
	{"empty content", {EHLO, FULL, "M:5", "C:MAIL FROM:<> SIZE=0\r\n" RCPT0 "DATA\r\n", "S:" GO, "C:.\r\n",
	"S:250 ok\r\n", "R:105 accepted 250|ok|"}},

	/* Refused here, without a byte written. */
	{"command injection", {EHLO, FULL, "M:6",
	"R:106 permanent 0||recipient: address holds a forbidden character", "C:", "P:ready", MAIL0, DONE0}},
	{"space in the sender", {"M:7", "R:107 permanent 0||envelope sender: address holds a forbidden character",
	"P:ready", EHLO, "C:"}},
	{"no recipient", {EHLO, FULL, "M:9", "R:109 permanent 0||recipient: address is empty", "C:"}},
	{"zero byte in the content", {EHLO, FULL, "M:8", "R:108 permanent 0||content holds a zero byte", "C:"}},
	{"SMTPUTF8 not offered", {EHLO, PLAIN, "M:2",
	"R:102 permanent 0||mail needs SMTPUTF8, which the server does not offer", "C:", "P:ready"}},
	{"SMTPUTF8 by address not offered", {"M:3", EHLO, PLAIN,
	"R:103 permanent 0||mail needs SMTPUTF8, which the server does not offer", "C:", "P:ready"}},
	{"larger than SIZE", {EHLO, "S:250-mx\r\n250 SIZE 21\r\n", "M:0",
	"R:100 permanent 552||mail of 22 bytes is larger than the server's limit of 21", "C:", "P:ready"}},
	{"exactly SIZE", {EHLO, "S:250-mx\r\n250 SIZE 22\r\n", "M:0", "C:" FROM0 " SIZE=22\r\n"}},
	{"SIZE without a limit", {EHLO, "S:250-mx\r\n250 size 0\r\n", "M:0", "C:" FROM0 " SIZE=22\r\n"}},
	{"the server's name is no extension", {EHLO, "S:250-PIPELINING\r\n250 SIZE\r\n", "M:0",
	"C:" FROM0 " SIZE=22\r\n"}},

	/* EHLO. */
	{"EHLO 421", {EHLO, "M:0", "S:421 4.3.2 down\r\n", "R:100 transient 421 fault||EHLO: 421 4.3.2 down", "P:dead", "C:"}},
	{"EHLO 450", {EHLO, "M:0", "S:450 later\r\n", "R:100 transient 450||EHLO: 450 later", "P:dead"}},
	{"EHLO 500", {EHLO, "M:0", "S:500 what\r\n", "R:100 provider_fault 500||EHLO: 500 what", "P:dead"}},
	{"EHLO 501", {EHLO, "M:0", "S:501 what\r\n", "R:100 provider_fault 501||EHLO: 501 what", "P:dead"}},
	{"EHLO 502", {EHLO, "M:0", "S:502 what\r\n", "R:100 provider_fault 502||EHLO: 502 what", "P:dead"}},
	{"EHLO 554", {EHLO, "M:0", "S:554 go away\r\n", "R:100 provider_fault 554||EHLO: 554 go away", "P:dead"}},
	{"EHLO 354", {EHLO, "M:0", "S:354 go\r\n",
	"R:100 provider_fault 0||protocol error at EHLO: reply does not fit the command", "P:dead"}},
	{"EHLO refused without a mail", {EHLO, "S:500 what\r\n", "N:", "P:dead", "m:0"}},
	{"EHLO never answered", {EHLO, "M:0", "T:", "R:100 transient 0 fault||timed out before the reply to EHLO", "P:dead"}},

	/* MAIL. */
	{"MAIL 451, plain", {PLAIN0, "S:451 4.3.0 later\r\n", "R:100 transient 451||MAIL: 451 4.3.0 later", "P:ready",
	"M:0", "C:RSET\r\n", "V:rset", "S:250 ok\r\n", "C:" FROM0 "\r\n"}},
	{"MAIL 550, pipelined", {EHLO, FULL, "M:0", "C:" GROUP0,
	"S:550 5.7.1 <no-reply@comune.test> not you\r\n503 5.5.1 need MAIL\r\n", "N:", "S:503 5.5.1 need RCPT\r\n",
	"R:100 permanent 550||MAIL: 550 5.7.1 <address> not you", "P:ready",
	"M:0", "C:RSET\r\n" GROUP0, "S:250 ok\r\n" GO, BODY0, DONE0, MAIL0, DONE0}},
	{"MAIL 530", {PLAIN0, "S:530 5.7.0 auth\r\n", "R:100 provider_fault 530||MAIL: 530 5.7.0 auth", "P:ready"}},
	{"MAIL 503", {PLAIN0, "S:503 nested\r\n", "R:100 provider_fault 503||MAIL: 503 nested", "P:dead"}},
	{"MAIL 421", {EHLO, FULL, "M:0", "C:" GROUP0, "S:421 bye\r\n250 ok\r\n", "R:100 transient 421 fault||MAIL: 421 bye",
	"P:dead", "C:"}},
	{"MAIL 354", {PLAIN0, "S:354 go\r\n",
	"R:100 provider_fault 0||protocol error at MAIL: reply does not fit the command", "P:dead"}},
	{"MAIL refused, RCPT taken, 354: close, no empty mail", {EHLO, FULL, "M:0", "C:" GROUP0,
	"S:450 no\r\n250 ok\r\n354 go\r\n", "R:100 transient 450||MAIL: 450 no", "P:dead", "C:"}},

	/* RCPT. */
	{"RCPT 550, plain", {PLAIN0, "S:250 ok\r\n", "C:" RCPT0, "S:550 5.1.1 <mario@citizens.test>: no\r\n",
	"R:100 permanent 550 bad address||RCPT: 550 5.1.1 <address>: no", "C:", "P:ready", "M:0", "C:RSET\r\n",
	"S:250 ok\r\n", "C:" FROM0 "\r\n"}},
	{"RCPT 550, DATA 554", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n", "N:", "S:554 no valid\r\n",
	"R:100 permanent 550||RCPT: 550 no", "P:ready", "M:0", "C:RSET\r\n" GROUP0}},
	{"RCPT 550, DATA 503", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n503 no\r\n",
	"R:100 permanent 550||RCPT: 550 no", "P:ready"}},
	{"RCPT 450, DATA 354, dot 554", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n450 4.2.1 busy\r\n354 go\r\n",
	"C:.\r\n", "V:dot", "N:", "S:554 no valid\r\n", "R:100 transient 450||RCPT: 450 4.2.1 busy", "P:ready",
	"M:0", "C:RSET\r\n" GROUP0, "S:250 ok\r\n" GO, BODY0, DONE0}},
	{"RCPT 550, DATA 354, dot 250", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n354 go\r\n", "C:.\r\n",
	"S:250 queued as X\r\n", "R:100 permanent 550||RCPT: 550 no", "P:ready"}},
	{"RCPT 550, DATA 354, dot 503", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n354 go\r\n", "C:.\r\n",
	"S:503 no\r\n", "R:100 permanent 550||RCPT: 550 no", "P:ready"}},
	{"RCPT 550, DATA 354, close after the dot", {EHLO, FULL, "M:0", "C:" GROUP0,
	"S:250 ok\r\n550 no\r\n354 go\r\n", "C:.\r\n", "X:", "R:100 permanent 550||RCPT: 550 no", "P:dead"}},
	{"RCPT 550, then hang", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n", "T:",
	"R:100 permanent 550||RCPT: 550 no", "P:dead"}},
	{"RCPT 550, DATA 421", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n421 bye\r\n",
	"R:100 permanent 550||RCPT: 550 no", "P:dead"}},
	{"RCPT 550, DATA 250", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n550 no\r\n250 ok\r\n",
	"R:100 permanent 550||RCPT: 550 no", "P:dead", "C:"}},
	{"RCPT 552: mailbox full", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n552 5.2.2 full\r\n554 no\r\n",
	"R:100 transient 552||RCPT: 552 5.2.2 full", "P:ready"}},
	{"RCPT 554 5.7.8", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n554 5.7.8 who\r\n554 no\r\n",
	"R:100 provider_fault 554||RCPT: 554 5.7.8 who", "P:ready"}},
	{"RCPT 503", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n503 no\r\n503 no\r\n",
	"R:100 provider_fault 503||RCPT: 503 no", "P:dead"}},
	{"RCPT 150", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n150 hm\r\n",
	"R:100 provider_fault 0||protocol error at RCPT: reply does not fit the command", "P:dead"}},

	{"RCPT 553 5.1.3", {PLAIN0, "S:250 ok\r\n", "C:" RCPT0, "S:553 5.1.3 what\r\n",
	"R:100 permanent 553 bad address||RCPT: 553 5.1.3 what"}},
	{"RCPT 550 5.1.2: a domain may come back", {PLAIN0, "S:250 ok\r\n", "C:" RCPT0, "S:550 5.1.2 no domain\r\n",
	"R:100 permanent 550||RCPT: 550 5.1.2 no domain"}},
	{"RCPT 450 4.1.1: not yet", {PLAIN0, "S:250 ok\r\n", "C:" RCPT0, "S:450 4.1.1 later\r\n",
	"R:100 transient 450||RCPT: 450 4.1.1 later"}},
	{"MAIL 550 5.1.1 speaks of us", {PLAIN0, "S:550 5.1.1 you\r\n", "R:100 permanent 550||MAIL: 550 5.1.1 you"}},
	{"dot 550 5.1.1 speaks of the one recipient", {START, "S:550 5.1.1 gone\r\n",
	"R:100 permanent 550 bad address||final dot: 550 5.1.1 gone"}},
	{"dot 550 5.1.10 too", {START, "S:550 5.1.10 null MX\r\n", "R:100 permanent 550 bad address||final dot: 550 5.1.10 null MX"}},

	/* Held back: not a byte of the mail, and the connection stays good. */
	{"held when idle", {EHLO, FULL, "G:shut", "M:0", "R:100 held", "C:", "P:ready", "V:nothing", "G:open", MAIL0, DONE0}},
	{"held before EHLO is answered", {"M:0", "G:shut", EHLO, FULL, "R:100 held", "C:", "P:ready", "G:open", MAIL0, DONE0}},
	{"asked at MAIL, not before", {"G:shut", "M:0", EHLO, "G:open", FULL, "C:" GROUP0}},
	{"not asked again once it has begun", {PLAIN0, "G:shut", "S:250 ok\r\n", "C:" RCPT0, "S:250 ok\r\n", "C:DATA\r\n",
	"S:354 go\r\n", BODY0, DONE0}},
	{"held behind RSET", {PLAIN0, "S:451 no\r\n", "R:100 transient 451||MAIL: 451 no", "M:0", "C:RSET\r\n", "G:shut",
	"S:250 ok\r\n", "R:100 held", "C:", "P:ready", "G:open", "M:0", "C:RSET\r\n", "S:250 ok\r\n", "C:" FROM0 "\r\n"}},
	{"held behind RSET, pipelined", {EHLO, FULL, "M:0", "C:" GROUP0, "S:451 no\r\n503 no\r\n503 no\r\n",
	"R:100 transient 451||MAIL: 451 no", "G:shut", "M:0", "C:RSET\r\n", "N:", "S:250 ok\r\n", "R:100 held", "P:ready"}},
	{"held, and the connection dies behind RSET", {EHLO, FULL, "M:0", "C:" GROUP0, "S:451 no\r\n503 no\r\n503 no\r\n",
	"R:100 transient 451||MAIL: 451 no", "G:shut", "M:0", "C:RSET\r\n", "X:", "R:100 held", "P:dead"}},
	{"held after a mail", {START, DONE0, "G:shut", "M:0", "R:100 held", "C:", "P:ready"}},

	/* DATA. */
	{"DATA 451", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n250 ok\r\n451 no\r\n",
	"R:100 transient 451||DATA: 451 no", "P:ready", "M:0", "C:RSET\r\n" GROUP0}},
	{"DATA 554", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n250 ok\r\n554 no\r\n",
	"R:100 permanent 554||DATA: 554 no", "P:ready"}},
	{"DATA 250", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n250 ok\r\n250 ok\r\n",
	"R:100 provider_fault 0||protocol error at DATA: reply does not fit the command", "P:dead", "C:"}},

	/* Content and dot. */
	{"dot 451", {START, "S:451 4.3.0 later\r\n", "R:100 transient 451||final dot: 451 4.3.0 later", "P:ready",
	"M:0", "C:RSET\r\n" GROUP0}},
	{"dot 554", {START, "S:554 5.7.1 spam\r\n", "R:100 permanent 554||final dot: 554 5.7.1 spam", "P:ready"}},
	{"dot 552", {START, "S:552 full\r\n", "R:100 transient 552||final dot: 552 full", "P:ready"}},
	{"dot 552 5.3.4", {START, "S:552 5.3.4 too big\r\n", "R:100 permanent 552||final dot: 552 5.3.4 too big"}},
	{"dot 421", {START, "S:421 4.3.2 bye\r\n", "R:100 transient 421 fault||final dot: 421 4.3.2 bye", "P:dead"}},
	{"dot 503", {START, "S:503 no\r\n", "R:100 provider_fault 503||final dot: 503 no", "P:dead"}},
	{"dot 354", {START, "S:354 go\r\n",
	"R:100 unknown 0||protocol error at final dot: reply does not fit the command", "P:dead"}},
	{"garbage after the dot", {START, "S:hello\r\n",
	"R:100 unknown 0||protocol error at final dot: reply does not begin with a code", "P:dead"}},
	{"close after the dot", {START, "X:", "R:100 unknown 0 fault||connection closed before the reply to final dot", "P:dead"}},
	{"half a reply after the dot", {START, "S:250 2.0.0 Ok", "X:",
	"R:100 unknown 0 fault||connection closed before the reply to final dot", "P:dead"}},
	{"first line of two after the dot", {START, "S:250-2.0.0 Ok\r\n", "T:",
	"R:100 unknown 0 fault||timed out before the reply to final dot", "P:dead"}},
	{"refused while the content is sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:5", "S:552 5.3.4 big\r\n",
	"R:100 permanent 552||final dot: 552 5.3.4 big", "P:dead"}},
	{"421 while the content is sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:5", "S:421 bye\r\n",
	"R:100 transient 421 fault||final dot: 421 bye", "P:dead"}},
	{"accepted before the dot is sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:5", "S:250 ok\r\n",
	"R:100 provider_fault 0||protocol error at final dot: reply to a command not yet sent", "P:dead"}},
	{"accepted with half the dot sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:25", "S:250 ok\r\n",
	"R:100 unknown 0||protocol error at final dot: reply to a command not yet sent", "P:dead"}},
	{"close with half the dot sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:25", "V:content", "X:",
	"R:100 unknown 0 fault||connection closed before the reply to final dot", "P:dead"}},
	{"hang while the content is sent", {EHLO, FULL, "M:0", "C:" GROUP0, "S:" GO, "W:5", "V:content", "T:",
	"R:100 transient 0 fault||timed out while sending the content", "P:dead"}},

	/* The connection ends. */
	{"close at MAIL", {PLAIN0, "X:", "R:100 transient 0 fault||connection closed before the reply to MAIL", "P:dead"}},
	{"close at RCPT", {PLAIN0, "S:250 ok\r\n", "X:",
	"R:100 transient 0 fault||connection closed before the reply to RCPT", "P:dead"}},
	{"hang at DATA", {EHLO, FULL, "M:0", "C:" GROUP0, "S:250 ok\r\n250 ok\r\n", "T:",
	"R:100 transient 0 fault||timed out before the reply to DATA", "P:dead"}},
	{"close while idle", {START, DONE0, "X:", "N:", "P:dead", "m:0", "X:", "S:250 ok\r\n", "P:dead"}},
	{"421 while idle", {START, DONE0, "S:421 4.4.2 idle\r\n", "N:", "P:dead", "C:"}},
	{"close after the result, before it is taken", {START, "S:250 queued as A\r\n", "X:", "P:dead",
	"R:100 accepted 250|A|"}},
	{"stale connection", {START, DONE0, "M:0", "C:" GROUP0, "X:",
	"R:100 transient 0 stale||connection closed before the reply to MAIL", "P:dead"}},
	{"stale connection, said by 421", {START, DONE0, "M:0", "C:" GROUP0, "S:421 4.4.2 idle\r\n",
	"R:100 transient 421 stale||MAIL: 421 4.4.2 idle", "P:dead"}},
	{"not stale when it hangs", {START, DONE0, "M:0", "C:" GROUP0, "T:",
	"R:100 transient 0 fault||timed out before the reply to MAIL", "P:dead"}},
	{"not stale once MAIL was answered", {START, DONE0, "M:0", "C:" GROUP0, "S:250 ok\r\n", "X:",
	"R:100 transient 0 fault||connection closed before the reply to RCPT", "P:dead"}},

	/* RSET. */
	{"RSET refused", {PLAIN0, "S:550 no\r\n", "R:100 permanent 550||MAIL: 550 no", "M:0", "C:RSET\r\n",
	"S:500 what\r\n", "R:100 provider_fault 500||RSET: 500 what", "P:dead"}},
	{"RSET 421", {PLAIN0, "S:550 no\r\n", "R:100 permanent 550||MAIL: 550 no", "M:0", "C:RSET\r\n",
	"S:421 bye\r\n", "R:100 transient 421 stale||RSET: 421 bye", "P:dead"}},
	{"close after RSET was answered", {PLAIN0, "S:550 no\r\n", "R:100 permanent 550||MAIL: 550 no", "M:0", "C:RSET\r\n",
	"S:250 ok\r\n", "X:", "R:100 transient 0 fault||connection closed before the reply to MAIL"}},

	/* Out of step. */
	{"reply when idle", {START, DONE0, "S:250 ok\r\n", "P:dead", "m:0"}},
	{"garbage when idle", {START, DONE0, "S:x\r\n", "N:", "P:dead"}},
	{"one reply too many after the dot", {START, "S:250 queued as A\r\n250 ok\r\n", "R:100 accepted 250|A|", "P:dead"}},
	{"reply before the command is written", {EHLO, FULL, "M:0", "S:250 ok\r\n",
	"R:100 provider_fault 0||protocol error at MAIL: reply to a command not yet sent", "P:dead", "C:"}},
	{"RCPT answered before it is written", {EHLO, FULL, "M:0", "W:42", "S:250 ok\r\n", "N:", "S:250 ok\r\n",
	"R:100 provider_fault 0||protocol error at RCPT: reply to a command not yet sent", "P:dead"}},
	{"greeting of another kind", {"M:0", EHLO, "S:HTTP/1.1 400 Bad Request\r\n",
	"R:100 provider_fault 0||protocol error at EHLO: reply does not begin with a code", "P:dead"}},
	{"codes differ inside a reply", {PLAIN0, "S:250-ok\r\n550 no\r\n",
	"R:100 provider_fault 0||protocol error at MAIL: reply changes its code between lines", "P:dead"}},

	/* QUIT. */
	{"QUIT when idle", {START, DONE0, "Q:", "P:dead", "C:QUIT\r\n", "S:221 bye\r\n", "X:", "N:"}},
	{"QUIT during a mail", {START, "Q:", "P:busy", "C:", DONE0, "P:dead", "C:QUIT\r\n"}},
	{"QUIT before EHLO is answered", {"Q:", EHLO, "P:busy", "m:0", FULL, "P:dead", "C:QUIT\r\n"}},
	{"QUIT on a dead connection", {EHLO, "X:", "Q:", "P:dead", "C:"}},
	{"QUIT with a mail that is refused here", {"M:2", "Q:", EHLO, PLAIN,
	"R:102 permanent 0||mail needs SMTPUTF8, which the server does not offer", "P:dead", "C:QUIT\r\n"}},
};

int
main(void)
{
	for (int i = 0; i < (int) lengthof(scripts); i++)
		check_script(&scripts[i], mails);
	return done_testing();
}
