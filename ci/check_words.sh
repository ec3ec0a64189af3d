#!/bin/bash
# Nothing is left for later, and nothing names the machine it was written on.
set -euo pipefail
cd "$(dirname "$0")/.."
# spelt so that this file does not find itself
marks='\b(TO''DO|FIX''ME|XX''X|HA''CK)\b'
places='(^|[^A-Za-z0-9_.-])/(wo''rk|fa''rm)/|\bsub''agent'
if grep -rnIE --exclude-dir=.git --exclude-dir=build --exclude-dir=.deps "$marks|$places" .; then
	exit 1
fi
