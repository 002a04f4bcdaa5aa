#!/bin/sh
# One answer over HTTP, on the connection that is standard input and output: what routers' checks and the other nodes ask. Whatever
# is asked, nothing of it is used but whether the path is /state, which is answered with 200 always; else 200 means that sites may be
# sent here, and 503 that they may not.
set -eu
IFS= read -r request || exit 0
while IFS= read -r header && [ "${#header}" -gt 1 ]; do :; done
said=$(/usr/lib/howdah/node.sh answer)
status=$(echo "$said" | sed -n 1p)
body=$(echo "$said" | sed -n 2p)
case $request in "GET /state "* | "GET /state"*) status="200 OK" ;; esac
printf 'HTTP/1.0 %s\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s\n' "$status" "$((${#body} + 1))" "$body"
