# 050_dump_restore.pl: a dump restores exactly what was there, fires no
# trigger, and sends nothing until adopt().
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $sink = http_sink();
my $node = new_cluster('dump_restore');
my $tmp = PostgreSQL::Test::Utils::tempdir('dump');

$node->safe_psql('postgres', 'CREATE DATABASE original TEMPLATE template0');
install_notify($node, 'original');
register_service($node, 'original');
webhook_provider($node, 'original', 'app', $sink->{port});
$node->safe_psql('original', q{
	INSERT INTO io_notify.template (name, subject, markdown) VALUES ('practice', '{{n}}', '{{n}}');
	INSERT INTO io_notify.organization (code, name, parent) VALUES ('area', 'Area', 'comune')});
send_messages($node, 'original', 50);
send_messages($node, 'original', 5, idempotency_key => q{'key ' || i});
ok(drained($node, 'original'), 'some deliveries are finished');
$node->safe_psql('original', q{SELECT io_notify.pause('provider', 'app')});
send_messages($node, 'original', 20);
send_messages($node, 'original', 5, send_after => q{now() + interval '1 day'});

# The rows of every table of io_notify, as one text.
sub contents
{
	my ($database) = @_;
	return join "\n", map { "$_: " . value($node, $database, "SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) || ' ' || count(*) FROM io_notify.$_ t") }
	  rows($node, $database, q{SELECT relname FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind = 'r' ORDER BY relname});
}

sub triggers
{
	my ($database) = @_;
	return value($node, $database, q{
		SELECT string_agg(tgrelid::regclass || '.' || tgname, ' ' ORDER BY tgrelid::regclass::text, tgname)
		FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' AND tgparentid = 0});
}

my $contents = contents('original');
my $triggers = triggers('original');
like($triggers, qr/message\.accept.*message\.route/, 'the original has its triggers');
my $sent = keys %{ sunk($sink) };

my %restore = (
	custom => sub {
		command_ok([ 'pg_dump', '-Fc', '-f', "$tmp/dump", '-d', $node->connstr('original') ], 'pg_dump -Fc');
		command_ok([ 'pg_restore', '-j4', '-e', '-d', $node->connstr('custom'), "$tmp/dump" ], 'pg_restore -j4');
	},
	plain => sub {
		command_ok([ 'pg_dump', '-f', "$tmp/dump.sql", '-d', $node->connstr('original') ], 'pg_dump in plain text');
		command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-o', "$tmp/out", '-f', "$tmp/dump.sql", '-d', $node->connstr('plain') ], 'psql');
	});

foreach my $format (sort keys %restore)
{
	$node->safe_psql('postgres', "CREATE DATABASE $format TEMPLATE template0");
	$restore{$format}->();
	is(contents($format), $contents, "$format: every row of every table is as it was");
	is(triggers($format), $triggers, "$format: the triggers are there again");
	like(value($node, $format, q{SELECT string_agg(detail, ' ') FROM io_notify.status() WHERE item = 'advice'}), qr/adopt\(\)/,
		"$format: status() says adopt()");
	$node->safe_psql($format, q{SELECT io_notify.resume('provider', 'app')});
	send_messages($node, $format, 1);
	ok(eventually(sub { dispatcher_pids($node, $format) == 1 }), "$format: a dispatcher has noticed the database");
	sleep(0.7);
	is(keys %{ sunk($sink) }, $sent, "$format: nothing was sent");

	$node->safe_psql($format, 'SELECT io_notify.adopt()');
	is(value($node, $format, q{SELECT io_notify.wait_until_idle('20 s')}), 't', "$format: adopted, it sends what was queued");
	is(value($node, $format, q{SELECT count(*) FROM io_notify.delivery WHERE channel = 'webhook' AND state = 'sent'}), '76',
		"$format: the 20 that waited and the one that came after");
	is(value($node, $format, q{SELECT count(*) FROM io_notify.queue}), '5', "$format: the scheduled ones wait on");
	$sent = keys %{ sunk($sink) };
	is(scalar(grep { $_ > 2 } values %{ sunk($sink) }), 0, "$format: what had been sent was not sent again");
}

is(contents('original'), $contents, 'the original has not changed meanwhile');
$node->stop;
done_testing();
