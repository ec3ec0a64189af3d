# preview(): what it shows is what a mail server and an HTTP endpoint receive,
# byte for byte, by channel and language; who may look; what it says of params
# that do not fit.  Then its page and the mail itself in a browser: headings,
# names, contrast by day and by night, and nothing fetched.
#
# PAGE_SHOTS names a folder that keeps the pictures.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use IonTest ();
use IPC::Run ();
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'preview');
my $peer = IonPeers::peer('bad_http.py');
my $mail = IonTest::smtp_sink();
my $url = "http://127.0.0.1:$peer->{port}";

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

sub quoted { return defined $_[0] ? "'" . $_[0] =~ s/'/''/gr . "'" : 'NULL' }

# The SQLSTATE of what must fail, as a role.
sub failure
{
	my ($role, $query) = @_;
	my ($out, $err);

	$node->psql('postgres', encode('UTF-8', "\\set VERBOSITY sqlstate\nSET ROLE $role;\n$query"), stdout => \$out, stderr => \$err);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : "no error: $err";
}

# A preview's rows by channel; %argument by name, as SQL.
sub preview
{
	my (%argument) = @_;
	my $list = join ', ', map { "$_ => $argument{$_}" } sort keys %argument;
	my $rows = decode_json(encode('UTF-8', sql("SELECT coalesce(json_agg(p), '[]') FROM io_notify.preview($list) p")));

	return { map { $_->{channel} => $_ } @$rows };
}

# A template's text; further columns as SQL.
sub text
{
	my ($name, $markdown, %more) = @_;
	my %row = (name => quoted($name), subject => q('Oggetto'), markdown => quoted($markdown), %more);
	my @columns = sort keys %row;

	sql('INSERT INTO io_notify.template (' . join(', ', @columns) . ') VALUES (' . join(', ', @row{@columns}) . ')');
	return;
}

# Insert one message; columns as SQL.  Returns its id.
sub message
{
	my (%column) = @_;
	my @columns = sort keys %column;

	return sql('INSERT INTO io_notify.message (' . join(', ', @columns) . ') VALUES (' . join(', ', @column{@columns}) . ') RETURNING id') =~ s/\n.*//sr;
}

sql(<<"SQL");
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url '$url/ok/hook', allow_private_network 'on');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$mail->{port}',
	sender 'Comune <no-reply\@comune.example.it>', tls 'off', allow_private_network 'on');
CREATE SERVER gateway FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'sms', url '$url/ok/sms', format 'json',
	body '{"text": "{{text}}"}', allow_private_network 'on', on_unknown 'retry');
SELECT t.service('tributi', '{inbox,email,sms,push,webhook}');
SELECT t.service('altro', '{inbox}');
UPDATE io_notify.service SET max_payment_amount = 1000000, capabilities = '{payee}', title = 'Ufficio Tributi' WHERE name = 'tributi';
CREATE ROLE mittente;
CREATE ROLE estraneo;
SELECT io_notify.grant_sender('mittente', 'tributi');
SELECT io_notify.grant_sender('estraneo', 'altro');
SQL

# one citizen for each language, and one who wants pushes anonymous
my %citizen;
for my $language (qw(it de sl fr))
{
	my $code = sql("SELECT t.citizen('$language\@citizens.test')");

	sql("UPDATE io_notify.citizen SET language = '$language', phone = '+39333000000" . keys(%citizen) . "', phone_verified = true, sms_enabled = true, push_enabled = true, push_detail = 'full' WHERE fiscal_code = '$code'");
	$citizen{$language} = $code;
}
sql("UPDATE io_notify.citizen SET push_detail = 'anonymous' WHERE language = 'fr'");

# --- templates ---------------------------------------------------------------------
my $declared = q('{"nome": {"type": "text", "max": 80}, "importo": "money", "scadenza": "date", "link": {"type": "url", "required": false},
	"rate": {"type": "list", "items": {"n": "integer", "euro": "money"}, "required": false}}');
text('rata', "# Gentile {{nome}}\n\nl'importo è **{{importo}}**, entro il {{scadenza}}.\n\n{{#rate}}\n{{n}}. {{euro}}\n{{/rate}}\n\n{{#link}}[Dettagli](https://comune.example.it/rate){{/link}}",
	subject => quoted('Rata di {{nome}}: {{importo}}'), parameters => $declared, calendar => 'true');
text('rata', "# Guten Tag {{nome}}\n\n**{{importo}}** bis {{scadenza}}. Grüße!", language => q('de'), subject => quoted('Rate für {{nome}}'));
text('rata', "# Pozdravljeni {{nome}}\n\nznesek **{{importo}}**, rok {{scadenza}}. Čakamo.", language => q('sl'), subject => quoted('Obrok: {{nome}} čšž'));
text('rata', 'Rata di {{nome}}: {{importo}} entro il {{scadenza}}', channel => q('sms'), subject => 'NULL');
text('rata', 'Obrok {{importo}}, rok {{scadenza}}. ' . ('Čakamo na plačilo. ' x 5), channel => q('sms'), language => q('sl'), subject => 'NULL');
text('rata', 'Da pagare: {{importo}}', channel => q('push'), subject => quoted('Una rata per {{nome}}'));
my $params = q('{"nome": "Ada <b>Rossi</b> & *C*", "importo": 123456, "scadenza": "2030-07-31", "rate": [{"n": 1, "euro": 61728}, {"n": 2, "euro": 61728}], "link": "https://comune.example.it/"}');

# --- what it shows -------------------------------------------------------------------
my $shown = preview(template => q('rata'), params => $params);
is(join(' ', sort keys %$shown), 'email inbox push sms', 'a template that is everybody\'s: on the channels a citizen has');
is(join(' ', sort keys %{ preview(template => q('rata'), params => $params, service => q('tributi')) }), 'email inbox push sms webhook', 'with a service: on its channels');
is(join(' ', sort keys %{ preview(template => q('rata'), params => $params, service => q('altro')) }), 'inbox', 'whatever they are');
is_deeply([ grep { defined $_->{problem} } values %$shown ], [], 'without a problem');
is($shown->{email}{subject}, "Rata di Ada <b>Rossi</b> & *C*: 1.234,56\x{a0}€", 'the subject of a mail, its values as an Italian writes them');
like($shown->{email}{html}, qr{l'importo è <strong>1\.234,56\x{a0}€</strong>, entro il 31 luglio 2030}, 'its HTML');
like($shown->{email}{html}, qr{Gentile Ada &lt;b&gt;Rossi&lt;/b&gt; &amp; \*C\*<}, 'where values are text');
like($shown->{email}{text}, qr{^Gentile Ada <b>Rossi</b> & \*C\*$}m, 'its text');
is($shown->{inbox}{subject}, $shown->{email}{subject}, 'the inbox has the same subject');
like($shown->{inbox}{text}, qr/^# Gentile Ada &lt;b&gt;Rossi.* \\\*C\\\*$/m, 'its Markdown as an app gets it');
is($shown->{inbox}{html}, sql("SELECT io_notify.markdown_to_html(" . quoted($shown->{inbox}{text}) . ")"), 'and the HTML of that');
is($shown->{push}{subject}, 'Una rata per Ada <b>Rossi</b> & *C*', 'the title of a push');
is($shown->{push}{text}, "Da pagare: 1.234,56\x{a0}€", 'and its body');
is($shown->{sms}{text}, 'Rata di Ada <b>Rossi</b> & *C*: 1.234,56 € entro il 31 luglio 2030', 'an SMS');
is("$shown->{sms}{encoding} $shown->{sms}{segments}", 'gsm7 1', 'and what it takes');

for (['it', 'it', "1.234,56\x{a0}€"], ['de', 'de', "1.234,56\x{a0}€"], ['sl', 'sl', "1.234,56\x{a0}€"], ['de-AT', 'de', "€\x{a0}1.234,56|1\x{a0}?.?234,56\x{a0}€"], ['fr', 'it', '1.234,56'], ['sl-SI', 'sl', '1.234,56'])
{
	my ($asked, $got) = @$_;
	my $in = preview(template => q('rata'), params => $params, language => quoted($asked));

	is($in->{email}{language}, $got, "$asked: written in $got");
	like($in->{email}{html}, qr/<html lang="$got">/, "$asked: which the mail says");
	like($in->{email}{html}, { it => qr/Gentile/, de => qr/31\. Juli 2030/, sl => qr/31\. julij 2030/ }->{$got}, "$asked: as one writes there");
	is($in->{sms}{language}, $got, "$asked: the SMS too");
}
my $sl = preview(template => q('rata'), params => $params, language => q('sl'))->{sms};
is("$sl->{encoding} $sl->{segments}", sql('SELECT concat_ws(\' \', encoding, segments) FROM io_notify.sms_segments(' . quoted($sl->{text}) . ')'), 'encoding and segments are what sms_segments() says of the text');
cmp_ok($sl->{segments}, '>', 0, 'which are some');
sql("UPDATE io_notify.service SET sms_max_segments = 1, sms_transliterate = false WHERE name = 'tributi'");
$sl = preview(template => q('rata'), params => $params, language => q('sl'), service => q('tributi'))->{sms};
is("$sl->{encoding} $sl->{segments}", 'ucs2 1', 'no more than the service allows');
like($sl->{text}, qr/^.{50,67}\.\.\.\z/s, 'and the text ends where they do');
sql("UPDATE io_notify.service SET sms_max_segments = 3, sms_transliterate = true WHERE name = 'tributi'");

# --- what does not fit -------------------------------------------------------------------
my %ill = (
	'no "importo"' => [ q('{"nome": "Ada", "scadenza": "2030-07-31"}'), qr/importo/ ],
	'an ill date' => [ q('{"nome": "Ada", "importo": 1, "scadenza": "31/07/2030"}'), qr/scadenza/ ],
	'a list that is none' => [ q('{"nome": "Ada", "importo": 1, "scadenza": "2030-07-31", "rate": 7}'), qr/rate/ ],
	'an item that does not fit' => [ q('{"nome": "Ada", "importo": 1, "scadenza": "2030-07-31", "rate": [{"n": 1, "euro": 1}, {"n": 1, "euro": "x"}]}'), qr/rate\[1\]\.euro/ ],
	'no params at all' => [ 'NULL', qr/nome/ ]);
for my $name (sort keys %ill)
{
	my ($given, $parameter) = @{ $ill{$name} };
	my $of = preview(template => q('rata'), params => $given, service => q('tributi'));
	my ($out, $err);

	is(scalar(grep { ($_->{problem} // '') =~ $parameter } values %$of), 5, "$name: a problem on every channel, which names the parameter");
	$node->psql('postgres', "INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('tributi', '$citizen{it}', 'rata', $given)", stdout => \$out, stderr => \$err);
	like($err, qr/\Q$of->{email}{problem}\E/, "$name: the very reason an INSERT is refused for");
}
text('muto', 'Solo SMS', channel => q('sms'), subject => 'NULL');
my $mute = preview(template => q('muto'));
is($mute->{sms}{text}, 'Solo SMS', 'a template of one channel');
is($mute->{email}{problem}, 'the message\'s template has no text for this channel', 'says so on the others');

# --- who may look ----------------------------------------------------------------------
text('interno', 'Testo {{x}}', service => q('tributi'));
sql("SELECT io_notify.template_draft('bozza', 'Bozza', 'Bozza', service => 'tributi')");
is(sql("SET ROLE mittente; SELECT subject FROM io_notify.preview('interno', service => 'tributi') WHERE channel = 'inbox'"), 'Oggetto', 'a member sees a template of the service');
is(sql("SET ROLE mittente; SELECT subject FROM io_notify.preview('interno') WHERE channel = 'inbox'"), 'Oggetto', 'also without naming it');
is(failure('estraneo', "SELECT * FROM io_notify.preview('interno')"), '42704', 'for others there is none');
is(failure('estraneo', "SELECT * FROM io_notify.preview('interno', service => 'tributi')"), '42501', 'or it is not theirs');
is(failure('estraneo', "SELECT * FROM io_notify.preview_html('interno', service => 'tributi')"), '42501', 'nor as a page');
is(failure('mittente', "SELECT * FROM io_notify.preview('nessuno')"), '42704', 'there is no such template');
is(failure('mittente', "SELECT * FROM io_notify.preview('bozza', service => 'tributi')"), '42704', 'a draft is not shown');
is(failure('mittente', "SELECT * FROM io_notify.preview('interno', service => 'ignoto')"), '42704', 'there is no such service');
is(failure('estraneo', "SELECT * FROM io_notify._preview_render(NULL, 'interno', 1, 'tributi', NULL, '{}', NULL)"), '42501', 'there is no way around the door');

# --- the same, sent ---------------------------------------------------------------------
# a mail's parts as a server got it
sub parts_of_mail
{
	my ($id) = @_;
	my $found;

	IonPeers::wait_for(10, sub { ($found) = grep { /^Message-ID: <$id\./mi } IonTest::mails($mail) });
	return decode_json(IonPeers::python(<<'PYTHON', $found =~ s/\r//gr));
import email, email.policy, json, re, sys
source = sys.stdin.read()
start = re.search(r"^(From|Subject|Date|Message-ID|MIME-Version|To): ", source, re.M).start()
m = email.message_from_string(source[start:], policy=email.policy.default)
print(json.dumps({p.get_content_type(): p.get_content().replace("\r\n", "\n") for p in m.walk() if not p.is_multipart()} | {"subject": str(m["subject"])}))
PYTHON
}

# The body an endpoint got for a message on a path.
sub body_of
{
	my ($id, $path) = @_;
	my @found;

	IonPeers::wait_for(10, sub { @found = grep { $_->{path} =~ m{/$path$} && ($_->{headers}{'webhook-id'} // '') =~ /^$id\./ } $peer->records });
	return @found == 1 ? $found[0]{body} : scalar(@found) . " requests";
}

sub is_what_was_sent
{
	my ($name, $id, @channels) = @_;
	my $of = preview(message_id => "'$id'");

	is(join(' ', sort keys %$of), 'email inbox push sms webhook', "$name: all channels of its service");
	for (@channels)
	{
		my $row = $of->{$_};

		is($row->{problem}, undef, "$name: $_: no problem");
		if ($_ eq 'email')
		{
			my $got = parts_of_mail($id);

			is($row->{subject}, $got->{subject}, "$name: the subject is the mail's");
			is($row->{html}, $got->{'text/html'}, "$name: the HTML is the mail's");
			is($row->{text}, $got->{'text/plain'}, "$name: the text is the mail's");
		}
		elsif ($_ eq 'webhook') { is($row->{text}, body_of($id, 'hook'), "$name: the document is the webhook's") }
		elsif ($_ eq 'sms') { is($row->{text}, decode_json(encode('UTF-8', body_of($id, 'sms')))->{text}, "$name: the SMS is what the gateway got") }
		elsif ($_ eq 'inbox')
		{
			my $citizen = sql("SELECT recipient FROM io_notify.message WHERE id = '$id'");

			is_deeply([ @$row{qw(subject text)} ], decode_json(encode('UTF-8', sql("SET io_notify.citizen = '$citizen'; SELECT json_build_array(g ->> 'subject', g ->> 'markdown') FROM io_notify.inbox_get('$id') g"))), "$name: the inbox has it");
		}
	}
	return $of;
}

my @all = qw(inbox email sms webhook);
my %sent;
$sent{$_} = message(service => q('tributi'), recipient => quoted($citizen{$_}), template => q('rata'), params => $params) for qw(it de sl fr);
$sent{wish} = message(service => q('tributi'), recipient => quoted($citizen{it}), template => q('rata'), params => $params, language => q('de'));
$sent{plain} = message(service => q('tributi'), recipient => quoted($citizen{it}), subject => quoted('Senza modello — 😀 «ok»'),
	markdown => quoted("---\nit:\n  cta_1: {text: Paga, action: \"ioit://paga\"}\n---\n\n## Titolo\n\nUn testo *qualunque*, di almeno ottanta caratteri perché così vuole la regola.\n\n- [collegamento](https://comune.example.it/?a=1&b=2)\n\n1. uno\n2. due\n"));
$sent{bill} = message(service => q('tributi'), recipient => quoted($citizen{de}), template => q('rata'), params => $params, reference => q('PR-42'),
	due_date => q('2030-07-31 10:00+00'), payment_amount => '12050', payment_notice => q('302012345678901234'), payment_payee => q('01488650142'), payment_invalid_after_due_date => 'true');
my %of;
$of{$_} = is_what_was_sent($_, $sent{$_}, @all) for qw(it de sl fr wish plain bill);
is($of{$_}{email}{language}, { fr => 'it', wish => 'de' }->{$_} // $_, "$_: the language") for qw(it de sl fr wish);
is("$of{it}{push}{subject} | $of{it}{push}{text}", "Una rata per Ada <b>Rossi</b> & *C* | Da pagare: 1.234,56\x{a0}€", 'a push says what its text says');
is("$of{de}{push}{subject} | $of{de}{push}{text}", 'Comune di Prova | Rate für Ada <b>Rossi</b> & *C*', 'or, without one, who writes about what');
like($of{bill}{email}{text}, qr/Frist.*120,50.*3020 1234 5678 9012 34/s, 'bill: due date and payment');
ok(exists parts_of_mail($sent{it})->{'text/plain'} && !exists parts_of_mail($sent{it})->{'text/calendar'}, 'no due date, no calendar');
like($of{fr}{push}{subject} . $of{fr}{push}{text}, qr/^(?!.*(?:Ada|1\.234)).+/s, 'a push that is to be anonymous says nothing');
unlike($of{plain}{inbox}{html}, qr/cta_1/, 'what only apps read is not in the HTML of the inbox');
is(preview(message_id => "'$sent{it}'", language => q('sl'))->{email}{language}, 'sl', 'a message in another language');
sql("UPDATE io_notify.citizen SET push_detail = 'full' WHERE language = 'fr'");
is(preview(message_id => "'$sent{fr}'")->{push}{text}, "Da pagare: 1.234,56\x{a0}€", 'the citizen\'s choices show as they are now');

# mails with the organization's layout, whose link leads its reader out
sql(q{INSERT INTO io_notify.layout (organization, logo_url, logo_alt, primary_color, footer_markdown, contacts_markdown, website, unsubscribe_text, unsubscribe_url)
	VALUES ('comune', 'https://comune.example.it/stemma.png', 'Stemma', '#ffcc00', 'Comune di **Prova**', 'Telefono 800 100', 'https://comune.example.it', 'Non voglio più queste e-mail', 'https://comune.example.it/lascia?t={token}')});
$sent{layout} = message(service => q('tributi'), recipient => quoted($citizen{it}), template => q('rata'), params => $params);
my $letter = preview(message_id => "'$sent{layout}'")->{email};
my $got = parts_of_mail($sent{layout});
my ($token) = $got->{'text/html'} =~ m{https://comune\.example\.it/lascia\?t=([\w-]+)};
like($token, qr/^[\w-]{47}\z/, 'a mail\'s link has a token');
for ([ html => 'text/html' ], [ text => 'text/plain' ])
{
	unlike($letter->{ $_->[0] }, qr/\Q$token\E/, "$_->[0]: which is the recipient's, and not shown");
	is($letter->{ $_->[0] }, $got->{ $_->[1] } =~ s/\Q$token\E/preview/r, "$_->[0]: all else is");
}
sql("UPDATE io_notify.service SET mandatory = true WHERE name = 'tributi'");
unlike(preview(message_id => "'$sent{layout}'")->{email}{html}, qr/lascia/, 'nobody leaves a mandatory service');
sql("UPDATE io_notify.service SET mandatory = false, email_content = 'preview' WHERE name = 'tributi'");
$sent{short} = message(service => q('tributi'), recipient => quoted($citizen{it}), template => q('rata'), params => $params);
my $short = preview(message_id => "'$sent{short}'")->{email};
is($short->{html}, parts_of_mail($sent{short})->{'text/html'} =~ s/lascia\?t=[\w-]{47}/lascia?t=preview/gr, 'a mail that shows the beginning only');
unlike($short->{html}, qr{comune\.example\.it/rate}, 'without links');
sql("UPDATE io_notify.service SET email_content = 'whole' WHERE name = 'tributi'");

# a secure message
$sent{secure} = message(service => q('tributi'), recipient => quoted($citizen{it}), template => q('rata'), params => $params, require_secure_channels => 'true');
$of{secure} = is_what_was_sent('secure', $sent{secure}, qw(inbox webhook));
is($of{secure}{$_}{problem}, 'a secure message is not sent on this channel', "secure: nothing leaves by $_") for qw(email sms);
unlike(join(' ', map { $_ // '' } map { @{ $of{secure}{$_} }{qw(subject html text)} } qw(email sms push webhook)), qr/Ada|1\.234|Rata di/, 'secure: no content anywhere but in the inbox');
like($of{secure}{inbox}{text}, qr/Gentile Ada/, 'secure: where it is whole');
sql("UPDATE io_notify.service SET require_secure_channels = true WHERE name = 'tributi'");
unlike(preview(template => q('rata'), params => $params, service => q('tributi'))->{push}{text}, qr/Ada|1\.234/, 'a template of a service whose messages all are');
sql("UPDATE io_notify.service SET require_secure_channels = false WHERE name = 'tributi'");

# who may see a message
is(sql("SET ROLE mittente; SELECT count(*) FROM io_notify.preview('$sent{it}'::uuid)"), '5', 'a member sees the service\'s message');
is(failure('estraneo', "SELECT * FROM io_notify.preview('$sent{it}'::uuid)"), '42704', 'for others there is none');
is(failure('estraneo', "SELECT io_notify.preview_html('$sent{it}'::uuid)"), '42704', 'nor a page of it');
is(failure('mittente', 'SELECT * FROM io_notify.preview(io_notify.uuid_v7())'), '42704', 'the same as where there is none at all');
is(sql('SELECT count(*) FROM io_notify.message'), 1 + keys(%sent) - 1, 'previews store nothing');

# --- in a browser ----------------------------------------------------------------------
sub audited
{
	my (@pages) = @_;
	my ($out, $err) = ('', '');
	my $folder = PostgreSQL::Test::Utils::tempdir_short();    # it will hold sockets
	my $program = "$FindBin::RealBin/../peers/page_audit.py";

	IPC::Run::run([ $program, 'run', $folder ], '<', \encode_json(\@pages), '>', \$out, '2>', \$err, IPC::Run::timeout(120)) or die "page_audit: $err";
	return @{ decode_json($out) };
}

subtest 'in a browser' => sub {
	my $reason = '';

	plan skip_all => "in no browser: $reason" unless IPC::Run::run([ "$FindBin::RealBin/../peers/page_audit.py", 'available' ], '>&', \$reason);
	my $hostile = q('{"nome": "<script>pwned=1</script>\"><img src=x onerror=pwned=1>", "importo": 1, "scadenza": "2030-07-31"}');
	my %html = (
		template => sql("SELECT io_notify.preview_html('rata', $params, service => 'tributi')"),
		problem => sql(q{SELECT io_notify.preview_html('rata', '{"nome": "Ada"}', 'de')}),
		hostile => sql("SELECT io_notify.preview_html('rata', $hostile, service => 'tributi')"),
		message => sql("SELECT io_notify.preview_html('$sent{bill}'::uuid)"),
		secure => sql("SELECT io_notify.preview_html('$sent{secure}'::uuid)"),
		mail_plain => $of{plain}{email}{html},
		mail_bill => $of{bill}{email}{html},
		mail_sl => $of{sl}{email}{html},
		mail_layout => $letter->{html},
		mail_short => $short->{html},
		mail_secure => $of{secure}{email}{html});
	my %color = (gray => '#777777', black => '#000000', white => '#ffffff', red => '#ff0000', lime => '#00ff66', navy => '#000080');
	for (sort keys %color)
	{
		sql("UPDATE io_notify.layout SET primary_color = '$color{$_}', logo_url = NULL");
		$html{"mail_$_"} = preview(message_id => "'$sent{bill}'")->{email}{html};
	}
	my (@pages, $n);
	for my $name (sort keys %html)
	{
		# each by day and by night, wide and as narrow as WCAG's reflow asks
		push @pages, map { { name => "$name-$_->[0]-$_->[2]", html => $html{$name}, width => $_->[0], height => 800, dark => $_->[1], of => $name } }
		  ++$n % 2 ? ([ 1280, JSON::PP::false, 'light' ], [ 320, JSON::PP::true, 'dark' ]) : ([ 320, JSON::PP::false, 'light' ], [ 1280, JSON::PP::true, 'dark' ]);
	}
	my $began = time;
	my @seen = audited(@pages);
	note(sprintf '%d pages in %.1f s', scalar @pages, time - $began);
	is(scalar @seen, scalar @pages, 'every page was opened');
	for my $i (0 .. $#seen)
	{
		my ($page, $found) = ($pages[$i], $seen[$i]);
		my $is_mail = $page->{of} =~ /^mail_/;
		my @frames = @{ $found->{frames} };

		is_deeply($found->{problems}, [], "$page->{name}: language, headings, landmarks, names, contrast, width");
		is("$found->{shot}{width} x $found->{shot}{height}", "$page->{width} x 800", "$page->{name}: a picture of that size");
		cmp_ok($found->{shot}{lines}, '>', 50, "$page->{name}: with something on it");
		ok(!$found->{pwned}, "$page->{name}: nothing ran");
		is_deeply($found->{requests}, $html{ $page->{of} } =~ /stemma\.png/ ? ['https://comune.example.it/stemma.png'] : [], "$page->{name}: asks for nothing but a logo");
		next if $is_mail;
		is(scalar @frames, 2, "$page->{name}: inbox and mail in frames");
		is_deeply([ map { @{ $_->{problems} } } @frames ], [], "$page->{name}: which are as accessible");
		is(scalar(grep { $_->{pwned} } @frames), 0, "$page->{name}: where nothing ran");
		is(scalar(grep { $_->{lines} <= 50 } @{ $found->{frame_shots} }), 0, "$page->{name}: and which show something");
	}
	my %first = map { $pages[$_]{of} => $seen[$_] } reverse 0 .. $#seen;
	is($first{template}{h1}[0], 'Preview of rata', 'a template\'s page says what it shows');
	is($first{message}{h1}[0], "Preview of $sent{bill}", 'a message\'s page too');
	like($first{problem}{text}, qr/Problem:.*importo/, 'problems are plain to see');
	like($first{template}{text}, qr/Una rata per Ada <b>Rossi<\/b> & \*C\*\n+Da pagare: 1\.234,56/, 'a push as a notification');
	like($first{template}{text}, qr/Encoding\s+gsm7\s+Segments\s+1\s+Rata di Ada <b>Rossi<\/b>/, 'an SMS with what it takes');
	like($first{template}{frames}[1]{text}, qr/Gentile Ada <b>Rossi<\/b> & \*C\*/, 'a mail in its frame');
	is($first{mail_bill}{h1}[0], $of{bill}{email}{subject}, 'a mail\'s heading is its subject');
	is_deeply([ grep { !m{^https://comune\.example\.it} } map { @{ $_->{links} } } map { $first{$_} } grep { /^mail/ } keys %first ], [], 'links of mails lead where they say');
	# a measure that cannot fail measures nothing
	my ($bad) = audited({ name => 'bad', width => 400, height => 300, html => '<!DOCTYPE html><html><head><title>x</title></head><body><main><h1>a</h1><h3>b</h3><h1>c</h1>'
		. '<p style="color:#999;background:#fff">pale</p><img src="https://tracker.test/x.png"><iframe sandbox srcdoc="<img src=\'https://tracker.test/y.png\'>"></iframe><script>window.pwned = 1</script><div style="width:900px">x</div></main></body></html>' });
	my $all = join "\n", @{ $bad->{problems} };
	like($all, $_, "the browser's eye sees: $_") for qr/no language/, qr/first-level headings: 2/, qr/skips a level/, qr/contrast 2\.8/, qr/without alt/, qr/frame without title/, qr/no place here/, qr/wider than/;
	ok($bad->{pwned}, 'it sees a script run');
	is_deeply($bad->{requests}, [ 'https://tracker.test/x.png', 'https://tracker.test/y.png' ], 'it sees what is fetched, in frames too');
};

my $log = decode('UTF-8', PostgreSQL::Test::Utils::slurp_file($node->logfile));
unlike($log, qr/Rossi|citizens\.test|$citizen{it}/, 'the log holds nobody\'s name, address or code');
$node->stop;
IonPeers::log_is_clean($node);
done_testing();
