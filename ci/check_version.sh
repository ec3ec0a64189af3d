#!/bin/bash
# io_notify.control holds the version; META.json and the newest entry of the
# change log agree with it.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" io_notify.control)
meta=$(grep -oE '"version": *"[^"]*"' META.json | sed -E 's/.*"([^"]*)"$/\1/' | sort -u)
log=$(grep -m 1 -oE '^## [0-9]+\.[0-9]+\.[0-9]+' CHANGELOG.md | cut -c 4- || true)

if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
	echo "io_notify.control: default_version is '$version'"
	bad=1
fi
# the specification's own version stands in META.json too, as 1.0.0
if [ "$(grep -vx '1\.0\.0' <<< "$meta" || true)" != "$version" ] && [ "$meta" != "$version" ]; then
	echo "META.json says $meta, io_notify.control says $version"
	bad=1
fi
if [ "$log" != "$version" ]; then
	echo "the newest entry of CHANGELOG.md is '$log', io_notify.control says $version"
	bad=1
fi
exit $bad
