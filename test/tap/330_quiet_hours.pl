# Quiet hours: nothing disturbs a citizen before they are over, whenever it was
# routed, tried or held; emergencies and what does not ring go at once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use IonTest ();
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'quiet_hours');
my $relay = IonPeers::peer('bad_smtp.py', '--commands');
my $sink = IonTest::http_sink();

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<"SQL");
SELECT t.service('posta', '{inbox,email,webhook,pec}');
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$relay->{port}',
	sender 'no-reply\@comune.example.it', tls 'off', allow_private_network 'on', retry_schedule '2 s');
CREATE SERVER certified FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'pec', url 'smtp://127.0.0.1:$relay->{port}',
	sender 'comune\@pec.example.it', tls 'off', allow_private_network 'on');
CREATE SERVER app FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'http://127.0.0.1:$sink->{port}/', allow_private_network 'on');
SQL

my $n = 0;
sub citizen
{
	my ($name) = @_;
	my $code = sql("SELECT t.citizen('${name}+" . ++$n . "\@x.example')");
	sql("UPDATE io_notify.citizen SET pec = 'pec-' || email WHERE fiscal_code = '$code'");
	return $code;
}

# From an hour ago until $seconds from now, by the clock of a zone.
sub hush
{
	my ($code, $seconds, $zone) = @_;
	$zone //= 'Asia/Tokyo';
	sql("UPDATE io_notify.citizen SET time_zone = '$zone', quiet_from = ((clock_timestamp() - interval '1 hour') AT TIME ZONE '$zone')::time,
		quiet_to = ((clock_timestamp() + interval '$seconds s') AT TIME ZONE '$zone')::time WHERE fiscal_code = '$code'");
	return;
}

sub post
{
	my ($code, %column) = @_;
	my $columns = join '', map { ", $_" } sort keys %column;
	my $values = join '', map { ", $column{$_}" } sort keys %column;
	return sql("INSERT INTO io_notify.message (service, recipient, subject, markdown$columns) VALUES ('posta', '$code', 'Oggetto di prova', rpad('Testo', 80, '.')$values) RETURNING id");
}

sub state_of
{
	my ($id, $channel) = @_;
	return sql("SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$id' AND channel = '" . ($channel // 'email') . "'");
}

sub becomes
{
	my ($id, $state, $name, $channel, $seconds) = @_;
	return IonPeers::eventually_is($node, "SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$id' AND channel = '" . ($channel // 'email') . "'", $state, $name, $seconds);
}

# What the tries of a mail must be: none begun while it was quiet.
sub in_time
{
	my ($id, $name, $tries) = @_;
	return is(sql("SELECT concat_ws(' ', count(*), bool_and(a.started_at AT TIME ZONE c.time_zone >= date_trunc('day', a.started_at AT TIME ZONE c.time_zone) + c.quiet_to))
		FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq) JOIN io_notify.citizen c ON c.fiscal_code = d.recipient
		WHERE d.message_id = '$id' AND d.channel = 'email' AND a.n >= $tries"), '1 t', $name);
}

# The test's own hours are about now: where that is midnight, they must not end yesterday.
my $zone = 'Asia/Tokyo';
$zone = 'Europe/Rome' if sql(q{SELECT extract(hour FROM now() AT TIME ZONE 'Asia/Tokyo') IN (23, 0)}) eq 't';

# --- in the night already when it is routed, and only when it is claimed ----------------
my $asleep = citizen('asleep');
hush($asleep, 4, $zone);
my $routed = post($asleep);
my $later = citizen('later');
sql(q{SELECT io_notify.pause('provider', 'relay')});
my @held = map { post($later) } 1 .. 40;
my $alarm = post($later, priority => q{'emergency'});
hush($later, 4, $zone);
sql(q{SELECT io_notify.resume('provider', 'relay')});
my $resumed = time();

becomes($alarm, 'sent', 'an emergency goes at once');
becomes($routed, 'sent', 'so does a webhook', 'webhook');
becomes($routed, 'sent', 'and certified mail', 'pec');
IonPeers::eventually_is($node, qq{SELECT count(*) FROM io_notify.queue q JOIN io_notify.citizen c ON c.fiscal_code IN ('$asleep', '$later') AND c.quiet_from IS NOT NULL
	JOIN io_notify.delivery d USING (message_id, seq) WHERE d.recipient = c.fiscal_code AND q.channel = 'email' AND q.claimed_by IS NULL
	AND (q.due_at AT TIME ZONE c.time_zone)::time = c.quiet_to AND d.next_attempt_at = q.due_at AND q.attempt = 0}, '41',
	'the others are put off to the end of the quiet hours, and next_attempt_at says so', 3);
cmp_ok(time() - $resumed, '<', 4, 'while they hold');
is(sql("SELECT count(*) FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq) WHERE d.channel = 'email'"), '1', 'nothing else was tried');
my $settled = sql(q{SELECT sum(settled) FROM io_notify._workers()});
sleep(1);
cmp_ok(sql(q{SELECT sum(settled) FROM io_notify._workers()}) - $settled, '<=', 2, 'and nothing is claimed again and again');
is(sql(q{SELECT io_notify.wait_until_idle('5 s')}), 't', 'there is nothing to do until then');
becomes($_, 'sent', 'then it goes') for $routed, $held[0], $held[39];
IonPeers::eventually_is($node, q{SELECT count(*) FROM io_notify.queue}, '0', 'and all the others');
in_time($routed, 'not before the hour', 1);
in_time($_, 'nor what was held', 1) for @held[ 0, 20 ];
is(sql(qq{SELECT bool_and(attempts = 1) FROM io_notify.delivery WHERE recipient = '$later' AND channel = 'email'}), 't', 'waiting cost no try');

# --- night falls between two tries ------------------------------------------------------
my $busy = citizen('once-rcpt-450');
my $retried = post($busy);
IonPeers::wait_for(5, sub { sql("SELECT count(*) FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq) WHERE d.message_id = '$retried' AND d.channel = 'email'") eq '1' });
hush($busy, 5, $zone);
becomes($retried, 'sent', 'a retry waits for the morning too');
in_time($retried, 'the second try came after it', 2);

# --- a message that does not live that long ----------------------------------------------
hush($asleep, 3600, $zone);
my $short = post($asleep, time_to_live => q{interval '1 second'});
becomes($short, 'expired time_to_live', 'its time to live ends in the night: it expires', 'email', 25);
is(state_of($short, 'webhook'), 'sent', 'what need not wait was sent');
is(sql("SELECT count(*) FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq) WHERE d.message_id = '$short' AND d.channel = 'email'"), '0', 'without a try');

# --- hours of somebody else, and none ------------------------------------------------------
my $awake = citizen('awake');
becomes(post($awake), 'sent', 'without quiet hours it goes at once');
sql("UPDATE io_notify.citizen SET time_zone = '$zone', quiet_from = ((clock_timestamp() + interval '1 hour') AT TIME ZONE '$zone')::time,
	quiet_to = ((clock_timestamp() + interval '2 hours') AT TIME ZONE '$zone')::time WHERE fiscal_code = '$awake'");
becomes(post($awake), 'sent', 'before they begin too');

IonPeers::log_is_clean($node);
$node->stop;
done_testing();
