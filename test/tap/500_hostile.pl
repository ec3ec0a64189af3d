# 500_hostile.pl: what lies in wait before CREATE EXTENSION; tables whose owner
# is no superuser and means ill; and the pseudonyms' key.
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('hostile');
my $sink = http_sink();

# What $sql says, or how it fails, as $role.
sub tells
{
	my ($database, $sql, $role) = @_;
	my ($code, $out, $error) = $node->psql($database, ($role ? "SET ROLE $role;" : '') . $sql, on_error_stop => 1);
	return $code == 0 ? $out : $error =~ /ERROR:\s+(.*)/ ? $1 : $error;
}

$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN');

# --- a schema that was prepared ------------------------------------------------
$node->safe_psql('postgres', 'CREATE DATABASE prepared');
$node->safe_psql('prepared', 'CREATE SCHEMA io_notify AUTHORIZATION mallory');
like(tells('prepared', 'CREATE EXTENSION io_notify'), qr/^schema "io_notify" belongs to role "mallory", who is no superuser/, 'a schema of somebody else is not ours to fill');
$node->safe_psql('prepared', 'ALTER SCHEMA io_notify OWNER TO CURRENT_USER; GRANT CREATE, USAGE ON SCHEMA io_notify TO mallory');
my %planted = (
	'FUNCTION io_notify._require(name) RETURNS void LANGUAGE sql AS $$SELECT$$' => 'FUNCTION io_notify._require(name)',
	'FUNCTION io_notify.uuid_v7() RETURNS uuid LANGUAGE sql AS $$SELECT gen_random_uuid()$$' => 'FUNCTION io_notify.uuid_v7()',
	'PROCEDURE io_notify.install() LANGUAGE sql AS $$SELECT$$' => 'PROCEDURE io_notify.install()',
	'AGGREGATE io_notify.max(text) (SFUNC = textcat, STYPE = text)' => 'AGGREGATE io_notify.max(text)',
	'OPERATOR io_notify.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = starts_with)' => 'OPERATOR io_notify.=== (text, text)',
	'TYPE io_notify.text AS ENUM (\'a\')' => 'TYPE io_notify.text',
	'DOMAIN io_notify.uuid AS text' => 'DOMAIN io_notify.uuid',
	'TABLE io_notify.message (id uuid)' => 'TABLE io_notify.message',
	'VIEW io_notify.message AS SELECT 1 AS id' => 'VIEW io_notify.message',
	'TABLE io_notify.queue (LIKE pg_catalog.pg_class)' => 'TABLE io_notify.queue',
	'SEQUENCE io_notify.usage' => 'SEQUENCE io_notify.usage',
	'COLLATION io_notify.default_collation FROM "C"' => 'COLLATION io_notify.default_collation');
foreach my $what (sort keys %planted)
{
	$node->safe_psql('prepared', "SET ROLE mallory; CREATE $what");
	like(tells('prepared', 'CREATE EXTENSION io_notify'), qr/stands in the schema already, and role "mallory" is no superuser/, "nor is one with $planted{$what} in it");
	$node->safe_psql('prepared', "DROP $planted{$what}");
}
$node->safe_psql('prepared', 'CREATE FUNCTION io_notify.uuid_v7() RETURNS uuid LANGUAGE sql AS $$SELECT gen_random_uuid()$$');
like(tells('prepared', 'CREATE EXTENSION io_notify'), qr/already exists/, 'what a superuser left there is not adopted either');
$node->safe_psql('prepared', 'DROP FUNCTION io_notify.uuid_v7()');

# what lies elsewhere in the path
$node->safe_psql('prepared', q{
	CREATE SCHEMA trap AUTHORIZATION mallory;
	CREATE TABLE trap.caught (by name, what text);
	GRANT ALL ON trap.caught TO PUBLIC;
	SET ROLE mallory;
	CREATE FUNCTION trap.spring(what text) RETURNS boolean LANGUAGE sql AS 'INSERT INTO trap.caught VALUES (current_user, what) RETURNING true';
	CREATE FUNCTION trap.format(text, text) RETURNS text LANGUAGE sql AS $$SELECT trap.spring('format'); SELECT ''::text$$;
	CREATE FUNCTION trap.sha256(text) RETURNS bytea LANGUAGE sql AS $$SELECT trap.spring('sha256'); SELECT ''::bytea$$;
	CREATE FUNCTION trap.count(integer) RETURNS integer LANGUAGE sql AS $$SELECT trap.spring('count'); SELECT 0$$;
	CREATE FUNCTION trap.text_eq(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring('text = text')$$;
	CREATE FUNCTION trap.name_eq(name, name) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring('name = name')$$;
	CREATE FUNCTION trap.oid_eq(oid, oid) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring('oid = oid')$$;
	CREATE FUNCTION trap.text_cat(text, text) RETURNS text LANGUAGE sql AS $$SELECT trap.spring('text || text'); SELECT ''::text$$;
	CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.text_eq);
	CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = name, FUNCTION = trap.name_eq);
	CREATE OPERATOR trap.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trap.oid_eq);
	CREATE OPERATOR trap.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.text_cat);
	CREATE TABLE trap.pg_class (oid oid, relname name);
	CREATE TABLE trap.pg_trigger (tgrelid oid, tgname name);
	RESET ROLE;
	ALTER DATABASE prepared SET search_path = trap, public, pg_catalog;});
is(tells('prepared', 'SELECT oid = oid FROM pg_catalog.pg_database LIMIT 1'), 't', 'a trap in the path');
$node->safe_psql('prepared', 'DELETE FROM trap.caught');
is(tells('prepared', 'CREATE EXTENSION io_notify'), '', 'does not hinder CREATE EXTENSION');
$node->safe_psql('prepared', 'SET ROLE mallory; CREATE TABLE io_notify.queue (id integer)');
like(tells('prepared', 'SELECT io_notify.install()'), qr/^io_notify\.queue belongs to role "mallory"/, 'install() takes over no table of another');
$node->safe_psql('prepared', 'DROP TABLE io_notify.queue; REVOKE CREATE ON SCHEMA io_notify FROM mallory');
is(tells('prepared', 'SELECT io_notify.install()'), 'installed', 'nor install()');
is(tells('prepared', 'SELECT io_notify.install(); SELECT count(*) > 0 FROM io_notify.status()'), "installed\nt", 'nor status()');
is(tells('prepared', 'SELECT pg_catalog.count(*) FROM trap.caught'), '0', 'and has caught nothing');
is(tells('prepared', 'DROP EXTENSION io_notify CASCADE; CREATE EXTENSION io_notify; SELECT io_notify.install()'), 'installed', 'tables of an earlier installation are no plant');

# --- an owner who is no superuser ------------------------------------------------
$node->safe_psql('postgres', 'CREATE ROLE notify_owner NOLOGIN; CREATE ROLE portos_app; CREATE ROLE desk; CREATE DATABASE app');
my $recipe = q{
	GRANT USAGE, CREATE ON SCHEMA io_notify TO notify_owner WITH GRANT OPTION;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA io_notify TO notify_owner WITH GRANT OPTION;
	GRANT USAGE ON FOREIGN DATA WRAPPER io_notify TO notify_owner;};
$node->safe_psql('app', "CREATE EXTENSION io_notify; $recipe");
is(tells('app', 'SELECT io_notify.install()', 'notify_owner'), 'installed', 'the tables may belong to a role of their own');
register_service($node, 'app', channels => '{inbox,webhook}');
webhook_provider($node, 'app', 'hooks', $sink->{port});
$node->safe_psql('app', q{SET ROLE notify_owner; SELECT io_notify.grant_sender('portos_app', 'portos'), io_notify.grant_operator('desk')});
like(tells('app', q{SELECT io_notify.grant_operator('portos_app')}, 'portos_app'), qr/may not act as owner/, 'which alone grants');
my $insert = q{INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('portos', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('x', 80, 'x')) RETURNING created_by};
is(tells('app', $insert, 'portos_app'), 'portos_app', 'senders send');
ok(drained($node, 'app'), 'the workers dispatch');
is(tells('app', 'SELECT count(*) FROM io_notify.message_envelope; SELECT io_notify.pause(\'all\'); SELECT io_notify.resume(\'all\')', 'desk'), "1\n\nt", 'operators operate');
$node->safe_psql('app', "DROP EXTENSION io_notify CASCADE; CREATE EXTENSION io_notify; $recipe");
like(tells('app', 'SELECT io_notify.install()'), qr/^io_notify\.message belongs to role "notify_owner"/, 'a superuser does not install over it by mistake');
is(tells('app', 'SELECT io_notify.install()', 'notify_owner'), 'installed', 'after DROP EXTENSION the owner installs again');
is(tells('app', 'SELECT count(*) FROM io_notify.message_envelope', 'desk'), '1', 'and operators see what they saw');
is(tells('app', 'SELECT count(*) FROM io_notify.message_status', 'portos_app'), '1', 'senders too');
webhook_provider($node, 'app', 'hooks', $sink->{port});

# it means ill: whatever runs in its tables tries to climb (it logs in: from SET
# ROLE there is a way back)
$node->safe_psql('app', q{
	CREATE TABLE public.climbed (by name, session name, place text, how text);
	GRANT ALL ON public.climbed TO PUBLIC;
	GRANT CREATE ON SCHEMA public TO notify_owner;
	ALTER ROLE notify_owner LOGIN;});
{
	local $ENV{PGUSER} = 'notify_owner';
	$node->safe_psql('app', q{
	CREATE FUNCTION public.climb(place text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		command text;
	BEGIN
		INSERT INTO public.climbed VALUES (current_user, session_user, place, 'ran');
		FOREACH command IN ARRAY ARRAY['ALTER ROLE notify_owner SUPERUSER', 'SET ROLE postgres', 'SET SESSION AUTHORIZATION postgres', 'RESET ROLE', 'RESET SESSION AUTHORIZATION',
			'CREATE TEMP TABLE climber (a integer)', 'COPY public.climbed TO PROGRAM ''cat > /dev/null''', 'SELECT lo_export(1, ''/tmp/x'')', 'SET session_replication_role = replica',
			'CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE c AS ''x'', ''y''', 'GRANT postgres TO notify_owner', 'SELECT pg_read_file(''postgresql.conf'')']
		LOOP
			BEGIN
				EXECUTE command;
				INSERT INTO public.climbed VALUES (current_user, session_user, place, command);
			EXCEPTION WHEN OTHERS THEN
				NULL;
			END;
		END LOOP;
	END
	$$;
	CREATE FUNCTION public.climb_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.climb(TG_TABLE_NAME || ' ' || TG_OP); RETURN coalesce(NEW, OLD); END $$;
	CREATE FUNCTION public.climb_row(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM public.climb(what); RETURN true; END $$;
	CREATE FUNCTION public.climb_index(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.climb('index'); RETURN what; END $$;
	CREATE TRIGGER climb BEFORE INSERT OR UPDATE OR DELETE ON io_notify.attempt FOR EACH ROW EXECUTE FUNCTION public.climb_trigger();
	CREATE TRIGGER climb BEFORE INSERT OR UPDATE OR DELETE ON io_notify.pause FOR EACH ROW EXECUTE FUNCTION public.climb_trigger();
	CREATE TRIGGER climb AFTER UPDATE ON io_notify.delivery FOR EACH ROW EXECUTE FUNCTION public.climb_trigger();
	CREATE TRIGGER climb BEFORE DELETE ON io_notify.queue FOR EACH ROW EXECUTE FUNCTION public.climb_trigger();
	CREATE TRIGGER climb BEFORE INSERT ON io_notify.audit_event FOR EACH ROW EXECUTE FUNCTION public.climb_trigger();
	CREATE INDEX climb ON io_notify.pause (public.climb_index(name));
	ALTER TABLE io_notify.attempt ADD CONSTRAINT climb CHECK (public.climb_row('check'));
	TRUNCATE public.climbed;});
}
is(tells('app', $insert, 'portos_app'), 'portos_app', 'while a sender sends');
ok(drained($node, 'app', 40), 'the workers dispatch');
$node->safe_psql('app', q{SELECT io_notify.pause('service', 'portos', 'try'), io_notify.resume('service', 'portos'), io_notify.cancel(id) FROM io_notify.message});
my @places = rows($node, 'app', q{SELECT DISTINCT place FROM public.climbed WHERE how = 'ran' ORDER BY 1});
foreach my $place ('attempt_\w+ INSERT', 'audit_event INSERT', 'check', 'delivery_\w+ UPDATE', 'index', 'pause DELETE', 'pause INSERT', 'queue DELETE')
{
	ok((grep { /^$place$/ } @places), "what the owner put there ran: $place");
}
is(tells('app', q{SELECT string_agg(DISTINCT by, ',') FROM public.climbed}), 'notify_owner', 'as the owner, called by worker, sender or superuser');
is(tells('app', q{SELECT string_agg(DISTINCT how, ',') FROM public.climbed WHERE how <> 'ran'}), '', 'and climbed nowhere');
is(tells('app', q{SELECT rolsuper, pg_has_role('notify_owner', 'postgres', 'MEMBER') FROM pg_roles WHERE rolname = 'notify_owner'}), 'f|f', 'the owner is what it was');

# --- pseudonyms -------------------------------------------------------------------
$node->safe_psql('prepared', q{
	ALTER DATABASE prepared RESET search_path;
	CREATE ROLE analyst;
	SELECT io_notify.grant_analyst('analyst');
	INSERT INTO io_notify.organization (code, name) VALUES ('comune', 'Comune');
	INSERT INTO io_notify.service (name, organization, state) VALUES ('portos', 'comune', 'published');
	INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT 'portos', r, 'Oggetto di prova', rpad('x', 80, 'x') FROM unnest('{RSSMRA85T10A562S,VRDGPP70A01H501S,RSSMRA85T10A562S}'::text[]) r;});
my ($inner, $outer) = map { pack 'H*', $_ } split /\|/, value($node, 'prepared', q{SELECT encode(inner_pad, 'hex'), encode(outer_pad, 'hex') FROM io_notify.pseudonym_key});
my $key = substr($inner ^ ("\x36" x 64), 0, 32);
is($outer, ($key . "\0" x 32) ^ ("\x5c" x 64), 'both pads are of one key');
my $expected = join "\n", sort map { hmac_sha256_hex($_, $key) } 'RSSMRA85T10A562S', 'VRDGPP70A01H501S';
foreach my $view (qw(message_facts delivery_facts))
{
	is(tells('prepared', "SELECT DISTINCT recipient_pseudonym COLLATE \"C\" FROM io_notify.$view ORDER BY 1", 'analyst'), $expected, "a pseudonym of $view is the HMAC-SHA256 of the fiscal code");
}
like(tells('prepared', 'SELECT inner_pad FROM io_notify.pseudonym_key', 'analyst'), qr/permission denied/, 'whose key analysts cannot read');
like(tells('prepared', 'EXPLAIN (COSTS OFF) SELECT recipient_pseudonym FROM io_notify.delivery_facts', 'analyst'), qr/pseudonym_key/, 'a plan names the key');
unlike(tells('prepared', 'EXPLAIN (VERBOSE, ANALYZE) SELECT recipient_pseudonym FROM io_notify.delivery_facts', 'analyst'),
	qr/\\x[0-9a-f]{16}/, 'but does not show it');
is(tells('prepared', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'io_notify'::regnamespace AND proname LIKE '%pseudonym%'}), '0', 'and there is no function that makes one');
$node->safe_psql('prepared', 'DROP EXTENSION io_notify CASCADE; CREATE EXTENSION io_notify; SELECT io_notify.install()');
is(tells('prepared', 'SELECT DISTINCT recipient_pseudonym COLLATE "C" FROM io_notify.delivery_facts ORDER BY 1', 'analyst'), $expected, 'they outlive DROP EXTENSION');
$node->safe_psql('prepared', 'DELETE FROM io_notify.pseudonym_key');
is(tells('prepared', 'SELECT count(recipient_pseudonym) FROM io_notify.delivery_facts', 'analyst'), '0', 'without a key there are none');
$node->safe_psql('prepared', 'SELECT io_notify.install()');
isnt(tells('prepared', 'SELECT DISTINCT recipient_pseudonym COLLATE "C" FROM io_notify.delivery_facts ORDER BY 1', 'analyst'), $expected, 'with a new one they are others');

$node->stop;
done_testing();
