# 110_poison.pl: a delivery that is under way each time its dispatcher dies is
# quarantined the second time; whatever else was in flight goes on, and an
# operator decides.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $sink = http_sink('--hang-path', '/hang', '--delay-ms', '5');
my $node = new_cluster('poison');

install_notify($node, 'postgres');
register_service($node, 'postgres');
register_service($node, 'postgres', name => 'poison');
webhook_provider($node, 'postgres', 'app', $sink->{port}, timeout => '60 s');
$node->safe_psql('postgres', "UPDATE io_notify.service SET webhook_url = 'http://127.0.0.1:$sink->{port}/hang' WHERE name = 'poison'");

sub kill_dispatcher
{
	my ($pid) = dispatcher_pids($node);
	kill 'KILL', $pid;
	return eventually(sub { !kill(0, $pid) && ($node->psql('postgres', 'SELECT 1'))[0] == 0 }, 20);
}

my ($poison) = send_messages($node, 'postgres', 1, service => "'poison'");
my $delivery = "$poison.2";
ok(eventually(sub { (sunk($sink)->{$delivery} // 0) == 1 }), 'the delivery is under way and hangs');

# --- the first time it may have been chance
ok(kill_dispatcher(), 'its dispatcher dies');
ok(eventually(sub { (sunk($sink)->{$delivery} // 0) == 2 }, 15), 'it is tried again, under the same id');
is(value($node, 'postgres', "SELECT string_agg(outcome, ' ') FROM io_notify.attempt WHERE message_id = '$poison'"), 'unknown', 'the first try is on record as unknown');
send_messages($node, 'postgres', 200);
ok(eventually(sub { value($node, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE service = 'portos' AND state = 'sent'}) eq '200' }), 'others pass it by');

# --- the second time it is the suspect
send_messages($node, 'postgres', 500);
ok(kill_dispatcher(), 'the next dispatcher dies over it');
is(eventually(sub { value($node, 'postgres', "SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$poison' AND channel = 'webhook'") eq 'uncertain quarantined' }), 1,
	'it is quarantined');
is(value($node, 'postgres', "SELECT string_agg(outcome, ' ' ORDER BY n) FROM io_notify.attempt WHERE message_id = '$poison'"), 'unknown unknown', 'with both tries on record');
ok(drained($node, 'postgres'), 'the queue drains');
is(value($node, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE service = 'portos' AND channel = 'webhook' AND state = 'sent'}), '700', 'all the others were sent');
is_deeply([ oracle($node, 'postgres', $sink) ], [], 'none twice without a reason');
is(sunk($sink)->{$delivery}, 2, 'the quarantined one did not go a third time');

# --- an operator lets it go
$node->safe_psql('postgres', q{UPDATE io_notify.service SET webhook_url = NULL WHERE name = 'poison'});
$node->safe_psql('postgres', qq{UPDATE io_notify.delivery SET address = NULL WHERE message_id = '$poison';
	SELECT io_notify.requeue('$poison')});
ok(drained($node, 'postgres'), 'requeued, it goes');
is(value($node, 'postgres', "SELECT state FROM io_notify.delivery WHERE message_id = '$poison' AND channel = 'webhook'"), 'sent', 'and is sent');
is(value($node, 'postgres', "SELECT string_agg(n || ' ' || outcome, ', ' ORDER BY n) FROM io_notify.attempt WHERE message_id = '$poison'"),
	'1 unknown, 2 unknown, 3 accepted', 'its history is whole');

$node->stop;
done_testing();
