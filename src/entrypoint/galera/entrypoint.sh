#!/bin/sh
# PID 1 of a node of a Galera cluster. It finds out how far this node's data came (`--wsrep-recover`), then waits until one of two is
# true: another node is in the primary component, which it joins and gets only what it lacks from (IST); or somebody who has seen every
# node orders it to begin (see node.sh). It never begins a cluster by itself, whatever its number is.
#
# The server is a child: when it dies, the way begins anew, without the container being made again. SIGTERM: routers are told to
# leave (wsrep_desync), running statements end, then the server does.
#
# Runs in busybox sh. The paths are variables only for tests; images never set them.
set -eu
umask 077

root=${HOWDAH_DATABASE_ROOT:-/var/lib/mysql}
config=${HOWDAH_DATABASE_CONFIG:-/etc/howdah/database/my.cnf}
secrets=${HOWDAH_DATABASE_SECRETS:-/run/secrets/database}
run=${HOWDAH_DATABASE_RUN:-/run/mysqld}
here=/usr/lib/howdah
data=$root/data
mark=$root/transfer-incomplete

name=${HOWDAH_NODE:?}
address=${HOWDAH_NODE_ADDRESS:?}
peers=${HOWDAH_PEERS:?}
method=${HOWDAH_STATE_TRANSFER:-mariabackup}
drain=${HOWDAH_DRAIN_SECONDS:-45}

NOBODY=00000000-0000-0000-0000-000000000000
stopping=
child=
export PATH="$here:$PATH"

# One JSON object a line, as every entrypoint of Howdah speaks; messages are this file's own words with checked values, so they need no escapes.
say() { echo "howdah: {\"event\":\"$1\",\"message\":\"$2\"}" >&2; }
fail() {
  say failed "$1"
  exit 1
}

# What node.sh shows. `start` is this one round: an order that names another is void.
publish() {
  printf '{"phase":"%s","start":"%s","data":"%s","uuid":"%s","seqno":%s}\n' "$1" "$start" "$held" "$uuid" "$seqno" >"$run/state.new"
  mv "$run/state.new" "$run/state.json"
}

# Runs a program so that SIGTERM ends it and us.
supervised() {
  "$@" &
  child=$!
  code=0
  wait "$child" || code=$?
  child=
  [ -z "$stopping" ] || leave 0
  return "$code"
}
rest() { supervised sleep "$1" || true; }

leave() {
  say stopped "the node has ended"
  exit "$1"
}

# How far the data came: $held is intact, missing, incomplete (a copy was cut off) or broken; $uuid:$seqno the position.
recover() {
  uuid=$NOBODY seqno=-1 held=missing
  publish recovering
  # A first join that ended before anything came left it empty.
  rmdir "$data" 2>/dev/null || true
  [ -d "$data" ] || return 0
  # Without system tables it is no server's: a look at it would make files in it, and it would count as whole.
  if [ -e "$mark" ] || [ ! -d "$data/mysql" ]; then
    held=incomplete
    return 0
  fi
  if ! supervised mariadbd --defaults-file="$config" --datadir="$data" --wsrep-recover --wsrep-sst-method="howdah_$method" --wsrep-cluster-address=gcomm:// --skip-networking --log-warnings=0 \
    --socket="$run/recover.sock" --pid-file="$run/recover.pid" 2>"$run/recover.log"; then
    tail -n 20 "$run/recover.log" >&2
    held=broken
    return 0
  fi
  position=$(sed -n 's/.*WSREP: Recovered position: *\([0-9a-f-]\{36\}\):\(-\{0,1\}[0-9]\{1,19\}\).*/\1 \2/p' "$run/recover.log" | tail -n 1)
  held=intact
  [ -n "$position" ] || return 0
  uuid=${position% *}
  seqno=${position#* }
}

peer_is_primary() {
  for peer in $(echo "$peers" | tr ',' ' '); do
    [ "$peer" != "$address" ] || continue
    # Not busybox' wget: a static program can't resolve names here, it crashes.
    case $(printf 'GET /state HTTP/1.0\r\n\r\n' | /usr/bin/timeout 6 socat -t 5 - "TCP:$peer:9200,connect-timeout=2" 2>/dev/null) in
      *'"wsrep_cluster_status":"Primary"'*) return 0 ;;
    esac
  done
  return 1
}

# Judges an order. It holds for this start, for exactly this data, and only while nobody serves.
obey() {
  read -r kind position for_start <"$run/order" || true
  rm -f "$run/order"
  if [ "$for_start" != "$start" ]; then
    say refused "an order to begin was for an earlier start of this node"
  elif peer_is_primary; then
    say refused "ordered to begin a cluster, but another node serves"
  elif [ "$kind" = new ] && [ "$uuid" = "$NOBODY" ] && { [ "$held" = missing ] || [ "$held" = intact ]; }; then
    [ "$held" = intact ] || initialise
    way=beginning
  elif [ "$kind" = new ]; then
    say refused "ordered to begin an empty cluster, but there is data here: $held at $uuid:$seqno"
  elif [ "$held" != intact ]; then
    say refused "ordered to begin, but the data directory is $held"
  elif [ "$kind" != bootstrap ] || [ "$position" != "$uuid:$seqno" ] || [ "$seqno" -lt 0 ]; then
    say refused "ordered to begin from another position than this node has: $uuid:$seqno"
  else
    way=beginning
  fi
}

# Until there is a way: $way is beginning or joining.
find_way() {
  way=
  publish waiting
  say step "at $uuid:$seqno ($held): waiting for a node that serves, or for an order to begin"
  while [ -z "$way" ]; do
    if [ -e "$run/order" ]; then
      obey
    elif [ "$held" != broken ] && peer_is_primary; then
      way="joining"
    else
      rest 0.5
    fi
  done
}

# The first data directory of a new cluster, beside its place until it is complete. root@localhost is bound to a user name that the
# container does not have: the administrator's account comes from init.sql at every start.
initialise() {
  say step "making the data directory of a new cluster"
  rm -rf "$root/data.new"
  supervised mariadb-install-db --no-defaults --basedir=/usr --datadir="$root/data.new" --skip-test-db --auth-root-authentication-method=socket \
    --auth-root-socket-user=root >"$run/install.log" 2>&1 || {
    tail -n 20 "$run/install.log" >&2
    fail "the data directory could not be made"
  }
  version >"$root/data.new/howdah-version"
  sync
  mv "$root/data.new" "$data"
  sync
  held=intact
}

version() { mariadbd --no-defaults --version | sed 's/.*Ver \([0-9.]*\).*/\1/'; }

# The system tables follow the server, on each node by itself and replicated to none: a private server without Galera does it.
upgrade() {
  say step "upgrading the system tables"
  publish upgrading
  socket=$run/upgrade.sock
  mariadbd --defaults-file="$config" --datadir="$data" --wsrep-on=OFF --init-file="$run/init.sql" --skip-networking \
    --socket="$socket" --pid-file="$run/upgrade.pid" &
  private=$!
  until mariadb --defaults-file="$secrets/client.cnf" --socket="$socket" --execute="SELECT 1" >/dev/null 2>&1; do
    kill -0 "$private" 2>/dev/null || fail "the server stopped before its system tables could be upgraded"
    rest 0.5
  done
  code=0
  mariadb-upgrade --defaults-file="$secrets/client.cnf" --socket="$socket" --force >&2 || code=$?
  kill -TERM "$private"
  wait "$private" || fail "the server did not stop cleanly after the upgrade"
  [ "$code" -eq 0 ] || fail "mariadb-upgrade failed"
  version >"$data/howdah-version.new"
  sync
  mv "$data/howdah-version.new" "$data/howdah-version"
}

# Galera looks at this file of its own before it lets a node begin; who may was decided from all nodes' positions.
allow_begin() {
  [ ! -f "$data/grastate.dat" ] || sed -i 's/^safe_to_bootstrap:.*/safe_to_bootstrap: 1/' "$data/grastate.dat"
}

serve() {
  # Told to stop while another node was asked: nothing has begun yet.
  [ -z "$stopping" ] || leave 0
  mkdir -p "$data"
  # Half a copy is of no use: without its state file the node asks for a whole one.
  [ "$held" = intact ] || rm -f "$data/grastate.dat" "$data/gvwstate.dat"
  set -- --defaults-file="$config" --datadir="$data" --init-file="$run/init.sql" --wsrep-node-name="$name" \
    --wsrep-node-address="$address" --wsrep-cluster-address="gcomm://$peers" --wsrep-sst-method="howdah_$method"
  [ "$held" != intact ] || set -- "$@" --wsrep-start-position="$uuid:$seqno"
  if [ "$way" = beginning ]; then
    allow_begin
    set -- "$@" --wsrep-new-cluster
    say step "beginning the cluster from $uuid:$seqno"
  else
    say step "joining from $uuid:$seqno"
  fi
  rm -f "$run/answered"
  publish "$way"
  mariadbd "$@" &
  child=$!
  code=0
  wait "$child" || code=$?
  [ -z "$stopping" ] || drained
  child=
  [ "$code" -eq 0 ] || say step "the server ended with $code"
}

sql() { /usr/bin/timeout -s KILL 5 mariadb --defaults-file="$secrets/client.cnf" --socket="$run/mysqld.sock" --batch --skip-column-names --execute="$1" 2>/dev/null; }
busy="SELECT COUNT(*) FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
  WHERE p.ID <> CONNECTION_ID() AND p.USER NOT IN ('system user', 'event_scheduler') AND (p.COMMAND NOT IN ('Sleep', 'Daemon') OR t.trx_id IS NOT NULL)"

# SIGTERM while serving: routers see the node leave, what runs may end, then the server stops.
drained() {
  : >"$run/leaving"
  if kill -0 "$child" 2>/dev/null && sql "SET GLOBAL wsrep_desync=ON"; then
    "$here/node.sh" resign || true
    say step "draining: routers send nobody here any more"
    sleep 2
    waited=2
    while [ "$waited" -lt "$drain" ] && [ "$(sql "$busy" || echo 0)" != 0 ]; do
      sleep 1
      waited=$((waited + 1))
    done
  fi
  say step "stopping the server"
  kill -TERM "$child" 2>/dev/null || true
  code=0
  while kill -0 "$child" 2>/dev/null; do wait "$child" || code=$?; done
  leave 0
}

case $peers in *[!A-Za-z0-9.,-]*) fail "HOWDAH_PEERS is no list of hosts" ;; esac
case $name$address in *[!A-Za-z0-9.-]*) fail "HOWDAH_NODE or HOWDAH_NODE_ADDRESS is no name" ;; esac
case $method in rsync | mariabackup) ;; *) fail "HOWDAH_STATE_TRANSFER must be rsync or mariabackup" ;; esac
for file in "$config" "$secrets/init.sql" "$secrets/client.cnf"; do
  [ -r "$file" ] || fail "$file can not be read"
done
[ -w "$root" ] || fail "$root can not be written"

trap 'stopping=yes; [ -z "$child" ] || [ "$(cat "$run/mysqld.pid" 2>/dev/null)" = "$child" ] || kill -TERM "$child" 2>/dev/null || true' TERM INT
mkdir -p "$run/no-files"
# Each node sets the administrator's account for itself: replicated, it would have to wait for a majority.
{
  echo "SET SESSION wsrep_on = OFF;"
  cat "$secrets/init.sql"
} >"$run/init.sql"
rm -f "$run/leaving" "$run/order" "$run/answered" "$run/mysqld.pid" "$run/mysqld.sock"
while :; do
  socat -t 5 "TCP-LISTEN:9200,reuseaddr,fork,max-children=16" "EXEC:$here/http.sh" 2>/dev/null || sleep 1
done &

pause=1
while :; do
  start=$(cat /proc/sys/kernel/random/uuid)
  recover
  find_way
  if [ "$held" = intact ] && [ "$(cat "$data/howdah-version" 2>/dev/null)" != "$(version)" ]; then
    upgrade
    # A private server writes to its own tables, so the position is read once more; it must not have moved.
    recover
  fi
  began=$(date +%s)
  serve
  [ "$(($(date +%s) - began))" -lt 60 ] || pause=1
  rest "$pause"
  pause=$((pause < 16 ? pause * 2 : 30))
done
