# Mail through Debian's Postfix: TLS, AUTH, refusals, and the mail as a citizen
# gets it, parsed by Python's email package.
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
my %port = %{ $postfix->{ports} };
my $run = sprintf '%x', time * 1000;    # the fixture may serve several runs

my $node = IonPeers::server(name => 'postfix');

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

# an address of our own at a domain
sub address { return "$_[0]$run\@" . ($_[1] // 'citizens.test') }

my $sender = 'Comune di Città Bassa <no-reply@comune.test>';
sql(<<"SQL");
SELECT t.service('posta', '{inbox,email}');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://localhost:$port{submission}',
	sender '$sender', ca_file '$postfix->{ca_file}', allow_private_network 'on', retry_schedule '400 ms, 1 h', reply_to 'urp\@comune.test');
CREATE USER MAPPING FOR PUBLIC SERVER relay OPTIONS (user '$postfix->{user}', password '$postfix->{password}');
SQL

sub relay { return sql("ALTER SERVER relay OPTIONS ($_[0])") }

# The first attempt's outcome, code, whether it counts, and its detail.
sub first_attempt
{
	my ($id) = @_;

	IonPeers::wait_for(10, sub { sql("SELECT count(*) FROM t.attempt WHERE message_id = '$id'") > 0 });
	return sql("SELECT concat_ws('|', outcome, coalesce(code::text, ''), detail) FROM t.attempt WHERE message_id = '$id' AND n = 1");
}

sub mail
{
	my ($address, $subject, $markdown) = @_;
	my @quoted = map { "'" . s/'/''/gr . "'" } grep { defined } $address, $subject, $markdown;

	return sql('SELECT t.mail(' . join(', ', @quoted) . ')');
}

sub mailbox { return IonPeers::mailbox($postfix, @_) }

# --- STARTTLS, AUTH, and the mail itself ------------------------------------------
my $subject = 'Pratica n. 42: è autorizzata — 😀 «ok», con un oggetto abbastanza lungo da dover andare a capo più volte';
my $markdown = "Gentile **cittadino**,\n\nla sua pratica è *autorizzata*: [dettagli](https://comune.test/p?a=1&b=2).\n\n- uno\n- due\n\n" . 'x' x 1200 . "\n";
my $to = address('anna');
my $id = mail($to, $subject, $markdown);
like(first_attempt($id), qr/^accepted\|250$/, 'STARTTLS and AUTH with user and password');
like(sql("SELECT provider_ref FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'email'"), qr/^[0-9A-Za-z]{6,}$/, 'the relay\'s queue id is kept');

my @mails = mailbox($to, 1);
is(scalar @mails, 1, 'one mail arrives');
my $mail = $mails[0];
my $seq = sql("SELECT seq FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'email'");
is_deeply($mail->{defects}, [], 'without defects');
is($mail->{headers}{subject}, $subject, 'Subject');
is_deeply($mail->{from}, [ [ 'Comune di Città Bassa', 'no-reply@comune.test' ] ], 'From');
is_deeply($mail->{to}, [ [ '', $to ] ], 'To: exactly one recipient');
is($mail->{headers}{'reply-to'}, 'urp@comune.test', 'Reply-To');
is($mail->{headers}{'message-id'}, "<$id.$seq\@comune.test>", 'Message-ID');
is($mail->{headers}{'auto-submitted'}, 'auto-generated', 'Auto-Submitted');
is($mail->{headers}{'return-path'}, '<no-reply@comune.test>', 'the envelope sender');
like($mail->{headers}{date}, qr/ \+0000$/, 'Date');
is(scalar(grep { /^(?:cc|bcc|resent-.*)$/ } @{ $mail->{names} }), 0, 'no Cc, no Bcc');
my %once;
$once{$_}++ for grep { $_ ne 'received' } @{ $mail->{names} };
is_deeply([ grep { $once{$_} > 1 } keys %once ], [], 'no header twice');
is_deeply($mail->{types}, [ 'multipart/alternative', 'text/plain', 'text/html' ], 'text and HTML');
like($mail->{text}, qr/\AComune di Prova\n\n\Q${\ substr($subject, 0, 60)}\E/, 'the text part says who writes, and about what');
like($mail->{text}, qr/la sua pratica è autorizzata.*https:\/\/comune\.test\/p\?a=1&b=2.*x{1200}/s, 'the text part');
like($mail->{html}, qr/<strong>cittadino<\/strong>.*<em>autorizzata<\/em>.*<a href="https:\/\/comune\.test\/p\?a=1&amp;b=2".*<li>uno<\/li>/s, 'the HTML part');
like($mail->{html}, qr/^<html lang="it">$/m, 'the HTML part has a language');
is(scalar(() = $mail->{html} =~ /<h1[ >]/g), 1, 'and one first-level heading');
like($mail->{html}, qr/<h1[^>]*>\Q$subject\E<\/h1>/, 'the subject');
unlike($mail->{html}, qr/<(?:img|script|link)\b|\bsrc=|url\(/, 'and loads nothing');
cmp_ok($mail->{longest}, '<=', 998, 'no line is too long');
ok($mail->{ascii}, 'the mail is plain ASCII on the wire');

# --- other ways in ------------------------------------------------------------------
my $password_file = PostgreSQL::Test::Utils::tempdir() . '/password';
PostgreSQL::Test::Utils::append_to_file($password_file, "$postfix->{password}\n");
sql("ALTER USER MAPPING FOR PUBLIC SERVER relay OPTIONS (DROP password, ADD password_file '$password_file')");
like(first_attempt(mail(address('file'))), qr/^accepted/, 'password_file');
relay("SET url 'smtps://localhost:$port{smtps}'");
like(first_attempt(mail(address('smtps'))), qr/^accepted/, 'smtps: TLS from the first byte');
is(scalar mailbox(address('smtps'), 1), 1, 'smtps: the mail arrives');

# --- recipients refused ------------------------------------------------------------
relay("SET url 'smtp://localhost:$port{submission}'");
my $busy = mail(address('busy'));
my $gone = mail(address('gone'));
my $other = mail('chi@altrove.example');
like(first_attempt($gone), qr/^permanent\|550\|RCPT: 550 5\.1\.1/, '550: permanent');
is(sql("SELECT concat_ws(' ', state, reason, attempts) FROM io_notify.delivery WHERE message_id = '$gone' AND channel = 'email'"), 'failed rejected 1', '550: failed');
like(first_attempt($other), qr/^permanent\|554\|/, 'relaying denied: permanent');
like(first_attempt($busy), qr/^transient\|450\|RCPT: 450 4\.2\.1/, '450: transient');
unlike(sql("SELECT string_agg(detail, ' ') FROM io_notify.attempt"), qr/$run/, 'the address in the relay\'s reply is not kept');
IonPeers::eventually_is($node, "SELECT concat_ws(' ', count(*), min(outcome), max(attempts), max(state)) FROM t.attempt WHERE message_id = '$busy'", '2 transient 2 queued', '450: tried again');
is(sql("SELECT b.started_at - a.finished_at BETWEEN interval '300 ms' AND interval '2 s' FROM t.attempt a, t.attempt b WHERE a.message_id = '$busy' AND b.message_id = '$busy' AND a.n = 1 AND b.n = 2"),
	't', '450: at the schedule\'s first step');
is(sql("SELECT next_attempt_at - now() BETWEEN interval '45 min' AND interval '75 min' FROM io_notify.delivery WHERE message_id = '$busy' AND channel = 'email'"), 't', '450: then at its second');
is(sql("SELECT state FROM io_notify.provider"), 'ready', 'refused recipients leave the provider alone');

# --- bodies that would end a mail early, or begin another (threats T6, T7) ------------
my $forged = "MAIL FROM:<boss\@comune.test>\r\nRCPT TO:<vittima$run\@citizens.test>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n.\r\n";
my %ends = ('LF.LF' => "\n.\n", 'CRLF.CRLF' => "\r\n.\r\n", 'CR.CR' => "\r.\r", 'LF.CRLF' => "\n.\r\n", 'CRLF.LF' => "\r\n.\n",
	'CR.CRLF' => "\r.\r\n", 'CRLF.CR' => "\r\n.\r", 'LF..LF' => "\n..\n", 'LF.text' => "\n.punto\n");
my $n = 0;
for my $name (sort keys %ends)
{
	my $box = address('dot' . $n++);
	my $dots = $ends{$name} =~ s/[\r\n]//gr;
	my $body = "prima$ends{$name}\n\n$dots\n\n```\nin$ends{$name}mezzo\n```\n$forged";

	like(first_attempt(mail($box, "Prova $name", $body)), qr/^accepted/, "$name: accepted");
	my @got = mailbox($box, 1);
	is(scalar @got, 1, "$name: one mail");
	like($got[0]{text}, qr/^=+\n\nprima \Q$dots\E\n\n\Q$dots\E\n\n    in\n    \Q$dots\E\n    mezzo\n/m, "$name: the dots are in the text");
	like($got[0]{html}, qr/>in\n\Q$dots\E\nmezzo\n</, "$name: and in the HTML");
	like($got[0]{text}, qr/vittima.*forged/s, "$name: and so is what follows them");
}
is(scalar mailbox(address('vittima'), 0), 0, 'nobody got a forged mail');

# --- due date and payment, in the citizen's language ----------------------------------
$to = address('paga');
sql("UPDATE io_notify.service SET max_payment_amount = 20000 WHERE name = 'posta'");
sql(<<"SQL");
INSERT INTO io_notify.message (service, recipient, subject, markdown, language, due_date, payment_amount, payment_notice, payment_invalid_after_due_date)
VALUES ('posta', t.citizen('$to'), 'Zahlung der Gebühr', E'---\nit:\n  cta_1: {text: Paga, action: "ioit://paga"}\n---\n\n' || rpad('Guten Tag', 80, '.'), 'de',
	now() + interval '30 days', 12050, '302012345678901234', true)
SQL
my ($bill) = mailbox($to, 1);
for my $part (qw(text html))
{
	like($bill->{$part}, qr/Zahlungsmitteilung.*Frist.*Betrag.*120,50\s€.*3020 1234 5678 9012 34.*nicht mehr möglich.*Guten\s+Tag/s, "$part: due date and payment, before the letter");
	unlike($bill->{$part}, qr/ioit|cta_1/, "$part: what only the app reads is not there");
}

# --- addresses of other scripts ------------------------------------------------------
# what counts is how the recipient was written on the wire
like(first_attempt(mail(address('josé'))), qr/^accepted\|250$/, 'SMTPUTF8: a local part that is not ASCII');
like(first_attempt(mail(address('mario', 'città.test'))), qr/^permanent\|554\|/, 'IDN: a domain the fixture does not serve');
my $seen = decode('UTF-8', PostgreSQL::Test::Utils::slurp_file($postfix->{maillog}));
like($seen, qr/to=<josé$run\@citizens\.test>/, 'SMTPUTF8: as it is on the wire');
like($seen, qr/to=<mario$run\@xn--citt-3na\.test>/, 'IDN: in punycode on the wire');

# --- TLS that cannot be trusted --------------------------------------------------------
my @broken;    # a verified address is one citizen's
my %untrusted = (
	'an expired certificate' => "SET url 'smtp://localhost:$port{expired}'",
	'a certificate of another host' => "SET url 'smtp://localhost:$port{wrong_name}'",
	'a server without STARTTLS' => "SET url 'smtp://localhost:$port{plain}'",
	'an authority nobody named' => "SET url 'smtp://localhost:$port{smtp}', DROP ca_file");
sql('DROP USER MAPPING FOR PUBLIC SERVER relay');
for my $name (sort keys %untrusted)
{
	relay($untrusted{$name});
	push @broken, address('tls' . @broken);
	$id = mail($broken[-1]);
	like(first_attempt($id), qr/^provider_fault\|/, "$name: a provider fault");
	IonPeers::eventually_is($node, "SELECT state IN ('open', 'half_open') FROM io_notify.provider", 't', "$name: opens the breaker");
	is(sql("SELECT attempts FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'email'"), 0, "$name: burns no attempt");
	sql("SELECT io_notify.cancel('$id')");
	relay("ADD ca_file '$postfix->{ca_file}'") if $untrusted{$name} =~ /DROP ca_file/;
}
is(scalar(map { mailbox($_, 0) } @broken), 0, 'and nothing went in clear');
relay("SET url 'smtp://localhost:$port{plain}', ADD tls 'opportunistic'");
like(first_attempt(mail(address('clear'))), qr/^accepted/, 'tls opportunistic: a server without STARTTLS will do');
relay("SET url 'smtp://localhost:$port{expired}'");
like(first_attempt($id = mail(address('clear2'))), qr/^provider_fault/, 'tls opportunistic: but not a bad certificate');
sql("SELECT io_notify.cancel('$id')");

# --- credentials -------------------------------------------------------------------------
relay("SET url 'smtp://localhost:$port{submission}', DROP tls");
sql("CREATE USER MAPPING FOR PUBLIC SERVER relay OPTIONS (user '$postfix->{user}', password 'sbagliata')");
$id = mail(address('auth'));
like(first_attempt($id), qr/^provider_fault\|535\|/, 'a wrong password: a provider fault');
IonPeers::eventually_is($node, "SELECT state IN ('open', 'half_open') FROM io_notify.provider", 't', 'a wrong password: opens the breaker');
sql("ALTER USER MAPPING FOR PUBLIC SERVER relay OPTIONS (SET password '$postfix->{password}')");
IonPeers::eventually_is($node, "SELECT d.state FROM io_notify.delivery d WHERE message_id = '$id' AND channel = 'email'", 'sent', 'once it is right, the mail goes');
is(scalar mailbox(address('auth'), 1), 1, 'and arrives');

my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
unlike($log, qr/sbagliata|$postfix->{password}/, 'no password in the log');
unlike($log, qr/$run/, 'nor an address');
$node->stop;
IonPeers::log_is_clean($node);

done_testing();
