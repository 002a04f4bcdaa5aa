#!/bin/sh
# PID 1 of the database's container. Makes the data directory on the first start, upgrades its system tables when the server's
# version changed, then becomes mariadbd. kill -9 at any moment is safe: the directory is made beside its place and renamed when
# it is complete and on disk, so `data` either is a whole database or is not there. Two servers on one directory can't be: InnoDB
# and Aria lock their files.
#
# It also starts the scratch servers that backups are restored into; mariadb-binlog beside it replays what came after one.
#
# Runs in busybox sh. The paths are variables only for tests; images never set them.
set -eu
umask 077

root=${HOWDAH_DATABASE_ROOT:-/var/lib/mysql}
config=${HOWDAH_DATABASE_CONFIG:-/etc/howdah/database/my.cnf}
secrets=${HOWDAH_DATABASE_SECRETS:-/run/secrets/database}
run=${HOWDAH_DATABASE_RUN:-/run/mysqld}
# Debian moved the files from /usr/share/mysql when MariaDB stopped being called mysql.
sql=${HOWDAH_DATABASE_SQL:-/usr/share/mariadb}
[ -d "$sql" ] || sql=/usr/share/mysql

data=$root/data
fresh=$root/data.new

# One JSON object a line, as every entrypoint of Howdah speaks; the message is one of this file's own words, so it needs no escapes.
step() { echo "howdah: {\"event\":\"step\",\"message\":\"$1\"}" >&2; }
fail() {
  echo "howdah: {\"event\":\"failed\",\"message\":\"$1\"}" >&2
  exit 1
}

# Debian calls the same files mysql_*.sql up to 10.11 and mariadb_*.sql later.
system_sql() {
  for prefix in mariadb mysql; do
    if [ -f "$sql/${prefix}_$1.sql" ]; then
      cat "$sql/${prefix}_$1.sql"
      return
    fi
  done
  fail "the image lacks the SQL file $1"
}

# What mariadb-install-db feeds to the server. root@localhost is bound to a user name that the container does not have: nobody
# can be root; the administrator's account comes from init.sql at every start.
bootstrap_sql() {
  echo "create database if not exists mysql;"
  echo "use mysql;"
  echo "SET @auth_root_socket='root';"
  echo "SET @skip_auth_anonymous=1;"
  system_sql system_tables
  system_sql performance_tables
  system_sql system_tables_data
  cat "$sql/fill_help_tables.sql"
  cat "$sql/maria_add_gis_sp_bootstrap.sql"
  # The schema `sys` came with 10.6.
  [ ! -f "$sql/mysql_sys_schema.sql" ] && [ ! -f "$sql/mariadb_sys_schema.sql" ] || system_sql sys_schema
}

initialise() {
  step "making the data directory"
  rm -rf "$fresh"
  mkdir "$fresh"
  bootstrap_sql >"$run/bootstrap.sql"
  mariadbd --defaults-file="$config" --datadir="$fresh" --bootstrap --skip-networking --log-warnings=0 \
    --socket="$run/bootstrap.sock" --pid-file="$run/bootstrap.pid" --max-allowed-packet=8M --net-buffer-length=16K \
    <"$run/bootstrap.sql" || fail "the data directory could not be made"
  rm -f "$run/bootstrap.sql"
  version >"$fresh/howdah-version"
  sync
  mv "$fresh" "$data"
  sync
}

version() { mariadbd --no-defaults --version | sed 's/.*Ver \([0-9.]*\).*/\1/'; }

# The system tables follow the server. A private server, reachable through its socket only, is started for it.
upgrade() {
  step "upgrading the system tables"
  socket=$run/upgrade.sock
  rm -f "$socket"
  mariadbd --defaults-file="$config" --datadir="$data" --init-file="$secrets/init.sql" --skip-networking \
    --socket="$socket" --pid-file="$run/upgrade.pid" &
  server=$!
  trap 'kill -TERM "$server" 2>/dev/null; wait "$server"; exit 143' TERM INT
  while ! mariadb --defaults-file="$secrets/client.cnf" --socket="$socket" --execute="SELECT 1" >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server stopped before its system tables could be upgraded"
    sleep 1
  done
  mariadb-upgrade --defaults-file="$secrets/client.cnf" --socket="$socket" --force >&2 || {
    kill -TERM "$server"
    wait "$server" || true
    fail "mariadb-upgrade failed"
  }
  kill -TERM "$server"
  wait "$server" || fail "the server did not stop cleanly after the upgrade"
  trap - TERM INT
  version >"$data/howdah-version.new"
  sync
  mv "$data/howdah-version.new" "$data/howdah-version"
}

for file in "$config" "$secrets/init.sql" "$secrets/client.cnf"; do
  [ -r "$file" ] || fail "$file can not be read"
done
[ -w "$root" ] || fail "$root can not be written"

# Where `secure-file-priv` points: a directory that must exist and stays empty.
mkdir -p "$run/no-files"

[ -d "$data" ] || initialise
[ "$(cat "$data/howdah-version" 2>/dev/null)" = "$(version)" ] || upgrade

step "starting the server"
exec mariadbd --defaults-file="$config" --datadir="$data" --init-file="$secrets/init.sql"
