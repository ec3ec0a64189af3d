# 070_worker_slots.pl: no background worker slot is free.  Inserts do not mind,
# log and status() say so, and dispatch begins when one becomes free.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $sink = http_sink();

# one slot for the launcher, one for PostgreSQL's logical replication launcher
my $node = new_cluster('worker_slots', conf => "max_worker_processes = 2\n");
install_notify($node, 'postgres');
register_service($node, 'postgres');
webhook_provider($node, 'postgres', 'app', $sink->{port});

is(scalar(send_messages($node, 'postgres', 10)), 10, 'without a free slot an insert is accepted');
ok(eventually(sub { server_log($node) =~ /no background worker slot is free: raise max_worker_processes/ }), 'the log says why nothing goes');
like(value($node, 'postgres', 'SELECT string_agg(s::text, chr(10)) FROM io_notify.status() s'),
	qr/no background worker slot is free: raise max_worker_processes/, 'so does status()');
is(value($node, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE state = 'queued'}), '10', 'the deliveries wait');
cmp_ok(() = server_log($node) =~ /no background worker slot/g, '<=', 2, 'and it is not said over and over');

# --- raised
$node->append_conf('postgresql.conf', 'max_worker_processes = 4');
$node->restart;
ok(drained($node, 'postgres'), 'with a slot they are sent');
is_deeply([ oracle($node, 'postgres', $sink) ], [], 'once each');

# --- taken by too many dispatchers, given back by a reload
$node->safe_psql('postgres', 'ALTER SYSTEM SET io_notify.dispatchers = 8');
$node->reload;
ok(eventually(sub { dispatcher_pids($node) == 2 }), 'two of the eight dispatchers asked for find a slot');
send_messages($node, 'postgres', 10);
ok(drained($node, 'postgres'), 'they dispatch');
$node->safe_psql('postgres', 'CREATE DATABASE late TEMPLATE template0');
install_notify($node, 'late');
register_service($node, 'late');
webhook_provider($node, 'late', 'app', $sink->{port});
send_messages($node, 'late', 10);
is(dispatcher_pids($node, 'late'), 0, 'a second database finds none');
$node->safe_psql('postgres', 'ALTER SYSTEM SET io_notify.dispatchers = 1');
$node->reload;
ok(drained($node, 'late', 70), 'until one is given back');
is(dispatcher_pids($node, 'postgres'), 1, 'each database has its own now');

$node->stop;
done_testing();
