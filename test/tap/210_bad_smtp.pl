# Relays that misbehave: the outcome of each attempt is what the far side
# proved, no more; nobody else waits for it, and the worker outlives it all.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'bad_smtp');
my $peer = IonPeers::peer('bad_smtp.py');

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<"SQL");
SELECT t.service('posta', '{inbox,email}');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$peer->{port}',
	sender 'Comune di Prova <no-reply\@comune.example.it>', tls 'off', allow_private_network 'on', timeout '1 s', connect_timeout '1 s',
	retry_schedule '1 h', max_in_flight '30');
SQL
my $worker = sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher'");

# --- one mail each: what the first attempt says -------------------------------
# local part => outcome, code ('' is null), state of the delivery, pattern of detail
my %mails = (
	'ok'                 => [ 'accepted', 250, 'sent', qr/^$/ ],
	'rcpt-450'           => [ 'transient', 450, 'queued', qr/^RCPT: 450 4\.2\.1/ ],
	'rcpt-550'           => [ 'permanent', 550, 'failed', qr/^RCPT: 550 5\.1\.1/ ],
	'rcpt-421'           => [ 'transient', 421, 'queued', qr/^RCPT: 421/ ],
	'data-451'           => [ 'transient', 451, 'queued', qr/^DATA: 451/ ],
	'data-554'           => [ 'permanent', 554, 'failed', qr/^DATA: 554/ ],
	'dot-4xx'            => [ 'transient', 451, 'queued', qr/^final dot: 451/ ],
	'dot-5xx'            => [ 'permanent', 554, 'failed', qr/^final dot: 554/ ],
	'dot-slow-1'         => [ 'accepted', 250, 'sent', qr/^$/ ],
	'dot-hang'           => [ 'unknown', '', 'queued', qr/^timed out before the reply to final dot/ ],
	'dot-close'          => [ 'unknown', '', 'queued', qr/^connection closed before the reply to final dot/ ],
	'dot-reset'          => [ 'unknown', '', 'queued', qr/^connection closed before the reply to final dot/ ],
	'dot-half'           => [ 'unknown', '', 'queued', qr/final dot/ ],
	'rcpt-drip'          => [ 'transient', '', 'queued', qr/^timed out before the reply to RCPT/ ],
	'dot-drip'           => [ 'unknown', '', 'queued', qr/^timed out before the reply to final dot/ ],
	'dot-garbage'        => [ 'unknown', '', 'queued', qr/^protocol error at final dot/ ],
	'huge-reply-line'    => [ 'unknown', '', 'queued', qr/^protocol error at final dot/ ],
	'multiline-endless'  => [ 'unknown', '', 'queued', qr/^protocol error at final dot/ ],
);

sql('SELECT ' . join(', ', map { "t.mail('$_\@x.example')" } sort keys %mails));
IonPeers::eventually_is($node, 'SELECT count(DISTINCT message_id) FROM t.attempt', scalar keys %mails, 'every mail was tried once', 15);

my %found = map { ($_->{address} =~ /^(.*)@/)[0] => $_ } IonPeers::hashes($node, 'SELECT * FROM t.attempt');
for my $name (sort keys %mails)
{
	my ($outcome, $code, $state, $detail) = @{ $mails{$name} };
	my $got = $found{$name} // {};

	is(join(' ', map { $_ // '' } @$got{qw(n outcome code state)}), "1 $outcome $code $state", $name);
	like($got->{detail} // '', $detail, "$name: detail");
}
like($found{'ok'}{provider_ref}, qr/^kept as \d+\.\d+$/, 'the reference is what the relay said');
is(sql('SELECT count(*) FROM t.attempt WHERE attempts <> 1'), '0', 'each counts as one attempt');
is(sql("SELECT string_agg(state, ',') FROM io_notify.provider"), 'ready', 'what concerns a mail does not open the breaker');
is(sql("SELECT bool_and(next_attempt_at - a.finished_at BETWEEN interval '48 min' AND interval '72 min')
	FROM t.attempt a WHERE state = 'queued'"), 't', 'the next try follows the schedule, 20 % either way');

# --- on_unknown 'hold' ---------------------------------------------------------
sql("ALTER SERVER relay OPTIONS (ADD on_unknown 'hold')");
sql("SELECT t.mail('dot-close+hold\@x.example')");
IonPeers::eventually_is($node, "SELECT outcome, state, reason FROM t.attempt WHERE address LIKE '%+hold@%'",
	'unknown|uncertain|unknown_outcome', 'hold: an unknown outcome is not tried again');
sql("ALTER SERVER relay OPTIONS (DROP on_unknown)");

# The peer closes when the content may be under way, or all of it: which of the
# two it was, the dispatcher knows by what it has written.
sql("SELECT t.mail('354-then-close\@x.example', markdown => repeat('Una riga di testo. ', 500))");
IonPeers::wait_for(5, sub { sql("SELECT count(*) FROM t.attempt WHERE address LIKE '354%'") > 0 });
like(sql("SELECT concat_ws(' ', outcome, code, detail) FROM t.attempt WHERE address LIKE '354%'"),
	qr/^(?:transient connection closed while sending the content|unknown connection closed before the reply to final dot)$/,
	'354-then-close');

# --- relays that misbehave towards everybody -----------------------------------
# mode => outcome, code, pattern of detail, state of the provider afterwards,
# and what else the peer is started with.  A fault of the relay burns no attempt.
my $tls = IonPeers::certificates();
my @tls = ('--cert', "$tls/server.pem", '--key', "$tls/server.key");
my @auth = ('--auth', 'u:p');
my %modes = (
	'banner-421'      => [ 'provider_fault', 421, qr/./, 'open' ],
	'banner-554'      => [ 'provider_fault', 554, qr/./, 'open' ],
	'banner-hang'     => [ 'provider_fault', '', qr/time/i, 'open' ],
	'banner-garbage'  => [ 'provider_fault', '', qr/./, 'open' ],
	'banner-close'    => [ 'provider_fault', '', qr/./, 'open' ],
	'ehlo-endless'    => [ 'provider_fault', '', qr/./, 'open' ],
	'ehlo-only-helo'  => [ 'provider_fault', 502, qr/EHLO/, 'open' ],
	'mail-4xx'        => [ 'transient', 451, qr/^MAIL: 451/, 'ready' ],
	'mail-5xx'        => [ 'permanent', 554, qr/^MAIL: 554/, 'ready' ],
	'no-pipelining'   => [ 'accepted', 250, qr/^$/, 'ready' ],
	'no-8bitmime'     => [ 'accepted', 250, qr/^$/, 'ready' ],
	'no-smtputf8'     => [ 'accepted', 250, qr/^$/, 'ready' ],
	'size-limit-400'  => [ 'permanent', 552, qr/size|big|large/i, 'ready' ],
	'auth-535'        => [ 'provider_fault', 535, qr/credentials/, 'open', @auth ],
	'auth-454'        => [ 'provider_fault', 454, qr/credentials/, 'open', @auth ],
	'starttls-454'    => [ 'provider_fault', 454, qr/TLS/, 'open', @tls ],
	'starttls-inject' => [ 'provider_fault', '', qr/./, 'open', @tls ],
);
for my $mode (sort keys %modes)
{
	my ($outcome, $code, $detail, $state, @arguments) = @{ $modes{$mode} };
	my $bad = IonPeers::peer('bad_smtp.py', '--mode', $mode, '--commands', @arguments);
	my $secured = $mode =~ /^starttls/;

	sql("CREATE USER MAPPING FOR PUBLIC SERVER relay OPTIONS (user 'u', password 'p')") if $mode =~ /^auth/;
	sql("ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$bad->{port}', SET tls '" . ($secured ? 'required' : 'off') . "')");
	my $id = sql("SELECT t.mail('any\@x.example')");
	IonPeers::wait_for(8, sub { sql("SELECT count(*) FROM t.attempt WHERE message_id = '$id'") > 0 });
	my ($got) = IonPeers::hashes($node, "SELECT * FROM t.attempt WHERE message_id = '$id' AND n = 1");
	is(join(' ', map { $_ // '' } @$got{qw(outcome code)}), "$outcome $code", $mode);
	like($got->{detail} // '', $detail, "$mode: detail");
	like(sql("SELECT state FROM io_notify.provider"), $state eq 'open' ? qr/^(half_)?open$/ : qr/^$state$/, "$mode: the provider is $state");
	is($got->{attempts}, $outcome eq 'provider_fault' ? 0 : 1, "$mode: " . ($outcome eq 'provider_fault' ? 'burns no attempt' : 'is one attempt'));
	is(scalar $bad->records('mail'), $outcome eq 'accepted' ? 1 : 0, "$mode: mails that arrived");
	is(scalar(grep { $_->{line} =~ /^MAIL/ && !$_->{tls} } $bad->records('command')), 0, "$mode: no envelope in clear") if $secured;
	sql("SELECT io_notify.cancel('$id')");
	sql("DROP USER MAPPING FOR PUBLIC SERVER relay") if $mode =~ /^auth/;
	$bad->stop;
}

# --- a breaker that is open costs nothing, and closes by itself ------------------
my $port = IonPeers::closed_port();
sql("ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$port', SET tls 'off')");
sql("SELECT t.mail('any+open\@x.example')");
IonPeers::eventually_is($node, "SELECT state FROM io_notify.provider", 'open', 'a relay that refuses connections opens the breaker');
my $before = cpu($worker);
sleep 1;
cmp_ok(cpu($worker) - $before, '<', 0.2, 'and waiting for it takes no processor time');
my $back = IonPeers::peer('bad_smtp.py', '--port', $port);
IonPeers::eventually_is($node, "SELECT d.state FROM io_notify.delivery d WHERE address LIKE 'any+open@%'", 'sent', 'it closes when the relay is back', 8);
is(sql("SELECT state FROM io_notify.provider"), 'ready', 'the provider is ready again');
is(sql("SELECT attempts FROM io_notify.delivery WHERE address LIKE 'any+open@%'"), 1, 'only the try that reached it counts');
$back->stop;

# --- connections that end between mails, without loss or duplicate ---------------
for my $mode ('close-after-n-mails-3', '421-between-3')
{
	my $short = IonPeers::peer('bad_smtp.py', '--mode', $mode);
	sql("ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$short->{port}', SET max_in_flight '4', SET retry_schedule '100 ms, 100 ms, 100 ms, 100 ms, 1 h')");
	sql("SELECT t.mail('any+$mode.' || i || '\@x.example') FROM generate_series(1, 60) i");
	IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE address LIKE 'any+$mode.%' AND state = 'sent'", 60, "$mode: all arrive");
	my %times;
	$times{ $_->{recipients}[0] }++ for $short->records('mail');
	is(join(',', scalar(keys %times), grep { $_ > 1 } values %times), '60', "$mode: each once");
	is(sql("SELECT string_agg(DISTINCT outcome, ',') FROM t.attempt WHERE address LIKE 'any+close-after%'"), 'accepted',
		"$mode: a connection closed while idle is nobody's fault") if $mode =~ /^close/;
	$short->stop;
}

# --- connections are reused -------------------------------------------------------
my $good = IonPeers::peer('bad_smtp.py');
sql("ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$good->{port}', SET max_in_flight '5')");
sql("SELECT t.mail('any+many' || i || '\@x.example') FROM generate_series(1, 200) i");
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE address LIKE 'any+many%' AND state = 'sent'", 200, '200 mails arrive', 20);
my %connections = map { $_->{connection} => 1 } $good->records('mail');
cmp_ok(scalar keys %connections, '<=', 5, 'over no more connections than max_in_flight');

# --- a relay that hangs holds back neither a second provider nor another channel --
my $hang = IonPeers::peer('bad_smtp.py', '--mode', 'dot-hang');
my $http = IonPeers::peer('bad_http.py');
sql(<<"SQL");
ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$hang->{port}', SET timeout '20 s');
CREATE SERVER second FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$good->{port}',
	sender 'no-reply\@comune.example.it', tls 'off', allow_private_network 'on');
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'http://127.0.0.1:$http->{port}/ok', allow_private_network 'on');
SELECT t.service('gancio', '{inbox,webhook}');
SQL
my $began = time;
sql("SELECT t.mail('any+two' || i || '\@x.example') FROM generate_series(1, 100) i");
sql("SELECT t.send('gancio', t.citizen()) FROM generate_series(1, 100)");
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE channel = 'webhook' AND state = 'sent'", 100, 'webhooks do not wait for a relay that hangs');
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE address LIKE 'any+two%' AND state = 'sent'", 95,
	'all mails but the five it holds go through the second relay');
cmp_ok(time - $began, '<', 5, 'quickly');
is(sql("SELECT in_flight FROM io_notify.provider WHERE name = 'relay'"), 5, 'the view shows what the hanging relay holds');

# --- providers come and go ----------------------------------------------------------
my $known = 'SELECT count(*) FROM io_notify._provider_runtime()';
sql(q(DO $$BEGIN FOR i IN 1 .. 100 LOOP EXECUTE format($q$CREATE SERVER many%s FOREIGN DATA WRAPPER io_notify
	OPTIONS (transport 'http', channel 'webhook', url 'https://x.example/', enabled 'off')$q$, i); END LOOP; END$$));
IonPeers::eventually_is($node, $known, 64, 'a hundred providers: there is room to watch 64');
sql(q(DO $$BEGIN FOR i IN 1 .. 100 LOOP EXECUTE format('DROP SERVER many%s', i); END LOOP; END$$));
IonPeers::eventually_is($node, $known, 3, 'those that were dropped leave their room to others');

is(sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher'"), $worker, 'the dispatcher that began is the one that ends');
$node->stop;
IonPeers::log_is_clean($node);

done_testing();

# Seconds of processor time a process has used.
sub cpu
{
	my ($pid) = @_;
	my @fields = split / /, (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/stat") =~ s/^.*\) //sr);

	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
