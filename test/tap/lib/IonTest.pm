# IonTest.pm: what the TAP scenarios share: clusters, a registered service,
# peers that record what reached them, and waiting for what must come true.
#
# Peers belong to the process that started them and are ended, by pid, when it
# ends.  A peer's record is a file, so it can be read while the peer runs.
package IonTest;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
  new_cluster install_notify register_service webhook_provider email_provider
  send_messages drained eventually rows value mails dispatcher_pids server_log
  http_sink smtp_sink bad_http stop_peer free_port sunk peer_requests oracle);

our $CITIZEN = 'RSSMRA85T10A562S';
our $SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

my $top = abs_path(dirname(__FILE__) . '/../../..');
my $owner = $$;
my %running;    # pid => 1

# --- clusters -----------------------------------------------------------------

# A started cluster.  %option: conf (lines), streaming, preload (0: without the
# library), start (0: only made).
sub new_cluster
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '-E', 'UTF8', '--locale=C.UTF-8' ],
		allows_streaming => $option{streaming});
	$node->append_conf('postgresql.conf',
		join("\n", 'restart_after_crash = on', 'log_statement = none', "log_line_prefix = '%m [%p] %b '",
			'max_worker_processes = 16', 'max_connections = 40', 'shared_buffers = 16MB',
			'autovacuum_naptime = 1d', '') . ($option{conf} // ''));
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''")
	  if defined $option{preload} && !$option{preload};
	$node->start unless defined $option{start} && !$option{start};
	return $node;
}

sub install_notify
{
	my ($node, $database) = @_;
	$node->safe_psql($database, 'CREATE EXTENSION io_notify; SELECT io_notify.install();');
	return;
}

# One organization, one citizen who wants everything, one published service.
sub register_service
{
	my ($node, $database, %option) = @_;
	my $channels = $option{channels} // '{inbox,webhook}';
	my $name = $option{name} // 'portos';

	$node->safe_psql($database, qq{
		INSERT INTO io_notify.organization (code, name, fiscal_code)
			VALUES ('comune', 'Comune di Esempio', '01488650142') ON CONFLICT DO NOTHING;
		INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled)
			VALUES ('$CITIZEN', 'mario\@citizens.test', true, true) ON CONFLICT DO NOTHING;
		INSERT INTO io_notify.service (name, organization, state, channels)
			VALUES ('$name', 'comune', 'published', '$channels');});
	return;
}

# Options are given as NAME => VALUE; the retry schedule is short by default.
sub webhook_provider
{
	my ($node, $database, $name, $port, %option) = @_;
	my $path = delete $option{path} // '/hooks';

	_provider($node, $database, $name,
		transport => 'http', channel => 'webhook', url => "http://127.0.0.1:$port$path",
		retry_schedule => '100 ms, 100 ms, 100 ms, 100 ms, 100 ms, 100 ms', %option);
	$node->safe_psql($database, "CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (secret '$SECRET')");
	return;
}

sub email_provider
{
	my ($node, $database, $name, $port, %option) = @_;

	_provider($node, $database, $name,
		transport => 'smtp', channel => 'email', url => "smtp://127.0.0.1:$port", tls => 'off',
		sender => 'Comune di Esempio <no-reply@comune.example.it>', %option);
	return;
}

sub _provider
{
	my ($node, $database, $name, %option) = @_;
	my $list = join ', ', map { "$_ '$option{$_}'" } sort keys %option;

	$node->safe_psql($database,
		"CREATE SERVER $name FOREIGN DATA WRAPPER io_notify OPTIONS ($list, allow_private_network 'on')");
	return;
}

# Sends $n messages in one statement, %column being further columns as SQL
# expressions (i counts the rows); returns their ids.
sub send_messages
{
	my ($node, $database, $n, %column) = @_;
	my %all = (
		service => "'portos'",
		recipient => "'$CITIZEN'",
		subject => "'Pratica numero ' || i",
		markdown => "rpad('Gentile cittadino', 80, '.')",
		%column);
	my @names = sort keys %all;

	return rows($node, $database, sprintf
		'INSERT INTO io_notify.message (%s) SELECT %s FROM generate_series(1, %d) i RETURNING id',
		join(', ', @names), join(', ', @all{@names}), $n);
}

sub value { my ($node, $database, $sql) = @_; return $node->safe_psql($database, $sql); }

sub rows { my ($node, $database, $sql) = @_; return split /\n/, $node->safe_psql($database, $sql); }

# Whether the queue became empty: nothing in flight, nothing to retry.
sub drained
{
	my ($node, $database, $seconds) = @_;
	return eventually(sub { $node->safe_psql($database, 'SELECT count(*) FROM io_notify.queue') eq '0' }, $seconds);
}

# Calls $condition until it is true; false when $seconds (default 20) passed.
sub eventually
{
	my ($condition, $seconds) = @_;
	my $deadline = time() + ($seconds // 20);

	until ($condition->())
	{
		return 0 if time() > $deadline;
		sleep(0.03);
	}
	return 1;
}

sub dispatcher_pids
{
	my ($node, $database) = @_;
	my $where = defined $database ? "AND datname = '$database'" : '';
	return split /\n/, $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'io_notify dispatcher' $where");
}

# The server's log, or what it holds beyond offset $from.
sub server_log
{
	my ($node, $from) = @_;
	my $log = slurp_file($node->logfile);
	return substr($log, $from // 0);
}

# --- peers --------------------------------------------------------------------

sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0)
	  or die "no free port: $!";
	return $socket->sockport;
}

# The recording endpoint of the bench; @options as it takes them.
sub http_sink
{
	my (@options) = @_;
	my $program = "$top/build/bench/http_sink";
	my $record = _record_file();

	system('make', '-s', '-C', "$top/bench", "OUT=$top/build/bench", "$top/build/bench/http_sink") == 0
	  or die 'http_sink could not be built'
	  unless -x $program;
	return _start_peer($record, $program, '--record', $record, @options);
}

sub bad_http
{
	my (@options) = @_;
	my $record = _record_file();
	return _start_peer($record, "$top/test/peers/bad_http.py", '--record', $record, @options);
}

# Postfix's smtp-sink, one file per mail; @options come before its address.
sub smtp_sink
{
	my (@options) = @_;
	my $folder = File::Temp->newdir(CLEANUP => $$ == $owner);
	my $port = free_port();
	my $pid = _spawn(undef, '/usr/sbin/smtp-sink', @options, '-d', "$folder/mail.", "127.0.0.1:$port", '128');
	my $peer = { pid => $pid, port => $port, folder => $folder };

	eventually(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 10)
	  or die 'smtp-sink does not listen';
	return $peer;
}

# Every mail smtp-sink has received, whole.
sub mails
{
	my ($peer) = @_;
	return map { slurp_file($_) } glob "$peer->{folder}/mail.*";
}

# How often each delivery above $since came in, by webhook-id or Message-ID:
# { id => count }.
sub sunk
{
	my ($peer, $since) = @_;
	my @ids = $peer->{folder} ? map { /^Message-ID: <([^@>]+)@/mi } mails($peer)
	  : map { (split / /)[1] } split /\n/, slurp_file($peer->{record});
	my %seen;

	$seen{$_}++ foreach grep { !defined $since || $_ gt $since } @ids;
	return \%seen;
}

# bad_http's record: one hash per request.
sub peer_requests
{
	my ($peer) = @_;
	return map { JSON::PP::decode_json($_) } split /\n/, slurp_file($peer->{record});
}

sub stop_peer
{
	my ($peer) = @_;
	kill 'KILL', $peer->{pid};
	waitpid $peer->{pid}, 0;
	delete $running{ $peer->{pid} };
	return;
}

sub _record_file
{
	my ($handle, $name) = File::Temp::tempfile('ion_record_XXXXXX', TMPDIR => 1, UNLINK => $$ == $owner);
	close $handle;
	return $name;
}

sub _start_peer
{
	my ($record, @command) = @_;
	my $pid = _spawn(\my $out, @command);
	my $port = readline $out;

	die "$command[0] gave no port" unless defined $port && $port =~ /^(\d+)$/;
	return { pid => $pid, port => $1, record => $record, out => $out };
}

# Its standard output is readable through $$out; it ends with us.
sub _spawn
{
	my ($out, @command) = @_;
	my ($read, $write);

	pipe $read, $write or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		close $read;
		open STDOUT, '>&', $write or POSIX::_exit(126);
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		{ exec { $command[0] } @command };
		POSIX::_exit(127);
	}
	close $write;
	$$out = $read if $out;
	$running{$pid} = 1;
	return $pid;
}

END
{
	if ($$ == $owner)
	{
		local $?;
		foreach my $pid (keys %running)
		{
			kill 'KILL', $pid;
			waitpid $pid, 0;
		}
	}
}

# --- the oracle -----------------------------------------------------------------

# Compares what the database says with what a sink saw, by delivery id.
# Returns the violations as sentences; an empty list is the promise kept.
# %option: channel (default webhook), pending (deliveries may still be queued),
# since (a message id: only what is newer).
sub oracle
{
	my ($node, $database, $sink, %option) = @_;
	my $since = $option{since} // '00000000-0000-0000-0000-000000000000';
	my $channel = $option{channel} // 'webhook';
	my $seen = sunk($sink, $since);
	my (%known, @wrong);

	foreach my $line (rows($node, $database, qq{
		SELECT d.message_id || '.' || d.seq, d.state, coalesce(d.reason, ''),
			count(a.n) FILTER (WHERE a.outcome = 'accepted'), count(a.n) FILTER (WHERE a.outcome = 'unknown'),
			EXISTS (SELECT FROM io_notify.queue q WHERE q.message_id = d.message_id AND q.seq = d.seq)
		FROM io_notify.delivery d LEFT JOIN io_notify.attempt a USING (message_id, seq)
		WHERE d.channel = '$channel' AND d.message_id > '$since' GROUP BY d.message_id, d.seq}))
	{
		my ($id, $state, $reason, $accepted, $unknown, $queued) = split /\|/, $line;
		my $came = $seen->{$id} // 0;

		$known{$id} = 1;
		push @wrong, "$id is $state $reason, accepted $accepted times"
		  if ($state eq 'sent') != ($accepted == 1) || $accepted > 1;
		push @wrong, "$id was accepted and the sink has not seen it" if $accepted && !$came;
		push @wrong, "$id came $came times with $accepted accepted and $unknown unknown tries"
		  if $came > $accepted + $unknown;
		push @wrong, "$id is $state and " . ($queued eq 't' ? 'still' : 'not') . ' in the queue'
		  if ($state eq 'queued') != ($queued eq 't');
		push @wrong, "$id ended as $state $reason"
		  unless $state =~ /^(sent|uncertain)$/ || ($option{pending} && $state eq 'queued');
	}
	push @wrong, map { "$_ reached the sink and is no delivery" } grep { !$known{$_} } keys %$seen;
	return @wrong;
}

1;
