# 310_kill_switch.pl: once the COMMIT of a pause has returned nothing of what is
# paused begins, nothing is lost, and everything else goes on.
#
# How the far side tells "before" from "after" without a clock: right after
# COMMIT we send it a mark, and another before we resume.  What a dispatcher
# wrote before COMMIT returned lay in the sink's sockets before the mark did,
# and a sink takes sockets in the order they became readable.  So whatever it
# records between the two marks began while the pause held: none may.  There is
# no tolerance.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::INET;
use IPC::Open3 qw(open3);
use IonPeers;
use IonTest;
use PostgreSQL::Test::Utils;
use Symbol qw(gensym);
use Test::More;
use Time::HiRes qw(sleep time);

# --- the far sides --------------------------------------------------------------
my $sink = http_sink('--delay-ms', 10);
my $relay = IonPeers::peer('bad_smtp.py', '--commands');
my $node = new_cluster('kill_switch', conf => "io_notify.dispatchers = 1\n");
my $db = 'postgres';

install_notify($node, $db);
register_service($node, $db, name => $_) for qw(stopped flowing);
register_service($node, $db, name => $_, channels => '{inbox,email}') for qw(stopped_mail flowing_mail);
webhook_provider($node, $db, 'app', $sink->{port});
email_provider($node, $db, 'relay', $relay->{port}, max_in_flight => 10);
$node->safe_psql($db, q{UPDATE io_notify.service SET explicit_addresses = true WHERE name LIKE '%_mail'});

sub say_to
{
	my ($socket, $text, $end) = @_;
	my $answer = '';

	print {$socket} $text;
	until ($answer =~ $end)
	{
		sysread $socket, $answer, 4096, length $answer or die 'the sink has hung up';
	}
	return;
}

my $to_sink = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $sink->{port}) or die $!;
my $to_relay = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $relay->{port}) or die $!;
$_->autoflush for $to_sink, $to_relay;
say_to($to_relay, '', qr/^220 /m);

sub mark
{
	my ($name) = @_;

	say_to($to_sink, "GET /mark/$name HTTP/1.1\r\nHost: sink\r\n\r\n", qr/\r\n\r\n/);
	say_to($to_relay, "NOOP /mark/$name\r\n", qr/^250 /m);
	return;
}

# --- a session of our own: COMMIT must have returned a moment ago, not a process ago
sub session
{
	my $pid = open3(my $in, my $out, my $err = gensym, 'psql', '-XAtq', '-d', $node->connstr($db));

	$in->autoflush;
	return { pid => $pid, in => $in, out => $out, err => $err };
}

sub ask
{
	my ($session, $sql) = @_;

	print { $session->{in} } "$sql;\nSELECT 'done';\n";
	return;
}

# Whether the answer comes within so many seconds.
sub answered
{
	my ($session, $seconds) = @_;
	my $select = IO::Select->new($session->{out});
	my $deadline = time() + $seconds;

	$session->{said} //= '';
	while ($session->{said} !~ s/\A.*?done\n//s)
	{
		my $left = $deadline - time();
		return 0 if $left <= 0 || !$select->can_read($left);
		sysread $session->{out}, $session->{said}, 4096, length $session->{said} or die 'psql has gone';
	}
	return 1;
}

my $operator = session();

sub run
{
	my ($sql) = @_;

	ask($operator, $sql);
	answered($operator, 20) or die "no answer to $sql";
	return;
}

# --- rounds ---------------------------------------------------------------------------
my $round = 0;
my %held;    # round => what its pause holds
my $busy = 0;    # rounds that found work in hand

sub feed
{
	my ($n, @services) = @_;
	my $values = join ', ', map { "('$_', '$_\@citizens.test')" } @services;

	run(qq{INSERT INTO io_notify.message (service, recipient, subject, markdown, email)
		SELECT s.name, '$IonTest::CITIZEN', 'Pratica numero ' || i, rpad('Gentile cittadino', 80, '.'), CASE WHEN s.name LIKE '%_mail' THEN s.address END
		FROM generate_series(1, $n) i, (VALUES $values) s (name, address) WHERE s.name NOT LIKE '%_mail' OR i % 6 = 0});
	return;
}

my @all = qw(stopped flowing stopped_mail flowing_mail);

# One pause at a random moment under load; \%what: pause and resume as SQL, and
# which services are held.
sub one_round
{
	my ($what, $dispatchers) = @_;
	my $name = sprintf '%03d', ++$round;

	feed(240, @all);
	sleep(rand 0.08);
	run($what->{pause});
	mark("paused-$name");
	$held{$name} = { map { $_ => 1 } @{ $what->{holds} } };
	my ($waiting) = rows($node, $db, sprintf q{SELECT count(*) FROM io_notify.queue WHERE service = ANY ('{%s}')}, join ',', @{ $what->{holds} });
	$busy++ if $waiting > 0;
	my @free = grep { !$held{$name}{$_} } @all;
	feed(60, @free) if @free;
	sleep(0.03 + rand 0.05);
	mark("resuming-$name");
	run($what->{resume});
	return;
}

my %service = (
	pause => q{BEGIN; SELECT io_notify.pause('service', 'stopped', 'a try'); SELECT io_notify.pause('service', 'stopped_mail'); COMMIT},
	resume => q{BEGIN; SELECT io_notify.resume('service', 'stopped'); SELECT io_notify.resume('service', 'stopped_mail'); COMMIT},
	holds => [qw(stopped stopped_mail)]);
my %rows_of_pause = (
	pause => q{INSERT INTO io_notify.pause (kind, name) VALUES ('service', 'stopped'), ('service', 'stopped_mail')},
	resume => q{DELETE FROM io_notify.pause},
	holds => [qw(stopped stopped_mail)]);
my %provider = (
	pause => q{SELECT io_notify.pause('provider', 'app')},
	resume => q{SELECT io_notify.resume('provider', 'app')},
	holds => [qw(stopped flowing)]);
my %other_provider = (
	pause => q{SELECT io_notify.pause('provider', 'relay')},
	resume => q{SELECT io_notify.resume('provider', 'relay')},
	holds => [qw(stopped_mail flowing_mail)]);
my %everything = (pause => q{SELECT io_notify.pause('all')}, resume => q{SELECT io_notify.resume('all')}, holds => \@all);

one_round(\%service) for 1 .. 20;
one_round($_) for (\%rows_of_pause, \%provider, \%other_provider, \%everything) x 3;
cmp_ok($busy, '>=', 24, "$busy of $round pauses came while there was work to hold");
ok(drained($node, $db, 60), 'one dispatcher: everything is delivered');

$node->safe_psql($db, 'ALTER SYSTEM SET io_notify.dispatchers = 2');
$node->reload;
ok(eventually(sub { dispatcher_pids($node, $db) == 2 }), 'a second dispatcher');
$busy = 0;
my $first_of_two = $round;
one_round($_) for (\%service, \%provider, \%service, \%everything) x 4;
cmp_ok($busy, '>=', 12, "$busy of " . ($round - $first_of_two) . ' pauses came while there was work to hold');
ok(drained($node, $db, 60), 'two dispatchers: everything is delivered');

# --- the moment between looking and writing ---------------------------------------------
# A dispatcher that is stopped where messages may begin keeps COMMIT from
# returning until it has let go; stopped elsewhere, it does not.
$node->safe_psql($db, 'ALTER SYSTEM SET io_notify.dispatchers = 1');
$node->reload;
ok(eventually(sub { dispatcher_pids($node, $db) == 1 }), 'one dispatcher again');
my ($waited, $at_once) = (0, 0);
for (1 .. 25)
{
	my ($pid) = dispatcher_pids($node, $db);
	my $name = sprintf '%03d', ++$round;

	feed(240, @all);
	sleep(rand 0.05);
	kill 'STOP', $pid;
	ask($operator, $service{pause});
	if (answered($operator, 0.1))
	{
		$at_once++;
		mark("paused-$name");
		kill 'CONT', $pid;
	}
	else
	{
		$waited++;
		kill 'CONT', $pid;
		answered($operator, 1.5) or fail('COMMIT waits for more than the dispatcher');
		mark("paused-$name");
	}
	$held{$name} = { map { $_ => 1 } @{ $service{holds} } };
	sleep(0.05);
	mark("resuming-$name");
	run($service{resume});
	last if $waited >= 4 && $at_once >= 4;
}
cmp_ok($waited, '>', 0, "a dispatcher stopped in the network: COMMIT waited for it ($waited times)");
cmp_ok($at_once, '>', 0, "stopped elsewhere: COMMIT did not ($at_once times)");

# one that never lets go cannot hold COMMIT for ever, and COMMIT says so
my $stuck = 0;
for (1 .. 40)
{
	my ($pid) = dispatcher_pids($node, $db);

	feed(240, qw(stopped flowing));
	sleep(rand 0.05);
	kill 'STOP', $pid;
	ask($operator, $service{pause});
	$stuck = !answered($operator, 0.1);
	my $end = !$stuck || answered($operator, 5);
	kill 'CONT', $pid;
	run($service{resume});
	next unless $stuck;
	ok($end, 'a dispatcher that is stuck: COMMIT returns all the same');
	my $warning = '';
	sysread $operator->{err}, $warning, 4096 if IO::Select->new($operator->{err})->can_read(2);
	like($warning, qr/WARNING: .*has not yet noticed/, 'and warns');
	last;
}
ok($stuck, 'one was caught in the network');
ok(drained($node, $db, 60), 'everything is delivered');

# --- begun, and waiting for a connection -------------------------------------------------
# A relay that keeps its banner to itself: the mail is with the transport.
my $mute = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die $!;
$node->safe_psql($db, sprintf q{ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:%d')}, $mute->sockport);
my ($mail) = send_messages($node, $db, 1, service => "'stopped_mail'", email => "'stopped_mail\@citizens.test'");
IO::Select->new($mute)->can_read(10) or die 'no connection';
my $talk = $mute->accept;
$talk->autoflush;
is(value($node, $db, "SELECT claimed_by IS NOT NULL FROM io_notify.queue WHERE message_id = '$mail'"), 't', 'a mail waits for its connection');
run($service{pause});
my ($heard, $out) = ('', "220 mute\r\n");
print {$talk} $out;
my $select = IO::Select->new($talk);
while ($select->can_read(1))
{
	sysread $talk, my $line, 4096 or last;
	$heard .= $line;
	print {$talk} "250 mute\r\n" if $line =~ /^EHLO/;
}
unlike($heard, qr/MAIL|RCPT/i, 'paused before the banner came: no MAIL follows');
like($heard, qr/EHLO/, 'though the connection is made');
is(value($node, $db, "SELECT claimed_by IS NULL AND attempt = 0 AND failures = 0 FROM io_notify.queue WHERE message_id = '$mail'"), 't', 'the mail is back in the queue');
is(value($node, $db, "SELECT count(*) FROM io_notify.attempt WHERE message_id = '$mail'"), '0', 'and there was no attempt');
$node->safe_psql($db, "ALTER SERVER relay OPTIONS (SET url 'smtp://127.0.0.1:$relay->{port}')");
run($service{resume});
ok(drained($node, $db, 20), 'resumed, it goes');
close $talk;

# An end point whose backlog is full: the request waits inside libcurl.
my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
my @crowd = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport, Timeout => 0.2) } 1 .. 4;
$node->safe_psql($db, sprintf q{ALTER SERVER app OPTIONS (SET url 'http://127.0.0.1:%d/')}, $full->sockport);
my ($request) = send_messages($node, $db, 1, service => "'stopped'");
ok(eventually(sub { value($node, $db, q{SELECT coalesce(sum(in_flight), 0) FROM io_notify._workers()}) eq '1' }), 'a request waits for its connection');
run($service{pause});
my $bytes = '';
$full->timeout(1);
my $deadline = time() + 4;
my $arrivals = 0;
while (time() < $deadline)
{
	my $arrival = $full->accept or next;

	$arrivals++;
	sysread $arrival, $bytes, 4096, length $bytes if IO::Select->new($arrival)->can_read(0.3);
}
is($bytes, '', "paused before it was connected: of $arrivals connections none brings a request");
is(value($node, $db, "SELECT claimed_by IS NULL AND attempt = 0 FROM io_notify.queue WHERE message_id = '$request'"), 't', 'the request is back in the queue');
is(value($node, $db, "SELECT count(*) FROM io_notify.attempt WHERE message_id = '$request'"), '0', 'and there was no attempt');
$node->safe_psql($db, "ALTER SERVER app OPTIONS (SET url 'http://127.0.0.1:$sink->{port}/hooks')");
run($service{resume});
ok(drained($node, $db, 20), 'resumed, it goes');

# --- what the far sides saw ---------------------------------------------------------------
sub violations
{
	my ($events) = @_;    # in order: [ mark, name ] or [ service ]
	my ($now, @wrong, %seen);

	for my $event (@$events)
	{
		my ($what, $name) = @$event;

		if ($what eq 'mark')
		{
			my ($how, $number) = split /-/, $name;
			$now = $how eq 'paused' ? $number : undef;
			next;
		}
		push @wrong, "$what in round $now" if defined $now && $held{$now}{$what};
		$seen{$what}++ if defined $now;
	}
	return (\@wrong, \%seen);
}

my %service_of = map { split /\|/ } rows($node, $db, q{SELECT message_id || '.' || seq, service FROM io_notify.delivery WHERE channel <> 'inbox'});
my @requests = map { my ($t, $id, $path) = split / /; $path =~ m{^/mark/(.*)} ? [ 'mark', $1 ] : [ $service_of{$id} ] } split /\n/, slurp_file($sink->{record});
my ($wrong, $during) = violations(\@requests);
is(join(', ', @$wrong), '', sprintf 'no request of a paused service, provider or all began (%d requests, %d pauses)', scalar @requests, $round);
cmp_ok($during->{flowing} // 0, '>', 500, "other services kept flowing meanwhile: $during->{flowing} requests");

# the relay's lines are JSON, and too many to parse for what we want of them
my @lines = split /\n/, slurp_file($relay->{record});
my @commands = map { m{"line": "NOOP /mark/([\w-]+)"} ? [ 'mark', $1 ] : /"line": "RCPT TO:<(\w+)@/ ? [$1] : () } @lines;
($wrong, $during) = violations(\@commands);
is(join(', ', @$wrong), '', sprintf 'no mail either (%d mails)', scalar(grep { $_->[0] ne 'mark' } @commands));
cmp_ok($during->{flowing_mail} // 0, '>', 50, "other services' mails kept flowing: $during->{flowing_mail}");

is(join("\n", oracle($node, $db, $sink)), '', 'every webhook arrived exactly once');
my %mails;
$mails{$_}++ for map { /"event": "mail".*Message-ID: <([^@>]+)@/ } @lines;
is_deeply([ grep { $mails{$_} > 1 } keys %mails ], [], 'no mail came twice');
is(scalar keys %mails, value($node, $db, q{SELECT count(*) FROM io_notify.delivery WHERE channel = 'email' AND state = 'sent'}), 'every mail arrived');
is(value($node, $db, q{SELECT count(*) FROM io_notify.delivery WHERE state NOT IN ('sent', 'delivered')}), '0', 'nothing is lost');
is(value($node, $db, q{SELECT count(*) FROM io_notify.attempt a WHERE a.n > 1 OR a.outcome <> 'accepted'}), '0', 'no pause cost a try');

# --- who, why, since when -------------------------------------------------------------------
run(q{SELECT io_notify.pause('service', 'stopped', 'first')});
my $since = value($node, $db, 'SELECT paused_at FROM io_notify.pause');
run(q{SELECT io_notify.pause('service', 'stopped', 'second')});
is(value($node, $db, "SELECT reason FROM io_notify.pause WHERE paused_at = '$since'"), 'second', 'paused twice: since the first time, for the last reason');
is(value($node, $db, q{SELECT string_agg(detail->>'reason', ' ' ORDER BY id DESC) FROM (SELECT * FROM io_notify.audit_event WHERE kind = 'pause' ORDER BY id DESC LIMIT 2) e}), 'second first', 'both are audited');

my ($ret, $stdout, $stderr) = $node->psql($db, q{BEGIN; SELECT io_notify.resume('service', 'stopped'); PREPARE TRANSACTION 'later'});
like($stderr, qr/cannot PREPARE a transaction that has changed io_notify\.pause/, 'what could not keep the promise is refused');

$node->stop;
close $operator->{in};
waitpid $operator->{pid}, 0;
done_testing();
