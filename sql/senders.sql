-- What grant_sender() gives: INSERT, one's own messages and what became of
-- them, and nothing more (test/pgtap/50_access_matrix.sql has all of it).
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_ion_sender;
CREATE ROLE regress_ion_delegate;
CREATE ROLE regress_ion_stranger;
CREATE ROLE regress_ion_operator;
CREATE ROLE regress_ion_analyst;
INSERT INTO io_notify.service (name, organization, state, channels) VALUES
	('mine', 'comune', 'published', '{inbox,email}'), ('theirs', 'comune', 'published', '{inbox}');
SELECT io_notify.grant_sender('regress_ion_sender', 'mine');
SELECT io_notify.grant_sender('regress_ion_stranger', 'theirs');
SELECT io_notify.grant_operator('regress_ion_operator');
SELECT io_notify.grant_analyst('regress_ion_analyst');

SET ROLE regress_ion_sender;
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING id IS NOT NULL;
SELECT io_notify.send('mine', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.')) AS id \gset
SELECT status, deliveries FROM io_notify.message_status WHERE message_id = :'id';
SELECT io_notify.cancel(:'id');
SELECT channel, would_send, address, reason FROM io_notify.route_explain('mine', 'RSSMRA85T10A562S');
INSERT INTO io_notify.message (service, recipient, subject, markdown)
SELECT 'mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.') FROM generate_series(1, 50);

-- PostgreSQL refuses COPY into a table under row level security; the way round
COPY io_notify.message (service, recipient, subject, markdown) FROM STDIN;
\.
BEGIN;
CREATE TEMP TABLE outbox ON COMMIT DROP AS SELECT service, recipient, subject, markdown FROM io_notify.message WHERE false;
COPY outbox FROM STDIN;
mine	RSSMRA85T10A562S	Con COPY, uno	La tua pratica è stata aggiornata: accedi al portale per leggere i dettagli e tutto il resto.
mine	RSSMRA85T10A562S	Con COPY, due	La tua pratica è stata aggiornata: accedi al portale per leggere i dettagli e tutto il resto.
\.
INSERT INTO io_notify.message (service, recipient, subject, markdown) SELECT service, recipient, subject, markdown FROM outbox;
COMMIT;
-- out of it, one's own
COPY (SELECT count(*) FROM io_notify.message WHERE service = 'theirs') TO STDOUT;

-- forged columns
SELECT public.refused($$INSERT INTO io_notify.message (id, service, recipient, subject, markdown) VALUES (io_notify.uuid_v7(), 'mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
SELECT public.refused($$INSERT INTO io_notify.message (created_by, service, recipient, subject, markdown) VALUES ('postgres', 'mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
SELECT public.refused($$INSERT INTO io_notify.message (created_at, service, recipient, subject, markdown) VALUES (now(), 'mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
-- another service, whether it exists or not
SELECT public.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('theirs', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
SELECT public.refused($$SELECT io_notify.send('theirs', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'))$$);
SELECT public.refused($$SELECT * FROM io_notify.route_explain('theirs', 'RSSMRA85T10A562S')$$);
-- a statement that mixes one's own and another's
SELECT public.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES
	('mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')), ('theirs', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
-- bodies, citizens, deliveries, the queue, the registry
SELECT t, public.refused(format('SELECT * FROM io_notify.%I', t))
FROM unnest('{message,delivery,attempt,receipt,queue,citizen,preference,service,service_member,template,organization,device,
	suppression,activation,pause,idempotency,audit_event,audit_seal,installation,provider,message_default,delivery_default}'::text[]) t;
SELECT public.refused('SELECT markdown FROM io_notify.message');
SELECT public.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('mine', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.')) RETURNING markdown$$);
SELECT public.refused('UPDATE io_notify.message SET subject = ''a''');
SELECT public.refused('DELETE FROM io_notify.message');
SELECT public.refused('TRUNCATE io_notify.message');
SELECT public.refused('INSERT INTO io_notify.message_default (service) VALUES (''mine'')');
SELECT public.refused('INSERT INTO io_notify.delivery DEFAULT VALUES');
SELECT public.refused('INSERT INTO io_notify.queue DEFAULT VALUES');
SELECT public.refused('INSERT INTO io_notify.service_member (service, role) VALUES (''theirs'', ''regress_ion_sender'')');
SELECT public.refused('CREATE TRIGGER t AFTER INSERT ON io_notify.message FOR EACH ROW EXECUTE FUNCTION io_notify.notify()');
SELECT public.refused('CREATE TABLE io_notify.mine (a int)');
-- the operators' functions
SELECT f, public.refused('SELECT io_notify.' || f)
FROM unnest(ARRAY['install()', 'adopt()', 'pause(''all'')', 'resume(''all'')', 'grant_sender(''regress_ion_sender'', ''theirs'')',
	'grant_operator(''regress_ion_sender'')', 'grant_analyst(''regress_ion_sender'')', 'requeue(io_notify.uuid_v7())',
	'record_receipt(''a'', ''b'', ''delivered'')']) f;
RESET ROLE;

-- a stranger sees nothing of it, and cannot cancel it
SET ROLE regress_ion_stranger;
SELECT count(*) FROM io_notify.message_status WHERE service = 'mine';
SELECT public.refused(format('SELECT io_notify.cancel(%L)', :'id'));
RESET ROLE;

-- who was it?
SELECT service, created_by, count(*) FROM io_notify.message WHERE service IN ('mine', 'theirs') GROUP BY 1, 2 ORDER BY 1, 2;

-- a delegate is one more member: by the role it belongs to, or by grant
SET ROLE regress_ion_delegate;
SELECT public.refused($$SELECT io_notify.send('mine', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'))$$);
RESET ROLE;
GRANT regress_ion_sender TO regress_ion_delegate;
SET ROLE regress_ion_delegate;
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('mine', 'RSSMRA85T10A562S', 'Per delega', rpad('Testo', 80, '.'));
RESET ROLE;
SELECT created_by, count(*) FROM io_notify.message WHERE subject = 'Per delega' GROUP BY 1;
REVOKE regress_ion_sender FROM regress_ion_delegate;

-- a definer function sends as its owner; a session's role decides elsewhere
CREATE FUNCTION public.send_mine() RETURNS name LANGUAGE sql SECURITY DEFINER AS $$
	INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('mine', 'RSSMRA85T10A562S', 'Dal definitore', rpad('Testo', 80, '.'));
	SELECT created_by FROM io_notify.message_status s JOIN io_notify.message m ON m.id = s.message_id WHERE m.subject = 'Dal definitore';
$$;
SET ROLE regress_ion_stranger;
SELECT public.send_mine() = session_user;
RESET ROLE;
DROP FUNCTION public.send_mine();

-- one's address decides too; the local socket has none
UPDATE io_notify.service SET authorized_cidrs = '{203.0.113.0/24}' WHERE name = 'mine';
SET ROLE regress_ion_sender;
SELECT CASE WHEN inet_client_addr() IS NULL
	THEN public.refused($$SELECT io_notify.send('mine', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'))$$) ELSE 'accepted' END;
RESET ROLE;

-- leaving: membership decides, not the grant that stays
DELETE FROM io_notify.service_member WHERE role = 'regress_ion_sender';
SET ROLE regress_ion_sender;
SELECT public.refused($$SELECT io_notify.send('mine', 'RSSMRA85T10A562S', NULL, subject => 'Oggetto di prova', markdown => rpad('Testo', 80, '.'))$$);
SELECT count(*) FROM io_notify.message_status;
RESET ROLE;

-- operators look, pause, requeue; they read no bodies
SET ROLE regress_ion_operator;
SELECT count(*) > 0 FROM io_notify.delivery;
SELECT public.refused('SELECT subject FROM io_notify.message');
SELECT public.refused('SELECT * FROM io_notify.citizen');
SELECT io_notify.pause('service', 'theirs', 'try');
SELECT io_notify.resume('service', 'theirs');
SELECT io_notify.requeue(message_id) FROM io_notify.delivery WHERE state = 'cancelled';
SELECT count(*) > 0 FROM io_notify.status();
SELECT public.refused('UPDATE io_notify.delivery SET recipient = ''x''');
SELECT public.refused('DELETE FROM io_notify.delivery');
SELECT public.refused('DELETE FROM io_notify.audit_event');
SELECT public.refused('SELECT io_notify.grant_sender(''regress_ion_operator'', ''mine'')');
RESET ROLE;
SELECT actor, kind, subject FROM io_notify.audit_event WHERE kind IN ('pause', 'resume') AND subject = 'service theirs' ORDER BY id;

-- analysts count
SET ROLE regress_ion_analyst;
SELECT count(*) > 0 FROM (SELECT message_id, channel, state, reason FROM io_notify.delivery) d;
SELECT public.refused('SELECT recipient FROM io_notify.delivery');
SELECT public.refused('SELECT address FROM io_notify.delivery');
SELECT public.refused('SELECT id FROM io_notify.message');
SELECT public.refused('SELECT * FROM io_notify.queue');
RESET ROLE;

DROP OWNED BY regress_ion_sender, regress_ion_delegate, regress_ion_stranger, regress_ion_operator, regress_ion_analyst;
DROP ROLE regress_ion_sender, regress_ion_delegate, regress_ion_stranger, regress_ion_operator, regress_ion_analyst;
DROP OWNED BY regress_ion_keeper;
DROP ROLE regress_ion_keeper;
