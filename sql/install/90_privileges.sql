-- What is for operators only.  Functions that read tables run as their
-- caller, so the tables' grants hold too.

REVOKE ALL ON FUNCTION io_notify.install(), io_notify.adopt(),
	io_notify.grant_sender(name, text), io_notify.grant_operator(name), io_notify.grant_analyst(name),
	io_notify.grant_app(name), io_notify.revoke_app(name),
	io_notify._wake(), io_notify._make_partitions(integer) FROM PUBLIC;
