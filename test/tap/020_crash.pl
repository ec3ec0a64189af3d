# 020_crash.pl: kill -9 of a dispatcher, kill -9 of the postmaster and
# immediate shutdowns at random moments under load, ION_KILLS times (default
# 12).  After each: nothing committed is lost, nothing rolled back was sent,
# and a delivery came twice only where a try of it has an unknown outcome.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Temp ();
use IonTest;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{ION_KILLS} || 12;
my $seed = $ENV{ION_SEED} || time() % 1_000_000;
my $tmp = File::Temp->newdir;
my $sink = http_sink('--delay-ms', '5');
my $mail = smtp_sink();
my $node = new_cluster('crash');
my %total = (messages => 0, unknown => 0, duplicates => 0, uncertain => 0, slowest => 0);

srand($seed);
note "seed $seed";
install_notify($node, 'postgres');
register_service($node, 'postgres');
webhook_provider($node, 'postgres', 'app', $sink->{port});
register_service($node, 'postgres', name => 'mailer', channels => '{inbox,email}');
email_provider($node, 'postgres', 'relay', $mail->{port}, retry_schedule => '100 ms, 100 ms, 100 ms');

# What a client does all round: single inserts, a rollback, a savepoint.
my $insert = sub { "INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('portos', '$IonTest::CITIZEN', 'Pratica 42', rpad('Gentile', 80, '.')) RETURNING '$_[0] ' || id;\n" };
my $turn = $insert->('acknowledged')
  . 'BEGIN; ' . $insert->('rolled_back') . "ROLLBACK;\n"
  . 'BEGIN; SAVEPOINT s; ' . $insert->('rolled_back') . 'ROLLBACK TO s; ' . $insert->('perhaps') . "COMMIT;\n";
append_to_file("$tmp/load.sql", $turn x 400);

# Runs the client until it has done or its server is gone.
sub start_load
{
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open STDERR, '>', '/dev/null';
	exec('psql', '-qAtX', '-d', $node->connstr('postgres'), '-f', "$tmp/load.sql", '-o', "$tmp/said") or POSIX::_exit(127);
}

sub answers { my ($code) = $node->psql('postgres', 'SELECT 1'); return $code == 0; }

my %kill_by = (
	dispatcher => sub {
		my @pids = dispatcher_pids($node);
		kill 'KILL', @pids;
		# only once the postmaster knows of the death does an answer mean recovery
		return eventually(sub { !(grep { kill 0, $_ } @pids) && answers() }, 30);
	},
	# no process may outlive it: the next start would be refused
	postmaster => sub {
		my @pids = rows($node, 'postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
		$node->kill9;
		return eventually(sub { !grep { kill 0, $_ } @pids }, 5) && $node->start(fail_ok => 1);
	},
	immediate => sub {
		$node->stop('immediate');
		return $node->start(fail_ok => 1);
	});

foreach my $round (1 .. $kills)
{
	my $kind = (qw(dispatcher postmaster dispatcher immediate))[ $round % 4 ];
	my $since = value($node, 'postgres', 'SELECT io_notify.uuid_v7()');
	my (%said, @wrong);

	unlink "$tmp/said";
	my $load = start_load();
	eventually(sub { -s "$tmp/said" });
	send_messages($node, 'postgres', 100);
	send_messages($node, 'postgres', 60, service => "'mailer'");
	sleep(rand 0.4);
	my $began = time();
	push @wrong, 'the server did not come back' unless $kill_by{$kind}->();
	push @wrong, 'the queue did not drain' unless drained($node, 'postgres', 30);
	$total{slowest} = time() - $began if time() - $began > $total{slowest};
	waitpid $load, 0;

	push @wrong, oracle($node, 'postgres', $sink, since => $since);
	push @wrong, oracle($node, 'postgres', $mail, since => $since, channel => 'email');
	foreach my $line (split /\n/, slurp_file("$tmp/said"))
	{
		push @{ $said{$1} }, $2 if $line =~ /^(\w+) ([0-9a-f-]{36})$/;
	}
	my %stored = map { $_ => 1 } rows($node, 'postgres', "SELECT id FROM io_notify.message WHERE id > '$since'");
	push @wrong, map { "$_ was acknowledged and is gone" } grep { !$stored{$_} } @{ $said{acknowledged} };
	push @wrong, map { "$_ was rolled back and is there" } grep { $stored{$_} } @{ $said{rolled_back} };
	is_deeply([ @wrong[ 0 .. ($#wrong > 9 ? 9 : $#wrong) ] ], [], "round $round: $kind killed");

	$total{messages} += keys %stored;
	$total{duplicates} += grep { $_ > 1 } values %{ sunk($sink, $since) }, values %{ sunk($mail, $since) };
}

($total{unknown}, $total{uncertain}) = split /\|/, value($node, 'postgres', q{
	SELECT (SELECT count(*) FROM io_notify.attempt WHERE outcome = 'unknown'),
		(SELECT count(*) FROM io_notify.delivery WHERE state = 'uncertain')});
note sprintf '%d kills: %d messages, %d tries unknown, %d deliveries came more than once, %d uncertain; slowest recovery %.2f s',
	$kills, @total{qw(messages unknown duplicates uncertain slowest)};
unlike(server_log($node), qr/signal 11|signal 6|PANIC/, 'nothing but our kills brought a process down');
$node->stop;
done_testing();
