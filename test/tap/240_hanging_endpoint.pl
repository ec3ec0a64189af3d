# One service's endpoint hangs; nobody else's messages wait for it.  Measured
# where the others arrive.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IO::Socket::INET;
use IonPeers;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time clock_gettime CLOCK_MONOTONIC);

my $messages = 500;
my $node = IonPeers::server(name => 'hanging');

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql('SELECT t.citizen()');
sql("CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'http://127.0.0.1:9/',
	allow_private_network 'on', timeout '10 s', max_in_flight '50')");

my $round = 0;
sub services
{
	my ($hanging_path) = @_;

	$round++;
	my ($a, $b) = map { IonPeers::peer('bad_http.py') } 1, 2;
	sql("SELECT t.service('a$round', '{inbox,webhook}', 'http://127.0.0.1:$a->{port}$hanging_path'),
		t.service('b$round', '{inbox,webhook}', 'http://127.0.0.1:$b->{port}/ok')");
	return ($a, $b);
}

# Messages to both, the hanging one's first; seconds until B's last arrived.
sub race
{
	my ($b) = @_;
	my $before = scalar $b->records;
	my $began = clock_gettime(CLOCK_MONOTONIC);

	sql("INSERT INTO io_notify.message (service, recipient, subject, markdown)
		SELECT s, (SELECT fiscal_code FROM io_notify.citizen LIMIT 1), 'Una prova di invio', rpad('Testo.', 80, '.') FROM (VALUES ('a$round'), ('b$round')) v (s), generate_series(1, $messages) ORDER BY s");
	IonPeers::wait_for(12, sub { $b->records >= $before + $messages });
	my @arrived = map { $_->{t} / 1e9 } splice @{ [ $b->records ] }, $before;
	return @arrived == $messages ? max(@arrived) - $began : 9999;
}

sub fine
{
	my ($b, $title) = @_;
	my $seconds = race($b);

	cmp_ok($seconds, '<', 3, sprintf '%s: %.2f s', $title, $seconds);
	IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE service = 'b$round' AND state = 'sent'", $messages, "$title: all of B's are sent", 3);
	is(sql("SELECT count(*) FROM io_notify.delivery WHERE service = 'a$round' AND state = 'sent'"), 0, "$title: while none of A's is");
	sql("SELECT io_notify.pause('service', 'a$round')");
	return;
}

my ($a, $b) = services('/hang');
fine($b, 'an endpoint that never answers');
my %connections = map { $_->{connection} => 1 } $b->records;
cmp_ok(scalar keys %connections, '<=', 50, 'B\'s endpoint is asked over as many connections as allowed');

($a, $b) = services('/drip-status');
fine($b, 'an endpoint that answers a byte a second');

# Many such endpoints, and a hanging SMS gateway: other channels pass as well.
# (A destination is a host and port: one deaf socket has many addresses.)
my $deaf = IO::Socket::INET->new(LocalAddr => '0.0.0.0', Listen => 128) or die "no socket: $!";
my $deaf_port = $deaf->sockport;
my $gateway = IonPeers::peer('bad_http.py');
my $relay = IonPeers::peer('bad_smtp.py');
sql(<<"SQL");
CREATE SERVER sms FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'sms', url 'http://127.0.0.1:$gateway->{port}/hang',
	allow_private_network 'on', timeout '10 s', max_in_flight '20', format 'form', body '{"to": "{{address}}"}');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$relay->{port}',
	sender 'no-reply\@comune.example.it', tls 'off', allow_private_network 'on');
UPDATE io_notify.citizen SET email = 'a\@x.example', email_verified = true, phone = '+393331234567', phone_verified = true, sms_enabled = true;
SELECT t.service('sms', '{inbox,sms}'), t.service('posta', '{inbox,email}');
SELECT t.service('h' || i, '{inbox,webhook}', 'http://127.0.0.' || 1 + i || ':$deaf_port/') FROM generate_series(1, 8) i;
INSERT INTO io_notify.message (service, recipient, subject, markdown)
	SELECT s, fiscal_code, 'Una prova di invio', rpad('Testo.', 80, '.') FROM io_notify.citizen, (SELECT name FROM io_notify.service WHERE name ~ '^(sms|h[0-9]+)\$') v (s), generate_series(1, 50);
SQL
IonPeers::eventually_is($node, "SELECT bool_and(in_flight >= CASE name WHEN 'sms' THEN 20 ELSE 32 END) FROM io_notify.provider WHERE name <> 'relay'", 't', 'a gateway and eight endpoints hang');
($a, $b) = services('/hang');
fine($b, 'among many that hang');
my $start = time;
sql("SELECT t.send('posta', fiscal_code) FROM io_notify.citizen, generate_series(1, 200)");
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE service = 'posta' AND state = 'sent'", 200, 'another channel among many that hang');
cmp_ok(time - $start, '<', 3, 'is not slowed');
sql("SELECT io_notify.pause('service', name) FROM io_notify.service WHERE name ~ '^(sms|h[0-9]+)\$'");

# Its window is wide open when it begins to hang: it answered well until then.
my $switch = IonPeers::peer('bad_http.py');
$round++;
$b = IonPeers::peer('bad_http.py');
sql("SELECT t.service('a$round', '{inbox,webhook}', 'http://127.0.0.1:$switch->{port}/ok'), t.service('b$round', '{inbox,webhook}', 'http://127.0.0.1:$b->{port}/ok')");
sql("SELECT t.send('a$round', (SELECT fiscal_code FROM io_notify.citizen LIMIT 1)) FROM generate_series(1, 300)");
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE service = 'a$round' AND state = 'sent'", 300, 'A answers');
sql("DELETE FROM io_notify.queue WHERE service = 'a$round'");
sql("UPDATE io_notify.service SET webhook_url = 'http://127.0.0.1:$switch->{port}/hang' WHERE name = 'a$round'");
my $seconds = race($b);
cmp_ok($seconds, '<', 3, sprintf 'an endpoint that answered well and then hangs: %.2f s', $seconds);
sql("SELECT io_notify.pause('service', 'a$round')");

# The same with the provider's own URL: one hanging request, and the rest pass.
my $own = IonPeers::peer('bad_http.py');
sql("ALTER SERVER hook OPTIONS (SET url 'http://127.0.0.1:$own->{port}/ok')");
sql("SELECT t.service('fermo', '{inbox,webhook}', 'http://127.0.0.1:$own->{port}/hang'), t.service('tutti', '{inbox,webhook}')");
sql("SELECT t.send('fermo', (SELECT fiscal_code FROM io_notify.citizen LIMIT 1))");
IonPeers::wait_for(5, sub { scalar(() = $own->records) });
my $began = time;
sql("SELECT t.send('tutti', (SELECT fiscal_code FROM io_notify.citizen LIMIT 1)) FROM generate_series(1, 100)");
IonPeers::eventually_is($node, "SELECT count(*) FROM io_notify.delivery WHERE service = 'tutti' AND state = 'sent'", 100, 'the same host, another path: all arrive');
cmp_ok(time - $began, '<', 3, 'without waiting for the request that hangs');

$node->stop('immediate');

done_testing();
