# 090_standby.pl: a standby sends nothing; once promoted it takes over what the
# old primary had claimed, and knows that it cannot know what came of it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $sink = http_sink('--delay-ms', '400');
my $primary = new_cluster('primary', streaming => 1);

install_notify($primary, 'postgres');
register_service($primary, 'postgres');
webhook_provider($primary, 'postgres', 'app', $sink->{port});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

send_messages($primary, 'postgres', 20);
ok(drained($primary, 'postgres'), 'the primary sends');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is(value($standby, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE state = 'sent'}), '20', 'the standby sees it');
is_deeply([ oracle($primary, 'postgres', $sink) ], [], 'each came once');
is(value($standby, 'postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'io_notify%'}), '0', 'no worker runs on the standby');
cmp_ok(value($standby, 'postgres', q{SELECT count(*) FROM io_notify.status()}), '>', 0, 'status() can be read there');

# --- the primary dies with answers outstanding
send_messages($primary, 'postgres', 120);
ok(eventually(sub { keys %{ sunk($sink) } >= 70 }), 'fifty at a time are under way');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
$primary->stop('immediate');
sleep(0.5);
my $count = keys %{ sunk($sink) };
sleep(0.5);
is(keys %{ sunk($sink) }, $count, 'while nobody is primary nothing goes');

$standby->promote;
ok(eventually(sub { dispatcher_pids($standby) == 1 }), 'promotion starts a dispatcher');
ok(drained($standby, 'postgres', 40), 'which sends what is left');
is_deeply([ oracle($standby, 'postgres', $sink) ], [], 'everything came; twice only what was claimed and unknown');
cmp_ok(value($standby, 'postgres', q{SELECT count(*) FROM io_notify.attempt WHERE outcome = 'unknown'}), '>', 0, 'and some was');
is(value($standby, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE channel = 'webhook' AND state = 'sent'}), '140', 'nothing is missing');

$standby->stop;
done_testing();
