# 300_citizen_secrecy.pl: whatever goes wrong in what is done by and about
# citizens, in functions and in plain SQL, by an app, a service or the tables'
# owner, the server's log does not say about whom.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $node = new_cluster('citizen_secrecy');
my ($mario, $giulia, $nobody, $wrong) = ('RSSMRA85T10A562S', 'VRDGPP70A01H501S', 'RSSMRA80A41H501Y', 'RSSMRA85T10A562X');
my @canaries = ($mario, $giulia, $nobody, $wrong, 'CanaryMail', '+393331234567', 'CanaryEndpoint', 'CanaryKey', '301234567890123456');

install_notify($node, $db);
register_service($node, $db, channels => '{inbox}');
$node->safe_psql($db, qq{
	DELETE FROM io_notify.citizen;
	UPDATE io_notify.service SET capabilities = '{advanced,read_status,payee}', max_payment_amount = 100000;
	INSERT INTO io_notify.service (name, organization, state, category, authorized_recipients) VALUES
		('special', 'comune', 'published', 'special', '{}'), ('sandbox', 'comune', 'published', 'standard', '{$mario}');
	INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, phone, phone_verified, inbox_enabled) VALUES
		('$mario', 'CanaryMail\@citizens.test', true, '+393331234567', true, true), ('$giulia', 'canarymail\@citizens.test', false, '+393331234567', false, true);
	INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('$mario', 'portos', 'email', true);
	INSERT INTO io_notify.activation (service, fiscal_code, state) VALUES ('special', '$mario', 'active');
	INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'canarymail\@citizens.test');
	CREATE ROLE portos_app LOGIN;
	SELECT io_notify.grant_sender('portos_app', s) FROM unnest('{portos,special,sandbox}'::text[]) s;
	CREATE ROLE citizens_app LOGIN;
	SELECT io_notify.grant_app('citizens_app');
	CREATE TABLE secret (value text);
	GRANT ALL ON secret TO citizens_app;});
my ($message) = send_messages($node, $db, 1);
my ($other) = send_messages($node, $db, 1, recipient => "'$giulia'");

# another citizen claims an address before it is proved, and holds a secret for it
$node->safe_psql($db, qq{
	UPDATE io_notify.citizen SET email = 'CanaryMail2\@citizens.test' WHERE fiscal_code = '$giulia';
	SELECT io_notify.act_for('$giulia', false);
	INSERT INTO secret SELECT io_notify.verification_start('email');
	UPDATE io_notify.citizen SET email = 'CANARYMAIL2\@citizens.test', email_verified = true WHERE fiscal_code = '$mario';});
push @canaries, value($node, $db, 'SELECT value FROM secret');

$node->append_conf('postgresql.conf', join "\n", 'log_min_messages = debug2', 'log_error_verbosity = verbose',
	'log_min_error_statement = error', 'log_parameter_max_length_on_error = -1', 'log_lock_waits = on', '');
$node->restart;

# --- an app, through functions: our own words, to the client too
my @functions = (
	map({ "SELECT io_notify.act_for('$_')" } $wrong, 'CanaryKey'),
	map({ "SELECT io_notify.citizen_$_" }
		"register()", qq{register('{"email": "CanaryMail"}')},
		qq{update(7, '{"email": "CanaryMail\@x.it"}')}, qq{update(0, '{"CanaryKey": "CanaryMail"}')}, qq{update(0, '"CanaryKey"')},
		map({ qq{update(1, '{"$_->[0]": $_->[1]}')} }
			[ 'email', '"CanaryMail"' ], [ 'email', '{"a": "CanaryMail"}' ], [ 'pec', '"CanaryMail"' ], [ 'phone', '"CanaryKey"' ], [ 'language', '"CanaryKey"' ], [ 'time_zone', '"CanaryKey"' ],
			[ 'quiet_from', '"CanaryKey"' ], [ 'preference_mode', '"CanaryKey"' ], [ 'push_detail', '"CanaryKey"' ], [ 'inbox_enabled', '"CanaryKey"' ])),
	map({ "SELECT io_notify.preference_set($_)" } "'portos', 'CanaryKey', true, 0", "'portos', 'email', true, 9", "'special', 'inbox', false, 0", "'portos', NULL, true, 0"),
	"SELECT io_notify.disclosure_set('portos', true, 9)",
	"SELECT io_notify.verification_start('CanaryKey')", "SELECT io_notify.verification_start('sms')",
	"SELECT io_notify.inbox_get('$other')", "SELECT io_notify.inbox_mark_read('$other')", "SELECT io_notify.inbox_archive_bulk('{$message,$other}')", "SELECT io_notify.inbox_list(0)",
	map({ "SELECT io_notify.record_payment($_)" } "'CanaryKey', '301234567890123456'", "'01488650142', '301234567890123456x'", "'01488650142', 'CanaryKey'", "'01488650142', '301234567890123456', 'infinity'"));
my @as_giulia = ("SELECT io_notify.verification_complete('email', (SELECT value FROM secret))", "SELECT io_notify.verification_start('sms')");
my @as_nobody = ("SELECT io_notify.citizen_update(0, '{}')", "SELECT io_notify.preference_set('portos', 'email', true, 0)", "SELECT io_notify.preference_get('portos')", "SELECT io_notify.verification_start('email')");

# --- an app, in plain SQL
my @plain = (
	map({ "UPDATE io_notify.citizen SET $_ WHERE fiscal_code = '$mario'" }
		"email = 'CanaryMail'", "pec = 'CanaryMail'", "phone = 'CanaryKey'", "language = 'CanaryKey'", "language = NULL", "email = 'CanaryMail\@x.it', version = 99", "quiet_from = '10:00'", "push_enabled = NULL"),
	map({ "INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ($_)" } "'$mario', 'CanaryMail\@x.it'", "'$nobody', 'CanaryMail\@x.it'", "NULL, 'CanaryMail\@x.it'"),
	map({ "INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ($_)" }
		"'$mario', 'portos', 0, 'email', true", "'$mario', 'portos', 5, 'sms', true", "'$mario', 'portos', 0, 'CanaryKey', true", "'$mario', NULL, 0, 'sms', true", "'$giulia', 'portos', 0, 'sms', true", "'$mario', 'special', 0, 'inbox', false"),
	"INSERT INTO io_notify.disclosure (fiscal_code, service, preference_version, read_status) VALUES ('$mario', 'portos', 5, true)",
	map({ "INSERT INTO io_notify.device (fiscal_code, platform, endpoint, keys) VALUES ($_)" }
		"'$mario', 'CanaryKey', 'CanaryEndpoint', NULL", "'$mario', 'fcm', E'CanaryEndpoint\\n', NULL", "'$mario', 'fcm', 'CanaryEndpoint', '[\"CanaryKey\"]'", "'$giulia', 'fcm', 'CanaryEndpoint', NULL", "'$mario', 'fcm', NULL, '{\"a\": \"CanaryKey\"}'"),
	map({ "INSERT INTO io_notify.inbox_state (message_id, fiscal_code, read_at) VALUES ($_)" } "'$other', '$mario', now()", "'$other', '$giulia', now()", "NULL, '$mario', now()"));

# --- a service
my @service = (
	map({ "SELECT io_notify.sender_allowed($_)" } "'portos', '$wrong'", "'sandbox', '$giulia'", "'unknown', '$mario'"),
	map({ "SELECT io_notify.activation_set($_)" } "'portos', '$mario', 'active'", "'special', '$wrong', 'active'", "'special', '$mario', 'CanaryKey'"),
	map({ "SELECT io_notify.subscription_hash($_)" } "'portos', '$wrong'", "'sandbox', '$mario'"),
	"SELECT io_notify.subscription_feed('portos', 'infinity')",
	map({ "SELECT io_notify.citizen_$_" } 'get()', "register('{\"email\": \"CanaryMail\"}')"));

# --- the tables' owner, whom constraints stop as well
my @owner = (
	"INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ('$mario', 'CanaryMail\@x.it')",
	"UPDATE io_notify.citizen SET email_verified = true WHERE fiscal_code = '$giulia'",
	"UPDATE io_notify.citizen SET phone_verified = true WHERE fiscal_code = '$giulia'",
	"UPDATE io_notify.citizen SET preference_version = -1 WHERE fiscal_code = '$mario'",
	"UPDATE io_notify.citizen SET fiscal_code = '$wrong' WHERE fiscal_code = '$mario'",
	"INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('$mario', 'portos', 0, 'email', true)",
	"INSERT INTO io_notify.activation (service, fiscal_code, state) VALUES ('special', '$mario', 'active')",
	"INSERT INTO io_notify.activation (service, fiscal_code, state) VALUES ('special', '$giulia', 'CanaryKey')",
	"INSERT INTO io_notify.suppression (channel, address) VALUES ('email', 'CanaryMail\@citizens.test')",
	"INSERT INTO io_notify.suppression (channel, address) VALUES ('CanaryKey', 'CanaryMail\@citizens.test')",
	"INSERT INTO io_notify.inbox_state (message_id, fiscal_code) VALUES ('$message', NULL)",
	"INSERT INTO io_notify.payment (payee, notice, paid_at) VALUES ('01488650142', '301234567890123456', NULL)");

# Runs each alone; returns how many failed, and what the clients were told.
sub refused
{
	my ($user, $who, @statements) = @_;
	my ($n, $told) = (0, '');

	local $ENV{PGUSER} = $user if defined $user;
	foreach my $sql (@statements)
	{
		my ($code, undef, $stderr) = $node->psql($db, (defined $who ? "SELECT io_notify.act_for('$who', false); " : '') . $sql, on_error_stop => 1);
		if ($code == 3) { $n++; $told .= "$stderr\n" }
		else { diag("not refused: $sql") }
	}
	return ($n, $told);
}

my $from = length server_log($node);
my ($n, $told) = refused('citizens_app', $mario, @functions);
is($n, scalar @functions, 'functions refuse an app');
my ($line) = grep { my $line = $_; grep { index($line, $_) >= 0 } @canaries } split /\n/, $told;
is($line, undef, 'in words without a value');
is((refused('citizens_app', $giulia, @as_giulia))[0], scalar @as_giulia, 'what another citizen has proved');
is((refused('citizens_app', $nobody, @as_nobody))[0], scalar @as_nobody, 'who is not registered');
is((refused('citizens_app', $mario, @plain))[0], scalar @plain, 'plain SQL is refused');
is((refused('portos_app', undef, @service))[0], scalar @service, 'a service is');
($n, $told) = refused(undef, undef, @owner);
is($n, scalar @owner, 'and the owner');
like($told, qr/already exists/, 'who is told which key was there');

my $log = server_log($node, $from);
my $errors = () = $log =~ /ERROR: /g;
is($errors, @functions + @as_giulia + @as_nobody + @plain + @service + @owner, 'the log has an error for each');
foreach my $canary (@canaries)
{
	($line) = grep { index($_, $canary) >= 0 } split /\n/, $log;
	is($line, undef, 'and not ' . ($canary =~ /^[0-9a-f]{32}$/ ? 'the secret' : $canary));
}
like($log, qr/The row is not shown/, 'but that a row is not shown');

# --- what belongs to others is logged as ever
$node->safe_psql($db, 'CREATE TABLE ordinary (a int PRIMARY KEY); INSERT INTO ordinary VALUES (4711)');
$node->psql($db, 'INSERT INTO ordinary VALUES (4711)');
like(server_log($node, $from), qr/Key \(a\)=\(4711\) already exists/, 'tables of others are not our affair');

$node->stop;
done_testing();
