#!/bin/sh
# What others ask of this node and tell it. From inside its container only (podman exec, the API server's exec):
#   node.sh state                       one line of JSON: where the entrypoint is, and what the server says of the cluster
#   node.sh ready                       exit 0 when sites may be sent here
#   node.sh order bootstrap|new POSITION START   an order for this one start of the entrypoint, which judges it
#   node.sh promote                     makes the component that this running node is in the primary one
#   node.sh leave                       ends the server, not the container: the entrypoint recovers its position and waits
#   node.sh resign                      gives the writer's place back, if it is this node's
# And over HTTP, by http.sh: `node.sh answer PATH`, as src/render/router/node-check.ts says, whose SQL this is.
set -eu
umask 077
run=${HOWDAH_DATABASE_RUN:-/run/mysqld}
client=${HOWDAH_DATABASE_SECRETS:-/run/secrets/database}/client.cnf
tab=$(printf '\t')

ask() {
  /usr/bin/timeout -s KILL 3 mariadb --defaults-file="$client" --socket="$run/mysqld.sock" --connect-timeout=2 --batch --skip-column-names \
    --execute="$1" 2>/dev/null
}
# wsrep_dirty_reads: a node without a majority refuses every other SELECT, and this reads nothing of a table.
facts="SET SESSION wsrep_dirty_reads=ON; SELECT JSON_OBJECTAGG(LOWER(VARIABLE_NAME), VARIABLE_VALUE) FROM (
  SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('wsrep_cluster_status',
  'wsrep_local_state', 'wsrep_ready', 'wsrep_last_committed', 'wsrep_cluster_size', 'wsrep_cluster_conf_id', 'wsrep_cluster_state_uuid')
  UNION ALL SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME IN ('wsrep_desync', 'version')) seen"
read_writer="SELECT @@GLOBAL.wsrep_node_name AS me, @@GLOBAL.wsrep_desync AS desync, w.epoch AS epoch, EXISTS (SELECT 1 FROM mysql.wsrep_cluster_members m WHERE m.node_name = w.node AND (NOT (w.incarnation LIKE CONCAT(w.epoch, ':%')) OR w.incarnation = CONCAT(w.epoch, ':', m.node_uuid))) AS present, (w.node = @@GLOBAL.wsrep_node_name AND (NOT (w.incarnation LIKE CONCAT(w.epoch, ':%')) OR w.incarnation = CONCAT(w.epoch, ':', (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_gcomm_uuid')))) AS mine, w.incarnation LIKE CONCAT(w.epoch, ':%') AS signed, w.node AS writer FROM howdah_cluster.writer w WHERE w.id = 1"
make_writer="CREATE DATABASE IF NOT EXISTS howdah_cluster; CREATE TABLE IF NOT EXISTS howdah_cluster.writer (id TINYINT PRIMARY KEY, node VARCHAR(64) NOT NULL, epoch BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB; ALTER TABLE howdah_cluster.writer ADD COLUMN IF NOT EXISTS incarnation VARCHAR(64) NOT NULL DEFAULT ''; INSERT IGNORE INTO howdah_cluster.writer (id, node, epoch) VALUES (1, '', 0)"
take_writer="UPDATE howdah_cluster.writer SET incarnation = CONCAT(epoch + 1, ':', (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_gcomm_uuid')), node = @@GLOBAL.wsrep_node_name, epoch = epoch + 1 WHERE id = 1 AND epoch ="
sign_writer="UPDATE howdah_cluster.writer SET incarnation = CONCAT(epoch, ':', (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_gcomm_uuid')) WHERE id = 1 AND node = @@GLOBAL.wsrep_node_name AND epoch ="
leave_writer="UPDATE howdah_cluster.writer SET node = CONCAT('-', @@GLOBAL.wsrep_node_name), epoch = epoch + 1 WHERE id = 1 AND node = @@GLOBAL.wsrep_node_name"

entrypoint() { cat "$run/state.json" 2>/dev/null || echo '{"phase":"starting"}'; }
# A server that has answered once and does no more is frozen or overloaded; one that never did is still getting its data.
server() {
  if [ -S "$run/mysqld.sock" ] && said=$(ask "$facts"); then
    [ -e "$run/answered" ] || : >"$run/answered"
    echo "$said"
  else
    echo null
  fi
}
show() { printf '{"entrypoint":%s,"answered":%s,"server":%s}\n' "$(entrypoint)" "$([ -e "$run/answered" ] && echo true || echo false)" "$1"; }

# A donor (2) serves, too: with one node left it must, while the next one gets its copy.
serves() {
  case $1 in *'"wsrep_cluster_status":"Primary"'*) ;; *) return 1 ;; esac
  case $1 in *'"wsrep_ready":"ON"'*) ;; *) return 1 ;; esac
  case $1 in *'"wsrep_local_state":"4"'* | *'"wsrep_local_state":"2"'*) ;; *) return 1 ;; esac
}
leaves() {
  [ ! -e "$run/leaving" ] || return 0
  case $1 in *'"wsrep_desync":"ON"'*) ;; *) return 1 ;; esac
}
is_ready() { serves "$1" && ! leaves "$1"; }

# The row of `read_writer`: desync is known, and the last column is the one that may be empty.
read_row() {
  row=$(ask "$read_writer") && [ -n "$row" ] || return 1
  IFS="$tab" read -r me _ epoch present mine signed holder <<ROW
$row
ROW
  case $epoch in '' | *[!0-9]*) return 1 ;; esac
}

# The status for GET /writer, and what it does: the table is `judgeWriter` of node-check.ts.
writer() {
  if ! serves "$1"; then
    echo "503 Service Unavailable"
    return
  fi
  if ! read_row; then
    leaves "$1" || ask "$make_writer" || true
    echo "404 Not Found"
  elif leaves "$1"; then
    # Until another one has the place, which is offered by a hyphen before the name.
    [ "$mine" = 0 ] || ask "$leave_writer" || true
    if [ "$mine" = 1 ] || [ "$holder" = "-$me" ]; then echo "200 OK"; else echo "404 Not Found"; fi
  elif [ "$mine" = 1 ]; then
    [ "$signed" = 1 ] || ask "$sign_writer $epoch" || true
    echo "200 OK"
  elif [ -n "$holder" ] && [ "$present" = 1 ]; then
    echo "404 Not Found"
  else
    ask "$take_writer $epoch" || true
    if read_row && [ "$mine" = 1 ]; then echo "200 OK"; else echo "404 Not Found"; fi
  fi
}

case ${1:-} in
  state) show "$(server)" ;;
  ready) is_ready "$(server)" ;;
  answer)
    seen=$(server)
    case ${2:-} in
      /writer) writer "$seen" ;;
      /state) echo "200 OK" ;;
      *) is_ready "$seen" && echo "200 OK" || echo "503 Service Unavailable" ;;
    esac
    show "$seen"
    ;;
  order)
    printf '%s %s %s\n' "$2" "$3" "$4" >"$run/order.new"
    mv "$run/order.new" "$run/order"
    ;;
  promote) ask "SET GLOBAL wsrep_provider_options='pc.bootstrap=YES'" ;;
  resign) ask "$leave_writer" ;;
  leave) kill -TERM "$(cat "$run/mysqld.pid")" ;;
  *)
    echo "node.sh: state, ready, answer, order, promote, resign or leave" >&2
    exit 64
    ;;
esac
