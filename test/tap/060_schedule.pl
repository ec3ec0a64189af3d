# 060_schedule.pl: what happens when its time has come: scheduled messages are
# routed by the rules of that moment, the same rules as everywhere; time to
# live; pauses.  And what senders get wrong stays out of the server's log.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $http = http_sink();
my $node = new_cluster('schedule', conf => "io_notify.check_fiscal_code = off\n");
install_notify($node, 'postgres');
register_service($node, 'postgres');
webhook_provider($node, 'postgres', 'app', $http->{port});

sub sql { return value($node, 'postgres', @_); }

# --- a few hundred citizens, five services, one statement, due in a moment
sql(q{
	INSERT INTO io_notify.service (name, organization, state, channels, category, require_secure_channels) VALUES
		('wide', 'comune', 'published', '{inbox,email,sms,webhook,pec,push}', 'standard', false),
		('bare', 'comune', 'published', '{webhook}', 'standard', false),
		('secure', 'comune', 'published', '{inbox,email,sms}', 'standard', true),
		('special', 'comune', 'published', '{inbox,webhook}', 'special', false);
	INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled, email_enabled, email, email_verified, phone, phone_verified, sms_enabled, preference_mode)
	SELECT format('MTXAAA80A01H%sQ', to_char(n, 'FM000')), n % 7 > 0, n % 2 = 0, CASE WHEN n % 3 > 0 THEN 'u' || n || '@x.test' END, n % 5 > 0,
		CASE WHEN n % 4 > 0 THEN '+3933300' || to_char(n, 'FM00000') END, n % 6 > 0, n % 8 > 2, CASE WHEN n % 9 = 0 THEN 'manual' ELSE 'auto' END
	FROM generate_series(0, 179) n;});
sql(q{
	INSERT INTO io_notify.message (service, recipient, subject, markdown, send_after)
	SELECT s, c.fiscal_code, 'Scaglione 1', rpad('Testo', 80, '.'), now() + interval '2 s' FROM io_notify.citizen c, unnest('{wide,bare,secure,special,portos}'::text[]) s;});
is(sql(q{SELECT string_agg(DISTINCT status, ' ') FROM io_notify.message_status}), 'ACCEPTED', 'before its time a message is ACCEPTED');
is(sql(q{SELECT count(*) FROM io_notify.delivery}), '0', 'and has no delivery');

# what citizens decide meanwhile counts
sql(q{
	UPDATE io_notify.citizen SET inbox_enabled = NOT inbox_enabled WHERE hashtext(fiscal_code) % 3 = 0 AND fiscal_code LIKE 'MTX%';
	INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled)
	SELECT fiscal_code, 'wide', (ARRAY['inbox', 'email', 'sms', 'webhook'])[1 + abs(hashtext(fiscal_code)) % 4], false FROM io_notify.citizen;
	INSERT INTO io_notify.activation (service, fiscal_code, state) SELECT 'special', fiscal_code, 'active' FROM io_notify.citizen WHERE hashtext(fiscal_code) % 2 = 0;});
my $cancelled = sql(q{SELECT id FROM io_notify.message WHERE service = 'portos' LIMIT 1});
is(sql("SELECT io_notify.cancel('$cancelled')"), '1', 'one is cancelled');
my $due = sql(q{SELECT max(send_after) > clock_timestamp() FROM io_notify.message});
is($due, 't', 'all this before the time has come');

ok(eventually(sub { sql(q{SELECT count(*) FROM io_notify.queue WHERE kind = 'route'}) eq '0' }), 'then all are routed');
is(sql(q{
	WITH routed AS (SELECT service, recipient, channel, address, reason FROM io_notify.delivery WHERE state <> 'cancelled'),
	explained AS (SELECT m.service, m.recipient, r.channel, r.address, r.reason
		FROM io_notify.message m, io_notify.route_explain(m.service, m.recipient) r WHERE m.id <> '} . $cancelled . q{')
	SELECT count(*) FROM ((TABLE routed EXCEPT ALL TABLE explained) UNION ALL (TABLE explained EXCEPT ALL TABLE routed)) x}),
	'0', 'by the very rules route_explain tells');
is(sql(q{SELECT count(DISTINCT message_id) = (SELECT count(*) FROM io_notify.message) FROM io_notify.delivery}), 't', 'each has a delivery');
is(sql("SELECT status FROM io_notify.message_status WHERE message_id = '$cancelled'"), 'CANCELLED', 'the cancelled one stays cancelled');
ok(drained($node, 'postgres'), 'what was to be sent is sent');
is_deeply([ oracle($node, 'postgres', $http) ], [], 'each once');

# --- a service that is gone when the time comes
my ($orphan) = send_messages($node, 'postgres', 1, service => "'bare'", send_after => "now() + interval '600 ms'");
sql(q{DELETE FROM io_notify.service WHERE name = 'bare'});
ok(eventually(sub { sql("SELECT count(*) FROM io_notify.delivery WHERE message_id = '$orphan'") eq '1' }), 'a message whose service is gone is not lost');
is(sql("SELECT status FROM io_notify.message_status WHERE message_id = '$orphan'"), 'FAILED', 'it has failed');
is(sql("SELECT concat_ws(' ', channel, state, reason) FROM io_notify.delivery WHERE message_id = '$orphan'"), 'inbox failed routing_failed', 'and says so');

# --- a paused service holds its scheduled messages back
my ($held) = send_messages($node, 'postgres', 1, send_after => "now() + interval '500 ms'");
sql(q{SELECT io_notify.pause('service', 'portos')});
sleep(1);
is(sql("SELECT count(*) FROM io_notify.delivery WHERE message_id = '$held'"), '0', 'a paused service is not routed');
sql(q{SELECT io_notify.resume('service', 'portos')});
ok(eventually(sub { sql("SELECT count(*) FROM io_notify.delivery WHERE message_id = '$held'") eq '2' }), 'until it is resumed');

# --- time to live
sql(q{SELECT io_notify.wait_until_idle('20 s')});
sql(q{SELECT io_notify.pause('provider', 'app')});
my ($short) = send_messages($node, 'postgres', 1, time_to_live => "interval '500 ms'");
my ($long) = send_messages($node, 'postgres', 1);
sleep(0.8);
sql(q{SELECT io_notify.resume('provider', 'app')});
ok(drained($node, 'postgres'), 'after a pause');
is(sql("SELECT concat_ws(' ', state, reason, attempts) FROM io_notify.delivery WHERE message_id = '$short' AND channel = 'webhook'"),
	'expired time_to_live 0', 'what outlived its time is expired');
is(sql("SELECT state FROM io_notify.delivery WHERE message_id = '$long' AND channel = 'webhook'"), 'sent', 'what did not is sent');
my $seen = sunk($http);
is(scalar(grep { /^\Q$short\E\./ } keys %$seen), 0, 'the sink has not seen the expired one');
is(sql("SELECT count(*) FROM io_notify.attempt WHERE message_id = '$short'"), '0', 'nor was it tried');

# --- what was sent again on purpose
is(sql("SELECT io_notify.requeue('$short')"), '1', 'an operator may send it all the same');
ok(drained($node, 'postgres'), 'and it goes');
is(sql("SELECT concat_ws(' ', state, reason) FROM io_notify.delivery WHERE message_id = '$short' AND channel = 'webhook'"), 'sent', 'its time to live begins anew');

# --- the log tells what was wrong, never the value
my $from = length server_log($node);
my $good = q{'portos', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')};
$node->safe_psql('postgres', q{
	CREATE TABLE canary (id int, owner text, secret text);
	CREATE TRIGGER t AFTER INSERT ON canary FOR EACH ROW EXECUTE FUNCTION io_notify.notify('portos', 'none', 'owner');});
my @bad = (
	map({ "INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ($_)" }
		q{'portos', 'CANARY85T10A562', 'Oggetto di prova', rpad('Testo', 80, '.')}, q{'portos', 'RSSMRA85T10A562S', rpad(E'CANARY\n', 10, '.'), rpad('Testo', 80, '.')},
		q{'portos', 'RSSMRA85T10A562S', 'CANARY e basta', rpad(E'\x01', 80, '.')}, q{'none', 'RSSMRA85T10A562S', 'CANARY e basta', rpad('Testo', 80, '.')},
		q{'portos', NULL, 'CANARY', 'CANARY'}, q{'portos', 'RSSMRA85T10A562S', 'CANARY', 'CANARY'}),
	map({ "INSERT INTO io_notify.message (service, recipient, subject, markdown, $_->[0]) VALUES ($good, $_->[1])" }
		[ 'email', q{'CANARY@'} ], [ 'phone', q{'CANARY'} ], [ 'params', q{'["CANARY"]'} ], [ 'priority', q{'CANARY'} ], [ 'language', q{'CANARY'} ],
		[ 'reference', q{E'CANARY\t'} ], [ 'idempotency_key', q{E'CANARY\t'} ], [ 'feature_level', q{'CANARY'} ],
		[ 'email', q{'CANARY@example.it'} ], [ 'reference, time_to_live', q{'CANARY', '-1 s'} ], [ 'reference, send_after', q{'CANARY', 'infinity'} ],
		[ 'payment_notice', q{'CANARY'} ], [ 'payment_amount, payment_notice', q{5, 'CANARY'} ]),
	q{SELECT io_notify.send('portos', 'CANARY', NULL, subject => 'CANARY', markdown => 'CANARY')},
	q{SELECT io_notify.send('portos', 'RSSMRA85T10A562S', 'none', '{"a": "CANARY"}')},
	q{INSERT INTO canary VALUES (1, 'RSSMRA85T10A562S', 'CANARY')},
	q{INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ('CANARY', 'CANARY')},
	q{INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ('VRDGPP70A01H501S', 'CANARY')},
	q{CREATE SERVER x FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url 'https://x.it', password 'CANARY')},
	q{CREATE USER MAPPING FOR postgres SERVER app OPTIONS (user 'x', passwd 'CANARY')},
	q{CREATE USER MAPPING FOR postgres SERVER app OPTIONS (user 'x', password 'CANARY', password_file '/CANARY')});
my $refused = grep { $node->psql('postgres', $_) != 0 } @bad;
is($refused, scalar @bad, 'every bad statement is refused');
my $log = server_log($node, $from);
is(scalar(() = $log =~ /ERROR:/g), scalar @bad, 'the log has an error for each');
unlike($log, qr/CANARY/, 'and none of the values');

$node->stop;
done_testing();
