#!/bin/bash
# The server code compiles without one warning under -Wall -Wextra.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s -k -j2 OBJDIR=build/werror COPT=-Werror objects
