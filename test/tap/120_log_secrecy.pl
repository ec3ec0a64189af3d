# 120_log_secrecy.pl: after a mixture of failures, with the server's log as
# talkative as it gets, neither credentials nor personal data are in it, and
# credentials are in no table or view either.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IonTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $tmp = PostgreSQL::Test::Utils::tempdir('secrecy');
system_or_bail('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
	'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', "$tmp/key.pem", '-out', "$tmp/cert.pem");

my $db = 'postgres';
my $http = bad_http();
my $refusing = _smtp('--auth', 'someone:else');
my $relay = _smtp('--auth', 'ufficio:CanaryPassword');
my $node = new_cluster('log_secrecy');

sub _smtp
{
	return IonTest::_start_peer('', "$FindBin::Bin/../peers/bad_smtp.py", '--cert', "$tmp/cert.pem", '--key', "$tmp/key.pem", @_);
}

# Put in quietly: what an administrator types is his own affair.
my %canary = (
	password => 'CanaryPassword', token => 'CanaryToken', secret => 'whsec_Q2FuYXJ5U2VjcmV0Q2FuYXJ5U2VjcmV0',
	mailbox => 'canary.box', recipient => 'RSSMRA85T10A562S', wrong_code => 'RSSMRA85T10A562X',
	subject => 'CanarySubject', body => 'CanaryBody', param => 'CanaryParam', phone => '+393331234567', file => 'CanaryFile');
append_to_file("$tmp/password", 'CanaryFile');
chmod 0600, "$tmp/password";
install_notify($node, $db);
register_service($node, $db, channels => '{inbox,email,webhook}');
$node->safe_psql($db, qq{
	UPDATE io_notify.citizen SET email = 'rcpt-550+$canary{mailbox}\@citizens.test', email_verified = true, phone = '$canary{phone}';
	UPDATE io_notify.service SET explicit_addresses = true;
	INSERT INTO io_notify.template (name, subject, markdown) VALUES ('practice', '{{n}}', 'Pratica {{n}}');
	CREATE ROLE portos_app LOGIN;
	SELECT io_notify.grant_sender('portos_app', 'portos');});
email_provider($node, $db, 'relay', $relay->{port}, tls => 'required', ca_file => "$tmp/cert.pem", priority => 1);
email_provider($node, $db, 'refusing', $refusing->{port}, tls => 'required', ca_file => "$tmp/cert.pem");
webhook_provider($node, $db, 'app', $http->{port}, path => '/script/status:500,close-after-request,status:400', retry_schedule => '100 ms, 100 ms');
$node->safe_psql($db, qq{
	CREATE USER MAPPING FOR PUBLIC SERVER relay OPTIONS (user 'ufficio', password '$canary{password}');
	CREATE USER MAPPING FOR PUBLIC SERVER refusing OPTIONS (user 'ufficio', password_file '$tmp/password');
	ALTER USER MAPPING FOR PUBLIC SERVER app OPTIONS (SET secret '$canary{secret}', ADD token '$canary{token}');});

$node->append_conf('postgresql.conf', join "\n", 'log_min_messages = debug2', 'log_error_verbosity = verbose',
	'log_min_error_statement = error', 'log_parameter_max_length_on_error = -1', 'log_lock_waits = on', '');
$node->restart;

# --- what senders do wrong
my $columns = 'INSERT INTO io_notify.message (service, recipient, subject, markdown';
my $body = "$canary{body} " . 'x' x 80;
my $good = "VALUES ('portos', '$canary{recipient}', '$canary{subject}', '$body'";
my @refused = (
	"$columns) VALUES ('portos', '$canary{wrong_code}', '$canary{subject}', '$body')",
	"$columns) VALUES ('portos', '$canary{recipient}', E'$canary{subject}\\nBcc: x', '$body')",
	"$columns) VALUES ('portos', '$canary{recipient}', '$canary{subject}', '$canary{body}')",
	"$columns) VALUES ('nobody', '$canary{recipient}', '$canary{subject}', '$body')",
	"$columns, email) $good, E'$canary{mailbox}\\r\\n\@x')",
	"$columns, phone) $good, '$canary{phone}0000000000000000000')",
	"$columns, payment_amount) $good, -1)",
	"$columns, time_to_live) $good, '-1 s')",
	"$columns, template, params) $good, 'practice', '{\"n\": \"$canary{param}\"}')",
	"INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('portos', '$canary{recipient}', 'practice', '[\"$canary{param}\"]')",
	"INSERT INTO io_notify.message (service, recipient, template, params) VALUES ('portos', '$canary{recipient}', 'missing', '{\"n\": \"$canary{param}\"}')",
	"SELECT io_notify.send('portos', '$canary{wrong_code}', 'practice', '{\"n\": \"$canary{param}\"}')",
	"SELECT io_notify.service_edit('portos', '{\"authorized_recipients\": [\"$canary{wrong_code}\"]}')",
	"DO \$\$ BEGIN PERFORM io_notify.service_edit('portos', '{\"title\": \"$canary{param}\"}'); END \$\$");
my $failed = 0;
{
	local $ENV{PGUSER} = 'portos_app';
	foreach my $sql (@refused)
	{
		my ($code) = $node->psql($db, $sql, on_error_stop => 1);
		$failed++ if $code == 3;
	}
}
is($failed, scalar @refused, 'every bad statement was refused');

# --- what providers, crashes and broken tables do
my ($id) = send_messages($node, $db, 1, subject => "'$canary{subject}'", markdown => "'$body'");
ok(eventually(sub { value($node, $db, "SELECT string_agg(state, ' ' ORDER BY channel) FROM io_notify.delivery WHERE message_id = '$id' AND channel <> 'inbox'") eq 'failed failed' }),
	'the relay knows no such user, the endpoint wants no such document');
like(value($node, $db, "SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome) FROM io_notify.attempt"), qr/^permanent provider_fault transient unknown$/,
	'by way of every kind of outcome');

$node->safe_psql($db, q{ALTER SERVER app OPTIONS (SET url 'http://127.0.0.1:} . $http->{port} . q{/hang', ADD timeout '2 s')});
send_messages($node, $db, 3, subject => "'$canary{subject}'", markdown => "'$body'");
ok(eventually(sub { grep { $_->{path} eq '/hang' } peer_requests($http) }), 'something is under way');
like((peer_requests($http))[-1]->{headers}{authorization}, qr/\Q$canary{token}\E/, 'with its credentials');
my ($pid) = dispatcher_pids($node);
kill 'KILL', $pid;
ok(eventually(sub { !kill(0, $pid) && ($node->psql($db, 'SELECT 1'))[0] == 0 }), 'when the dispatcher is killed');
$node->safe_psql($db, q{ALTER SERVER app OPTIONS (SET url 'http://127.0.0.1:} . $http->{port} . q{/ok'); ALTER TABLE io_notify.attempt ADD CONSTRAINT broken CHECK (outcome = 'impossible') NOT VALID});
ok(eventually(sub { server_log($node) =~ /violates check constraint "broken"/ }, 15), 'a table that refuses what is to be recorded is logged');
$node->safe_psql($db, 'ALTER TABLE io_notify.attempt DROP CONSTRAINT broken');
ok(drained($node, $db, 40), 'and everything ends');

# --- where they must not be
my $log = server_log($node);
foreach my $name (sort keys %canary)
{
	my ($line) = grep { /\Q$canary{$name}\E/ && !/STATEMENT:  (ALTER|CREATE)/ } split /\n/, $log;
	is($line, undef, "the log is without the $name");
}
my $shown = join "\n", map { value($node, $db, "SELECT coalesce(string_agg(x::text, chr(10)), '') FROM $_ x") }
  'io_notify.provider', 'io_notify.status()', 'io_notify.attempt', 'io_notify.audit_event', 'pg_stat_activity', 'io_notify._workers()', 'pg_settings';
foreach my $name (qw(password token secret file))
{
	unlike($shown, qr/\Q$canary{$name}\E/, "no view or table shows the $name");
}
unlike(slurp_file('/proc/' . (dispatcher_pids($node))[0] . '/cmdline'), qr/Canary/, 'nor does ps');

$node->stop;
done_testing();
