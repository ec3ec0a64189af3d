#!/bin/bash
# The Makefile's lists name every file there is, and no other.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0

compare() { # VARIABLE: what the Makefile lists against what standard input has
	local difference
	difference=$(diff <(make -s "print-$1" | tr ' ' '\n' | sed '/^$/d' | sort) <(sort) | sed -n "s/^</  listed, not there:/p; s/^>/  there, not listed:/p" || true)
	if [ -n "$difference" ]; then
		printf '%s\n%s\n' "$1" "$difference"
		return 1
	fi
}

names() { find "$1" -maxdepth 1 -name "*.$2" -printf '%f\n' 2> /dev/null | sed "s/\.$2\$//" || true; }

find src -name '*.c' -printf '%P\n' | sed 's/\.c$//' | compare SOURCES || bad=1
names sql/schema sql | compare SQL_SCHEMA || bad=1
names sql/install sql | compare SQL_INSTALL || bad=1
names sql/update sql | compare UPDATES || bad=1
names sql sql | compare REGRESS || bad=1
names expected out | sed -E 's/_[0-9]$//' | sort -u | compare REGRESS || bad=1
names test/isolation/specs spec | compare ISOLATION || bad=1
exit $bad
