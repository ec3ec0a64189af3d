# Addresses that must not be used: obeyed at the last moment before a try, learnt
# from what relays say, overridden by law alone and never in silence.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use IonTest ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'suppression');
my $peer = IonPeers::peer('bad_smtp.py', '--commands');
my $gateway = IonTest::http_sink();

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<"SQL");
SELECT t.service(s, '{inbox,email}') FROM unnest('{posta,altra,legge}'::text[]) s;
SELECT t.service('sms', '{inbox,sms}');
UPDATE io_notify.service SET mandatory = true WHERE name = 'legge';
CREATE SERVER relay FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'smtp', channel 'email', url 'smtp://127.0.0.1:$peer->{port}',
	sender 'Comune di Prova <no-reply\@comune.example.it>', tls 'off', allow_private_network 'on', retry_schedule '300 ms, 300 ms, 300 ms');
CREATE SERVER gateway FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'sms', url 'http://127.0.0.1:$gateway->{port}/sms',
	allow_private_network 'on', format 'form', body '{"to": "{{address}}", "ref": "{{id}}"}');
SQL

# A citizen with this mailbox, and a message of a service to it.
my %citizen;
sub mail
{
	my ($service, $address) = @_;

	my $code = $citizen{ lc $address } //= sql("SELECT t.citizen('$address')");

	return sql("SELECT t.send('$service', '$code')");
}

sub fate
{
	my ($id) = @_;
	return sql("SELECT concat_ws(' ', state, reason, 'attempts', attempts) FROM io_notify.delivery WHERE message_id = '$id' AND channel <> 'inbox'");
}

sub becomes
{
	my ($id, $fate, $name) = @_;
	return IonPeers::eventually_is($node, "SELECT concat_ws(' ', state, reason, 'attempts', attempts) FROM io_notify.delivery WHERE message_id = '$id' AND channel <> 'inbox'", $fate, $name);
}

sub listed { return sql("SELECT string_agg(concat_ws(' ', channel, nullif(service, ''), reason, source), ', ' ORDER BY channel, service) FROM io_notify.suppression WHERE address = '$_[0]'") }
sub asked_for { my ($address) = @_; return scalar grep { $_->{line} =~ /^RCPT TO:<\Q$address\E>/i } $peer->records('command') }

# --- suppressed between routing and the try -------------------------------------------
sql(q{SELECT io_notify.pause('provider', 'relay')});
my $gone = mail('posta', 'Anna@x.example');
my $kept = mail('altra', 'bruno@x.example');
my $own = mail('posta', 'carla@x.example');
my $others = mail('altra', 'carla@x.example');
my $late = mail('posta', 'dario@x.example');
is(fate($_), 'queued attempts 0', 'routed') for $gone, $own;
sql(q{SELECT io_notify.suppress('email', 'anna@X.example'), io_notify.suppress('email', 'carla@x.example', service => 'posta'),
	io_notify.suppress('sms', '+393331234567'), io_notify.suppress('email', 'dario@x.example', expires_at => now() + interval '1 second')});
sleep(1.1);
sql(q{SELECT io_notify.resume('provider', 'relay')});
becomes($gone, 'suppressed suppressed_address attempts 0', 'suppressed before it was claimed: not tried');
becomes($own, 'suppressed suppressed_address attempts 0', 'by its own service');
becomes($others, 'sent attempts 1', 'another service goes on');
becomes($kept, 'sent attempts 1', 'another address too');
becomes($late, 'sent attempts 1', 'an entry that has expired holds nothing');
is(asked_for('anna@x.example'), 0, 'the relay has not heard of that address');
is(asked_for('carla@x.example'), 1, 'of this one once');
is(sql("SELECT count(*) FROM io_notify.attempt WHERE message_id IN ('$gone', '$own')"), '0', 'there is no attempt');
is(sql("SELECT count(*) FROM io_notify.queue"), '0', 'nothing is left in the queue');
is(sql("SELECT bool_and(settled_at IS NOT NULL AND next_attempt_at IS NULL) FROM io_notify.delivery WHERE message_id IN ('$gone', '$own')"), 't', 'they are settled');

# between two tries
my $again = mail('posta', 'rcpt-450+emma@x.example');
IonPeers::wait_for(5, sub { sql("SELECT count(*) FROM io_notify.attempt WHERE message_id = '$again'") > 0 });
sql(q{SELECT io_notify.suppress('email', 'rcpt-450+emma@x.example')});
becomes($again, 'suppressed suppressed_address attempts 1', 'suppressed after a try: there is no other');

# --- the law goes first, and it shows ---------------------------------------------------
sql(q{SELECT io_notify.pause('provider', 'relay')});
my $before = mail('legge', 'once-rcpt-450+filippo@x.example');
sql(q{SELECT io_notify.suppress('email', 'once-rcpt-450+filippo@x.example', 'complaint')});
my $after = mail('legge', 'once-rcpt-450+filippo@x.example');
is(fate($after), 'queued suppression_overridden attempts 0', 'mandatory: routed all the same');
sql(q{SELECT io_notify.resume('provider', 'relay')});
my @fates = map { IonPeers::wait_for(10, sub { fate($_[0] // $_) =~ /^sent/ }); fate($_) } $before, $after;
is(join(', ', sort @fates), 'sent suppression_overridden attempts 1, sent suppression_overridden attempts 2', 'sent, by retry too, and the reason stays');
is(sql(qq{SELECT string_agg(concat_ws(' ', detail->>'service', detail->>'channel', detail->>'n'), ', ' ORDER BY detail->>'n')
	FROM io_notify.audit_event WHERE kind = 'suppression_overridden' AND subject IN ('$before.2', '$after.2')}),
	'legge email 1, legge email 1, legge email 2', 'each try is an audit event');
is(sql(q{SELECT count(*) FROM io_notify.audit_event e WHERE e::text ~ 'x[.]example'}), '0', 'without the address');

# --- what a relay says of an address ------------------------------------------------------
my $refused = mail('posta', 'rcpt-550+Gino@x.example');
becomes($refused, 'failed rejected attempts 1', '550 5.1.1');
is(listed('rcpt-550+gino@x.example'), 'email hard_bounce relay', 'suppresses the address, in the same transaction');
my $next = mail('altra', 'rcpt-550+Gino@x.example');
is(fate($next), 'suppressed suppressed_address attempts 0', 'the next message is not tried');
my $soft = mail('posta', 'rcpt-450+hans@x.example');
becomes($soft, 'failed retries_exhausted attempts 4', '450 4.2.1');
is(listed('rcpt-450+hans@x.example'), '', 'does not');
$soft = mail('posta', 'dot-5xx+ivo@x.example');
becomes($soft, 'failed rejected attempts 1', 'nor does a mail refused for what it says');
is(listed('dot-5xx+ivo@x.example'), '', '(its address is good)');
# an entry that has run out is renewed
sql(q{INSERT INTO io_notify.suppression (channel, address, reason, expires_at) VALUES ('email', 'rcpt-550+lia@x.example', 'operator', now())});
becomes(mail('posta', 'rcpt-550+lia@x.example'), 'failed rejected attempts 1', 'a bounce after an entry has expired');
is(listed('rcpt-550+lia@x.example'), 'email hard_bounce relay', 'renews it');

# an open transaction that holds the very entry must not keep answers waiting
open(my $psql, '|-', 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-o', '/dev/null') or die $!;
$psql->autoflush;
print {$psql} "BEGIN; SELECT io_notify.suppress('email', 'rcpt-550+mara\@x.example');\n";
IonPeers::wait_for(5, sub { sql(q{SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'}) eq '1' });
my $held = mail('posta', 'rcpt-550+mara@x.example');
my $free = mail('posta', 'nora@x.example');
becomes($held, 'failed rejected attempts 1', 'somebody holds the entry: the answer is recorded all the same');
becomes($free, 'sent attempts 1', 'and so are the others');
print {$psql} "ROLLBACK;\n";
close $psql;
is(listed('rcpt-550+mara@x.example'), '', 'that bounce taught nothing');
becomes(mail('posta', 'rcpt-550+mara@x.example'), 'failed rejected attempts 1', 'the next');
is(listed('rcpt-550+mara@x.example'), 'email hard_bounce relay', 'teaches it');

# --- what comes back later -------------------------------------------------------------------
my $phone = sql(q{INSERT INTO io_notify.citizen (fiscal_code, phone, phone_verified, inbox_enabled, sms_enabled)
	VALUES (t.code(nextval('t.number')), '+393337654321', true, true, true) RETURNING fiscal_code});
my $text = sql("SELECT t.send('sms', '$phone')");
becomes($text, 'sent attempts 1', 'an SMS');
is(sql("SELECT io_notify.record_receipt('gateway', '$text.2', 'stopped', 'STOP')"), 't', 'answered by STOP');
is(listed('+393337654321'), 'sms stop gateway', 'suppresses the number');
is(fate($text), 'sent attempts 1', 'and leaves what was sent alone');
is(fate(sql("SELECT t.send('sms', '$phone')")), 'suppressed suppressed_address attempts 0', 'the next is not sent');
is(sql(q{SELECT io_notify.unsuppress('sms', '+393337654321')}), 't', 'until an operator lifts it');
becomes(sql("SELECT t.send('sms', '$phone')"), 'sent attempts 1', 'then it is');

# --- a real relay ------------------------------------------------------------------------------
SKIP: {
	my $file = $ENV{POSTFIX_FIXTURE} // '';
	skip 'no Postfix: root starts it, see POSTFIX_FIXTURE in tools/run_tests', 4 unless -s $file;
	my $postfix = decode_json(slurp_file($file));
	my $run = sprintf '%x', time * 1000;

	sql("ALTER SERVER relay OPTIONS (SET url 'smtp://localhost:$postfix->{ports}{smtp}', SET tls 'required', ADD ca_file '$postfix->{ca_file}')");
	becomes(mail('posta', "Gone$run\@citizens.test"), 'failed rejected attempts 1', 'Postfix: 550 5.1.1');
	is(listed("gone$run\@citizens.test"), 'email hard_bounce relay', 'Postfix: the address is suppressed');
	is(fate(mail('altra', "gone$run\@citizens.test")), 'suppressed suppressed_address attempts 0', 'Postfix: the next message is not tried');
	becomes(mail('altra', "here$run\@citizens.test"), 'sent attempts 1', 'Postfix: another address is');
}

IonPeers::log_is_clean($node);
$node->stop;
done_testing();
