#!/bin/sh
# A store for ams-assemble in the folder STORE_DIR: the object KEY is the file KEY.
set -eu
cd "${STORE_DIR:?}"
etag() { sha256sum <"$1" | cut -c1-32; }
temp=$(mktemp .tmp.XXXXXX)
trap 'rm -f "$temp"' EXIT
if [ "$1" = put ]; then cat >"$temp"; fi
exec 9>.lock && flock 9
if [ -f "$2" ]; then now=$(etag "$2"); else now=none; fi
case $1 in
put) if [ -n "$AMS_IF_ABSENT" ] && [ $now != none ]; then exit 49; fi
     if [ -n "$AMS_IF_MATCH" ] && [ $now != "$AMS_IF_MATCH" ]; then exit 49; fi
     etag "$temp" >"$AMS_ETAG_FILE"
     mkdir -p "$(dirname "$2")" && sync "$temp" && mv "$temp" "$2" ;;
get) if [ $now = none ]; then exit 44; fi
     cat "$2" && echo $now >"$AMS_ETAG_FILE" ;;
delete) rm -f "$2" 2>/dev/null || [ -d "$2" ] ;;
list) find . -type f -path "./$2*" ! -name '.*' | while read -r f; do
          echo "${f#./} $(wc -c <"$f") $(date -r "$f" +%s) $(etag "$f")"
      done ;;
esac
