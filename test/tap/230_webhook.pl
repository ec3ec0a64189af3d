# What a webhook looks like on the wire: the document, the headers of Standard
# Webhooks checked by another implementation, identity across retries, rotation
# of secrets; and the generic HTTP provider with hostile values in every format.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/lib";
use IonPeers;
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

my $node = IonPeers::server(name => 'webhook');
my $peer = IonPeers::peer('bad_http.py');
my $url = "http://127.0.0.1:$peer->{port}";
my ($old, $new) = map { 'whsec_' . encode_base64($_ x 32, '') } 'o', 'n';

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

# the requests the peer saw on a path
sub requests
{
	my ($path) = @_;
	return grep { $_->{path} =~ /^\Q$path\E(?:[?\/]|$)/ } $peer->records;
}

# Send one message and return its requests once its delivery has this state.
sub sent
{
	my ($path, $state, %message) = @_;
	my $names = join ', ', sort keys %message;
	my $values = join ', ', map { defined $message{$_} ? "'" . ($message{$_} =~ s/'/''/gr) . "'" : 'NULL' } sort keys %message;
	my $id = sql("INSERT INTO io_notify.message ($names) VALUES ($values) RETURNING id") =~ s/\n.*//sr;

	IonPeers::eventually_is($node, "SELECT state FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'webhook'", $state, "$path: $state");
	return ($id, grep { ($_->{headers}{'webhook-id'} // '') =~ /^$id\./ } requests($path));
}

# An implementation of the standard that shares no line with ours.
sub signatures
{
	my ($request, @secrets) = @_;
	my $h = $request->{headers};

	return IonPeers::python(<<'PYTHON', encode_json([ $h->{'webhook-id'}, $h->{'webhook-timestamp'}, $request->{body}, @secrets ]));
import base64, hashlib, hmac, json, sys
identity, stamp, body, *secrets = json.load(sys.stdin)
signed = f"{identity}.{stamp}.".encode() + body.encode()
print(" ".join("v1," + base64.b64encode(hmac.new(base64.b64decode(s.removeprefix("whsec_")), signed, hashlib.sha256).digest()).decode() for s in secrets), end="")
PYTHON
}

my $subject = 'Perché «così» — 😀 & <b>"x"</b> \\';
my $markdown = "Riga *uno*\n\nriga **due** \\ \"citata\" \x{2028} e poi altre parole, quante ne servono a un messaggio: fine\t.";
my $citizen = sql(<<"SQL") =~ s/\s//gr;
CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url '$url/ok/provider',
	allow_private_network 'on', retry_schedule '1200 ms, 200 ms, 1 h');
CREATE USER MAPPING FOR PUBLIC SERVER hook OPTIONS (secret '$old');
SELECT t.service('comune', '{inbox,webhook}');
SELECT t.service('suo', '{inbox,webhook}', '$url/ok/service');
SELECT t.service('ritenta', '{inbox,webhook}', '$url/script/status:503,reset-after,ok');
SELECT t.citizen();
SQL
my %message = (service => 'comune', recipient => $citizen, subject => $subject, markdown => $markdown);

# --- the document -------------------------------------------------------------
my ($id, $request, @more) = sent('/ok/provider', 'sent', %message, reference => 'rif/1', priority => 'emergency',
	due_date => '2031-05-06 07:08:09+00', language => 'it');
is(scalar @more, 0, 'one request');
is($request->{method}, 'POST', 'POST');
my $document = decode_json(encode('UTF-8', $request->{body}));
my $created = sql("SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM io_notify.message WHERE id = '$id'");
is_deeply($document, {
	type => 'message', timestamp => $created,
	data => {
		message_id => $id, service => 'comune', recipient => $citizen, reference => 'rif/1', priority => 'emergency',
		language => 'it', subject => $subject, markdown => $markdown, due_date => '2031-05-06T07:08:09Z' } }, 'the document');

# --- headers and signature -------------------------------------------------------
my $h = $request->{headers};
my $seq = sql("SELECT seq FROM io_notify.delivery WHERE message_id = '$id' AND channel = 'webhook'");
is($h->{'webhook-id'}, "$id.$seq", 'webhook-id is the delivery');
cmp_ok(abs($h->{'webhook-timestamp'} - time), '<', 20, 'webhook-timestamp is the time of sending');
is($h->{'content-type'}, 'application/json', 'Content-Type');
is($h->{'webhook-signature'}, signatures($request, $old), 'the signature is what Standard Webhooks says');
is($h->{expect}, undef, 'no round trip for 100-continue');
unlike(lc encode_json($h), qr/$citizen/i, 'no header names the citizen');

# --- the service's own URL ----------------------------------------------------------
(undef, $request, @more) = sent('/ok/service', 'sent', %message, service => 'suo');
is(scalar @more, 0, 'webhook_url: the service\'s endpoint gets it');
is($request->{headers}{'webhook-signature'}, signatures($request, $old), 'webhook_url: signed');
is(scalar requests('/ok/provider'), 1, 'webhook_url: and the provider\'s does not');

# --- identity across retries ----------------------------------------------------------
($id, my @tries) = sent('/script', 'sent', %message, service => 'ritenta');
is(scalar @tries, 3, 'refused, lost, accepted: three requests');
is(sql("SELECT string_agg(outcome, ' ' ORDER BY n) FROM io_notify.attempt WHERE message_id = '$id'"), 'transient unknown accepted', 'three attempts');
my %ids = map { $_->{headers}{'webhook-id'} => 1 } @tries;
is(scalar keys %ids, 1, 'with the same webhook-id');
my %bodies = map { $_->{body} => 1 } @tries;
is(scalar keys %bodies, 1, 'and the same document');
cmp_ok($tries[1]{headers}{'webhook-timestamp'}, '>', $tries[0]{headers}{'webhook-timestamp'}, 'but a new timestamp');
is($_->{headers}{'webhook-signature'}, signatures($_, $old), 'and a signature that fits it') for @tries;

# --- rotation, and none ---------------------------------------------------------------
sql("ALTER USER MAPPING FOR PUBLIC SERVER hook OPTIONS (SET secret '$new $old')");
(undef, $request) = sent('/ok/provider', 'sent', %message);
is($request->{headers}{'webhook-signature'}, signatures($request, $new, $old), 'two secrets, two signatures, the newer first');
sql("ALTER USER MAPPING FOR PUBLIC SERVER hook OPTIONS (SET secret '$new')");
(undef, $request) = sent('/ok/provider', 'sent', %message);
is($request->{headers}{'webhook-signature'}, signatures($request, $new), 'then the new one alone');
my $unsigned = "SELECT count(*) FROM io_notify.status() WHERE item = 'advice' AND detail LIKE '%unsigned%'";
is(sql($unsigned), 0, 'status() has nothing to say about signatures');

my $secret_file = PostgreSQL::Test::Utils::tempdir() . '/secret';
PostgreSQL::Test::Utils::append_to_file($secret_file, "$old\n");
sql("ALTER USER MAPPING FOR PUBLIC SERVER hook OPTIONS (DROP secret, ADD secret_file '$secret_file')");
(undef, $request) = sent('/ok/provider', 'sent', %message);
is($request->{headers}{'webhook-signature'}, signatures($request, $old), 'secret_file: the secret is read from the file');

sql('DROP USER MAPPING FOR PUBLIC SERVER hook');
(undef, $request) = sent('/ok/provider', 'sent', %message);
is($request->{headers}{'webhook-signature'}, undef, 'no secret, no signature');
is($request->{headers}{'webhook-id'} ? 1 : 0, 1, 'but an id');
is(sql($unsigned), 1, 'and status() says so');

# --- the generic provider ----------------------------------------------------------------
my %hostile = (subject => "a\"b'c&d=e+f%20 \\g/h?i#j<k> {{token}} ñ€😀",
	markdown => "Prima riga\nseconda & \"terza\" = 100% + è [x](https://x.example/?a=1&b=2) e altro ancora fino in fondo");
my $text = "Prima riga";

sub provider
{
	my ($path, %option) = @_;
	my $options = join ', ', map { "$_ '" . ($option{$_} =~ s/'/''/gr) . "'" } sort keys %option;

	sql("DROP SERVER hook CASCADE");
	sql("CREATE SERVER hook FOREIGN DATA WRAPPER io_notify OPTIONS (transport 'http', channel 'webhook', url '$url$path', allow_private_network 'on', $options)");
	sql("CREATE USER MAPPING FOR PUBLIC SERVER hook OPTIONS (token 'gettone-segreto', user 'utente', password 'pass&parola')");
	return;
}

my $fields = '{"a": "{{subject}}", "testo": "{{text}}", "chi & come": "{{recipient}}", "password": "{{password}}", "fisso": "x=y&z"}';
my %expected = (a => $hostile{subject}, 'chi & come' => $citizen, password => 'pass&parola', fisso => 'x=y&z');

provider('/ok/json', method => 'PUT', format => 'json',
	body => '{"a": "{{subject}}", "annidato": [{"m": "{{markdown}}", "id": "{{id}}"}], "n": 1}',
	headers => '{"X-Gettone": "{{token}}", "X-Riferimento": "{{reference}}", "X-Oggetto": "{{subject}}"}');
($id, $request) = sent('/ok/json', 'sent', %message, %hostile, reference => 'rif & 1');
is($request->{method}, 'PUT', 'json: PUT');
is($request->{headers}{'content-type'}, 'application/json', 'json: Content-Type');
is_deeply(decode_json(encode('UTF-8', $request->{body})),
	{ a => $hostile{subject}, annidato => [ { m => $hostile{markdown}, id => $request->{headers}{'webhook-id'} } ], n => 1 }, 'json: hostile values stay values');
is($request->{headers}{'x-gettone'}, 'gettone-segreto', 'headers: {{token}}');
is($request->{headers}{'x-riferimento'}, 'rif & 1', 'headers: another placeholder');
like($request->{headers}{'x-oggetto'}, qr/\{\{token\}\}/, 'headers: a value is not a template');
unlike($request->{body}, qr/gettone-segreto/, 'json: a value is not a template');

provider('/ok/form', format => 'form', body => $fields);
(undef, $request) = sent('/ok/form', 'sent', %message, %hostile);
is($request->{method}, 'POST', 'form: POST');
is($request->{headers}{'content-type'}, 'application/x-www-form-urlencoded', 'form: Content-Type');
check_fields('form', $request->{body});

provider('/ok/query?fisso0=1', method => 'GET', format => 'query', body => $fields);
(undef, $request) = sent('/ok/query', 'sent', %message, %hostile);
is($request->{method}, 'GET', 'query: GET');
is($request->{body}, '', 'query: no body');
$expected{fisso0} = '1';
check_fields('query', $request->{path} =~ s/^[^?]*\?//r);

provider('/ok/put-query', method => 'PUT', format => 'query', body => '{"a": "{{subject}}"}');
(undef, $request) = sent('/ok/put-query', 'sent', %message, %hostile);
is("$request->{method} $request->{body}", 'PUT ', 'query: PUT without a body');

# a line break in a header's value would be a header of the sender's own
provider('/ok/lines', format => 'json', body => '{}', headers => '{"X-Corpo": "{{markdown}}"}');
(undef, $request) = sent('/ok/lines', 'sent', %message, markdown => "uno\r\nX-Evil: 1\n\nGET / HTTP/1.1" . "\r\nX-Lungo: 1" x 6);
is($request->{headers}{'x-evil'}, undef, 'headers: a line break in a value ends no header');
is(scalar requests('/ok/lines'), 1, 'headers: nor the request');

# credentials are for the provider's host: a service's own end point elsewhere
# gets none of them
my $elsewhere = IonPeers::peer('bad_http.py');
provider('/ok/cred', format => 'json', body => '{"a": "{{subject}}"}');
(undef, $request) = sent('/ok/cred', 'sent', %message);
is($request->{headers}{authorization}, 'Bearer gettone-segreto', 'a token is sent as Bearer');
(undef, $request) = sent('/ok/service', 'sent', %message, service => 'suo');
is($request->{headers}{authorization}, 'Bearer gettone-segreto', 'also to a service\'s own URL of the same host');
sql("SELECT t.service('altrove', '{inbox,webhook}', 'http://127.0.0.1:$elsewhere->{port}/ok')");
sent('elsewhere', 'sent', %message, service => 'altrove');
is_deeply([ map { $_->{headers}{authorization} } $elsewhere->records ], [undef], 'but not to one elsewhere');
provider('/ok/basic', format => 'json', body => '{"a": "{{subject}}"}');
sql("ALTER USER MAPPING FOR PUBLIC SERVER hook OPTIONS (DROP token)");
(undef, $request) = sent('/ok/basic', 'sent', %message);
is($request->{headers}{authorization}, 'Basic ' . encode_base64('utente:pass&parola', ''), 'user and password are sent as Basic');

my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
unlike($log, qr/gettone-segreto|parola|whsec_/, 'no secret in the log');
is(sql("SELECT count(*) FROM io_notify.attempt WHERE detail ~ 'gettone|parola|whsec'"), 0, 'nor in an attempt');
$node->stop;
IonPeers::log_is_clean($node);

done_testing();

# A form's fields as Python's parser reads them.
sub check_fields
{
	my ($format, $encoded) = @_;
	my $got = decode_json(IonPeers::python('import json, sys, urllib.parse as u; print(json.dumps(dict(u.parse_qsl(sys.stdin.read(), keep_blank_values=True, strict_parsing=True))))', $encoded));

	like(delete $got->{testo}, qr/^\Q$text\E.*100% \+ è/s, "$format: the plain text");
	return is_deeply($got, \%expected, "$format: hostile values stay values");
}
