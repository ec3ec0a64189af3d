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

my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'libfaketime is not installed' unless $library;

my $sink = http_sink();
my $bad = bad_http();
my $clock = PostgreSQL::Test::Utils::tempdir('clock') . '/now';
my $node = new_cluster('clock', start => 0);

# Moves the server's wall clock; as with a real clock, the monotonic one is not.
sub set_clock
{
	my ($offset) = @_;
	open my $file, '>', "$clock.new" or die "$clock.new: $!";
	print $file "$offset\n";
	close $file;
	rename "$clock.new", $clock or die "$clock: $!";
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

set_clock('+0');
{
	local $ENV{LD_PRELOAD} = $library;
	local $ENV{FAKETIME_TIMESTAMP_FILE} = $clock;
	local $ENV{FAKETIME_NO_CACHE} = 1;
	local $ENV{FAKETIME_DONT_FAKE_MONOTONIC} = 1;
	local $ENV{FAKETIME_DONT_RESET} = 1;
	$node->start;
}
install_notify($node, 'postgres');
register_service($node, 'postgres');
register_service($node, 'postgres', name => 'quick');
webhook_provider($node, 'postgres', 'app', $sink->{port});
$node->safe_psql('postgres', "UPDATE io_notify.service SET webhook_url = 'http://127.0.0.1:$bad->{port}/script/status:503,ok' WHERE name = 'portos'");
goes_on('before');

set_clock('+2h');
goes_on('two hours on');
my ($later) = send_messages($node, 'postgres', 1, service => "'quick'", send_after => q{now() + interval '1 hour'});

# one waits for its retry when the clock goes back
$node->safe_psql('postgres', q{ALTER SERVER app OPTIONS (SET retry_schedule '3 s, 3 s')});
my ($retried) = send_messages($node, 'postgres', 1);
ok(eventually(sub { value($node, 'postgres', "SELECT count(*) FROM io_notify.attempt WHERE message_id = '$retried'") eq '1' }), 'a first try fails');
set_clock('-1h');
goes_on('three hours back');
ok(eventually(sub { value($node, 'postgres', "SELECT state FROM io_notify.delivery WHERE message_id = '$retried' AND channel = 'webhook'") eq 'sent' }, 20),
	'three hours back: what was to be tried again in seconds is');

# paused across the jump: due by the old clock, it is due by the new one
$node->safe_psql('postgres', q{SELECT io_notify.pause('provider', 'app')});
my ($held) = send_messages($node, 'postgres', 1, service => "'quick'");
set_clock('-4h');
sleep(0.5);
$node->safe_psql('postgres', q{SELECT io_notify.resume('provider', 'app')});
ok(eventually(sub { sunk($sink)->{"$held.2"} }, 20), 'what was due before the clock was set back goes too');
is(value($node, 'postgres', "SELECT count(*) FROM io_notify.delivery WHERE message_id = '$later'"), '0', 'what a sender put off is still put off');
is_deeply([ grep { $sink && sunk($sink)->{$_} > 1 } keys %{ sunk($sink) } ], [], 'nothing came twice');
is(scalar(dispatcher_pids($node)), 1, 'the dispatcher has lived through it');

$node->stop;
done_testing();
