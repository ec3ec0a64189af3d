#!/bin/bash
# Includes point down: a file may include its own folder and lower layers only,
# and what belongs to one layer (libcurl, SPI, version tests) stays in it.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0

complain() { # rule, then the offending lines on standard input
	local lines
	lines=$(cat)
	if [ -n "$lines" ]; then
		printf '%s:\n%s\n' "$1" "$lines"
		return 1
	fi
}

# only_in PATTERN FOLDER...: PATTERN may stand in these folders of src alone
only_in() {
	local pattern=$1 folder args=()
	shift
	for folder in "$@"; do args+=(--exclude-dir="$folder"); done
	grep -rnE --include='*.[ch]' "${args[@]}" "$pattern" src || true
}

find src -name '*.[ch]' -exec grep -HE '^#include "' {} + | sed -E 's|^src/||; s|:#include "([^"]*)".*| \1|' |
	awk '
		BEGIN {
			n = split("compat:1 base:1 render:2 net:2 crypto:2 queue:2 channel:3 intake:4 worker:4 sqlapi:5", layer, " ")
			for (i = 1; i <= n; i++) {
				split(layer[i], part, ":")
				rank[part[1]] = part[2]
			}
		}
		function folder(path) { return path ~ "/" ? substr(path, 1, index(path, "/") - 1) : "" }
		{
			from = folder($1)
			to = folder($2)
			if (!(to in rank) || from == to || from == "")
				next                  # the server'"'"'s headers, io_notify.h, io_notify.c
			if (!(from in rank))
				print "  src/" $1 " lies in no layer"
			else if (rank[to] > rank[from] || (rank[to] == rank[from] && rank[to] > 1))   # compat and base are the bottom together
				print "  src/" $1 " includes " $2
		}' | complain 'an include points up or sideways' || bad=1

only_in '#include <curl/' net channel | complain 'libcurl outside net/ and channel/' || bad=1
only_in '#include "executor/spi.h"' queue intake sqlapi | complain 'SPI outside queue/, intake/ and sqlapi/' || bad=1
only_in 'PG_VERSION_NUM' compat | complain 'a version test outside compat/' || bad=1
{ grep -rnE --include='*.c' '\b(ereport|elog) ?\(' src/render src/crypto || true; } | complain 'an error report in pure code' || bad=1
find src -name '*.c' -printf '%f\n' | sort | uniq -d | complain 'the same file name twice' || bad=1
exit $bad
