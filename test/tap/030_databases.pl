# 030_databases.pl: two databases, several dispatchers each, more and fewer of
# them by reload: every delivery is sent once, by whichever.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my @databases = qw(north south);
my %sink = map { $_ => http_sink('--delay-ms', '5') } @databases;
my $node = new_cluster('databases');

foreach my $database (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	install_notify($node, $database);
	register_service($node, $database);
	webhook_provider($node, $database, 'app', $sink{$database}->{port});
}
ok(eventually(sub { dispatcher_pids($node, 'north') == 1 && dispatcher_pids($node, 'south') == 1 }),
	'each database gets its dispatcher');

send_messages($node, $_, 200) foreach @databases;
foreach my $database (@databases)
{
	ok(drained($node, $database), "$database drains");
	is_deeply([ oracle($node, $database, $sink{$database}) ], [], "what $database sent reached its own endpoint, once");
	is(scalar keys %{ sunk($sink{$database}) }, 200, 'all of it, and nothing of the other database');
}

# --- three dispatchers in each
$node->safe_psql('postgres', 'ALTER SYSTEM SET io_notify.dispatchers = 3');
$node->reload;
foreach my $database (@databases)
{
	ok(eventually(sub { dispatcher_pids($node, $database) == 3 }), "a reload brings $database to three dispatchers");
}
send_messages($node, 'north', 1500) foreach 1 .. 2;
ok(drained($node, 'north', 40), 'three dispatchers share a backlog');
is_deeply([ oracle($node, 'north', $sink{north}) ], [], 'and none sends what another has claimed');
cmp_ok(value($node, 'north', 'SELECT count(DISTINCT dispatcher) FROM io_notify.attempt'), '>=', 3, 'all three took part');

# --- and back to one, with work in flight
send_messages($node, 'south', 1500);
$node->safe_psql('postgres', 'ALTER SYSTEM RESET io_notify.dispatchers');
$node->reload;
ok(eventually(sub { dispatcher_pids($node, 'north') == 1 && dispatcher_pids($node, 'south') == 1 }),
	'a reload brings them back to one');
ok(drained($node, 'south', 40), 'what the leaving ones held is sent');
is_deeply([ oracle($node, 'south', $sink{south}) ], [], 'once');
is(value($node, 'south', q{SELECT count(*) FROM io_notify.attempt WHERE outcome = 'unknown'}), '0',
	'and no answer was abandoned');

$node->stop;
done_testing();
