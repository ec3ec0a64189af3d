#!/bin/bash
# A function in SQL or PL/pgSQL pins its search_path, and names pg_temp last in
# it: otherwise whoever calls it chooses what it calls.  So does one that runs
# with its owner's rights, in any language; there is none, and the doors (AS
# 'ion_as_owner') need none.
set -euo pipefail
cd "$(dirname "$0")/.."
find sql -name '*.sql' -path '*/*/*' -print0 | sort -z | xargs -0 -r perl -0777 -ne '
	s/--[^\n]*//g;
	s/\$(\w*)\$.*?\$\1\$/BODY/gs;
	s/\x27(?:[^\x27]|\x27\x27)*\x27/TEXT/gs;
	while (/\b((?:CREATE(?:\s+OR\s+REPLACE)?|ALTER)\s+(?:FUNCTION|PROCEDURE)\s+([\w.]+)[^;]*);/gis) {
		my ($statement, $name) = ($1, $2);
		next if $statement =~ /SET\s+search_path\s*(?:=|TO)\s*pg_catalog\s*,\s*pg_temp\b/i;
		if ($statement =~ /SECURITY\s+DEFINER/i) {
			print "$ARGV: $name is SECURITY DEFINER without SET search_path = pg_catalog, pg_temp\n";
			$bad = 1;
		}
		elsif ($statement =~ /LANGUAGE\s+(?:sql|plpgsql)\b/i) {
			print "$ARGV: $name is without SET search_path = pg_catalog, pg_temp\n";
			$bad = 1;
		}
	}
	END { exit($bad // 0) }'
