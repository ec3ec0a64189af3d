# 510_log_canary.pl: every kind of role, every function that is a door or in C,
# and the plain SQL an app writes, with values that are wrong or another's: none
# of them is in the server's log, where errors go with their statements.  (What
# PostgreSQL refuses by itself, a missing privilege or a misspelt column, it
# logs with the statement: doc/security.md says what to do about that.)
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $node = new_cluster('log_canary');
my ($own, $other) = ('RSSMRA85T10A562S', 'VRDGPP70A01H501S');
my %canary = (
	code => 'BNCLRA90A41F205I', wrong_code => 'RSSMRA85T10A562X', broken_code => 'CANARYCODE000000', own => $own, other => $other,
	mail => 'canary.box@citizens.test', broken_mail => 'canary broken@@', phone => '+393337654321', broken_phone => '+39 canary',
	text => 'CANARYTEXT', token => 'CANARYTOKEN');

install_notify($node, $db);
register_service($node, $db, channels => '{inbox,email}');
$node->safe_psql($db, qq{
	SELECT io_notify.pause('all');
	INSERT INTO io_notify.organization (code, name) VALUES ('rival', 'Altro comune');
	INSERT INTO io_notify.service (name, organization, state) VALUES ('other', 'rival', 'published'), ('sketch', 'comune', 'draft');
	UPDATE io_notify.service SET capabilities = '{payee}' WHERE name = 'portos';
	INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled) VALUES ('$other', '$canary{mail}', true, true);
	UPDATE io_notify.citizen SET email = '$canary{mail}' WHERE fiscal_code = '$own';
	CREATE ROLE portos_app LOGIN; CREATE ROLE rival_app LOGIN; CREATE ROLE keeper LOGIN; CREATE ROLE desk LOGIN; CREATE ROLE counter LOGIN; CREATE ROLE app LOGIN; CREATE ROLE stranger LOGIN;
	SELECT io_notify.grant_sender('portos_app', 'portos'), io_notify.grant_sender('rival_app', 'other'), io_notify.grant_organization('keeper', 'comune'),
		io_notify.grant_operator('desk'), io_notify.grant_analyst('counter'), io_notify.grant_app('app');
	INSERT INTO io_notify.template (name, service, subject, markdown, parameters) VALUES ('practice', 'portos', '{{n}}', 'Pratica {{n}}', '{"n": {"type": "integer"}}');});
my ($mine) = send_messages($node, $db, 1, recipient => "'$own'");
my ($theirs) = send_messages($node, $db, 1, recipient => "'$other'", service => "'portos'");
$node->append_conf('postgresql.conf', join "\n", 'log_min_messages = debug1', 'log_error_verbosity = verbose', 'log_min_error_statement = error', 'log_lock_waits = on', '');
$node->restart;
my $from = length server_log($node);

# --- what each says ---------------------------------------------------------------
my @codes = @canary{qw(code wrong_code broken_code other)};
my @anybody = (
	map({ ("io_notify.send('portos', '$_', 'practice', '{\"n\": \"$canary{text}\"}')", "io_notify.send('other', '$_', NULL, subject => '$canary{text}', markdown => '$canary{text}')",
		"io_notify.route_explain('portos', '$_')", "io_notify.sender_allowed('portos', '$_')", "io_notify.activation_set('portos', '$_', '$canary{text}')",
		"io_notify.subscription_hash('portos', '$_')", "io_notify.act_for('$_')") } @codes),
	map({ ("io_notify.suppress('email', '$_', '$canary{text}\n', service => 'portos')", "io_notify.suppress('email', '$_', service => 'portos')", "io_notify.suppress('sms', '$_', expires_at => now() - interval '1 s')",
		"io_notify.unsuppress('email', '$_', 'nowhere')", "io_notify.unsuppress('$_', 'x')") } @canary{qw(mail broken_mail phone broken_phone)}),
	"io_notify.preview('practice', '{\"n\": \"$canary{text}\"}', service => 'portos')", "io_notify.preview('practice', '[\"$canary{text}\"]', service => 'portos')",
	"io_notify.preview('$theirs')", "io_notify.preview_html('$theirs')", "io_notify.cancel('$theirs')", "io_notify.requeue('$theirs')",
	"io_notify.record_receipt('$canary{text}', '$canary{text}', '$canary{text}', '$canary{text}')", "io_notify.record_payment('$canary{text}', '$canary{text}')",
	"io_notify.record_payment('01488650142', '$canary{text}')", "io_notify.unsubscribe('$canary{token}')",
	"io_notify.service_edit('sketch', '{\"authorized_recipients\": [\"$canary{broken_code}\"]}')", "io_notify.service_edit('sketch', '{\"email\": \"$canary{broken_mail}\"}')",
	"io_notify.service_edit('sketch', '{\"phone\": \"$canary{broken_phone}\"}')", "io_notify.service_edit('sketch', '{\"default_time_to_live\": \"$canary{text}\"}')",
	"io_notify.service_edit('sketch', '{\"age_min\": 1000, \"title\": \"$canary{text}\"}')", "io_notify.service_create('$canary{text} x', 'comune', '{\"email\": \"$canary{broken_mail}\"}')",
	"io_notify.service_reject('sketch', '$canary{text}')", "io_notify.service_suspend('portos', '')", "io_notify.pause('x', 'x')", "io_notify.resume('x')",
	"io_notify.template_draft('$canary{text} x', '{{#}}$canary{text}', '{{$canary{text}', service => 'portos')", "io_notify.template_import('{\"$canary{text}\": 1}')",
	"io_notify.template_reject('$theirs', '$canary{text}')", "io_notify.template_register('$theirs', 'x', '$canary{text}')",
	# of a citizen
	"io_notify.citizen_register('{\"email\": \"$canary{broken_mail}\"}')", "io_notify.citizen_register('{\"$canary{text}\": 1}')", "io_notify.citizen_register('\"$canary{text}\"')",
	map({ ("io_notify.citizen_update(0, '{\"email\": \"$_\"}')", "io_notify.citizen_update(99, '{\"email\": \"$_\"}')") } @canary{qw(mail broken_mail)}),
	"io_notify.citizen_update(0, '{\"phone\": \"$canary{broken_phone}\"}')", "io_notify.citizen_update(0, '{\"time_zone\": \"$canary{text}\"}')", "io_notify.citizen_update(0, '{\"quiet_from\": \"$canary{text}\"}')",
	"io_notify.preference_set('nowhere', 'email', true, 0)", "io_notify.preference_set('portos', '$canary{text}', true, 0)", "io_notify.preference_set('portos', 'email', true, 99)",
	"io_notify.preference_get('nowhere')", "io_notify.disclosure_set('nowhere', true, 0)", "io_notify.disclosure_set('portos', true, 99)",
	"io_notify.verification_start('$canary{text}')", "io_notify.verification_start('email')", "io_notify.verification_complete('email', '$canary{token}')",
	"io_notify.inbox_get('$theirs')", "io_notify.inbox_mark_read('$theirs')", "io_notify.inbox_archive('$theirs')", "io_notify.inbox_mark_read_bulk(ARRAY['$mine', '$theirs']::uuid[])");
my %plain = (
	app => [
		map({ my $code = $_; ("INSERT INTO io_notify.citizen (fiscal_code, email) VALUES ('$code', '$canary{mail}')",
			"INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('$code', 'fcm', '$canary{text}')",
			"INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('$code', 'portos', 'email', true)",
			"INSERT INTO io_notify.disclosure (fiscal_code, service, preference_version, read_status) VALUES ('$code', 'portos', 0, true)",
			"INSERT INTO io_notify.inbox_state (message_id, fiscal_code) VALUES ('$theirs', '$code')") } @codes),
		"UPDATE io_notify.citizen SET email = '$canary{broken_mail}'", "UPDATE io_notify.citizen SET phone = '$canary{broken_phone}'", "UPDATE io_notify.citizen SET version = 99, email = '$canary{mail}'",
		"UPDATE io_notify.citizen SET language = '$canary{text}!'", "UPDATE io_notify.citizen SET preference_mode = '$canary{text}'", "UPDATE io_notify.citizen SET quiet_from = '10:00', email = '$canary{mail}'",
		"UPDATE io_notify.citizen SET email_enabled = NULL, email = '$canary{mail}'",
		"INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('$own', '$canary{text}', '$canary{text}')",
		"INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('$own', 'webpush', '$canary{text}')", "INSERT INTO io_notify.device (fiscal_code, platform, endpoint) VALUES ('$own', 'fcm', NULL)",
		"INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('$own', 'nowhere', 'email', true)",
		"INSERT INTO io_notify.preference (fiscal_code, service, channel, enabled) VALUES ('$own', 'portos', '$canary{text}', true)",
		"INSERT INTO io_notify.preference (fiscal_code, service, preference_version, channel, enabled) VALUES ('$own', 'portos', 99, 'email', true)",
		"INSERT INTO io_notify.inbox_state (message_id, fiscal_code) VALUES ('$theirs', '$own')"],
	portos_app => [ map { "INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('$_->[0]', '$_->[1]', '$canary{text}', '$canary{text}')" }
		(map { ([ 'portos', $_ ], [ 'other', $_ ], [ 'nowhere', $_ ]) } @codes) ]);

# One session per role: psql goes on after an error.
my %refused;
foreach my $role (qw(portos_app rival_app keeper desk counter app stranger))
{
	local $ENV{PGUSER} = $role;
	my $sql = join '', map { "BEGIN; SET LOCAL io_notify.citizen = '$own'; $_; ROLLBACK;\n" } (map { "SELECT * FROM $_" } @anybody), @{ $plain{$role} // [] };
	my ($code, $out, $error) = $node->psql($db, $sql, on_error_stop => 0);

	$refused{$role} = () = $error =~ /ERROR:/g;
	unlike($error, qr/^LINE \d/m, "$role: the server knows all that is asked for") or diag($error);
}
cmp_ok($refused{stranger}, '>=', @anybody - 3, 'a stranger is refused everything');
cmp_ok($refused{$_}, '>', 30, "$refused{$_} errors of $_") foreach sort keys %refused;
foreach my $value (@codes, $canary{text})
{
	local $ENV{PGUSER} = 'app';
	$node->psql($db, "SET io_notify.citizen = '$value'; SELECT io_notify.citizen_get(); SELECT count(*) FROM io_notify.citizen;", on_error_stop => 0);
}

# --- where it must not be ------------------------------------------------------------
my $log = server_log($node, $from);
cmp_ok(scalar(() = $log =~ /ERROR: /g), '>', 300, 'the log has the errors');
foreach my $name (sort keys %canary)
{
	my @lines = grep { /\Q$canary{$name}\E/ } split /\n/, $log;
	is($lines[0], undef, "the log is without the $name") or diag(join "\n", @lines > 8 ? @lines[ 0 .. 7 ] : @lines);
}
unlike($log, qr/Failing row contains|Key \(/, 'no constraint has printed a row');

$node->stop;
done_testing();
