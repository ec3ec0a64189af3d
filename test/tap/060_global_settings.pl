# 060_global_settings.pl: settings that somebody made for the whole server, the
# database or the superuser, some of them hostile; dispatch goes on, and the
# worker runs nothing that a search_path brings near.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $sink = http_sink();
my $node = new_cluster('global_settings');

install_notify($node, 'postgres');
register_service($node, 'postgres');
webhook_provider($node, 'postgres', 'app', $sink->{port});

# The settings are meant for others; we set ourselves apart.
my %setting = (
	default_transaction_isolation => 'serializable',
	default_transaction_read_only => 'on',
	default_transaction_deferrable => 'on',
	lock_timeout => '1ms',
	statement_timeout => '1ms',
	idle_in_transaction_session_timeout => '1ms',
	idle_session_timeout => '50ms',
	synchronous_commit => 'off',
	DateStyle => 'SQL, DMY',
	IntervalStyle => 'iso_8601',
	TimeZone => 'Asia/Kathmandu',
	array_nulls => 'off',
	bytea_output => 'escape',
	standard_conforming_strings => 'off',
	transform_null_equals => 'on',
	enable_indexscan => 'off',
	enable_nestloop => 'off',
	work_mem => '64kB');
# a millisecond would end every session as it starts, this test's own too
$setting{transaction_timeout} = '50ms' if $node->pg_version >= 17;
$node->safe_psql('postgres', 'CREATE ROLE tester SUPERUSER LOGIN');
$node->safe_psql('postgres', join ' ', map {
	"ALTER ROLE tester SET $_ FROM CURRENT;" } sort keys %setting);
$ENV{PGUSER} = 'tester';

sub goes_on
{
	my ($name) = @_;
	my @ids = send_messages($node, 'postgres', 20);
	ok(drained($node, 'postgres', 15), "$name: dispatch goes on");
	is_deeply([ oracle($node, 'postgres', $sink) ], [], "$name: once each");
	return;
}

my $log = length server_log($node);
$node->safe_psql('postgres', "ALTER SYSTEM SET $_ = '$setting{$_}'") foreach sort keys %setting;
$node->reload;
goes_on('after a reload');
$node->restart;
goes_on('after a restart');

$node->safe_psql('postgres', "ALTER DATABASE postgres SET $_ = '$setting{$_}'; ALTER ROLE ALL SET $_ = '$setting{$_}'")
  foreach sort keys %setting;
$node->restart;
goes_on('set for database and roles too');
unlike(server_log($node, $log), qr/io_notify: /, 'the worker has met no error');

# --- objects that lie in wait in the search_path
$node->safe_psql('postgres', q{
	CREATE SCHEMA hostile;
	CREATE TABLE hostile.caught (by name);
	CREATE FUNCTION hostile.spring() RETURNS void LANGUAGE plpgsql AS 'BEGIN INSERT INTO hostile.caught VALUES (current_user); END';
	CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT hostile.spring(); SELECT pg_catalog.now()';
	CREATE FUNCTION hostile.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS 'SELECT hostile.spring(); SELECT pg_catalog.unnest($1)';
	CREATE FUNCTION hostile.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT hostile.spring(); SELECT $1 OPERATOR(pg_catalog.=) $2';
	CREATE OPERATOR hostile.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = hostile.same);
	CREATE TABLE hostile.queue (LIKE io_notify.queue);
	ALTER SYSTEM SET search_path = hostile, pg_catalog;
	ALTER DATABASE postgres SET search_path = hostile, pg_catalog;
	ALTER ROLE tester SET search_path = public});
$node->restart;
goes_on('with a hostile search_path');
is(value($node, 'postgres', 'SELECT count(*) FROM hostile.caught'), '0', 'and runs nothing from there');

# --- a trigger on its own tables runs as their owner, who is no superuser here
$node->safe_psql('postgres', q{
	CREATE ROLE owner_of_tables NOLOGIN;
	CREATE FUNCTION public.climb() RETURNS trigger LANGUAGE plpgsql
		AS 'BEGIN ALTER ROLE owner_of_tables SUPERUSER; RETURN NEW; END';
	GRANT CREATE, USAGE ON SCHEMA io_notify TO owner_of_tables;
	CREATE TRIGGER climb BEFORE INSERT ON io_notify.attempt FOR EACH ROW EXECUTE FUNCTION public.climb();});
$node->safe_psql('postgres', join ';', map { "ALTER TABLE io_notify.$_ OWNER TO owner_of_tables" }
	  rows($node, 'postgres', q{SELECT relname FROM pg_class WHERE relnamespace = 'io_notify'::regnamespace AND relkind IN ('r', 'p')}));
send_messages($node, 'postgres', 1);
ok(eventually(sub { server_log($node) =~ /must be superuser|permission denied to alter role/ }, 10), 'a trigger that climbs is refused');
is(value($node, 'postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'owner_of_tables'}), 'f', 'its owner stays what it was');
$node->safe_psql('postgres', 'DROP TRIGGER climb ON io_notify.attempt');
ok(drained($node, 'postgres', 40), 'once it is gone, dispatch goes on');

$node->stop;
done_testing();
