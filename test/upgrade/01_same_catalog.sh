#!/bin/bash
# However a database came to this version, its catalog is that of a fresh
# install: install() twice, DROP EXTENSION and back, and an update from each
# released version (released/io_notify--A.sql, as it was shipped).  Prints TAP;
# expects PGHOST and the rest to name a server that finds the extension.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0

run() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c 'SET client_min_messages = error' "${@:2}"; }
snapshot() { psql -X -q -v ON_ERROR_STOP=1 -d "$1" -f "$here/snapshot.sql" > "$scratch/$2"; }

ok() { # 0 or 1, name
	number=$((number + 1))
	[ "$1" = 0 ] || printf 'not '
	printf 'ok %d - %s\n' "$number" "$2"
}

same() { # snapshot, name
	local code=0
	diff "$scratch/fresh" "$scratch/$1" > "$scratch/diff" || code=1
	ok $code "$2"
	[ $code = 0 ] || sed 's/^/# /' "$scratch/diff" | head -n 40
}

is() { # got, wanted, name
	local code=0
	[ "$1" = "$2" ] || code=1
	ok $code "$3"
	[ $code = 0 ] || printf '# got %s, wanted %s\n' "$1" "$2"
}

createdb fresh
run fresh -c 'CREATE EXTENSION io_notify' -c 'SELECT io_notify.install()' > /dev/null
snapshot fresh fresh
is "$(grep -c '^relation|io_notify.message|p' "$scratch/fresh")" 1 'the snapshot sees the tables'
is "$(grep -cE '^trigger\|io_notify.message\|(accept|route)\|' "$scratch/fresh")" 2 'and the triggers that accept and route'
is "$(grep -cE '^member\|[a-z ]*table ' "$scratch/fresh" || true)" 0 'no table is a member of the extension'

run fresh -c 'SELECT io_notify.install()' > /dev/null
snapshot fresh again
same again 'install() a second time changes nothing'

run fresh -c "INSERT INTO io_notify.organization (code, name) VALUES ('kept', 'Kept')" \
	-c 'DROP EXTENSION io_notify CASCADE' -c 'CREATE EXTENSION io_notify' -c 'SELECT io_notify.install()' > /dev/null
snapshot fresh back
same back 'DROP EXTENSION, CREATE EXTENSION and install() bring everything back'
is "$(run fresh -c 'SELECT name FROM io_notify.organization')" Kept 'and the rows were there all the time'

for script in "$here"/released/io_notify--*.sql; do
	[ -e "$script" ] || continue
	version=$(basename "$script" .sql)
	version=${version#io_notify--}
	createdb "from_$version"
	run "from_$version" -c "CREATE EXTENSION io_notify VERSION '$version'" -c 'SELECT io_notify.install()' \
		-c 'ALTER EXTENSION io_notify UPDATE' -c 'SELECT io_notify.install()' > /dev/null
	snapshot "from_$version" "from_$version"
	same "from_$version" "an update from $version ends where a fresh install does"
done

printf '1..%d\n' "$number"
