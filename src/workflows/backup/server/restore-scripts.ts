import { DATABASE_PATHS } from "../../../render/database/server-options.ts";

/** UNPACK ends with it when the volume lacks room; its last word is what is left, in kilobytes. */
export const NO_ROOM = 75;

const BEGIN = `set -euo pipefail
cd ${DATABASE_PATHS.volume}
`;

/** In busybox' shell, on the server's volume. VERSION KILOBYTES; standard input are the files. */
export const UNPACK = `${BEGIN}umask 077
rm -rf data.restored
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
if [ "$free" -lt "$2" ]; then echo "$free"; exit ${String(NO_ROOM)}; fi
mkdir data.restored
mbstream -x -C data.restored
mariadb-backup --prepare --use-memory=512M --target-dir=${DATABASE_PATHS.volume}/data.restored >&2
printf '%s\\n' "$1" >data.restored/howdah-version
sync
`;

/** Of files that could not be unpacked nothing stays. */
export const CLEAR = `${BEGIN}rm -rf data.restored
`;

/** What a restore that ended well has put aside carries this file: only that may go. What one that was cut off put aside may be the only copy of all data. */
const REPLACED = "howdah-replaced";

/** FROM and FORMER: what is there goes to FORMER, FROM comes to its place. */
export const SWAP = `${BEGIN}[ -d "$1" ] || { echo "ERROR $1 is not there" >&2; exit 1; }
if [ -d data ]; then rm -f data/${REPLACED}; mv data "$2"; fi
mv "$1" data
sync
`;

/** FORMER: whether what is there was put aside. */
export const MOVED = `${BEGIN}if [ -d "$1" ]; then echo moved; fi
`;

/** FORMER, of a restore that ended well: those of others that did go. Says which are left of those that did not. */
export const SWEEP = `${BEGIN}left=
for one in data.former-*; do
  if [ ! -d "$one" ] || [ "$one" = "$1" ]; then continue; fi
  if [ -e "$one/${REPLACED}" ]; then rm -rf "$one"; else left="$left $one"; fi
done
if [ -d "$1" ]; then touch "$1/${REPLACED}"; fi
sync
echo $left
`;

/** The newest that a restore has left. */
export const NEWEST = `cd ${DATABASE_PATHS.volume}
ls -d data.former-* 2>/dev/null | sort | tail -n 1
`;
