/*
 * mime_tool.c
 *	  Builds mails from fields in a file, for mime_roundtrip.py.
 *
 * units: src/render/mime.c src/render/mime_header.c src/render/mime_transfer.c src/render/mail_address.c src/render/text_check.c
 *
 * The file named on the command line holds lines "field length", each followed
 * by that many octets and a line end; the field "build" ends a mail.  For each
 * mail the output has a line "ok length" or "error length" and that many
 * octets: the mail, or why it was refused.
 */
#include "base/pure.h"

#include <stdio.h>
#include <string.h>

#include "render/mime.h"

/* Which IonMail member a field's name stands for; NULL when none. */
static const char **
member(IonMail *mail, IonMailHeader *extra, const char *field)
{
	struct
	{
		const char *field;
		const char **member;
	}			members[] = {
		{"from_name", &mail->from_name}, {"from_addr", &mail->from_addr},
		{"reply_to", &mail->reply_to}, {"to_addr", &mail->to_addr},
		{"subject", &mail->subject}, {"text", &mail->text},
		{"html", &mail->html}, {"calendar", &mail->calendar},
		{"message_id", &mail->message_id},
		{"language", &mail->language},
		{"boundary_seed", &mail->boundary_seed},
		{"extra_name", &extra->name}, {"extra_value", &extra->value}
	};

	for (size_t i = 0; i < lengthof(members); i++)
	{
		if (strcmp(field, members[i].field) == 0)
			return members[i].member;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	FILE	   *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	IonMail		mail = {0};
	IonMailHeader extra = {0};
	char		field[32];
	size_t		len;

	if (!file)
	{
		fprintf(stderr, "usage: mime_tool FILE\n");
		return 2;
	}
	while (fscanf(file, "%31s %zu", field, &len) == 2)
	{
		char	   *value = palloc0(len + 1);

		if (fgetc(file) != '\n' || fread(value, 1, len, file) != len)
		{
			fprintf(stderr, "mime_tool: the file is cut short\n");
			return 2;
		}
		if (strcmp(field, "date") == 0)
			mail.date_unix = strtoll(value, NULL, 10);
		else if (strcmp(field, "build") == 0)
		{
			StringInfoData out;
			const char *error = NULL;
			bool		done;

			initStringInfo(&out);
			mail.extra = &extra;
			mail.n_extra = extra.name ? 1 : 0;
			done = ion_mail_build(&mail, &out, &error);
			if (!done)
				appendStringInfoString(&out, error);
			printf("%s %d\n", done ? "ok" : "error", out.len);
			fwrite(out.data, 1, out.len, stdout);
			pfree(out.data);
			memset(&mail, 0, sizeof(mail));
			memset(&extra, 0, sizeof(extra));
		}
		else
		{
			const char **to = member(&mail, &extra, field);

			if (!to)
			{
				fprintf(stderr, "mime_tool: unknown field %s\n", field);
				return 2;
			}
			*to = value;
		}
	}
	fclose(file);
	return 0;
}
