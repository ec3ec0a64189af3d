-- The life of a service, from the members' and the operators' side: what each
-- step answers, how a wrong one is refused, and what history keeps.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_lc_member;
CREATE ROLE regress_lc_region;
CREATE ROLE regress_lc_operator;
CREATE ROLE regress_lc_stranger;
INSERT INTO io_notify.organization (code, name, fiscal_code) VALUES ('lc_region', 'Regione di Esempio', '15376371009');
INSERT INTO io_notify.organization (code, name, fiscal_code, parent) VALUES ('lc_town', 'Comune di Esempio', '01488650142', 'lc_region');
SELECT io_notify.grant_organization('regress_lc_member', 'lc_town');
SELECT io_notify.grant_organization('regress_lc_region', 'lc_region');
SELECT io_notify.grant_operator('regress_lc_operator');
CREATE FUNCTION public.told(name text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', h.actor, h.kind, h.action, coalesce(h.from_state, '-') || ' > ' || coalesce(h.to_state, '-'), h.reason, h.changes)
	FROM io_notify.service_history h WHERE h.service = told.name ORDER BY h.id
$$;

-- a member writes a draft; what is missing is told at once
SET ROLE regress_lc_member;
SELECT io_notify.service_create('permits', 'lc_town', '{"title": "Permessi"}');
SELECT public.refused($$SELECT io_notify.service_submit('permits')$$);
SELECT io_notify.service_edit('permits', '{"description": "Permessi di sosta", "privacy_url": "https://comune.example.it/privacy", "channels": ["inbox", "email"]}');
SELECT public.refused($$SELECT io_notify.service_submit('permits')$$);
SELECT io_notify.service_edit('permits', '{"authorized_cidrs": ["192.0.2.0/24", "2001:db8::1"], "phone": "800 123 456"}');
SELECT io_notify.service_submit('permits');
-- which is frozen then
SELECT public.refused($$SELECT io_notify.service_edit('permits', '{"title": "Permessi!"}')$$);
SELECT public.refused($$SELECT io_notify.service_delete('permits')$$);
SELECT public.refused($$SELECT io_notify.service_approve('permits')$$);
SELECT io_notify.service_abort('permits');
SELECT io_notify.service_submit('permits');
RESET ROLE;

-- an operator returns it, then approves it
SET ROLE regress_lc_operator;
SELECT public.refused($$SELECT io_notify.service_reject('permits', ' ')$$);
SELECT io_notify.service_reject('permits', 'Il titolo dice troppo poco.');
SELECT public.refused($$SELECT io_notify.service_approve('permits')$$);
RESET ROLE;
SELECT state, reason FROM io_notify.service_draft WHERE service = 'permits';
SET ROLE regress_lc_region;
SELECT public.refused($$SELECT io_notify.service_submit('permits')$$);
SELECT io_notify.service_edit('permits', '{"title": "Permessi di sosta"}');
SELECT io_notify.service_submit('permits');
RESET ROLE;
SET ROLE regress_lc_operator;
SELECT title, state FROM io_notify.service WHERE name = 'permits';
SELECT state, auto_publish FROM io_notify.service_draft WHERE service = 'permits';
SELECT count(*) > 5 FROM io_notify.service_history WHERE service = 'permits';
SELECT io_notify.service_approve('permits');
SELECT public.refused($$SELECT io_notify.service_publish('permits')$$);
RESET ROLE;
SELECT count(*) FROM io_notify.service_draft WHERE service = 'permits';
SET ROLE regress_lc_member;
SELECT io_notify.service_publish('permits');
SELECT io_notify.service_unpublish('permits');
SELECT io_notify.service_publish('permits');

-- in force, it stays in force while it is edited
SELECT io_notify.service_edit('permits', '{"title": "Sosta e permessi", "channels": ["inbox", "email", "sms"]}');
SELECT io_notify.service_edit('permits', '{"channels": ["inbox", "email"], "web_url": "https://comune.example.it/sosta"}');
SELECT io_notify.service_submit('permits');
RESET ROLE;
SELECT state, title, channels, web_url FROM io_notify.service WHERE name = 'permits';
SELECT state, changes FROM io_notify.service_draft WHERE service = 'permits';
SET ROLE regress_lc_operator;
SELECT io_notify.service_approve('permits');
RESET ROLE;
SELECT state, title, channels, web_url FROM io_notify.service WHERE name = 'permits';
-- a draft set back to what is in force is none
SET ROLE regress_lc_member;
SELECT io_notify.service_edit('permits', '{"title": "Altro"}');
SELECT io_notify.service_edit('permits', '{"title": "Sosta e permessi"}');
SELECT public.refused($$SELECT io_notify.service_submit('permits')$$);
RESET ROLE;

-- operators take it out of use, and back
SET ROLE regress_lc_operator;
SELECT io_notify.service_suspend('permits', 'Segnalazioni dei cittadini');
SELECT public.refused($$SELECT io_notify.service_suspend('permits', 'di nuovo')$$);
RESET ROLE;
SET ROLE regress_lc_member;
SELECT public.refused($$SELECT io_notify.service_publish('permits')$$);
SELECT public.refused($$SELECT io_notify.service_reinstate('permits')$$);
RESET ROLE;
SELECT public.refused($$INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('permits', 'RSSMRA85T10A562S', 'Oggetto di prova', rpad('Testo', 80, '.'))$$);
SET ROLE regress_lc_operator;
SELECT io_notify.service_reinstate('permits');
-- what is theirs they set at once; nobody else does
SELECT io_notify.service_edit('permits', '{"capabilities": ["advanced"], "max_payment_amount": 100000, "daily_quota": 500, "authorized_recipients": ["RSSMRA85T10A562S", "VRDGPP70A01H501S"]}');
SELECT public.refused($$SELECT io_notify.service_edit('permits', '{"title": "Ne so di piu"}')$$);
RESET ROLE;
SET ROLE regress_lc_member;
SELECT public.refused($$SELECT io_notify.service_edit('permits', '{"title": "Sosta", "capabilities": ["payee"], "max_payment_amount": 1}')$$);
RESET ROLE;
SET ROLE regress_lc_stranger;
SELECT public.refused($$SELECT io_notify.service_edit('permits', '{"title": "Mio"}')$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', 'nowhere')$$);
SELECT public.refused($$SELECT io_notify.grant_organization('regress_lc_stranger', 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.revoke_sender('regress_lc_member', 'permits')$$);
RESET ROLE;

-- four eyes: whoever wrote it does not approve it, unless he owns the tables
SELECT io_notify.grant_organization('regress_lc_operator', 'lc_town');
SET ROLE regress_lc_operator;
SELECT io_notify.service_edit('permits', '{"title": "Scritto da me"}');
RESET ROLE;
SET ROLE regress_lc_member;
SELECT io_notify.service_submit('permits', auto_publish => true);
RESET ROLE;
SET ROLE regress_lc_operator;
SELECT public.refused($$SELECT io_notify.service_approve('permits')$$);
RESET ROLE;
SELECT io_notify.service_approve('permits');
SELECT io_notify.revoke_organization('regress_lc_operator', 'lc_town');
SELECT io_notify.revoke_organization('regress_lc_operator', 'lc_town');

-- values
SELECT edit, public.refused(format('SELECT io_notify.service_edit(''permits'', %L)', edit)) FROM unnest(ARRAY[
	'[]', '{}', '"x"', '{"name": "other"}', '{"state": "published"}', '{"title": 3}', '{"title": ""}', '{"title": "a\nb"}',
	'{"channels": null}', '{"channels": "inbox"}', '{"channels": [1]}', '{"channels": []}', '{"channels": ["fax"]}', '{"channels": ["inbox", "inbox"]}',
	'{"authorized_cidrs": ["192.0.2.1/24"]}', '{"authorized_cidrs": ["everywhere"]}', '{"privacy_url": "http://comune.example.it"}', '{"logo_url": "logo.png"}',
	'{"email": "ufficio"}', '{"pec": "a b@c.it"}', '{"phone": "chiamateci"}', '{"scope": "regional"}', '{"age_min": 1.5}', '{"age_min": 70, "age_max": 18}',
	'{"age_max": 1000}', '{"default_time_to_live": "soon"}', '{"default_time_to_live": "0"}', '{"default_time_to_live": "367 days"}', '{"language": "italiano"}',
	'{"webhook_url": "ftp://x.it"}', '{"require_secure_channels": "yes"}', '{"organization": "nowhere"}', '{"category": "rare"}', '{"capabilities": ["fly"]}',
	'{"max_payment_amount": 10000000000}', '{"max_payment_amount": 1e30}', '{"daily_quota": 0}', '{"authorized_recipients": ["X"]}', '{"authorized_recipients": [null]}']) edit;
SELECT split_part(public.refused($$SELECT io_notify.service_edit('permits', '{"colour": "red"}')$$), '  hint', 1);
SELECT public.refused($$SELECT io_notify.service_edit('nobody', '{"title": "x"}')$$);
SELECT public.refused($$SELECT io_notify.service_create('permits', 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.service_create('bad name', 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.service_create(NULL, 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', NULL)$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', 'nowhere')$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', 'lc_town', '[]')$$);
SELECT public.refused($$SELECT io_notify.service_create('lc_mine', 'lc_town', '{"channels": ["fax"]}')$$);

-- by hand, too, and without anybody's fiscal code
UPDATE io_notify.service SET state = 'unpublished', title = 'A mano', authorized_recipients = '{RSSMRA85T10A562S}' WHERE name = 'permits';
UPDATE io_notify.service SET title = 'A mano' WHERE name = 'permits';
SET ROLE regress_lc_member;
SELECT io_notify.service_delete('permits');
SELECT public.refused($$SELECT io_notify.service_publish('permits')$$);
RESET ROLE;
SELECT told FROM (SELECT row_number() OVER () AS n, replace(told, current_user, 'OWNER') AS told FROM public.told('permits')) x;
SELECT count(*) FROM io_notify.service_history h WHERE h::text ~ 'RSSMRA|VRDGPP';
SELECT public.refused('UPDATE io_notify.service_history SET actor = ''nobody''');
SELECT public.refused('DELETE FROM io_notify.service_history');
SELECT count(*) = (SELECT count(*) FROM io_notify.service_history WHERE service = 'permits') FROM io_notify.audit_event WHERE kind = 'service' AND subject = 'permits';

-- organizations: one fiscal code or none, and nobody above himself
SELECT code, public.refused(format('UPDATE io_notify.organization SET fiscal_code = %L WHERE code = ''lc_town''', code))
FROM unnest(ARRAY['01488650143', '00000000000', '0148865014', 'IT01488650142', '', '01386780454']) code;
SELECT public.refused($$UPDATE io_notify.organization SET parent = 'lc_town' WHERE code = 'lc_town'$$);
SELECT public.refused($$UPDATE io_notify.organization SET parent = 'lc_town' WHERE code = 'lc_region'$$);
SELECT public.refused($$INSERT INTO io_notify.organization (code, name, parent) VALUES ('lc_a', 'A', 'lc_b'), ('lc_b', 'B', 'lc_a')$$);
SELECT public.refused($$INSERT INTO io_notify.organization (code, name, parent) VALUES ('lc_a', 'A', 'nowhere')$$);
SELECT public.refused($$UPDATE io_notify.organization SET default_language = 'Italian' WHERE code = 'lc_town'$$);

-- a delegate is recorded apart, and leaves like anybody
INSERT INTO io_notify.service (name, organization, state) VALUES ('lc_sent', 'lc_town', 'published');
SELECT io_notify.grant_sender('regress_lc_stranger', 'lc_sent', 'lc_region');
SELECT role, delegate_of FROM io_notify.service_member WHERE service = 'lc_sent';
SELECT public.refused($$SELECT io_notify.grant_sender('regress_lc_member', 'lc_sent', 'nowhere')$$);
SET ROLE regress_lc_stranger;
INSERT INTO io_notify.message (service, recipient, subject, markdown) VALUES ('lc_sent', 'RSSMRA85T10A562S', 'Per conto di un altro', rpad('Testo', 80, '.'));
RESET ROLE;
SELECT io_notify.revoke_sender('regress_lc_stranger', 'lc_sent');
SELECT io_notify.revoke_sender('regress_lc_stranger', 'lc_sent');
SELECT public.refused($$SELECT io_notify.grant_organization('regress_lc_nobody', 'lc_town')$$);
SELECT public.refused($$SELECT io_notify.grant_organization('regress_lc_member', 'nowhere')$$);

-- a role that is gone leaves rows that let nobody in; status() tells of them
SELECT io_notify.grant_sender('regress_lc_stranger', 'lc_sent');
DROP OWNED BY regress_lc_stranger;
DROP ROLE regress_lc_stranger;
SELECT name, count, detail FROM io_notify.status() WHERE name = 'regress_lc_stranger';
SELECT io_notify.revoke_sender('regress_lc_stranger', 'lc_sent');

SELECT io_notify.revoke_organization('regress_lc_member', 'lc_town'), io_notify.revoke_organization('regress_lc_region', 'lc_region');
DELETE FROM io_notify.access WHERE role = 'regress_lc_operator';
DROP OWNED BY regress_lc_member, regress_lc_region, regress_lc_operator;
DROP ROLE regress_lc_member, regress_lc_region, regress_lc_operator;
DROP FUNCTION public.told(text);
