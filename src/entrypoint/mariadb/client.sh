#!/bin/sh
# The mariadb client as a site's own user. The password never is an argument or a file that stays:
#   client.sh stdin ARGS...   takes the first line of standard input as password, the rest is for the client
#   client.sh FILE ARGS...    takes it from FILE (0600, on the pod's tmpfs) and removes FILE
# Runs in busybox sh, whose `read` takes byte after byte and so leaves the rest of standard input alone.
set -eu
from=$1
shift
if [ "$from" = stdin ]; then
  IFS= read -r MYSQL_PWD
else
  IFS= read -r MYSQL_PWD <"$from"
  rm -f "$from"
fi
export MYSQL_PWD
exec mariadb --no-defaults "$@"
