#!/bin/bash
# No function above 70 lines, no C file above 600.  A function is what lies
# between a brace in the first column and the closing one.
set -euo pipefail
cd "$(dirname "$0")/.."

find . \( -path ./build -o -path ./.git \) -prune -o -name '*.[ch]' -printf '%P\n' | sort | xargs -r awk '
	FNR == 1 {
		if (length_of_file > 600) { printf "%s: %d lines, 600 are allowed\n", file, length_of_file; bad = 1 }
		file = FILENAME
		open = 0
	}
	{ length_of_file = FNR }
	/^[A-Za-z_].*\(/ { name = $0 }
	/^\{/ { open = FNR }
	/^\}/ {
		if (open && /^\}[ \t]*$/ && FNR - open + 1 > 70) {
			printf "%s:%d: %d lines, 70 are allowed: %s\n", FILENAME, open, FNR - open + 1, name
			bad = 1
		}
		open = 0
	}
	END {
		if (length_of_file > 600) { printf "%s: %d lines, 600 are allowed\n", file, length_of_file; bad = 1 }
		exit bad
	}'
