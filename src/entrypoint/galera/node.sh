#!/bin/sh
# What others ask of this node and tell it, from inside its container only (podman exec, the API server's exec):
#   node.sh state                       one line of JSON: where the entrypoint is, and what the server says of the cluster
#   node.sh ready                       exit 0 when sites may be sent here
#   node.sh order bootstrap|new POSITION START   an order for this one start of the entrypoint, which judges it
#   node.sh promote                     makes the component that this running node is in the primary one
#   node.sh leave                       ends the server, not the container: the entrypoint recovers its position and waits
set -eu
umask 077
run=${HOWDAH_DATABASE_RUN:-/run/mysqld}
client=${HOWDAH_DATABASE_SECRETS:-/run/secrets/database}/client.cnf

# wsrep_dirty_reads: a node without a majority refuses every other SELECT, and this reads nothing of a table.
ask() {
  /usr/bin/timeout -s KILL 3 mariadb --defaults-file="$client" --socket="$run/mysqld.sock" --connect-timeout=2 --batch --skip-column-names \
    --execute="$1" 2>/dev/null
}
facts="SET SESSION wsrep_dirty_reads=ON; SELECT JSON_OBJECTAGG(LOWER(VARIABLE_NAME), VARIABLE_VALUE) FROM (
  SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('wsrep_cluster_status',
  'wsrep_local_state', 'wsrep_ready', 'wsrep_last_committed', 'wsrep_cluster_size', 'wsrep_cluster_conf_id', 'wsrep_cluster_state_uuid')
  UNION ALL SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME IN ('wsrep_desync', 'version')) seen"

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
# A donor (2) serves, too: with one node left it must, while the next one gets its copy. A node that was told to leave has desync on.
serves() {
  [ ! -e "$run/leaving" ] || return 1
  case $1 in *'"wsrep_cluster_status":"Primary"'*) ;; *) return 1 ;; esac
  case $1 in *'"wsrep_ready":"ON"'*) ;; *) return 1 ;; esac
  case $1 in *'"wsrep_desync":"OFF"'*) ;; *) return 1 ;; esac
  case $1 in *'"wsrep_local_state":"4"'* | *'"wsrep_local_state":"2"'*) ;; *) return 1 ;; esac
}

case ${1:-} in
  state) show "$(server)" ;;
  ready) serves "$(server)" ;;
  answer)
    # For http.sh: the state, and whether sites may be sent here.
    seen=$(server)
    serves "$seen" && echo "200 OK" || echo "503 Service Unavailable"
    show "$seen"
    ;;
  order)
    printf '%s %s %s\n' "$2" "$3" "$4" >"$run/order.new"
    mv "$run/order.new" "$run/order"
    ;;
  promote) ask "SET GLOBAL wsrep_provider_options='pc.bootstrap=YES'" ;;
  leave) kill -TERM "$(cat "$run/mysqld.pid")" ;;
  *)
    echo "node.sh: state, ready, order, promote or leave" >&2
    exit 64
    ;;
esac
