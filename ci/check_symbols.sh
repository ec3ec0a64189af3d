#!/bin/bash
# The library's exported names carry the project's prefix: up to PostgreSQL 15
# every symbol that is not static is visible to all other libraries.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -f io_notify.so ]; then
	echo 'io_notify.so is not built'
	exit 77
fi
names=$(nm -D --defined-only io_notify.so | awk '{ print $3 }' |
	grep -vE '^((pg_finfo_)?(ion_|io_notify_)[a-z0-9_]+|Pg_magic_func|_PG_init)$' || true)
if [ -n "$names" ]; then
	printf 'exported without the prefix ion_:\n%s\n' "$names"
	exit 1
fi
