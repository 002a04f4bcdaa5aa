/** How often nodes are asked, and how many answers in a row must be missing before a node counts as gone: as HAProxy does (render-haproxy.ts). */
const PAUSE_SECONDS = "0.5";
const MISSES = 3;

/** Where the program is told by its environment: nodes (whole host names), ports, and how many connections a pod may have to a node. */
export const FOLLOW_WRITER_ENV = {
  nodes: "HOWDAH_NODES",
  checkPort: "HOWDAH_CHECK_PORT",
  sqlPort: "HOWDAH_SQL_PORT",
  connections: "HOWDAH_CONNECTIONS",
} as const;

/** Its files in its container. `ready` is there from when the pod may take connections. */
export const FOLLOW_WRITER_PATHS = {
  program: "/etc/howdah-router/follow-writer.sh",
  client: "/run/secrets/router/client.cnf",
  run: "/run/router",
  ready: "/run/router/ready",
} as const;

/**
 * Runs beside each ProxySQL, in the image of the nodes, which has what it needs: asks every node whether it is the one that the nodes name, and tells its own
 * ProxySQL. All pods agree, nobody goes back, and nobody waits for the operator (ADR 38). It alone writes these tables: the operator says who leads elsewhere.
 */
export const FOLLOW_WRITER = String.raw`#!/bin/sh
# Leads this pod's ProxySQL to the node that the nodes name as their writer (node-check.ts). Of every node that serves there is a row in the group
# of writers: the writer open, others closed softly, so that what they have there ends by itself. A node that does not serve has no row: it is cut.
set -eu
umask 077
trap "exit 0" TERM
run=${"${HOWDAH_ROUTER_RUN:-/run/router}"}
client=${"${HOWDAH_ROUTER_CLIENT:-/run/secrets/router/client.cnf}"}
admin() {
  /usr/bin/timeout -s KILL 5 mariadb --defaults-file="$client" --batch --skip-column-names --execute="$1" 2>/dev/null
}
ask() {
  said=$(printf 'GET /writer HTTP/1.0\r\n\r\n' | /usr/bin/timeout -s KILL 3 socat -t 3 - "TCP:$1:$HOWDAH_CHECK_PORT,connect-timeout=1" 2>/dev/null) || :
  case $said in
    "HTTP/1.0 200 "*) echo 200 ;;
    "HTTP/1.0 404 "*) echo 404 ;;
    *) echo 503 ;;
  esac
}
# What a node is now: 200, 404, 503; "kept" for a writer that has not answered once or twice.
judge() {
  answer=503 misses=0 before=503
  read -r answer <"$run/now-$1" || :
  [ ! -e "$run/misses-$1" ] || read -r misses <"$run/misses-$1" || :
  [ ! -e "$run/is-$1" ] || read -r before <"$run/is-$1" || :
  if [ "$answer" = 503 ] && [ "$misses" -lt ${String(MISSES - 1)} ] && [ "$before" != 503 ]; then
    echo "$((misses + 1))" >"$run/misses-$1"
    answer=$before
    [ "$before" != 200 ] || answer=kept
    return
  fi
  echo 0 >"$run/misses-$1"
  echo "$answer" >"$run/is-$1"
}
# Of two that say 200, which is so for a moment while the place is handed over, the new one.
choose() {
  writer='' kept=''
  for node in $HOWDAH_NODES; do
    judge "$node"
    echo "$answer" >"$run/state-$node"
    case $answer in
      200) [ -n "$writer" ] && [ "$node" = "$current" ] || writer=$node ;;
      kept) kept=$node ;;
    esac
  done
  [ -n "$writer" ] || writer=$kept
}
# Who reads elsewhere first waits for what was acknowledged: without, 16 to 31 of 100 reads were stale.
waiting="DELETE FROM mysql_hostgroup_attributes; INSERT INTO mysql_hostgroup_attributes (hostgroup_id, init_connect) VALUES (30,'SET SESSION wsrep_sync_wait=1');"
row() { rows="$rows,($1,'$2',$HOWDAH_SQL_PORT,'$3',$HOWDAH_CONNECTIONS)"; }
list() {
  rows='' others=''
  for node in $HOWDAH_NODES; do
    read -r state <"$run/state-$node"
    if [ "$node" = "$writer" ]; then
      row 10 "$node" ONLINE
    elif [ "$state" != 503 ]; then
      row 10 "$node" OFFLINE_SOFT
      row 30 "$node" ONLINE
      others=yes
    fi
  done
  [ -n "$others" ] || [ -z "$writer" ] || row 30 "$writer" ONLINE
}
tell() {
  sql="DELETE FROM mysql_servers;"
  [ -z "$rows" ] || sql="$sql INSERT INTO mysql_servers (hostgroup_id, hostname, port, status, max_connections) VALUES ${"${rows#,}"};"
  sql="$sql $waiting"
  told=unknown
  admin "$sql LOAD MYSQL SERVERS TO RUNTIME; SAVE MYSQL SERVERS TO DISK" || return 0
  told=$rows current=$writer
  echo "writer: ${"${writer:-nobody}"}"
}
# Somebody else may have told it something, or it began anew.
verify() {
  runs=$(admin "SELECT hostname FROM runtime_mysql_servers WHERE hostgroup_id = 10 AND status <> 'OFFLINE_SOFT'") || runs=unknown
  [ "$runs" = "$writer" ] || told=unknown
}
# The operator tells rules and users. Once it has, and there is a writer, the pod takes connections; later it stays, whoever is lost.
begin() {
  [ ! -e "$run/ready" ] && [ -n "$current" ] || return 0
  rules=$(admin "SELECT COUNT(*) FROM runtime_mysql_query_rules") || rules=0
  [ "${"${rules:-0}"}" = 0 ] || : >"$run/ready"
}
told=unknown current='' round=0
while :; do
  for node in $HOWDAH_NODES; do ask "$node" >"$run/now-$node" & done
  wait
  choose
  list
  round=$(((round + 1) % 4))
  [ "$round" != 0 ] || verify
  [ "$rows" = "$told" ] || tell
  begin
  sleep ${PAUSE_SECONDS}
done
`;
