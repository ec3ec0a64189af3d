# 010_dispatch.pl: from nothing to a mail and a webhook received, the evidence
# the database keeps of it, and how fast work that meets an idle dispatcher
# leaves; then the same server without the library preloaded.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $http = http_sink();
my $smtp = smtp_sink();
my $node = new_cluster('dispatch');

# --- installed while the server runs: found without a restart
install_notify($node, 'postgres');
register_service($node, 'postgres', channels => '{inbox,email,webhook}');
email_provider($node, 'postgres', 'relay', $smtp->{port});
webhook_provider($node, 'postgres', 'app', $http->{port});
ok(eventually(sub { dispatcher_pids($node) == 1 }), 'a dispatcher starts where the extension was installed');
is(value($node, 'postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'io_notify launcher'}),
	'1', 'pg_stat_activity shows the launcher');

my ($id) = send_messages($node, 'postgres', 1);
is(value($node, 'postgres', q{SELECT io_notify.wait_until_idle('10 s')}), 't', 'the queue drains');
is(value($node, 'postgres', q{SELECT string_agg(format('%s %s %s %s', channel, state, attempts, provider), ', ' ORDER BY channel) FROM io_notify.delivery}),
	'email sent 1 relay, inbox delivered 0 , webhook sent 1 app', 'each channel has its delivery and state');
is(value($node, 'postgres', q{SELECT string_agg(format('%s %s %s', d.channel, a.n, a.outcome), ', ' ORDER BY d.channel)
	FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq)
	WHERE a.finished_at >= a.started_at AND a.dispatcher IS NOT NULL}),
	'email 1 accepted, webhook 1 accepted', 'each try has its record');

my $seq = value($node, 'postgres', q{SELECT seq FROM io_notify.delivery WHERE channel = 'webhook'});
is_deeply(sunk($http), { "$id.$seq" => 1 }, 'the webhook came once, under its identity');
my @mail = mails($smtp);
is(scalar @mail, 1, 'one mail came');
$seq = value($node, 'postgres', q{SELECT seq FROM io_notify.delivery WHERE channel = 'email'});
like($mail[0], qr/^Message-ID: <\Q$id.$seq\E\@comune\.example\.it>\r?$/mi, 'the mail bears its identity');
is(value($node, 'postgres', q{SELECT status FROM io_notify.message_status}), 'PROCESSED', 'and the message is processed');

# --- latency: no poll stands between a commit and its request
my $slowest = 0;
foreach my $turn (1 .. 20)
{
	# idle, right after another, and in between
	sleep($turn % 4 * 0.06);
	my ($next) = send_messages($node, 'postgres', 1);
	my $began = time();
	eventually(sub { grep { /^\Q$next\E/ } keys %{ sunk($http) } });
	my $took = time() - $began;
	$slowest = $took if $took > $slowest;
}
cmp_ok($slowest, '<', 0.5, 'twenty requests, idle or back to back, and none waited for a poll');

# --- what was rolled back is never sent
value($node, 'postgres', 'SELECT io_notify.wait_until_idle()');
my $before = value($node, 'postgres', 'SELECT count(*) FROM io_notify.message');
my $insert = "INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('portos', '$IonTest::CITIZEN', 'Questo mai', rpad('Mai', 80, '.'))";
$node->safe_psql('postgres', "BEGIN; $insert; ROLLBACK;
	BEGIN; SAVEPOINT s; $insert; ROLLBACK TO s; $insert; COMMIT;");
value($node, 'postgres', 'SELECT io_notify.wait_until_idle()');
is(value($node, 'postgres', 'SELECT count(*) FROM io_notify.message'), $before + 1, 'one of three inserts was committed');
is_deeply([ oracle($node, 'postgres', $http) ], [], 'and only that one was sent');

# --- without the library preloaded: no dispatch, everything else works
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
send_messages($node, 'postgres', 1);
is(value($node, 'postgres', q{SELECT count(*) FROM io_notify.delivery WHERE state = 'queued'}), '2',
	'without shared_preload_libraries an insert is accepted and routed');
like(value($node, 'postgres', q{SELECT detail FROM io_notify.status() WHERE item = 'advice'}),
	qr/io_notify to shared_preload_libraries .*restart/, 'status() says what to do');

$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'io_notify'");
$node->restart;
ok(drained($node, 'postgres'), 'once preloaded, what had waited is sent');
is_deeply([ oracle($node, 'postgres', $http) ], [], 'each of them once');

# --- the oracle of all these scenarios sees what it is there to see
my ($came) = keys %{ sunk($http) };
append_to_file($http->{record}, "1 $came /hooks\n1 00000000-0000-7000-8000-000000000000.2 /hooks\n");
my ($lost) = send_messages($node, 'postgres', 1, service => "'portos'");
drained($node, 'postgres');
my $record = slurp_file($http->{record});
$record =~ s/^.*\Q$lost\E.*\n//m;
$http->{record} .= '.mended';
append_to_file($http->{record}, $record);
is_deeply([ sort map { s/^\S+ //r } oracle($node, 'postgres', $http) ],
	[ 'came 2 times with 1 accepted and 0 unknown tries', 'reached the sink and is no delivery', 'was accepted and the sink has not seen it' ],
	'a duplicate, a stranger and a loss');
unlink $http->{record};

$node->stop;
done_testing();
