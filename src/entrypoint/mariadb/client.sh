#!/bin/sh
# The mariadb client as a site's own user. The password never is an argument or a file that stays:
#   client.sh stdin ARGS...   takes the first line of standard input as password, the rest is for the client
#   client.sh keep FILE       puts standard input into FILE (0600, on the pod's tmpfs)
#   client.sh FILE ARGS...    takes the password from FILE and removes FILE, then is the client
#   client.sh forget FILE     removes FILE if it is still there
# Runs in busybox sh, whose `read` takes byte after byte and so leaves the rest of standard input alone.
set -eu
umask 077
from=$1
shift
case $from in
  keep) exec cat >"$1" ;;
  forget) exec rm -f "$1" ;;
  stdin) IFS= read -r MYSQL_PWD ;;
  *)
    IFS= read -r MYSQL_PWD <"$from"
    rm -f "$from"
    ;;
esac
export MYSQL_PWD
exec mariadb --no-defaults "$@"
