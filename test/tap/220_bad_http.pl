# HTTP endpoints that misbehave: the outcome of each attempt is what the far
# side proved; policy about addresses and the environment cannot be got round.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use Test::More;
use Time::HiRes qw(sleep time);

my $proxy = IonPeers::peer('bad_http.py');
my $home = PostgreSQL::Test::Utils::tempdir();
my $key_log = "$home/keys";
PostgreSQL::Test::Utils::append_to_file("$home/.netrc", "machine localhost login nobody password never\nmachine 127.0.0.1 login nobody password never\n");
chmod 0600, "$home/.netrc";

# an environment that would lead libcurl astray (threat T22)
my %lure = (map { $_ => "http://127.0.0.1:$proxy->{port}" } qw(http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY));
my $node = IonPeers::server(name => 'bad_http', env => { %lure, SSLKEYLOGFILE => $key_log, HOME => $home, CURL_HOME => $home });
my $peer = IonPeers::peer('bad_http.py');
my $tls = IonPeers::certificates();
my $secure = IonPeers::peer('bad_http.py', '--cert', "$tls/server.pem", '--key', "$tls/server.key");

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<"SQL");
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'http://127.0.0.1:$peer->{port}/ok',
	allow_private_network 'on', timeout '1500 ms', connect_timeout '1 s', retry_schedule '1 h', max_in_flight '200');
SQL
my $worker = sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher'");

# --- a service for each behaviour ------------------------------------------------
# path => outcome, code ('' is null), state of the delivery, pattern of detail
my %paths = (
	'ok'                  => [ 'accepted', 200, 'sent', qr/200/ ],
	'status/201'          => [ 'accepted', 201, 'sent', qr/201/ ],
	'status/202'          => [ 'accepted', 202, 'sent', qr/202/ ],
	'status/204'          => [ 'accepted', 204, 'sent', qr/204/ ],
	'status/301'          => [ 'permanent', 301, 'failed', qr/redirects are not followed/ ],
	'redirect'            => [ 'permanent', 302, 'failed', qr/redirects are not followed/ ],
	'status/400'          => [ 'permanent', 400, 'failed', qr/400/ ],
	'status/401'          => [ 'transient', 401, 'queued', qr/401/ ],
	'status/404'          => [ 'permanent', 404, 'failed', qr/404/ ],
	'gone'                => [ 'permanent', 410, 'failed', qr/410/ ],
	'status/408'          => [ 'transient', 408, 'queued', qr/408/ ],
	'status/425'          => [ 'transient', 425, 'queued', qr/425/ ],
	'status/429'          => [ 'transient', 429, 'queued', qr/429/ ],
	'status/500'          => [ 'transient', 500, 'queued', qr/500/ ],
	'status/503'          => [ 'transient', 503, 'queued', qr/503/ ],
	'retry-after/7200'    => [ 'transient', 429, 'queued', qr/429/ ],
	'retry-after/7200/date' => [ 'transient', 429, 'queued', qr/429/ ],
	'hang'                => [ 'unknown', '', 'queued', qr/^no verdict: timed out/ ],
	'reset-before'        => [ 'unknown', '', 'queued', qr/^no verdict/ ],
	'reset-after'         => [ 'unknown', '', 'queued', qr/^no verdict/ ],
	'close-after-request' => [ 'unknown', '', 'queued', qr/^no verdict/ ],
	'half-status'         => [ 'unknown', '', 'queued', qr/^no verdict/ ],
	'drip-status'         => [ 'unknown', '', 'queued', qr/^no verdict: timed out/ ],
	'1xx-flood'           => [ 'unknown', 100, 'queued', qr/^no verdict/ ],
	'garbage'             => [ 'unknown', '', 'queued', qr/^no verdict/ ],
	'half-body'           => [ 'accepted', 200, 'sent', qr/200 \(reply ended early\)/ ],
	'drip'                => [ 'accepted', 200, 'sent', qr/200 \(timed out\)/ ],
	'body-huge'           => [ 'accepted', 200, 'sent', qr/200 \(reply cut/ ],
	'chunked-endless'     => [ 'accepted', 200, 'sent', qr/200 \(reply cut/ ],
	'header-flood'        => [ 'accepted', 200, 'sent', qr/200/ ],
	'slow-close'          => [ 'accepted', 200, 'sent', qr/200 \(timed out\)/ ],
	'delay/300'           => [ 'accepted', 200, 'sent', qr/200/ ],
);
my @names = sort keys %paths;

sql('SELECT ' . join(', ', map { "t.service('s$_', '{inbox,webhook}', 'http://127.0.0.1:$peer->{port}/$names[$_]')" } 0 .. $#names));
sql('SELECT ' . join(', ', map { "t.send('s$_', t.citizen())" } 0 .. $#names));
IonPeers::eventually_is($node, 'SELECT count(DISTINCT message_id) FROM t.attempt', scalar @names, 'every message was tried once', 20);

my %found = map { $_->{address} => $_ } IonPeers::hashes($node, 'SELECT * FROM t.attempt');
my %requests;
$requests{ $_->{path} }++ for $peer->records;
for my $name (@names)
{
	my ($outcome, $code, $state, $detail) = @{ $paths{$name} };
	my $got = $found{"http://127.0.0.1:$peer->{port}/$name"} // {};

	is(join(' ', map { $_ // '' } @$got{qw(n outcome code state)}), "1 $outcome $code $state", $name);
	like($got->{detail} // '', $detail, "$name: detail");
	is($requests{"/$name"}, 1, "$name: one attempt, one request");
}
is(sql("SELECT min(next_attempt_at - finished_at) >= interval '7198 s' AND max(next_attempt_at - finished_at) < interval '7210 s'
	FROM t.attempt WHERE address LIKE '%/retry-after/%'"), 't', 'Retry-After is honoured, in seconds and as a date');
is(sql("SELECT bool_and(next_attempt_at - finished_at BETWEEN interval '48 min' AND interval '72 min')
	FROM t.attempt WHERE state = 'queued' AND address NOT LIKE '%/retry-after/%'"), 't', 'the rest follows the schedule');
is(sql("SELECT state FROM io_notify.provider"), 'ready', 'a service\'s own endpoint does not open the breaker');

# --- the reply's size does not become ours -----------------------------------------
my $memory = resident($worker);
sql("SELECT t.send('s$_', t.citizen()) FROM generate_series(1, 15)")
  for grep { $names[$_] =~ /^(?:body-huge|chunked-endless|header-flood|1xx-flood)$/ } 0 .. $#names;
IonPeers::eventually_is($node, "SELECT count(*) FROM t.attempt WHERE address ~ '(body-huge|chunked-endless|header-flood|1xx-flood)\$'", 64, 'floods, fifteen of each', 30);
cmp_ok(resident($worker) - $memory, '<', 16 * 1024, 'leave the dispatcher\'s memory flat (KB)');

# --- a connection that dies idle: no silent second POST (finding F8) -----------------
sql("SELECT t.service('muore', '{inbox,webhook}', 'http://127.0.0.1:$peer->{port}/keepalive-die')");
for my $i (1 .. 6)
{
	my $id = sql("SELECT t.send('muore', t.citizen())");
	IonPeers::wait_for(5, sub { sql("SELECT count(*) FROM t.attempt WHERE message_id = '$id'") > 0 });
}
my %seen;
$seen{ $_->{headers}{'webhook-id'} }++ for grep { $_->{path} eq '/keepalive-die' } $peer->records;
my %tries = map { @$_ } IonPeers::rows($node, "SELECT message_id || '.' || seq, count(*) FROM t.attempt WHERE address LIKE '%/keepalive-die' GROUP BY 1");
is_deeply(\%seen, \%tries, 'the endpoint saw as many requests of each id as there are attempts');
is(sql("SELECT string_agg(DISTINCT outcome || coalesce(' ' || code, ''), ',' ORDER BY outcome || coalesce(' ' || code, '')) FROM t.attempt WHERE address LIKE '%/keepalive-die'"),
	'accepted 200,unknown', 'a POST whose connection died unanswered is unknown');

# --- addresses that are not public ------------------------------------------------
# the provider may not go there, and a name or a spelling does not help
my $count = scalar $peer->records;
my @private = map { sprintf 'http://%s:%d/ok', $_, $peer->{port} }
  qw(127.0.0.1 localhost 127.1 2130706433 0x7f.1 0177.0.0.1 0x7f000001 0 0.0.0.0 [::1] [::ffff:127.0.0.1] [::] LOCALHOST 169.254.169.254 10.1.2.3);
sql("ALTER SERVER hook OPTIONS (SET allow_private_network 'off')");
my @taken;
for my $i (0 .. $#private)
{
	my ($code, undef, $error) = $node->psql('postgres', "SELECT t.service('p$i', '{inbox,webhook}', '$private[$i]')");
	if ($code != 0)
	{
		like($error, qr/22023|webhook_url/, "$private[$i]: refused when written");
		next;
	}
	push @taken, $private[$i];
	sql("SELECT t.send('p$i', t.citizen())");
}
IonPeers::eventually_is($node, "SELECT count(*) FROM t.attempt a JOIN io_notify.delivery USING (message_id, seq) WHERE service ~ '^p[0-9]'", scalar @taken, 'each was tried once', 15);
for my $url (@taken)
{
	like(sql("SELECT concat_ws(' ', outcome, code, state, detail) FROM t.attempt a WHERE address = '$url' ORDER BY started_at DESC LIMIT 1"),
		qr/^permanent failed blocked/, "$url is blocked");
}
is(scalar $peer->records, $count, 'and nothing arrived');
sql("ALTER SERVER hook OPTIONS (SET url 'http://127.0.0.1:$peer->{port}/ok')");
my $blocked = sql("SELECT t.service('suo', '{inbox,webhook}'); SELECT t.send('suo', t.citizen())") =~ s/\s//gr;
IonPeers::eventually_is($node, "SELECT outcome || ' ' || split_part(detail, ':', 1) FROM t.attempt WHERE message_id = '$blocked'", 'permanent blocked by policy', 'the provider\'s own URL neither');
sql("ALTER SERVER hook OPTIONS (SET allow_private_network 'on')");

# --- what the environment says is not obeyed (threat T22) ---------------------------
sql("ALTER SERVER hook OPTIONS (ADD ca_file '$tls/ca.pem')");
sql("SELECT t.service('https', '{inbox,webhook}', 'https://localhost:$secure->{port}/ok')");
my $sent = sql("SELECT t.send('https', t.citizen())");
IonPeers::eventually_is($node, "SELECT outcome FROM t.attempt WHERE message_id = '$sent'", 'accepted', 'HTTPS to a name');
is(scalar $proxy->records, 0, 'the proxies of the environment saw nothing');
ok(!-e $key_log, 'SSLKEYLOGFILE was not written');
is(scalar(grep { $_->{headers}{authorization} } $peer->records, $secure->records), 0, 'no credentials of .netrc were sent');
is(sql("CREATE TEMPORARY TABLE printed (line text); COPY printed FROM PROGRAM 'printenv SSLKEYLOGFILE http_proxy HOME'; SELECT string_agg(line, ' ') FROM printed"),
	"$key_log $lure{http_proxy} $home", 'while the server does have that environment');

is(sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher'"), $worker, 'the dispatcher that began is the one that ends');
$node->stop;
IonPeers::log_is_clean($node);

done_testing();

# KB of memory a process holds.
sub resident
{
	my ($pid) = @_;

	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m)[0];
}
