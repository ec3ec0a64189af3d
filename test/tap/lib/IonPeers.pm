# IonPeers: a server with io_notify, and the peers it sends to.
#
#   my $node = IonPeers::server(conf => "...", env => { NAME => 'value' });
#   my $peer = IonPeers::peer('bad_smtp.py', '--mode', 'dot-hang');
#   $peer->{port}, $peer->records, $peer->stop
#
# server() has the extension installed, one organization, and schema t with
# what the scenarios share: t.citizen(...), t.mail(...), t.first_attempt.  A
# peer ends with the test that started it, whatever happens.

package IonPeers;

use strict;
use warnings;

use Encode qw(decode);
use File::Basename qw(dirname);
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $peers_dir = dirname(__FILE__) . '/../../peers';
my $python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
my @running;

# The helpers the scenarios use in SQL.  A fiscal code is made from a number;
# check characters are off (io_notify.check_fiscal_code).
my $helpers = <<'SQL';
CREATE EXTENSION io_notify;
SELECT io_notify.install();
INSERT INTO io_notify.organization (code, name, fiscal_code) VALUES ('comune', 'Comune di Prova', '01488650142');

CREATE SCHEMA t;
CREATE SEQUENCE t.number;

CREATE FUNCTION t.code(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(chr(65 + (n / (26 ^ i)::bigint % 26)::int), '' ORDER BY i DESC) || '80A01H501A'
	FROM generate_series(0, 5) i $$;

CREATE FUNCTION t.service(name text, channels text[], webhook_url text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
	INSERT INTO io_notify.service (name, organization, state, channels, webhook_url, default_time_to_live)
	VALUES (name, 'comune', 'published', channels, webhook_url, '2 days') $$;

-- a verified address is one citizen's
CREATE FUNCTION t.citizen(email text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	WITH new AS (INSERT INTO io_notify.citizen (fiscal_code, email, email_verified, inbox_enabled)
		SELECT t.code(nextval('t.number')), $1, true, true
		WHERE NOT EXISTS (SELECT FROM io_notify.citizen c WHERE lower(c.email) = lower($1)) RETURNING fiscal_code)
	SELECT fiscal_code FROM new UNION ALL SELECT c.fiscal_code FROM io_notify.citizen c WHERE lower(c.email) = lower($1) $$;

CREATE FUNCTION t.send(service text, recipient text, subject text DEFAULT 'Una prova d''invio', markdown text DEFAULT rpad('Testo.', 80, '.')) RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ($1, $2, $3, $4) RETURNING id $$;

-- to an address of its own, through a service of channels inbox and email
CREATE FUNCTION t.mail(email text, subject text DEFAULT 'Una prova d''invio', markdown text DEFAULT rpad('Testo.', 80, '.')) RETURNS uuid LANGUAGE sql AS $$
	SELECT t.send('posta', t.citizen(email), subject, markdown) $$;

CREATE VIEW t.attempt AS
	SELECT a.message_id, a.seq, a.n, d.channel, d.address, a.provider, a.outcome, a.code, a.detail, d.state, d.reason, d.attempts,
		   a.started_at, a.finished_at, d.next_attempt_at, d.provider_ref
	FROM io_notify.attempt a JOIN io_notify.delivery d USING (message_id, seq);
SQL

# A running server; conf is added to its configuration, env to its environment.
sub server
{
	my (%option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($option{name} // 'main');

	$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
	$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'io_notify'
io_notify.check_fiscal_code = off
log_statement = none
max_connections = 20
CONF
	$node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
	{
		local %ENV = (%ENV, %{ $option{env} // {} });
		$node->start;
	}
	$node->safe_psql('postgres', $helpers);
	return $node;
}

# Start test/peers/SCRIPT on a free port and wait until it listens.
sub peer
{
	my ($script, @arguments) = @_;
	my $record = sprintf '%s/%s.%d.jsonl', PostgreSQL::Test::Utils::tempdir_short(), $script, scalar @running;
	my $self = bless { script => $script, record => $record, owner => $$ }, __PACKAGE__;

	pipe(my $reader, my $writer) or die "pipe: $!";
	$self->{pid} = fork() // die "fork: $!";
	if ($self->{pid} == 0)
	{
		open STDOUT, '>&', $writer;
		close $reader;
		exec { $python } $python, "$peers_dir/$script", '--record', $record, @arguments or POSIX::_exit(127);
	}
	close $writer;
	push @running, $self;
	$self->{port} = <$reader>;
	die "$script @arguments did not start" unless defined $self->{port};
	chomp $self->{port};
	return $self;
}

# What a peer recorded, a list of hashes; with a name, of that event only.
sub records
{
	my ($self, $event) = @_;

	return () unless -e $self->{record};
	open my $file, '<', $self->{record} or die "$self->{record}: $!";
	my @records = map { decode_json($_) } grep { /\n\z/ } <$file>;
	return grep { !defined $event || $_->{event} eq $event } @records;
}

sub stop
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	kill 'TERM', $self->{pid};
	for (1 .. 40)
	{
		last if waitpid($self->{pid}, 1) != 0;
		sleep 0.05;
		kill 'KILL', $self->{pid} if $_ == 30;
	}
	$self->{pid} = 0;
	return;
}

END
{
	my $code = $?;
	$_->stop for @running;
	$? = $code;
}

# Ask until the answer is true, at most $seconds; returns it, or false.
sub wait_for
{
	my ($seconds, $ask) = @_;
	my $end = time + $seconds;

	while (1)
	{
		my $answer = $ask->();
		return $answer if $answer || time > $end;
		sleep 0.03;
	}
}

# The query's answer as soon as it is as expected; a failed test otherwise.
sub eventually_is
{
	my ($node, $query, $expected, $name, $seconds) = @_;
	my $answer;

	wait_for($seconds // 10, sub { ($answer = $node->safe_psql('postgres', $query)) eq $expected });
	return is($answer, $expected, $name);
}

# A query's rows as lists of fields, and one row as a hash (through JSON).
sub rows
{
	my ($node, $query) = @_;

	return map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', $query);
}

sub hashes
{
	my ($node, $query) = @_;
	my $json = $node->safe_psql('postgres', "SELECT coalesce(json_agg(r), '[]') FROM ($query) r");

	return @{ decode_json($json) };
}

# Crashed or killed processes show here; so does an assertion.  A worker may
# end by exit code 1 when the server is told to stop.
sub log_is_clean
{
	my ($node, @allowed) = @_;
	my $log = decode('UTF-8', slurp_file($node->logfile));
	my ($before, $after) = split /received fast shutdown request/, $log;
	my @bad = grep { my $line = $_; !grep { $line =~ $_ } @allowed }
	  grep { /\b(?:PANIC|FATAL|TRAP|terminated by signal|exited with exit code [1-9])\b|\] (?:\S+ )?WARNING/ } split /\n/,
	  $before . ($after // '') =~ s/.*exited with exit code 1$//mgr;

	return is(join("\n", @bad), '', 'no worker crashed and the log is quiet');
}

# A port of 127.0.0.1 where nobody listens.
sub closed_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";

	return $socket->sockport;
}

# A certificate authority and three certificates it signed, as PEM files in a
# folder: server (localhost, 127.0.0.1), expired, wrong_name.  Returns the folder.
sub certificates
{
	my $folder = PostgreSQL::Test::Utils::tempdir_short() . '/tls';
	my %subjects = (
		server     => [ 'localhost', 'DNS:localhost,IP:127.0.0.1', '20991231235959Z' ],
		expired    => [ 'localhost', 'DNS:localhost,IP:127.0.0.1', '20200201000000Z' ],
		wrong_name => [ 'other.example', 'DNS:other.example', '20991231235959Z' ]);
	my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes);
	my $openssl = sub {
		my $output = '';
		IPC::Run::run([ 'openssl', @_ ], '<', \undef, '>&', \$output) or die "openssl @_: $output";
	};

	mkdir $folder or die "$folder: $!";
	append_to_file("$folder/$_->[0]", $_->[1]) for [ 'index.txt', '' ], [ 'serial', "01\n" ], [ 'ca.cnf', <<"CONF" ];
[ca]
default_ca = tests
[tests]
database = $folder/index.txt
serial = $folder/serial
new_certs_dir = $folder
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
CONF
	$openssl->(qw(req -x509), @key, qw(-subj /CN=TestCA -days 3650 -keyout), "$folder/ca.key", '-out', "$folder/ca.pem");
	for my $name (sort keys %subjects)
	{
		my ($common, $alternative, $last) = @{ $subjects{$name} };

		$openssl->('req', '-new', @key, '-subj', "/CN=$common", '-addext', "subjectAltName=$alternative",
			'-keyout', "$folder/$name.key", '-out', "$folder/$name.csr");
		$openssl->(qw(ca -batch -notext -config), "$folder/ca.cnf", '-cert', "$folder/ca.pem", '-keyfile', "$folder/ca.key",
			'-startdate', '20200101000000Z', '-enddate', $last, '-in', "$folder/$name.csr", '-out', "$folder/$name.pem");
	}
	return $folder;
}

# The mails in mailboxes of a Postfix fixture (by IMAP: they belong to another
# user), each once there are as many as said and a moment passed in which more
# would have come: a hash of lists of parsed mails by address.
sub mailboxes
{
	my ($postfix, %count) = @_;
	my $answer = python(<<'PYTHON', encode_json([ $postfix->{ports}{imap}, $postfix->{password}, \%count ]));
import email, email.policy, imaplib, json, sys, time
port, password, counts = json.load(sys.stdin)
end = time.monotonic() + 10

def numbers(address):
    box = imaplib.IMAP4("127.0.0.1", port)
    box.login(address, password)
    box.select("INBOX", readonly=True)
    return box, box.search(None, "ALL")[1][0].split()

def content(part):
    return part.get_content().replace("\r\n", "\n")

def parsed(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}
    text, html, calendar = (parts.get("text/" + kind) for kind in ("plain", "html", "calendar"))
    return {
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "names": [name.lower() for name in mail.keys()],
        "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses],
        "to": [[a.display_name, a.addr_spec] for a in mail["To"].addresses],
        "types": [part.get_content_type() for part in mail.walk()],
        "text": text and content(text), "html": html and content(html), "calendar": calendar and content(calendar),
        "calendar_type": calendar and str(calendar["Content-Type"]),
        "defects": [str(d) for part in mail.walk() for d in part.defects + [d for value in part.values() for d in value.defects]],
        "longest": max(map(len, raw.split(b"\r\n"))), "ascii": raw.isascii()}

for address, count in counts.items():
    while len(numbers(address)[1]) < count and time.monotonic() < end:
        time.sleep(0.1)
if any(counts.values()):
    time.sleep(0.2)
mails = {}
for address in counts:
    box, found = numbers(address)
    mails[address] = [parsed(box.fetch(number, "(BODY.PEEK[])")[1][0][1]) for number in found]
    box.logout()
print(json.dumps(mails))
PYTHON
	return %{ decode_json($answer) };
}

sub mailbox
{
	my ($postfix, $address, $count) = @_;
	my %mails = mailboxes($postfix, $address => $count);

	return @{ $mails{$address} };
}

# Programs of Python's standard library do what Perl lacks: mail, HMAC.
sub python
{
	my ($program, $input) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ $python, '-c', $program ], '<', \$input, '>', \$out, '2>', \$err) or die "python3: $err";
	return $out;
}

1;
