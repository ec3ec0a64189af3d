# Templates as they leave: the version a message is bound to whatever happens
# between, the text of the reader's language and channel, values in the reader's
# way, what a dispatcher keeps and when it forgets it, SMS as registered, and
# the layout of mail.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use IonTest ();
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'templates', conf => "io_notify.dispatchers = 2\n");
my $peer = IonPeers::peer('bad_http.py');
my $mail = IonTest::smtp_sink();
my $url = "http://127.0.0.1:$peer->{port}";

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

# Insert one message; further columns as SQL.  Returns its id.
sub message
{
	my ($service, $citizen, $template, %more) = @_;
	my $names = join '', map { ", $_" } sort keys %more;
	my $values = join '', map { ", $more{$_}" } sort keys %more;

	return sql("INSERT INTO io_notify.message (service, recipient, template$names) VALUES ('$service', '$citizen', '$template'$values) RETURNING id") =~ s/\n.*//sr;
}

sub text
{
	my ($name, $markdown, %more) = @_;
	my %row = (name => "'$name'", subject => "'Oggetto'", markdown => "'$markdown'", %more);

	return sql('INSERT INTO io_notify.template (' . join(', ', sort keys %row) . ') VALUES (' . join(', ', map { $row{$_} } sort keys %row) . ') RETURNING version') =~ s/\n.*//sr;
}

sub ends
{
	my ($id, $channel, $state, $name) = @_;

	return IonPeers::eventually_is($node, "SELECT state FROM io_notify.delivery WHERE message_id = '$id' AND channel = '$channel'", $state, $name);
}

# The documents the endpoint got for a message, oldest first.
sub documents
{
	my ($id) = @_;

	return map { decode_json(encode('UTF-8', $_->{body})) } grep { ($_->{headers}{'webhook-id'} // '') =~ /^$id\./ } $peer->records;
}

# The Markdown a message was delivered with, once it was.
sub said
{
	my ($id) = @_;

	ends($id, 'webhook', 'sent', 'it is sent');
	return (documents($id))[-1]{data}{markdown};
}

sub attempt { return sql("SELECT concat_ws(' | ', outcome, detail) FROM io_notify.attempt WHERE message_id = '$_[0]' ORDER BY n DESC LIMIT 1") }

my $citizen = sql(<<"SQL") =~ s/\s//gr;
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url '$url/ok/hook',
	allow_private_network 'on', retry_schedule '300 ms, 300 ms, 1 h');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$mail->{port}',
	sender 'Comune <no-reply\@comune.example.it>', tls 'off', allow_private_network 'on');
CREATE SERVER gateway FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'sms', url '$url/ok/sms', format 'json',
	body '{"to": "{{address}}", "text": "{{text}}", "template": "{{provider_template_id}}"}', allow_private_network 'on', on_unknown 'retry');
SELECT t.service('avvisi', '{inbox,webhook}');
SELECT t.service('posta', '{inbox,email}');
SELECT t.service('sosta', '{inbox,sms}');
SELECT t.service('ritenta', '{inbox,webhook}', '$url/script/status:503,status:503,ok');
SELECT t.citizen('mario\@citizens.test');
UPDATE io_notify.citizen SET phone = '+393331234567', phone_verified = true, sms_enabled = true;
SQL

# --- the version a message is bound to ------------------------------------------
is(text('v', 'Uno {{x}}', parameters => q('{"x": "text"}')), 1, 'version 1');
sql("SELECT io_notify.pause('all')");
my $old = message('avvisi', $citizen, 'v', params => q('{"x": "a"}'));
is(text('v', 'Due {{y}}', parameters => q('{"y": "text"}')), 2, 'version 2, before the first message left');
my $new = message('avvisi', $citizen, 'v', params => q('{"y": "b"}'));
sql("SELECT io_notify.resume('all')");
is(said($old), 'Uno a', 'a message says what it was written for');
is(said($new), 'Due b', 'the next one says the new');

my $tried = message('ritenta', $citizen, 'v', params => q('{"y": "prima"}'));
IonPeers::wait_for(10, sub { sql("SELECT count(*) FROM io_notify.attempt WHERE message_id = '$tried'") > 0 });
text('v', 'Tre {{y}}');
is(said($tried), 'Due prima', 'and still says it when it is tried again');
is(join(' ', map { $_->{data}{markdown} } documents($tried)), 'Due prima Due prima Due prima', 'each time');

sql("SELECT io_notify.pause('all')");
$old = message('avvisi', $citizen, 'v', params => q('{"y": "ultimo"}'));
sql("SELECT io_notify.template_retire('v')");
sql("SELECT io_notify.resume('all')");
is(said($old), 'Tre ultimo', 'a template that is retired is still sent by those bound to it');

# --- what a dispatcher keeps -------------------------------------------------------
text('k', 'Prima');
is(said(message('avvisi', $citizen, 'k')), 'Prima', 'a text');
text('k', 'Seconda');
is(said(message('avvisi', $citizen, 'k')), 'Seconda', 'a new version of it');
$old = message('avvisi', $citizen, 'k');
is(said($old), 'Seconda', 'kept by now');
sql("ALTER TABLE io_notify.template DISABLE TRIGGER template_write; UPDATE io_notify.template SET markdown = 'Corretta' WHERE name = 'k' AND version = 2; ALTER TABLE io_notify.template ENABLE TRIGGER template_write");
is(said(message('avvisi', $citizen, 'k')), 'Corretta', 'a surgeon is obeyed');
sql("SELECT io_notify.pause('all')");
$old = message('avvisi', $citizen, 'k');
sql("ALTER TABLE io_notify.template DISABLE TRIGGER template_write; DELETE FROM io_notify.template WHERE name = 'k'; ALTER TABLE io_notify.template ENABLE TRIGGER template_write");
sql("SELECT io_notify.resume('all')");
ends($old, 'webhook', 'failed', 'even when the patient is gone');
is(attempt($old), "permanent | the message's template no longer exists", 'which is said');

# --- whose text -----------------------------------------------------------------------
text('l', 'Scade il {{d}}, sono {{e}}', parameters => q('{"d": "date", "e": "money", "t": {"type": "timestamp", "required": false}}'));
text('l', 'Fällig am {{d}}: {{e}}{{#t}} um {{t}}{{/t}}', language => q('de'));
my $params = q('{"d": "2030-07-31", "e": 123456}');
is(said(message('avvisi', $citizen, 'l', params => $params)), "Scade il 31 luglio 2030, sono 1\\.234,56\x{a0}€", 'in Italian');
is(said(message('avvisi', $citizen, 'l', params => $params, language => q('de'))), "Fällig am 31\\. Juli 2030: 1\\.234,56\x{a0}€", 'as the sender wants it');
sql("UPDATE io_notify.citizen SET language = 'de-AT', time_zone = 'America/New_York'");
$old = message('avvisi', $citizen, 'l', params => q('{"d": "2030-07-31", "e": 123456, "t": "2030-07-31T12:00:00Z"}'));
like(said($old), qr/^Fällig am 31.*8:00|^Fällig am 31.*08:00/s, 'as the citizen reads, by the citizen\'s clock');
is((documents($old))[-1]{data}{language}, 'de', 'and the document says the language it is in');
sql("UPDATE io_notify.citizen SET language = 'sl'; UPDATE io_notify.service SET language = 'de' WHERE name = 'avvisi'");
like(said(message('avvisi', $citizen, 'l', params => $params)), qr/^Fällig/, 'else the service\'s language');
sql("UPDATE io_notify.service SET language = NULL; UPDATE io_notify.organization SET default_language = 'de'");
like(said(message('avvisi', $citizen, 'l', params => $params)), qr/^Fällig/, 'else the organization\'s');
sql("UPDATE io_notify.organization SET default_language = 'en'");
like(said(message('avvisi', $citizen, 'l', params => $params)), qr/^Scade/, 'else Italian');
text('l', 'Webhook', channel => q('webhook'));
is(said(message('avvisi', $citizen, 'l', params => $params)), 'Webhook', 'a text of the channel\'s own');

# --- SMS ------------------------------------------------------------------------------
sub sms
{
	my ($id) = @_;

	ends($id, 'sms', 'sent', 'an SMS is sent');
	return (documents($id))[-1];
}
text('m', 'Gentile cittadino, **molto** testo', subject => q('Sosta pagata'));
is(sms(message('sosta', $citizen, 'm'))->{text}, 'Comune di Prova: Sosta pagata', 'without a text of its own an SMS says who writes about what');
my $row = sql(q{INSERT INTO io_notify.template (name, channel, markdown) VALUES ('m', 'sms', 'Sosta {{targa}} fino alle {{ora}}') RETURNING id}) =~ s/\n.*//sr;
is_deeply(sms(message('sosta', $citizen, 'm', params => q('{"targa": "AB123CD", "ora": "«9» – ok"}'))),
	{ to => '+393331234567', text => 'Sosta AB123CD fino alle "9" - ok', template => '' }, 'with one it says that, in the GSM alphabet');
sql("SELECT io_notify.template_register('$row', 'gateway', 'IT-42', 'Sosta {#var#} fino alle {#var#}')");
is_deeply(sms(message('sosta', $citizen, 'm', params => q('{"targa": "AB123CD", "ora": "9"}'))),
	{ to => '+393331234567', text => 'Sosta AB123CD fino alle 9', template => 'IT-42' }, 'registered: with the id the provider wants');
$old = message('sosta', $citizen, 'm', params => q('{"targa": "una targa che ha ben più di trenta caratteri", "ora": "9"}'));
ends($old, 'sms', 'failed', 'a text that is not as registered is not sent');
is(attempt($old), 'permanent | the text is not as registered under "IT-42"', 'which is said');
sql("DELETE FROM io_notify.template_registration");
is(sms(message('sosta', $citizen, 'm', params => q('{"targa": "una targa che ha ben più di trenta caratteri", "ora": "9"}')))->{text},
	'Sosta una targa che ha ben più di trenta caratteri fino alle 9', 'a registration that goes is forgotten');
sql("UPDATE io_notify.service SET sms_max_segments = 1 WHERE name = 'sosta'");
text('lungo', 'Testo', subject => q('repeat(''Avviso '', 17)') =~ s/^'|'$//gr =~ s/''/'/gr);
my $long = sms(message('sosta', $citizen, 'lungo'))->{text};
cmp_ok(length $long, '<=', 160, 'a text that comes from a subject is cut to the service\'s limit');

# --- layouts -----------------------------------------------------------------------------
sub parts_of_mail
{
	my ($id) = @_;
	my $found;

	ends($id, 'email', 'sent', 'a mail is sent');
	IonPeers::wait_for(5, sub { ($found) = grep { /^Message-ID: <$id\./mi } IonTest::mails($mail) });
	return decode_json(IonPeers::python(<<'PYTHON', $found =~ s/\r//gr));
import email, email.policy, json, re, sys
source = sys.stdin.read()
start = re.search(r"^(From|Subject|Date|Message-ID|MIME-Version|To): ", source, re.M).start()
m = email.message_from_string(source[start:], policy=email.policy.default)
print(json.dumps({p.get_content_type(): p.get_content() for p in m.walk() if not p.is_multipart()} | {"subject": m["subject"]}))
PYTHON
}
text('c', "Ciao {{nome}}", subject => q('Per {{nome}}'));
sql("UPDATE io_notify.citizen SET language = 'it'");
my $plain = parts_of_mail(message('posta', $citizen, 'c', params => q('{"nome": "<b>Ugo</b>"}')));
is($plain->{subject}, 'Per <b>Ugo</b>', 'a mail\'s subject');
like($plain->{'text/html'}, qr/Ciao &lt;b&gt;Ugo&lt;\/b&gt;/, 'its HTML');
like($plain->{'text/plain'}, qr/Ciao <b>Ugo<\/b>/, 'its text');
unlike($plain->{'text/html'}, qr/Telefono/, 'without a layout');
sql(q{INSERT INTO io_notify.organization (code, name) VALUES ('regione', 'Regione'); UPDATE io_notify.organization SET parent = 'regione' WHERE code = 'comune';
	INSERT INTO io_notify.layout (organization, contacts_markdown, website, primary_color) VALUES ('regione', 'Telefono **800 100**', 'https://regione.example.it', '#008055')});
like(parts_of_mail(message('posta', $citizen, 'c'))->{'text/plain'}, qr/Telefono 800 100/, 'a layout from above, as soon as there is one');
sql("UPDATE io_notify.layout SET contacts_markdown = 'Telefono **800 200**'");
like(parts_of_mail(message('posta', $citizen, 'c'))->{'text/plain'}, qr/Telefono 800 200/, 'a change of it');
sql(q{INSERT INTO io_notify.layout (organization, contacts_markdown) VALUES ('comune', 'Sportello')});
like(parts_of_mail(message('posta', $citizen, 'c'))->{'text/plain'}, qr/Sportello/, 'one\'s own comes before');
text('c', 'Campagna', layout => q('regione'));
like(parts_of_mail(message('posta', $citizen, 'c'))->{'text/plain'}, qr/Telefono 800 200/, 'a template chooses one of those above');
sql("UPDATE io_notify.service SET email_content = 'preview' WHERE name = 'posta'");
text('c', 'Inizio ' . ('parola ' x 60) . 'FINE');
my $preview = parts_of_mail(message('posta', $citizen, 'c'));
like($preview->{'text/plain'}, qr/Inizio/, 'a preview begins');
unlike($preview->{'text/plain'} . $preview->{'text/html'}, qr/FINE/, 'and does not end');

# --- more than is kept at once --------------------------------------------------------------
# three hundred templates of 200 KB, each used twice, in turns; to an
# endpoint of their own, whose record is large
my $heavy = IonPeers::peer('bad_http.py');
sql("SELECT t.service('grandi', '{inbox,webhook}', 'http://127.0.0.1:$heavy->{port}/ok')");
sql(q{INSERT INTO io_notify.template (name, subject, markdown) SELECT 'grande' || i, 'Parte ' || i, repeat(' {{x}}' || repeat('x', 1000), 195) FROM generate_series(1, 300) i});
sql(qq{INSERT INTO io_notify.message (service, recipient, template) SELECT 'grandi', '$citizen', 'grande' || i FROM generate_series(1, 2), generate_series(1, 300) i});
IonPeers::eventually_is($node, q{SELECT state, count(*) FROM io_notify.delivery WHERE service = 'grandi' AND channel = 'webhook' GROUP BY 1}, 'sent|600', 'more templates than are kept are all sent', 60);
my %seen;
$seen{$_}++ foreach PostgreSQL::Test::Utils::slurp_file($heavy->{record}) =~ /Parte \d+/g;
is(join(' ', sort { $a <=> $b } keys %{ { map { $_ => 1 } values %seen } }) . ' ' . keys %seen, '2 300', 'each says its own, twice');
foreach my $pid (split /\n/, sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher'"))
{
	my ($kept) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;

	cmp_ok($kept, '<', 80 * 1024, 'in bounded memory');
}

IonPeers::log_is_clean($node);
$node->stop;
done_testing();
