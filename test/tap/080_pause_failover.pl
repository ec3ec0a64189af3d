# 080_pause_failover.pl: what holds deliveries back and lets them go again:
# pauses, io_notify.dispatch, retries that run out, a provider that is down and
# the one that takes its place, tries whose outcome nobody knows.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $sink = http_sink();
my $bad = bad_http();
my $node = new_cluster('pause_failover');
my $db = 'postgres';

install_notify($node, $db);
register_service($node, $db);
register_service($node, $db, name => 'other');
webhook_provider($node, $db, 'app', $sink->{port});

sub state_of
{
	my ($id) = @_;
	return value($node, $db, "SELECT concat_ws(' ', state, reason, 'attempts', attempts) FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'webhook'");
}

sub tries
{
	my ($id) = @_;
	return join ' ', rows($node, $db, "SELECT outcome FROM io_notify.attempt WHERE message_id = '$id' ORDER BY n");
}

# Points the provider at a behaviour of bad_http, with what else to set.
sub behave
{
	my ($path, @set) = @_;
	$node->safe_psql($db, 'ALTER SERVER app OPTIONS (' . join(', ', "SET url 'http://127.0.0.1:$bad->{port}$path'", @set) . ')');
	return;
}

# --- pauses
foreach my $pause ([ 'all', '', 'portos' ], [ 'service', 'other', 'other' ], [ 'provider', 'app', 'portos' ])
{
	my ($kind, $name, $service) = @$pause;

	# a paused service refuses its new messages, so this one is earlier
	my ($early) = send_messages($node, $db, 1, service => "'$service'", send_after => q{now() + interval '700 ms'});
	$node->safe_psql($db, "SELECT io_notify.pause('$kind', '$name')");
	my ($held) = $kind eq 'service' ? $early : send_messages($node, $db, 1, service => "'$service'");
	if ($kind eq 'service')
	{
		my ($free) = send_messages($node, $db, 1);
		ok(drained_of($free), 'service paused: the others go on');
	}
	sleep(1);
	is(value($node, $db, "SELECT count(*) FROM io_notify.attempt WHERE message_id = '$held'"), '0', "$kind paused: nothing goes");
	$node->safe_psql($db, "SELECT io_notify.resume('$kind', '$name')");
	ok(drained_of($early) && drained_of($held), "$kind resumed: it goes");
}

sub drained_of
{
	my ($id) = @_;
	return eventually(sub { state_of($id) =~ /^sent/ }, 8);
}

# --- io_notify.dispatch
$node->safe_psql($db, 'ALTER SYSTEM SET io_notify.dispatch = off');
$node->reload;
ok(eventually(sub { value($node, $db, q{SELECT count(*) FROM io_notify.status() WHERE item = 'worker' AND state = 'off'}) eq '1' }),
	'io_notify.dispatch = off shows in status()');
my ($id) = send_messages($node, $db, 1);
sleep(0.5);
is(state_of($id), 'queued attempts 0', 'and sends nothing');
$node->safe_psql($db, 'ALTER SYSTEM RESET io_notify.dispatch');
$node->reload;
ok(drained_of($id), 'a reload lets it go');

# --- retries that run out
behave('/status/503', "SET retry_schedule '100 ms, 200 ms'");
($id) = send_messages($node, $db, 1);
ok(drained($node, $db), 'a schedule of two retries ends');
is(state_of($id), 'failed retries_exhausted attempts 3', 'after the first try and two more');
is(tries($id), 'transient transient transient', 'each with its record');
is(value($node, $db, "SELECT bool_and(w BETWEEN 0.07 AND 0.6) FROM (SELECT extract(epoch FROM started_at - lag(finished_at) OVER (ORDER BY n)) w
	FROM io_notify.attempt WHERE message_id = '$id') x WHERE w IS NOT NULL"), 't', 'at about the times of the schedule');

# --- time to live runs out while nothing goes
$node->safe_psql($db, q{SELECT io_notify.pause('provider', 'app')});
($id) = send_messages($node, $db, 1, time_to_live => q{interval '300 ms'});
ok(eventually(sub { state_of($id) eq 'expired time_to_live attempts 0' }, 25), 'a paused delivery expires when its time is over');
$node->safe_psql($db, q{SELECT io_notify.resume('provider', 'app')});

# --- nobody knows the outcome: hold, or try again under the same identity
behave('/close-after-request', "ADD on_unknown 'hold'");
($id) = send_messages($node, $db, 1);
ok(drained($node, $db), 'hold: one try');
is(state_of($id) . ': ' . tries($id), 'uncertain unknown_outcome attempts 1: unknown', 'hold: is left for an operator');
behave('/script/close-after-request,ok', "SET on_unknown 'retry'");
($id) = send_messages($node, $db, 1);
ok(drained($node, $db), 'retry: two tries');
is(state_of($id) . ': ' . tries($id), 'sent attempts 2: unknown accepted', 'retry: and the second is accepted');
my %identity = map { $_->{headers}{'webhook-id'} => 1 } grep { $_->{path} =~ /script/ } peer_requests($bad);
is(keys %identity, 1, 'both under one webhook-id');

# --- a provider that is down: the next in priority takes over
my $port = free_port();
$node->safe_psql($db, "ALTER SERVER app OPTIONS (SET url 'http://127.0.0.1:$port/', SET retry_schedule '1 h')");
($id) = send_messages($node, $db, 1);
ok(eventually(sub { value($node, $db, q{SELECT state FROM io_notify.provider WHERE name = 'app'}) eq 'open' }), 'a refused connection opens the breaker');
is(state_of($id), 'queued attempts 0', 'and burns no attempt');
like(tries($id), qr/^provider_fault/, 'though it is recorded');
webhook_provider($node, $db, 'spare', $sink->{port}, priority => 10);
ok(drained_of($id), 'a second provider takes it');
is(value($node, $db, "SELECT provider FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'webhook'"), 'spare', 'and is named');
send_messages($node, $db, 50);
ok(drained($node, $db, 10), 'what follows goes there at once');

my $late = bad_http('--port', $port);
ok(eventually(sub { send_messages($node, $db, 1); value($node, $db, q{SELECT state FROM io_notify.provider WHERE name = 'app'}) eq 'ready' }, 40),
	'when the first listens again the breaker closes');
ok(drained($node, $db), 'nothing is left');
is(value($node, $db, q{SELECT max(attempts) FROM io_notify.delivery WHERE provider = 'spare'}), '1', 'nobody was charged for the outage');

$node->stop;
done_testing();
