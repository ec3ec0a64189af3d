# 105_clock.pl: somebody sets the clock two hours on, then three hours back,
# while the server runs; dispatch goes on, retries too, and nothing is sent
# before its time or twice.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $sink = http_sink();
my $bad = bad_http();
my $tmp = PostgreSQL::Test::Utils::tempdir('clock');
my $node = new_cluster('clock', start => 0);

if (system('cc', '-shared', '-fPIC', '-o', "$tmp/shim.so", "$FindBin::Bin/../peers/clock_shim.c", '-ldl') != 0)
{
	plan skip_all => 'no C compiler to build the clock shim with';
}

# Moves the server's wall clock by so many hours from the true one.
sub set_clock
{
	my ($hours) = @_;
	open my $file, -e "$tmp/offset" ? '+<' : '>', "$tmp/offset" or die "offset: $!";
	syswrite $file, pack('q', $hours * 3600);
	close $file;
	return;
}

sub goes_on
{
	my ($name) = @_;
	my $began = time();
	my ($id) = send_messages($node, 'postgres', 1, service => "'quick'");
	ok(eventually(sub { sunk($sink)->{"$id.2"} }, 8), "$name: a new message goes");
	cmp_ok(time() - $began, '<', 1, "$name: at once");
	return;
}

set_clock(0);
{
	local $ENV{LD_PRELOAD} = "$tmp/shim.so";
	local $ENV{CLOCK_SHIM} = "$tmp/offset";
	$node->start;
}
install_notify($node, 'postgres');
register_service($node, 'postgres');
register_service($node, 'postgres', name => 'quick');
webhook_provider($node, 'postgres', 'app', $sink->{port});
$node->safe_psql('postgres', 'ALTER SYSTEM SET io_notify.dispatchers = 2');
$node->reload;
ok(eventually(sub { dispatcher_pids($node) == 2 }), 'two dispatchers');
goes_on('before');

# an answer is outstanding when the clock goes on: it is waited for as before
$node->safe_psql('postgres', "UPDATE io_notify.service SET webhook_url = 'http://127.0.0.1:$bad->{port}/delay/2500' WHERE name = 'portos'");
my ($waiting) = send_messages($node, 'postgres', 1);
ok(eventually(sub { peer_requests($bad) == 1 }), 'a slow endpoint has the request');
set_clock(2);
goes_on('two hours on');
# a dispatcher that leaves makes the other look for abandoned claims
$node->safe_psql('postgres', 'ALTER SYSTEM SET io_notify.dispatchers = 1');
$node->reload;
ok(eventually(sub { value($node, 'postgres', "SELECT state FROM io_notify.delivery WHERE message_id = '$waiting' AND channel = 'webhook'") eq 'sent' }, 15),
	'two hours on: the slow answer is awaited');
is(value($node, 'postgres', "SELECT string_agg(outcome, ' ') FROM io_notify.attempt WHERE message_id = '$waiting'"), 'accepted', 'and counts: no claim has aged');
my ($later) = send_messages($node, 'postgres', 1, service => "'quick'", send_after => q{now() + interval '1 hour'});

# one waits for its retry when the clock goes back
$node->safe_psql('postgres', "UPDATE io_notify.service SET webhook_url = 'http://127.0.0.1:$bad->{port}/script/status:503,ok' WHERE name = 'portos'");
$node->safe_psql('postgres', q{ALTER SERVER app OPTIONS (SET retry_schedule '3 s, 3 s')});
my ($retried) = send_messages($node, 'postgres', 1);
ok(eventually(sub { value($node, 'postgres', "SELECT count(*) FROM io_notify.attempt WHERE message_id = '$retried'") eq '1' }), 'a first try fails');
set_clock(-1);
goes_on('three hours back');
ok(eventually(sub { value($node, 'postgres', "SELECT state FROM io_notify.delivery WHERE message_id = '$retried' AND channel = 'webhook'") eq 'sent' }, 20),
	'three hours back: what was to be tried again in seconds is');

# paused across the jump: due by the old clock, it is due by the new one
$node->safe_psql('postgres', q{SELECT io_notify.pause('provider', 'app')});
my ($held) = send_messages($node, 'postgres', 1, service => "'quick'");
set_clock(-4);
sleep(0.5);
$node->safe_psql('postgres', q{SELECT io_notify.resume('provider', 'app')});
ok(eventually(sub { sunk($sink)->{"$held.2"} }, 20), 'what was due before the clock was set back goes too');
is(value($node, 'postgres', "SELECT count(*) FROM io_notify.delivery WHERE message_id = '$later'"), '0', 'what a sender put off is still put off');
is_deeply([ grep { sunk($sink)->{$_} > 1 } keys %{ sunk($sink) } ], [], 'nothing came twice');
is(scalar(dispatcher_pids($node)), 1, 'the dispatcher has lived through it');

$node->stop;
done_testing();
