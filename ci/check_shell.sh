#!/bin/bash
# The project's own scripts parse; shellcheck has its say where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts=()
while IFS= read -r file; do scripts+=("$file"); done < <(grep -lE --exclude-dir=obj -r '^#!/bin/(ba)?sh' tools ci .ci test bench 2> /dev/null | sort)
for file in "${scripts[@]}"; do bash -n "$file"; done
if command -v shellcheck > /dev/null; then
	shellcheck -x -e SC2016 "${scripts[@]}"
fi
