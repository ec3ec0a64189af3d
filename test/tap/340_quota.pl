# 340_quota.pl: quotas and rates under concurrency: exact to the unit with eight
# writers who roll back and crash, nobody waiting where there is room, what is
# put off sent in the end, and one service's flood no other's delay.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $writers = 8;
my $sink = http_sink();
my $node = new_cluster('quota', conf => "deadlock_timeout = 50ms\nmax_prepared_transactions = 4\n");
my $db = 'postgres';
my $files = 0;
my $row = "'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')";

install_notify($node, $db);
register_service($node, $db, name => $_, channels => '{inbox}') foreach qw(hammer near other);
register_service($node, $db, name => $_) foreach qw(later channel noisy quiet);
webhook_provider($node, $db, 'app', $sink->{port});

sub insert
{
	my ($service, $n) = @_;
	return "INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT '$service', $row FROM generate_series(1, " . ($n // 1) . ");\n";
}

sub quota
{
	my ($service, $quota, $more) = @_;
	$node->safe_psql($db, "UPDATE io_notify.service SET daily_quota = $quota" . ($more // '') . " WHERE name = '$service'");
	return;
}

sub messages { my ($service) = @_; return value($node, $db, "SELECT count(*) FROM io_notify.message WHERE service = '$service'"); }

sub used { my ($service) = @_; return value($node, $db, "SELECT coalesce(sum(used), 0) FROM io_notify.usage WHERE service = '$service' AND channel = '' AND period = 'day'"); }

# A psql in the background that runs what is in a file, or what it is fed.
sub session
{
	my ($sql) = @_;
	my $self = { in => '', out => '', err => '' };
	my @from = ('-f', '-');

	if (defined $sql)
	{
		@from = ('-f', PostgreSQL::Test::Utils::tempdir() . '/' . ++$files . '.sql');
		append_to_file($from[1], $sql);
	}
	$self->{run} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr($db), @from ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout(180));
	return $self;
}

# Several sessions at once, to their end; what they said, all together.
sub at_once
{
	my @sessions = map { session($_) } @_;

	IPC::Run::finish($_->{run}) foreach @sessions;
	return join '', map { $_->{err} } @sessions;
}

# One writer's statements: single rows and bulk, 20 % of the transactions rolled
# back, some parts of others as well.  In the end single rows, for the last units.
sub statements
{
	my ($service, $transactions, $seed) = @_;
	my $sql = '';

	srand($seed);
	for (1 .. $transactions)
	{
		my $kind = rand;
		my $n = rand() < 0.5 ? 1 : 2 + int(rand 30);

		if ($kind < 0.5) { $sql .= insert($service, $n); }
		elsif ($kind < 0.7) { $sql .= 'BEGIN; ' . insert($service, $n) . " ROLLBACK;\n"; }
		elsif ($kind < 0.8) { $sql .= 'BEGIN; ' . insert($service) . ' SAVEPOINT s; ' . insert($service, $n) . " ROLLBACK TO s; COMMIT;\n"; }
		elsif ($kind < 0.9) { $sql .= 'BEGIN; SAVEPOINT s; ' . insert($service, $n) . ' ROLLBACK TO s; ' . insert($service) . " COMMIT;\n"; }
		else { $sql .= 'BEGIN ISOLATION LEVEL REPEATABLE READ; ' . insert($service) . ' SAVEPOINT s; ' . insert($service, $n) . " RELEASE s; COMMIT;\n"; }
	}
	return $sql . insert($service) x 40;
}

# --- eight writers, to the unit
quota('hammer', 3000);
my $seed = time() % 100000;
my $said = at_once(map { statements('hammer', 120, $seed + $_) } 1 .. $writers);
my %states;
$states{$_}++ foreach $said =~ /ERROR:\s+(\w{5})/g;
note("seed $seed; refused: " . join ', ', map { "$_ $states{$_} times" } sort keys %states);
is(messages('hammer'), '3000', 'eight writers: exactly the quota was accepted');
is(used('hammer'), '3000', 'and exactly that is counted');
# and what follows in a transaction that failed, and two that hold what the other wants
is(join(' ', grep { !/^(53400|25P02|3B001|40P01)$/ } keys %states), '', 'nothing was refused but for the quota');
cmp_ok($states{53400} // 0, '>', 100, 'and for the quota much was');
like(value($node, $db, q{SELECT count(*) FROM io_notify.usage WHERE service = 'hammer'}), qr/^([1-9]|1[0-9])$/, 'with a slot per writer or so');

quota('hammer', 4000, ', monthly_quota = 3500');
at_once(map { scalar(insert('hammer') x 100) } 1 .. $writers);
is(messages('hammer'), '3500', 'a month that ends before the day does');
is(value($node, $db, q{SELECT string_agg(period || ' ' || used, ', ' ORDER BY period) FROM io_notify.service_usage WHERE service = 'hammer'}),
	'day 3500, month 3500', 'both counted');

# --- a crash in the middle
quota('hammer', 100000, ', monthly_quota = NULL');
my @torn = map { session(scalar(insert('hammer', 7) x 4000)) } 1 .. 4;
sleep(1);
$node->stop('immediate');
foreach my $torn (@torn) { eval { IPC::Run::finish($torn->{run}) }; }
$node->start;
cmp_ok(messages('hammer'), '>', 3500, 'a crash among commits');
is(used('hammer'), messages('hammer'), 'leaves what is counted and what was accepted the same');

# --- who waits for whom
sub held_by
{
	my ($sql) = @_;
	my $self = session();

	$self->{in} .= "BEGIN;\n$sql\nSELECT 'held';\n";
	IPC::Run::pump($self->{run}) until $self->{out} =~ /held/;
	return $self;
}

sub released
{
	my ($self, $how) = @_;
	$self->{in} .= "$how;\n";
	IPC::Run::finish($self->{run});
	return;
}

sub refusal
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql($db, "SET lock_timeout = '300ms'; $sql", extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : 'taken';
}

quota('near', 1000);
my @held = map { held_by(insert('near', $_)) } 1, 100, 1;
is(refusal(insert('near')), 'taken', 'far from the limit: three open transactions of the service make nobody wait');
is(refusal(insert('near', 800)), 'taken', 'not even who takes most of the rest');
is(refusal(insert('near', 98)), '55P03', 'but who needs units that they hold');
is(refusal(insert('near', 200)), '53400', 'while who could not be served either way is refused at once');
is(refusal(insert('other')), 'taken', 'another service waits for nothing');
released($held[1], 'ROLLBACK');
is(refusal(insert('near', 197)), 'taken', 'what is rolled back is there again');
released($_, 'COMMIT') foreach @held[ 0, 2 ];
is(refusal(insert('near')), '53400', 'and then it is over');
is(messages('near'), '1000', 'to the unit');

quota('near', 1001);
$node->safe_psql($db, 'BEGIN; ' . insert('near') . " PREPARE TRANSACTION 'p';");
is(refusal(insert('near')), '55P03', 'a prepared transaction holds its unit');
$node->safe_psql($db, "ROLLBACK PREPARED 'p'");
is(refusal(insert('near')), 'taken', 'until it is rolled back');

# --- the sender is told
my $log = length server_log($node);
my ($code, $out, $err) = $node->psql($db, insert('near'));
like($err, qr/^psql:<stdin>:1: ERROR:  service "near" is over its daily quota
DETAIL:  Limit 1001, used 1001, remaining 0; this statement needs 1\.
HINT:  Try again at \d{4}-\d\d-\d\d 00:00 UTC, in \d+ s\. The view io_notify.service_usage shows what remains\.$/, 'what the limit is, what is left, and when to come again');
unlike(server_log($node, $log), qr/RSSMRA85T10A562S/, 'and the server log knows no citizen');

# --- put off instead of refused, and sent in the end
sub move_to_next_day
{
	my ($service) = @_;
	$node->safe_psql($db, qq{
		UPDATE io_notify.usage SET starts_on = starts_on - 4001 WHERE service = '$service';	-- far, lest two days meet on the way
		UPDATE io_notify.usage SET starts_on = starts_on + 4000 WHERE service = '$service';
		UPDATE io_notify.queue SET due_at = due_at - interval '1 day' WHERE service = '$service';
		UPDATE io_notify.queue SET due_at = now() WHERE service = '$service' AND due_at < now() + interval '1 hour';
		SELECT io_notify._wake();});
	return;
}

sub statuses
{
	my ($service) = @_;
	return join ' ', rows($node, $db, qq{SELECT status || ':' || count(*) FROM io_notify.message_status WHERE service = '$service' GROUP BY status ORDER BY status});
}

quota('later', 2, ", on_quota = 'defer', default_time_to_live = '5 days'");
$node->safe_psql($db, insert('later', 5));
is(statuses('later'), 'PROCESSED:2 THROTTLED:3', 'two of five routed, the others held');
move_to_next_day('later');
ok(eventually(sub { statuses('later') eq 'PROCESSED:4 THROTTLED:1' }), 'the next day two more');
is(value($node, $db, q{SELECT used FROM io_notify.service_usage WHERE service = 'later'}), '2', "that day's quota");
move_to_next_day('later');
ok(eventually(sub { statuses('later') eq 'PROCESSED:5' }), 'and the last the day after');
my $sent = q{SELECT count(*) FROM io_notify.delivery WHERE channel = 'webhook' AND state = 'sent' AND service = };
ok(eventually(sub { value($node, $db, "$sent 'later'") eq '5' }), 'all of them sent');

$node->safe_psql($db, q{
	INSERT INTO io_notify.service_quota VALUES ('channel', 'webhook', 'day', 2);
	UPDATE io_notify.service SET on_quota = 'defer', default_time_to_live = '5 days' WHERE name = 'channel'});
$node->safe_psql($db, insert('channel', 5));
ok(eventually(sub { value($node, $db, "$sent 'channel'") eq '2' }), "a channel's quota: two webhooks today");
is(statuses('channel'), 'PROCESSED:5', 'while every message is in the inbox');
move_to_next_day('channel');
ok(eventually(sub { value($node, $db, "$sent 'channel'") eq '4' }), 'two the next day');
is(value($node, $db, q{SELECT used FROM io_notify.service_usage WHERE service = 'channel'}), '2', "that day's quota");
move_to_next_day('channel');
ok(eventually(sub { value($node, $db, "$sent 'channel'") eq '5' }), 'and the last the day after');

# a unit that is held only by a transaction in progress may come back: soon
quota('later', 1);
$node->safe_psql($db, q{DELETE FROM io_notify.usage WHERE service = 'later'});
my $holder = held_by(insert('later'));
is(refusal(insert('later')), 'taken', 'a service that defers waits for nobody');
is(value($node, $db, q{SELECT due_at - now() < interval '61 s' FROM io_notify.queue WHERE service = 'later' AND kind = 'throttled'}), 't', 'and looks again within a minute');
released($holder, 'ROLLBACK');
move_to_next_day('later');
ok(eventually(sub { value($node, $db, "$sent 'later'") eq '6' }), 'when the unit has come back');

# --- rates: ten tokens, two more a second
sub rate
{
	my ($service, $rate, $more) = @_;
	$node->safe_psql($db, "UPDATE io_notify.service SET rate_per_second = $rate" . ($more // '') . " WHERE name = '$service'");
	return;
}
rate('other', 2);
is(refusal(insert('other', 11)), '53400', 'more than a bucket holds is refused');
$node->safe_psql($db, 'BEGIN; ' . insert('other', 9) . ' ROLLBACK; BEGIN; SAVEPOINT s; ' . insert('other', 9) . ' ROLLBACK TO s; COMMIT;');
is(refusal(insert('other', 10)), 'taken', 'what was rolled back is in the bucket again');
is(refusal(insert('other', 10)), '53400', 'what was committed is not');
($code, $out, $err) = $node->psql($db, insert('other', 10));
like($err, qr/DETAIL:  Limit 2 messages per second and 10 at once, remaining \d\.\nHINT:  Try again in [1-5] s\./, 'the sender is told when');
ok(eventually(sub { refusal(insert('other', 3)) eq 'taken' }, 10), 'and then it can send');
is(refusal('BEGIN; ' . insert('other') . insert('other', 3) x 4 . 'COMMIT;'), '53400', 'statements of a transaction add up');

# --- a noisy neighbour: 2,000 messages at 100 a second beside 20 of another service
rate('noisy', 100, ", on_quota = 'defer'");
my $flood = session(insert('noisy', 2000));
IPC::Run::finish($flood->{run});
is($flood->{err}, '', 'a flood is accepted');
like(statuses('noisy'), qr/^PROCESSED:[5-9]\d\d THROTTLED:1[1-5]\d\d$/, 'a burst of it routed, the rest to come');
is(value($node, $db, q{SELECT max(due_at) - now() BETWEEN interval '10 s' AND interval '16 s' FROM io_notify.queue WHERE service = 'noisy' AND kind = 'throttled'}),
	't', 'each when its token falls due');
my $began = time();
$node->safe_psql($db, insert('quiet', 20));
ok(eventually(sub { value($node, $db, "$sent 'quiet'") eq '20' }, 10), 'its neighbour is served');
cmp_ok(time() - $began, '<', 5, 'at once');
like(statuses('noisy'), qr/THROTTLED/, 'while the flood goes on');
ok(eventually(sub { statuses('noisy') eq 'PROCESSED:2000' }, 30), 'to its end');

# --- the ledger of long ago
$node->safe_psql($db, q{INSERT INTO io_notify.usage (service, channel, period, starts_on, slot, used) VALUES
	('other', '', 'month', current_date - 95, 0, 1), ('other', '', 'month', current_date - 90, 0, 1)});
$node->restart;
ok(eventually(sub { value($node, $db, q{SELECT string_agg((current_date - starts_on)::text, ' ') FROM io_notify.usage WHERE service = 'other' AND period = 'month'}) eq '90' }),
	'is forgotten');
$node->stop;

# --- without the library in shared_preload_libraries
my $bare = new_cluster('bare', preload => 0);
install_notify($bare, $db);
register_service($bare, $db, name => 'own', channels => '{inbox}');
$bare->safe_psql($db, q{UPDATE io_notify.service SET daily_quota = 15, rate_per_second = 2 WHERE name = 'own'});
my $ten = insert('own', 10);
my ($bare_code, $bare_out, $bare_err) = $bare->psql($db, "$ten $ten", on_error_stop => 0);
like($bare_err, qr/sends too fast/, 'without preloading a session has a bucket of its own');
($bare_code, $bare_out, $bare_err) = $bare->psql($db, insert('own', 6));
like($bare_err, qr/is over its daily quota/, 'and quotas are as exact as ever');
is($bare->safe_psql($db, insert('own', 5) . 'SELECT sum(used) FROM io_notify.usage'), '15', 'to the unit');
$bare->stop;

done_testing();
