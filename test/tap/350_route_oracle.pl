# 350_route_oracle.pl: who gets what, by an oracle that was written from the
# design alone (test/peers/route_oracle): some ten thousand messages, each with
# citizens, preferences, activations, devices, suppressions and providers of
# its own, through every way a message is routed; and route_explain() with them.
#
# ROUTE_ORACLE_SEED chooses other cases.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $seed = $ENV{ROUTE_ORACLE_SEED} // 350;
my @oracle = ("$FindBin::Bin/../peers/route_oracle/main.py");
my @later = qw(all none some);
my $node = new_cluster('route_oracle', conf => <<'CONF');
io_notify.check_fiscal_code = off
io_notify.dispatch = off
fsync = off
client_min_messages = error
CONF

sub script { my ($database, $name) = @_; return $node->safe_psql($database, "\\i $folder/$name.sql"); }

system(@oracle, 'write', $folder, '--seed', $seed) == 0 or die 'no cases';
$node->safe_psql('postgres', 'CREATE ROLE route_sender');
foreach my $database ('now', @later)
{
	$node->safe_psql('postgres', "CREATE DATABASE \"$database\"");
	install_notify($node, $database);
}

# --- routed as they are sent
script('now', 'now');
is(value($node, 'now', q{SELECT count(*) FROM io_notify.queue q
	WHERE NOT EXISTS (SELECT FROM io_notify.delivery d WHERE d.message_id = q.message_id AND d.seq = q.seq AND d.state = 'queued')}),
	'0', 'nothing is in the queue but what is queued');
$node->safe_psql('postgres', 'DROP DATABASE now');    # the dispatchers shall not send it

# --- sent before anything is known of the citizens, routed by the dispatchers
script($_, "${_}_send") foreach @later;
is(join(' ', map { value($node, $_, 'SELECT count(*) FROM io_notify.delivery') } @later), '0 0 0', 'what is scheduled is not routed yet');
script($_, "${_}_facts") foreach @later;
$node->safe_psql('postgres', $_) foreach 'ALTER SYSTEM SET io_notify.dispatch = on', 'SELECT pg_reload_conf()';
foreach my $database (@later)
{
	ok(eventually(sub { value($node, $database, q{SELECT count(*) FROM io_notify.queue WHERE kind = 'route'}) eq '0' }, 60),
		"providers $database: the dispatcher has routed what was scheduled");
	script($database, "${database}_answers");
}
$node->stop;

# --- and compared
my ($compared) = run_command([ @oracle, 'compare', $folder, '--seed', $seed ]);
my $answer = decode_json($compared);
my %count = %{ $answer->{count} };
my $json = JSON::PP->new->canonical->ascii;
my %name = (
	routed => 'every delivery row is the one the oracle names',
	status => 'message_status says the same',
	explained => 'route_explain says what the oracle says of the recipient',
	'explained as routed' => 'and what was done, wherever the message itself decides nothing');

note("seed $seed");
note("$_: $count{$_}") foreach sort keys %count;
cmp_ok($count{routed}, '>', 30000, 'that many messages');
foreach my $kind ('routed', 'status', 'explained', 'explained as routed')
{
	is($count{"$kind wrong"} // 0, 0, "$name{$kind}: $count{$kind}");
	foreach my $wrong (@{ $answer->{wrong}{$kind} // [] })
	{
		diag("providers $wrong->{world}, seed $seed: ", $json->encode($wrong->{facts}));
		diag('  expected: ', $json->encode($wrong->{expected}));
		diag('  is:       ', $json->encode($wrong->{got}));
	}
}
is($count{stray}, 0, 'and there is nothing else');
done_testing();
