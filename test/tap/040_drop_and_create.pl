# 040_drop_and_create.pl: DROP EXTENSION during dispatch, and the statements
# that need a database to themselves while a dispatcher is connected to it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $sink = http_sink('--delay-ms', '300');
my $node = new_cluster('drop_and_create');

sub ready
{
	my ($database) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	install_notify($node, $database);
	register_service($node, $database);
	webhook_provider($node, $database, 'app', $sink->{port});
	return eventually(sub { dispatcher_pids($node, $database) == 1 });
}

sub took
{
	my ($database, $sql) = @_;
	my $began = time();
	$node->safe_psql($database, $sql);
	return time() - $began;
}

# --- DROP EXTENSION with answers outstanding
ready('app');
send_messages($node, 'app', 200);
ok(eventually(sub { keys %{ sunk($sink) } }), 'dispatch is under way');
my $log = length server_log($node);
cmp_ok(took('app', 'DROP EXTENSION io_notify CASCADE'), '<', 2, 'DROP EXTENSION does not wait for the endpoint');
ok(eventually(sub { dispatcher_pids($node, 'app') == 0 }), 'the dispatcher leaves');
sleep(1);
is(dispatcher_pids($node, 'app'), 0, 'and does not come back');
is(value($node, 'app', 'SELECT count(*) FROM io_notify.message'), '200', 'every row is still there');
cmp_ok(() = server_log($node, $log) =~ /ERROR|FATAL|io_notify: /g, '<', 5, 'there is no loop of errors');

$node->safe_psql('app', 'CREATE EXTENSION io_notify; SELECT io_notify.install();');
webhook_provider($node, 'app', 'app', $sink->{port});
ok(drained($node, 'app'), 'created again, with the provider, it finishes what was left');
is_deeply([ grep { !/came \d+ times|is no delivery/ } oracle($node, 'app', $sink) ], [], 'nothing was lost');

# --- CREATE DATABASE … TEMPLATE: the clone is inert until adopted
send_messages($node, 'app', 1, send_after => q{now() + interval '2 seconds'});
took('postgres', 'CREATE DATABASE clone TEMPLATE app');
pass('a database with a dispatcher can be a template');
ok(eventually(sub { dispatcher_pids($node, 'app') == 1 }), 'whose dispatcher returns');
my $queued = value($node, 'clone', 'SELECT message_id FROM io_notify.queue');
ok($queued, 'the clone has the scheduled message too');
ok(drained($node, 'app'), 'the original sends it');
sleep(1);
is(sunk($sink)->{"$queued.2"}, 1, 'the clone does not');
like(value($node, 'clone', q{SELECT string_agg(detail, ' ') FROM io_notify.status() WHERE item = 'advice'}), qr/adopt\(\)/,
	'its status() says what to do');
$node->safe_psql('clone', 'SELECT io_notify.adopt()');
ok(drained($node, 'clone'), 'once adopted it sends');
is(sunk($sink)->{"$queued.2"}, 2, 'what it had');

# --- RENAME, SET TABLESPACE, DROP
cmp_ok(took('postgres', 'ALTER DATABASE clone RENAME TO renamed'), '<', 4, 'RENAME works while a dispatcher is there');
ok(eventually(sub { dispatcher_pids($node, 'renamed') == 1 }), 'and it returns');
send_messages($node, 'renamed', 1);
ok(drained($node, 'renamed'), 'and sends');

my $space = PostgreSQL::Test::Utils::tempdir('space');
$node->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$space'");
took('postgres', 'ALTER DATABASE renamed SET TABLESPACE elsewhere');
send_messages($node, 'renamed', 1);
ok(drained($node, 'renamed'), 'after SET TABLESPACE it sends');

$log = length server_log($node);
send_messages($node, 'renamed', 20);
cmp_ok(took('postgres', 'DROP DATABASE renamed'), '<', 4.5, 'DROP DATABASE works with deliveries in flight');
send_messages($node, 'app', 20);
cmp_ok(took('postgres', 'DROP DATABASE app WITH (FORCE)'), '<', 4.5, 'DROP DATABASE WITH (FORCE) too');
sleep(6);
unlike(server_log($node, $log), qr/does not exist/, 'the launcher forgets them');
is(dispatcher_pids($node), 0, 'no dispatcher is left');
ok(ready('app'), 'a new database of the same name gets its dispatcher');
send_messages($node, 'app', 1);
ok(drained($node, 'app'), 'and sends');

$node->stop;
done_testing();
