# HTTPS: certificates are verified against the provider's own authority, and
# a bad one is a fault that sends nothing; nginx speaks HTTP/2.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IO::Socket::INET;
use IonPeers;
use Test::More;
use Time::HiRes qw(sleep);

my $node = IonPeers::server(name => 'tls');
my $tls = IonPeers::certificates();
my %peer = map { $_ => IonPeers::peer('bad_http.py', '--cert', "$tls/$_.pem", '--key', "$tls/$_.key") } qw(server expired wrong_name);

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<"SQL");
SELECT t.citizen();
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'https://localhost:$peer{server}{port}/ok',
	allow_private_network 'on', timeout '3 s', retry_schedule '1 h', ca_file '$tls/ca.pem');
SELECT t.service('comune', '{inbox,webhook}');
SQL

# Send through the provider's URL (or a service's) and return the first attempt.
sub attempt
{
	my ($service) = @_;
	my $id = sql("SELECT t.send('$service', (SELECT fiscal_code FROM io_notify.citizen LIMIT 1))");

	IonPeers::wait_for(8, sub { sql("SELECT count(*) FROM t.attempt WHERE message_id = '$id'") > 0 });
	my $answer = sql("SELECT concat_ws('|', outcome, code, attempts, detail) FROM t.attempt WHERE message_id = '$id' AND n = 1");
	sql("SELECT io_notify.cancel('$id')");
	return $answer;
}

# --- the provider's URL ---------------------------------------------------------
like(attempt('comune'), qr/^accepted\|200\|1\|/, 'the authority of ca_file is trusted');
my $fault = qr/^provider_fault\|0\|not sent: the peer's certificate could not be verified$/;
for my $name ('expired', 'wrong_name')
{
	sql("ALTER SERVER hook OPTIONS (SET url 'https://localhost:$peer{$name}{port}/ok')");
	like(attempt('comune'), $fault, "$name: a provider fault");
	IonPeers::eventually_is($node, "SELECT state IN ('open', 'half_open') FROM io_notify.provider", 't', "$name: opens the breaker");
	is(scalar $peer{$name}->records, 0, "$name: nothing was sent");
}
sql("ALTER SERVER hook OPTIONS (SET url 'https://localhost:$peer{server}{port}/ok', DROP ca_file)");
like(attempt('comune'), $fault, 'an authority nobody named is not trusted');
sql("ALTER SERVER hook OPTIONS (ADD ca_file '$tls/nowhere.pem')");
like(attempt('comune'), qr/^provider_fault\|0\|not sent: .*CA file/, 'a ca_file that is not there is a provider fault');
my $plain = IonPeers::peer('bad_http.py');
sql("ALTER SERVER hook OPTIONS (SET ca_file '$tls/ca.pem', SET url 'https://localhost:$plain->{port}/ok')");
like(attempt('comune'), qr/^provider_fault\|0\|not sent: timed out$/, 'a peer that speaks no TLS is a provider fault');
is(scalar $plain->records, 0, 'and gets nothing in clear');

# --- a service's own URL: its fault, nobody else's ---------------------------------
sql("ALTER SERVER hook OPTIONS (SET url 'https://localhost:$peer{server}{port}/ok')");
sql("SELECT " . join(', ', map { "t.service('$_', '{inbox,webhook}', 'https://localhost:$peer{$_}{port}/ok')" } 'expired', 'wrong_name'));
for my $name ('expired', 'wrong_name')
{
	like(attempt($name), qr/^transient\|1\|not sent: the peer's certificate could not be verified$/, "$name: transient for a service's own URL");
}
is(sql('SELECT state FROM io_notify.provider'), 'ready', 'which leaves the provider alone');
like(attempt('comune'), qr/^accepted/, 'and the others');

# --- HTTP/2 ---------------------------------------------------------------------
SKIP:
{
	my ($nginx) = grep { -x } '/usr/sbin/nginx', '/usr/bin/nginx';

	skip 'nginx is not installed', 10 unless $nginx;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my %port = map { $_ => IonPeers::closed_port() } 'long', 'short';
	my %requests = (long => 100000, short => 150);    # of one connection, then GOAWAY
	my $servers = join '', map { <<"SERVER" } sort keys %port;
	server {
		listen 127.0.0.1:$port{$_} ssl http2;
		keepalive_requests $requests{$_};
		ssl_certificate $tls/server.pem;
		ssl_certificate_key $tls/server.key;
		access_log $folder/logs/$_.log seen;
		location / { proxy_pass http://127.0.0.1:$plain->{port}/ok; }
	}
SERVER

	mkdir "$folder/logs";
	PostgreSQL::Test::Utils::append_to_file("$folder/nginx.conf", <<"CONF");
daemon off;
worker_processes 1;
pid $folder/pid;
events { worker_connections 512; }
http {
	log_format seen '\$connection \$server_protocol \$http_webhook_id';
	client_body_temp_path $folder/body;
	proxy_temp_path $folder/proxy;
	fastcgi_temp_path $folder/fastcgi;
	uwsgi_temp_path $folder/uwsgi;
	scgi_temp_path $folder/scgi;
$servers}
CONF
	my $server = IPC::Run::start([ $nginx, '-p', $folder, '-e', "$folder/logs/error.log", '-c', "$folder/nginx.conf" ], '>', '/dev/null', '2>', "$folder/logs/stderr");
	for my $name (sort keys %port)
	{
		IonPeers::wait_for(5, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port{$name}) });
		sql("ALTER SERVER hook OPTIONS (SET url 'https://localhost:$port{$name}/', SET timeout '2 s', SET retry_schedule '200 ms, 200 ms, 200 ms')");
		sql("SELECT t.service('$name', '{inbox,webhook}')");
		sql("SELECT t.send('$name', fiscal_code) FROM io_notify.citizen, generate_series(1, 1000)");
		IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE service = '$name' AND state = 'sent'", 1000, "HTTP/2, $name connections: all are sent", 20);
		IonPeers::wait_for(2, sub { 1000 <= (PostgreSQL::Test::Utils::slurp_file("$folder/logs/$name.log") =~ tr/\n//) });
		my @seen = map { [ split ' ' ] } split /\n/, PostgreSQL::Test::Utils::slurp_file("$folder/logs/$name.log");
		my (%connections, %times);
		$connections{ $_->[0] }++, $times{ $_->[2] }++ for @seen;
		is(scalar(grep { $_->[1] ne 'HTTP/2.0' } @seen), 0, "HTTP/2, $name connections: no request over another version");
		is(scalar(keys %times), 1000, "HTTP/2, $name connections: each is served");
		my %unknown = map { $_->[0] => 1 } IonPeers::rows($node, "SELECT message_id || '.' || seq FROM t.attempt WHERE outcome = 'unknown'");
		is(join(' ', grep { $times{$_} > 1 && !$unknown{$_} } keys %times), '', "HTTP/2, $name connections: and once, unless a try's outcome was unknown");
		cmp_ok(scalar keys %connections, '<=', 4, "HTTP/2, $name connections: a few of them") if $name eq 'long';
		cmp_ok(scalar keys %connections, '>=', 7, "HTTP/2, $name connections: the server ended them and others took over") if $name eq 'short';
	}
	$server->signal('TERM');
	$server->finish;
}

$node->stop;
IonPeers::log_is_clean($node);

done_testing();
