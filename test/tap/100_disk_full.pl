# 100_disk_full.pl: the disk fills up under load.  The sender is told, the
# dispatcher sends nothing whose start it cannot record and forgets no answer,
# and when there is room again all of it ends as it should.
#
# The small disk is a tmpfs in a user namespace, where this script runs itself
# again; where the system forbids such namespaces it is skipped.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

BEGIN
{
	my @inside = ('unshare', '--user', '--mount', '--map-current-user', '--keep-caps');

	if (!$ENV{ION_NAMESPACE} && system("@inside mount -t tmpfs none /mnt > /dev/null 2>&1") == 0)
	{
		$ENV{ION_NAMESPACE} = 1;
		exec @inside, $^X, (map { "-I$_" } @INC), $0;
	}
}

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'no tmpfs in a user namespace here' unless $ENV{ION_NAMESPACE};

my $disk = PostgreSQL::Test::Utils::tempdir('disk');
my $sink = http_sink('--delay-ms', '30');

# memory enough that no one's query has to write pages to the full disk
my $node = new_cluster('disk_full', conf => "shared_buffers = 128MB\n");

sub disk { system('mount', @_, 'none', $disk) == 0 || BAIL_OUT("mount @_"); return; }

disk('-t', 'tmpfs', '-o', 'size=26m,mode=700');
mkdir "$disk/space" or die "mkdir: $!";
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/space'");
$node->safe_psql('postgres', 'CREATE DATABASE notify TEMPLATE template0 TABLESPACE small');
install_notify($node, 'notify');
register_service($node, 'notify');
webhook_provider($node, 'notify', 'app', $sink->{port});
$node->safe_psql('notify', 'CREATE TABLE filler AS SELECT 1 AS i');
send_messages($node, 'notify', 10);
ok(drained($node, 'notify'), 'with room on the disk it sends');
my ($pid) = dispatcher_pids($node, 'notify');

# --- fill it: rows of senders first, then whatever is left
my $error = '';
foreach (1 .. 200)
{
	my ($code, undef, $stderr) = $node->psql('notify', qq{\\set VERBOSITY verbose
		INSERT INTO io_notify.message (service, recipient, subject, markdown)
		SELECT 'portos', '$IonTest::CITIZEN', 'Pratica 42', repeat('Gentile ', 100) FROM generate_series(1, 100)},
		on_error_stop => 1);
	next unless $code;
	$error = $stderr;
	last;
}
like($error, qr/53100.*No space left on device/s, 'the sender is told that the disk is full');
$node->psql('notify', "INSERT INTO filler SELECT 1 FROM generate_series(1, 230)") foreach 1 .. 20;
ok(eventually(sub { ($node->psql('notify', 'SELECT string_agg(s::text, chr(10)) FROM io_notify.status() s'))[1] =~ /No space left/ }, 30),
	'status() shows what keeps the dispatcher');
is(join(' ', dispatcher_pids($node, 'notify')), $pid, 'which is alive');

# --- nothing leaves while its start cannot be recorded
sleep(1);
my $stuck = keys %{ sunk($sink) };
sleep(2);
cmp_ok(keys %{ sunk($sink) }, '<=', $stuck, 'and sends nothing meanwhile');
cmp_ok(() = server_log($node) =~ /No space left/g, '<', 1000, 'the log is not flooded');

disk('-o', 'remount,size=256m');
ok(drained($node, 'notify', 60), 'with room again the queue drains');
is_deeply([ oracle($node, 'notify', $sink) ], [], 'each delivery came once, and no answer was forgotten');
is(value($node, 'notify', q{SELECT count(*) FROM io_notify.attempt WHERE outcome <> 'accepted'}), '0', 'none is in doubt');
is(join(' ', dispatcher_pids($node, 'notify')), $pid, 'by the same dispatcher');

$node->stop;
done_testing();
