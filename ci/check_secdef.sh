#!/bin/bash
# A function that runs with its owner's rights pins its search_path, and names
# pg_temp last in it: otherwise whoever calls it chooses what it calls.
set -euo pipefail
cd "$(dirname "$0")/.."
find sql -name '*.sql' -path '*/*/*' -print0 | sort -z | xargs -0 -r perl -0777 -ne '
	s/--[^\n]*//g;
	s/\$(\w*)\$.*?\$\1\$/BODY/gs;
	while (/\b((?:CREATE(?:\s+OR\s+REPLACE)?|ALTER)\s+(?:FUNCTION|PROCEDURE)\s+([\w.]+)[^;]*);/gis) {
		my ($statement, $name) = ($1, $2);
		next unless $statement =~ /SECURITY\s+DEFINER/i;
		next if $statement =~ /SET\s+search_path\s*(?:=|TO)\s*[\w\s,"]*\bpg_temp\b/i;
		print "$ARGV: $name is SECURITY DEFINER without SET search_path = ..., pg_temp\n";
		$bad = 1;
	}
	END { exit($bad // 0) }'
