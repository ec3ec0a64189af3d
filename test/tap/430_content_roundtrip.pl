# Content through a real Postfix and Dovecot and back, parsed by Python's email
# package and its HTML parser: templates in several languages, the calendar of
# a due date, the way out of a service (RFC 8058) and what it then stops; and
# values of strangers, which stay text in every place they are put (threats T6,
# T16, T17).
#
# Root starts the fixture (test/peers/postfix_fixture); POSTFIX_FIXTURE names
# the file with what it printed.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $file = $ENV{POSTFIX_FIXTURE} // '';
plan skip_all => 'no Postfix: root starts it, see POSTFIX_FIXTURE in tools/run_tests' unless -s $file;
my $postfix = decode_json(PostgreSQL::Test::Utils::slurp_file($file));
my $run = sprintf '%x', time * 1000;    # the fixture may serve several runs

my $node = IonPeers::server(name => 'content');
my $sink = IonPeers::peer('bad_http.py');

sub sql { return decode('UTF-8', $node->safe_psql($_[1] // 'postgres', encode('UTF-8', $_[0]))) }

sub quoted { return defined $_[0] ? "'" . $_[0] =~ s/'/''/gr . "'" : 'NULL' }

sub address { return "$_[0]$run\@citizens.test" }

# A template's text; further columns as SQL.
sub text
{
	my ($name, $markdown, %more) = @_;
	my %row = (name => quoted($name), subject => q('Oggetto'), markdown => quoted($markdown), %more);
	my @columns = sort keys %row;

	sql('INSERT INTO io_notify.template (' . join(', ', @columns) . ') VALUES (' . join(', ', @row{@columns}) . ')');
	return;
}

# Insert one message; columns as SQL, email the citizen's address.  Returns
# its id, or the SQLSTATE it was refused with.
sub message
{
	my (%column) = (service => q('avvisi'), @_);
	my $email = delete $column{email};
	my @columns = sort keys %column;
	my ($out, $err);

	$node->psql('postgres', encode('UTF-8', "\\set VERBOSITY sqlstate\nINSERT INTO io_notify.message (recipient, " . join(', ', @columns) . ') SELECT c, ' . join(', ', @column{@columns}) . ' FROM t.citizen(' . quoted($email) . ') c RETURNING id'),
		stdout => \$out, stderr => \$err);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : $out =~ s/\n.*//sr;
}

sub params { return quoted(decode('UTF-8', encode_json($_[0]))) }

sub state_of { return sql("SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$_[0]' AND channel = 'email'") }

sub email_ends
{
	my ($id, $state, $name) = @_;

	return IonPeers::eventually_is($node, "SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'email'", $state, $name);
}

# The one mail of an address.
sub only_mail
{
	my ($address) = @_;
	my @mails = IonPeers::mailbox($postfix, $address, 1);

	is(scalar @mails, 1, 'one mail');
	return $mails[0];
}

# What an HTML document consists of, by Python's parser, for each of several.
sub anatomies
{
	my $answer = IonPeers::python(<<'PYTHON', encode_json(\@_));
import html.parser, json, sys

class Anatomy(html.parser.HTMLParser):
    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.handlers, self.text, self.odd = {}, [], [], [], []
        self.hidden = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        # the line for lists of mails is the only hidden block, and holds no other
        self.hidden += tag in ("style", "title") or (tag == "div" and ("aria-hidden", "true") in attrs)
        for name, value in attrs:
            if name in ("href", "src", "action", "background", "srcset", "data", "poster", "formaction"):
                self.links.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "title") or (tag == "div" and self.hidden > 0)
        # a block's end separates words
        self.text.append("" if tag in ("a", "em", "strong", "code") else " ")

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)

    def handle_comment(self, data):
        if not data.startswith(("[if mso]>", "<![endif]")) and data != "[if mso]></td></tr></table><![endif]":
            self.odd.append(data)

    def handle_decl(self, decl):
        if decl != "DOCTYPE html":
            self.odd.append(decl)

    def unknown_decl(self, data):
        self.odd.append(data)

    def handle_pi(self, data):
        self.odd.append(data)

def anatomy(source):
    a = Anatomy(source)
    return {"tags": a.tags, "links": a.links, "handlers": a.handlers, "text": "".join(a.text), "odd": a.odd}

print(json.dumps([anatomy(source) for source in json.load(sys.stdin)]))
PYTHON
	return @{ decode_json($answer) };
}

sql(<<"SQL");
SELECT t.service(s, '{inbox,email}') FROM unnest('{avvisi,altro,dovere}'::text[]) s;
SELECT t.service('sosta', '{inbox,sms}');
UPDATE io_notify.service SET max_payment_amount = 1000000, capabilities = '{payee}';
UPDATE io_notify.service SET mandatory = true WHERE name = 'dovere';
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://localhost:$postfix->{ports}{smtp}',
	sender 'Comune di Città Bassa <no-reply\@comune.test>', ca_file '$postfix->{ca_file}', allow_private_network 'on');
CREATE SERVER gateway FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'sms', url 'http://127.0.0.1:$sink->{port}/ok/sms', format 'json',
	body '{"to": "{{address}}", "text": "{{text}}"}', allow_private_network 'on', on_unknown 'retry');
CREATE ROLE pagina;
SQL

# --- templates in the reader's language ----------------------------------------------
my $emoji = 'Avviso 😀👩‍👩‍👧 per {{nome}}: è tutto pronto';
text('avviso', "Gentile **{{nome}}**,\n\nè disponibile l'avviso di {{importo}}.\n\n- [Dettagli](https://comune.test/a?x=1&y=2)\n- uno\n", subject => quoted($emoji), calendar => 'true',
	parameters => q('{"nome": "text", "importo": "money"}'));
text('avviso', "Sehr geehrte(r) **{{nome}}**,\n\nüber {{importo}} für Größe, Straße und Übung.\n", language => q('de'), subject => quoted('Bescheid für {{nome}}: Größe, Straße, Übermaß'));
text('avviso', "Spoštovani **{{nome}}**,\n\nobvestilo o znesku {{importo}}: čšž ČŠŽ.\n", language => q('sl'), subject => quoted('Obvestilo za {{nome}}: čšž ČŠŽ'));
my %subject = (it => 'Avviso 😀👩‍👩‍👧 per Željka: è tutto pronto', de => 'Bescheid für Željka: Größe, Straße, Übermaß', sl => 'Obvestilo za Željka: čšž ČŠŽ');
my %says = (it => qr/è disponibile l'avviso di 1\.234,56\x{a0}€/, de => qr/über 1\.234,56\x{a0}€ für Größe, Straße und Übung/, sl => qr/znesku 1\.234,56\x{a0}€: čšž ČŠŽ/);
my $given = params({ nome => 'Željka', importo => 123456 });
my %id;
$id{$_} = message(email => address("lingua-$_"), template => q('avviso'), params => $given, language => quoted($_)) for sort keys %subject;
for (sort keys %subject)
{
	email_ends($id{$_}, 'sent', "$_: sent");
	my $mail = only_mail(address("lingua-$_"));

	is_deeply($mail->{defects}, [], "$_: a mail without defects");
	is($mail->{headers}{subject}, $subject{$_}, "$_: its subject");
	is_deeply($mail->{from}, [ [ 'Comune di Città Bassa', 'no-reply@comune.test' ] ], "$_: its sender");
	is_deeply($mail->{to}, [ [ '', address("lingua-$_") ] ], "$_: its one recipient");
	is_deeply($mail->{types}, [ 'multipart/alternative', 'text/plain', 'text/html' ], "$_: text and HTML");
	is($mail->{headers}{'content-language'}, $_, "$_: its language");
	like($mail->{html}, qr/^<html lang="$_">$/m, "$_: which the HTML knows");
	like($mail->{text}, $says{$_}, "$_: what the text says");
	my ($anatomy) = anatomies($mail->{html});
	like($anatomy->{text}, $says{$_}, "$_: and the HTML");
	cmp_ok($mail->{longest}, '<=', 998, "$_: no line is too long");
	ok($mail->{ascii}, "$_: plain ASCII on the wire");
	is(scalar(grep { /^list-/ } @{ $mail->{names} }), 0, "$_: no way out where the organization offers none");
}

# subjects as long as they may be, of every kind of character
my %long = (ascii => 'Oggetto ' . 'molto ' x 18 . 'fine', accents => 'è' x 120, emoji => '😀' x 120, word => 'x' x 120, families => '👩‍👩‍👧' x 24, equals => '=?utf-8?q?ciao?= ' x 7, quotes => '"Ciao", (a) <b> \\ ; ' x 6);
$id{$_} = message(email => address("lungo-$_"), subject => quoted($long{$_}), markdown => quoted('Riga: ' . 'parola ' x 700 . "\n\n" . 'y' x 4900)) for sort keys %long;
for (sort keys %long)
{
	email_ends($id{$_}, 'sent', "subject of $_: sent");
	my $mail = only_mail(address("lungo-$_"));

	is($mail->{headers}{subject}, $long{$_} =~ s/ \z//r, "subject of $_: comes back as it was");
	is_deeply($mail->{defects}, [], "subject of $_: without defects");
	cmp_ok($mail->{longest}, '<=', 998, "subject of $_: no line is too long, whatever the text");
	like($mail->{text} =~ s/\s+/ /gr, qr/Riga: (?:parola ){700}y{4900}/, "subject of $_: nor is any of it lost");
}

# --- the calendar of a due date ----------------------------------------------------------
my $bill = message(email => address('calendario'), template => q('avviso'), params => $given, due_date => q('2030-07-31 10:00+00'), payment_amount => '12050',
	payment_notice => q('302012345678901234'), payment_payee => q('01488650142'));
email_ends($bill, 'sent', 'a mail with a due date');
my $mail = only_mail(address('calendario'));
is_deeply($mail->{types}, [ 'multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html', 'text/calendar' ], 'has a calendar beside its text');
is_deeply($mail->{defects}, [], 'and no defects');
like($mail->{calendar_type}, qr/^text\/calendar;.*method="?PUBLISH"?/i, 'to be put in a calendar, not answered');
my $calendar = $mail->{calendar} =~ s/\n[ \t]//gr;
like($calendar, qr/^BEGIN:VCALENDAR\n.*^BEGIN:VEVENT\n.*^END:VEVENT\nEND:VCALENDAR\n\z/ms, 'an event');
like($calendar, qr/^UID:$bill/m, 'of the message\'s identity');
like($calendar, qr/^DTSTART(?:;TZID=Europe\/Rome:20300731T120000|:20300731T100000Z)$/m, 'at the due date');
like($calendar, qr/^SUMMARY:Avviso 😀👩‍👩‍👧 per Željka: è tutto pronto$/m, 'named like the message');
like($mail->{$_} =~ s/<[^>]*>/ /gr, qr/120,50.*3020 1234 5678 9012 34.*01488650142/s, "$_: amount, notice and payee") for qw(text html);

# --- the way out -------------------------------------------------------------------------
sql(q{INSERT INTO io_notify.layout (organization, unsubscribe_text, unsubscribe_url) VALUES ('comune', 'Non voglio più queste e-mail', 'https://comune.test/lascia?t={token}')});
my $anna = address('Anna');
$id{first} = message(email => $anna, template => q('avviso'), params => $given);
email_ends($id{first}, 'sent', 'a mail with a way out');
$mail = only_mail($anna);
like($mail->{headers}{'list-unsubscribe'}, qr/^<https:\/\/comune\.test\/lascia\?t=[\w-]{47}>\z/, 'List-Unsubscribe: one https URL');
is($mail->{headers}{'list-unsubscribe-post'}, 'List-Unsubscribe=One-Click', 'List-Unsubscribe-Post: one click');
my ($token) = $mail->{headers}{'list-unsubscribe'} =~ /t=([\w-]{47})>/;
like($mail->{text}, qr/Non voglio più queste e-mail.*https:\/\/comune\.test\/lascia\?t=\Q$token\E$/ms, 'the text says so too');
like($mail->{html}, qr/<a href="https:\/\/comune\.test\/lascia\?t=\Q$token\E"[^>]*>Non voglio più queste e-mail<\/a>/, 'and the HTML');

sub unsubscribe { return sql('SET ROLE pagina; SELECT coalesce(io_notify.unsubscribe(' . quoted($_[0]) . ')::text, \'null\')', $_[1]) }

sub count_of { return sql("SELECT count(*) FROM io_notify.$_[0]") }

my %forged = (
	empty => '', short => substr($token, 0, 46), shorter => substr($token, 1), long => $token . 'A', longer => $token x 2, padded => "$token=", spaced => " $token",
	'of another case' => $token =~ tr/A-Za-z/a-zA-Z/r, preview => 'preview', nonsense => 'x' x 47, hostile => "' OR true --", huge => 'A' x 100_000, 'not ASCII' => 'è' x 47,
	'of zeros' => 'A' x 47);
for my $at (0, 10, 23, 30, 46)
{
	my $other = substr($token, $at, 1) eq 'B' ? 'C' : 'B';

	$forged{"changed at $at"} = substr($token, 0, $at) . $other . substr($token, $at + 1);
}
# the last character carries bits that mean nothing: any other is another token
$forged{"ends in $_"} = substr($token, 0, 46) . $_ for grep { $_ ne substr $token, 46 } qw(A Q g w Z);
is(unsubscribe($forged{$_}), 'false', "a token that is $_ is not ours") for sort keys %forged;
is(unsubscribe(undef), 'null', 'nor is none');
is(count_of('suppression'), 0, 'and nothing happens');
$node->safe_psql('postgres', 'CREATE DATABASE vicina');
$node->safe_psql('vicina', 'CREATE EXTENSION io_notify; SELECT io_notify.install(); CREATE ROLE nessuno');
is(unsubscribe($token, 'vicina'), 'false', 'another database does not take it');
is(sql('SELECT message_id IS NULL FROM io_notify._unsubscribe_verify(' . quoted($token) . ", io_notify._service_key('', 'unsubscribe'))", 'vicina'), 't', 'because its key is another');
is(sql('SELECT message_id FROM io_notify._unsubscribe_verify(' . quoted($token) . ", io_notify._service_key('', 'unsubscribe'))"), $id{first}, 'here it names the message');

my $events = count_of('audit_event');
is(unsubscribe($token), 'true', 'whoever holds the token may use it, without any right of his own');
is(sql('SELECT channel, address, service, reason, expires_at FROM io_notify.suppression'), join('|', 'email', lc $anna, 'avvisi', 'unsubscribe', ''), 'no more mail of that service to that address');
is(count_of('audit_event'), $events + 1, 'which is on record');
unlike(sql('SELECT string_agg(to_jsonb(e)::text, \' \') FROM io_notify.audit_event e'), qr/anna|citizens\.test|\Q$token\E/i, 'without the address, without the token');
is(unsubscribe($token), 'true', 'a second time it is still so');
is(count_of('suppression') . ' ' . count_of('audit_event'), '1 ' . ($events + 1), 'and nothing new');
is(state_of(message(email => $anna, template => q('avviso'), params => $given)), 'suppressed suppressed_address', 'the next message is not sent');
$id{other} = message(service => q('altro'), email => $anna, template => q('avviso'), params => $given);
email_ends($id{other}, 'sent', 'another service still reaches the citizen');
$id{duty} = message(service => q('dovere'), email => $anna, template => q('avviso'), params => $given);
email_ends($id{duty}, 'sent', 'and so does a mandatory one');
my @mails = IonPeers::mailbox($postfix, $anna, 3);
is(scalar @mails, 3, 'three mails in all');
my %of = map { ($_->{headers}{'message-id'} =~ /^<(.{36})/)[0] => $_ } @mails;
my ($other_token) = $of{ $id{other} }{headers}{'list-unsubscribe'} =~ /t=([\w-]{47})>/;
isnt($other_token, $token, 'each mail has a token of its own');
is(scalar(grep { /^list-/ } @{ $of{ $id{duty} }{names} }), 0, 'a mandatory service offers no way out');
unlike($of{ $id{duty} }{html} . $of{ $id{duty} }{text}, qr/lascia|Non voglio/, 'nor does its text');
is(unsubscribe($other_token), 'true', 'out of the other service');
is(sql(q{SELECT string_agg(service, ' ' ORDER BY service) FROM io_notify.suppression}), 'altro avvisi', 'as well');
sql(q{UPDATE io_notify.suppression SET expires_at = now() - interval '1 day' WHERE service = 'avvisi'});
$id{again} = message(email => $anna, template => q('avviso'), params => $given);
email_ends($id{again}, 'sent', 'a suppression that expired stops nothing');
is(unsubscribe($token), 'true', 'an old mail\'s token is as good');
is(sql(q{SELECT expires_at IS NULL FROM io_notify.suppression WHERE service = 'avvisi'}), 't', 'and holds for good');
is(state_of(message(email => $anna, template => q('avviso'), params => $given)), 'suppressed suppressed_address', 'again');

# --- values of strangers -------------------------------------------------------------------
my $victim = address('vittima');
my %hostile = (
	bold => '<b>grassetto</b>', script => '<script>alert(1)</script>', image => '"><img src=x onerror=alert(1)>', svg => "'><svg/onload=alert(1)>",
	link => '](javascript:alert(1))', 'whole link' => '[clic](javascript:alert(1))', picture => '![i](https://tracker.test/p.png)', reference => "[clic][a]\n\n[a]: javascript:alert(1)",
	autolink => '<javascript:alert(1)>', 'web autolink' => '<https://evil.test/>', entity => '&lt;script&gt; &#60;b&#62; &amp;', 'entity link' => '[x](&#x6A;avascript:alert(1))',
	tag => '{{x}}', raw => '{{{x}}} {{&x}}', partial => '{{>p}}', delimiters => '{{=<% %>=}} <%x%>', section => '{{#x}}{{/x}}', ends => '{{/x}} }}', comment => '<!-- {{! -->',
	bcc => "Ada\r\nBcc: $victim", subject => "Ada\nSubject: altro\n\nCorpo", end => "Ada\r\n.\r\nMAIL FROM:<a\@comune.test>\r\nRCPT TO:<$victim>\r\nDATA\r\n", 'bare end' => "Ada\n.\nQUIT\n",
	'encoded word' => '=?utf-8?B?PGI+?= =?iso-8859-1?q?x?=', boundary => "--=_\n--\nContent-Type: text/html\n\n<b>", heading => '# Titolo', 'setext heading' => "Titolo\n====", list => "- uno\n- due", numbers => '1. uno',
	quote => '> cita', rule => "---\n***\n___", matter => "---\nit:\n  cta_1: x\n---", fence => "```\ncodice\n```", code => 'un `codice` e ``due``', indented => '        codice', emphasis => '*uno* _due_ **tre** ~~quattro~~',
	backslash => 'fine\\', backslashes => '\\\\ \\* \\n', table => "| a | b |\n|---|---|\n| 1 | 2 |", 'HTML block' => "<div>\n\nx\n\n</div>", cdata => '<![CDATA[ x ]]> <?php x ?>', 'right to left' => "Ada \x{202e}odamoc\x{202c} \x{2067}x\x{2069} \x{200f}y",
	hebrew => 'שלום עולם', 'no width' => "a\x{200b}b\x{feff}c", combining => 'a' . "\x{301}" x 50, ampersand => 'A & B &copy; &nbsp;', tabs => "uno\tdue\t\ttre",
	percent => '%s %n %d {0} ${x} $(x) `x`', quotes => q{O'Brien "il grande" 'x'}, long => 'parola ' x 140 . 'fine', word => 'x' x 980);
text('ostile', "Prima {{x}} dopo\n\n# Titolo {{x}}\n\n- voce {{x}}\n- **{{x}}**\n\n> {{x}}\n\n{{x}}\n", subject => quoted('Per {{x}}: ecco'), parameters => q('{"x": "text"}'));
text('p', '<script>alert(2)</script>', kind => q('partial'), subject => 'NULL');

is(message(email => address('m'), service => q('altro'), template => q('ostile'), params => params({ x => "uno$_" . 'due' })), '22023', sprintf 'a value with U+%04X is refused', ord)
  for "\x01", "\x08", "\x1b", "\x7f", "\x{85}", "\x{9b}", "\x{2028}", "\x{2029}";

# What a reader sees of a value: blanks are one, what only steers is nothing.
sub seen { return $_[0] =~ s/[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200e}\x{200f}\x{200b}\x{feff}]//gr =~ s/[\s\x{85}\x{2028}\x{2029}]+/ /gr =~ s/^ | $//gr }

my (%state, %box);
my $number = 0;
for (sort keys %hostile)
{
	$box{$_} = address('ostile' . $number++);
	$state{$_} = message(service => q('altro'), email => $box{$_}, template => q('ostile'), params => params({ x => $hostile{$_} }));
}
is(join(' ', map { "$_: $state{$_}" } grep { $state{$_} !~ /^[0-9a-f-]{36}$/ } sort keys %state), '', 'values of every kind are taken');
is(sql(q{SELECT io_notify.wait_until_idle('30 s')}), 't', 'and sent');
is(sql(q{SELECT string_agg(DISTINCT d.state, ' ') FROM io_notify.delivery d JOIN io_notify.message m ON m.id = d.message_id WHERE d.channel = 'email' AND m.template = 'ostile'}), 'sent', 'all of them');
my %mails = IonPeers::mailboxes($postfix, (map { $_ => 1 } values %box), $victim => 0);
is(scalar @{ $mails{$victim} }, 0, 'nobody else got a mail');
my @names = sort keys %hostile;
my %anatomy;
@anatomy{@names} = anatomies(map { $mails{ $box{$_} }[0]{html} // '' } @names);
my @headers = sort @{ $mails{ $box{bold} }[0]{names} };
my %allowed = map { $_ => 1 } qw(html head meta title style body div h1 h2 p ul li blockquote strong a);
for my $name (@names)
{
	my @got = @{ $mails{ $box{$name} } };
	my $seen = seen($hostile{$name});
	my $anatomy = $anatomy{$name};
	my %mail = %{ $got[0] // {} };

	is(scalar @got, 1, "$name: one mail");
	is_deeply([ sort @{ $mail{names} } ], \@headers, "$name: no header more or less");
	is_deeply($mail{to}, [ [ '', $box{$name} ] ], "$name: one recipient");
	is(seen($mail{headers}{subject}), seen("Per $hostile{$name}: ecco"), "$name: text in the subject");
	is_deeply($mail{types}, [ 'multipart/alternative', 'text/plain', 'text/html' ], "$name: no part more");
	is_deeply($mail{defects}, [], "$name: no defect");
	is(join(' ', grep { !$allowed{$_} } sort keys %{ $anatomy->{tags} }), '', "$name: no tag in the HTML");
	is("$anatomy->{tags}{h1} $anatomy->{tags}{h2} $anatomy->{tags}{li} $anatomy->{tags}{blockquote} $anatomy->{tags}{strong}", '1 1 2 1 1', "$name: no heading, item or quotation either");
	is_deeply([ grep { !m{^https://comune\.test/lascia\?t=} } @{ $anatomy->{links} } ], [], "$name: no link");
	is_deeply([ @{ $anatomy->{handlers} }, @{ $anatomy->{odd} } ], [], "$name: no handler, no comment");
	my $shown = seen($anatomy->{text});
	is(scalar(() = $shown =~ /\Q$seen\E/g), 7, "$name: text in the HTML, at each of its places");
	my %of_channel = (html => $mail{html}, text => $mail{text}, subject => $mail{headers}{subject});
	is(join(' ', grep { $of_channel{$_} =~ /[\x{202a}-\x{202e}\x{2066}-\x{2069}]/ } sort keys %of_channel), '', "$name: nobody's words are turned round");
	# in a quotation each line begins with a sign, as a value may
	my ($plain) = sort { $b <=> $a } map { scalar(() = seen($_) =~ /\Q$seen\E/g) } $mail{text}, $mail{text} =~ s/^[ >]+//mgr;
	is($plain, 7, "$name: text in the text");
	unlike($mail{text}, qr/[\x00-\x08\x0b-\x1f\x7f-\x9f]/, "$name: without control characters");
}

# as SMS
text('sosta', 'Sosta');
text('sosta', 'Sosta di {{x}}: pagata', channel => q('sms'), subject => 'NULL', sms_max_segments => '10', parameters => q('{"x": "text"}'));
sql(q{UPDATE io_notify.citizen c SET phone = '+39333' || (1000000 + n.n), phone_verified = true, sms_enabled = true
	FROM (SELECT fiscal_code, row_number() OVER () AS n FROM io_notify.citizen WHERE email LIKE 'ostile%') n WHERE n.fiscal_code = c.fiscal_code});
my @few = grep { length $hostile{$_} < 400 } @names;
$state{$_} = message(service => q('sosta'), email => $box{$_}, template => q('sosta'), params => params({ x => $hostile{$_} })) for @few;
is(join(' ', map { "$_: $state{$_}" } grep { $state{$_} !~ /^[0-9a-f-]{36}$/ } @few), '', 'values of every kind are taken for SMS');
is(sql(q{SELECT io_notify.wait_until_idle('30 s')}), 't', 'and sent');
is(sql(q{SELECT string_agg(DISTINCT concat_ws(' ', state, reason), ', ') FROM io_notify.delivery WHERE service = 'sosta' AND channel = 'sms'}), 'sent', 'all of them');
my %sms;
push @{ $sms{ ($_->{headers}{'webhook-id'} =~ /^(.{36})/)[0] } }, decode_json(encode('UTF-8', $_->{body}))->{text} for grep { $_->{path} eq '/ok/sms' } $sink->records;
for my $name (@few)
{
	my @got = @{ $sms{ $state{$name} } // [] };

	is(scalar @got, 1, "$name: one SMS");
	unlike($got[0], qr/[\x00-\x1f\x7f-\x9f\x{2028}\x{2029}]/, "$name: on one line, without control characters");
	like($got[0], qr/^Sosta di .*: pagata\z/s, "$name: nothing of the text is lost");
	my $letters = $hostile{$name} =~ s/[^A-Za-z0-9]//gr;
	is($got[0] =~ s/[^A-Za-z0-9]//gr, "Sostadi${letters}pagata", "$name: nor of the value");
}

# --- more than fits -------------------------------------------------------------------------
is(message(email => address('troppo'), template => q('ostile'), params => params({ x => 'x' x 1001 })), '22023', 'a value longer than declared is the sender\'s error');
text('grande', "{{x}}\n", subject => quoted('Per {{x}}'), parameters => q('{"x": {"type": "text", "max": 10000}}'));
$id{large} = message(email => address('grande'), template => q('grande'), params => params({ x => 'lettera ' x 1250 }));
like($id{large}, qr/^[0-9a-f-]{36}\z/, 'ten thousand characters where they are declared');
email_ends($id{large}, 'sent', 'leave');
$mail = only_mail(address('grande'));
is(scalar(() = $mail->{text} =~ /lettera/g) >= 1250, 1, 'whole, in the text');
like($mail->{headers}{subject}, qr/^Per lettera lettera/, 'and as much of them as a subject takes in the header');
cmp_ok($mail->{longest}, '<=', 998, 'in lines that are not too long');
is_deeply($mail->{defects}, [], 'without defects');

# what a sender writes himself
is(message(email => address('m'), subject => quoted("Oggetto\r\nBcc: $victim"), markdown => quoted('x' x 80)), '22023', 'a subject of two lines is refused');
is(message(email => address('m'), subject => quoted("Oggetto con\x{7f} un controllo"), markdown => quoted('x' x 80)), '22023', 'and one with a control character');
$id{own} = message(email => address('proprio'), subject => quoted('Un testo scritto a mano'), markdown => quoted("<script>alert(1)</script>\n\n<div onclick=x>blocco</div>\n\n[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x) [d](JaVaScRiPt:x) [e]( javascript:x) [f](https://comune.test/ok)"
	. "\n\n![pixel](https://tracker.test/p.png)\n\n<https://comune.test/auto> <javascript:x>\n\nInizio <b onmouseover=x>fine</b> <img src=x onerror=y>\n"));
email_ends($id{own}, 'sent', 'Markdown with all that is forbidden is sent');
$mail = only_mail(address('proprio'));
my ($own) = anatomies($mail->{html});
is(join(' ', grep { !$allowed{$_} } sort keys %{ $own->{tags} }), '', 'without a tag of the sender\'s');
is(join(' ', grep { !/lascia/ } @{ $own->{links} }), 'https://comune.test/ok https://comune.test/auto', 'with the links that lead somewhere');
is_deeply($own->{handlers}, [], 'without handlers');
like(seen($own->{text}), qr/blocco|Inizio .*fine/, 'and the words between');

my $log = decode('UTF-8', PostgreSQL::Test::Utils::slurp_file($node->logfile));
unlike($log, qr/\Q$run\E|\Q$token\E|grassetto/, 'the log holds no address, no token, no value');
$node->stop;
IonPeers::log_is_clean($node);
done_testing();
