#!/bin/sh
# One answer over HTTP, on the connection that is standard input and output: what routers' checks and the other nodes ask. Whatever is
# asked, nothing of it is used but which of the known paths it is.
set -eu
IFS= read -r request || exit 0
while IFS= read -r header && [ "${#header}" -gt 1 ]; do :; done
path=/ready
case $request in
  "GET /writer "*) path=/writer ;;
  "GET /state "*) path=/state ;;
esac
said=$(/usr/lib/howdah/node.sh answer "$path")
status=$(echo "$said" | sed -n 1p)
body=$(echo "$said" | sed -n 2p)
printf 'HTTP/1.0 %s\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s\n' "$status" "$((${#body} + 1))" "$body"
