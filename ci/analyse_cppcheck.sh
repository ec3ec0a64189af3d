#!/bin/bash
# cppcheck over src/.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v cppcheck > /dev/null; then
	echo 'cppcheck is not installed: tools/setup lint'
	exit 77
fi
mkdir -p build/cppcheck
cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --cppcheck-build-dir=build/cppcheck \
	--enable=warning,performance,portability -j2 \
	--suppressions-list=ci/cppcheck.suppressions -Isrc --include=ci/cppcheck_ereport.h src
