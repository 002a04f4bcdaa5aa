#!/bin/sh
# A full copy of another node's data (SST) comes in between a mark and its end. Debian's scripts have a mark of their own in the data
# directory, but their clean-up removes it when the transfer fails, too: half a copy would look whole. Ours lies beside the data
# directory, is on disk before the first file changes, and goes only when the script says that all is there.
set -eu
mark=${HOWDAH_DATABASE_ROOT:-/var/lib/mysql}/transfer-incomplete
script=$1
shift
role=
previous=
for argument in "$@"; do
  [ "$previous" != --role ] || role=$argument
  previous=$argument
done
if [ "$role" != joiner ]; then
  # mariadb-backup logs in to this node's own server.
  client=${HOWDAH_DATABASE_SECRETS:-/run/secrets/database}/client.cnf
  WSREP_SST_OPT_AUTH=$(sed -n 's/^user=//p' "$client"):$(sed -n 's/^password=//p' "$client")
  export WSREP_SST_OPT_AUTH
  exec "$script" "$@"
fi

echo "a copy of another node's data began" >"$mark"
sync "$mark" 2>/dev/null || sync
code=0
"$script" "$@" || code=$?
[ "$code" -ne 0 ] || rm -f "$mark"
exit "$code"
