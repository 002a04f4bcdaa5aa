#!/bin/sh
# The program of contract-objects.ts: containers and probes of the engine's tests.
case "$1" in
serve)
  mkdir -p /tmp/www
  printf '%s' "$2" >/tmp/www/index.html
  httpd -f -p 8080 -h /tmp/www &
  trap 'kill $!; exit 0' QUIT TERM
  echo "serving $2"
  wait $!
  ;;
never-ready)
  echo "never ready" >&2
  trap 'exit 0' QUIT TERM
  while :; do sleep 1; done
  ;;
crash)
  echo "last words" >&2
  exit 3
  ;;
fail)
  echo "last words" >&2
  echo "howdah: {\"event\":\"failed\",\"code\":\"$2\",\"message\":\"it failed\"}" >&2
  exit 1
  ;;
exit) exit "$2" ;;
cat) cat $2 ;;
write) printf '%s' "$3" >"$2" ;;
env) eval "printf '%s' \"\$$2\"" ;;
reach)
  answer=$(printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 "$2" "$3") || exit 1
  [ -n "$answer" ] || exit 1
  printf '%s' "$answer" | sed '1,/^\r*$/d' | tr -d '\n'
  ;;
*) exit 64 ;;
esac
