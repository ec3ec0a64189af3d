# tools/common.sh: what the scripts beside it share.  Source it.
# shellcheck shell=bash disable=SC2034

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${PG_CONFIG:-}" ]; then
	PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config
	[ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config || echo "$PG_CONFIG")
fi
export PG_CONFIG

# the system's own Python, which sees the modules apt installed
python=/usr/bin/python3
[ -x "$python" ] || python=python3

say() { printf '%s\n' "${0##*/}: $*" >&2; }
die() {
	say "$*"
	exit 1
}

# PostgreSQL refuses to be root: as root its programs run as this user, and
# everybody else runs them as himself.
server_user=$(id -un)
[ "$(id -u)" != 0 ] || server_user=postgres

as_server() {
	if [ "$(id -un)" = "$server_user" ]; then
		"$@"
	else
		runuser -u "$server_user" -- "$@"
	fi
}

# a TCP port of 127.0.0.1 nobody listens on, below the range of outgoing ones
free_port() {
	local port
	while :; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		if ! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
			printf '%s\n' "$port"
			return
		fi
	done
}
