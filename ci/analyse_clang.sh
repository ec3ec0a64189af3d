#!/bin/bash
# clang-tidy, with the static analyser's checks, over src/.  A finding fails.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-tidy > /dev/null; then
	echo 'clang-tidy is not installed: tools/setup lint'
	exit 77
fi
flags="$(make -s print-PG_CPPFLAGS) -std=gnu11 -D_GNU_SOURCE"
export flags
# left out: what calls every memcpy insecure, and matters of taste
export checks='-*,clang-analyzer-*,bugprone-*
,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-narrowing-conversions
,-bugprone-branch-clone,-bugprone-assignment-in-if-condition,-bugprone-macro-parentheses
,-bugprone-implicit-widening-of-multiplication-result
,-bugprone-not-null-terminated-result,-bugprone-sizeof-expression'
# shellcheck disable=SC2086 # flags is a list
analyse() {
	clang-tidy --quiet --checks="${checks//$'\n'/}" --header-filter='.*/src/.*' "$@" -- $flags 2> /dev/null
}
export -f analyse
mkdir -p build
find src -name '*.c' | sort | xargs -P 2 -n 4 bash -c 'analyse "$@"' _ > build/clang-tidy.log || true
# findings inside the server's headers are the analyser's: it does not
# understand that dlist_delete takes an element out of its ring
if grep -E "^$PWD/src/.*(warning|error):" build/clang-tidy.log | sort -u; then
	echo 'the paths that lead there: build/clang-tidy.log'
	exit 1
fi
