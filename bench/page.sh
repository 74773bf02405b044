#!/bin/sh
# bench/page.sh - what the page costs in a browser: first rows, frames a second, memory and lists, over a session of 30,000 events and 100,000 index
# records. It needs chromium. Figures are the best of three; a busy machine makes them worse.
set -eu
cd "$(dirname "$0")/../.ci/browser"
AMS_MEASURE=1 exec go test -count=1 -timeout 30m -v -run '^TestMeasure$' .
