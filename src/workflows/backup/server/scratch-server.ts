import type { Readable, Writable } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { type Sql, sql } from "../../../kernel/sql.ts";
import { DATABASE_CONTAINER } from "../../../render/database/database-name.ts";
import { renderScratchServer, SCRATCH_NAME, scratchServerOptions } from "../../../render/database/render-scratch-server.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { reasonOf } from "./copy-server.ts";

/** Binlogs come before the files, as a tar filled up to whole blocks of so many bytes. */
export const BLOCK_BYTES = 65_536;

/** What is asked of a scratch server on a backup's files. */
export type ServerWork =
  /** Every table is looked through, and these statements are answered. */
  | { readonly do: "check"; readonly statements: readonly Sql[] }
  /** One database is dumped; binlogs, in so many blocks before the files, are replayed first, those of this database, from `position` until `stop`. */
  | {
      readonly do: "dump";
      readonly database: string;
      readonly dump: readonly string[];
      readonly replay: { readonly blocks: number; readonly position: number; readonly stop: string } | null;
    };

const ADMIN = sql`'howdah'@'localhost'`;
const INIT = [sql`CREATE USER IF NOT EXISTS ${ADMIN}`, sql`GRANT ALL PRIVILEGES ON *.* TO ${ADMIN} WITH GRANT OPTION`];

/**
 * By busybox' shell, whose words are these and no other: MY.CNF INIT.SQL VERSION BLOCKS POSITION STOP DATABASE WHAT, then the statements or mariadb-dump's
 * argument list. Standard input are the binlogs, then the files.
 */
const SCRIPT = `set -euo pipefail
umask 077
config=$1 init=$2 version=$3 blocks=$4 position=$5 stop=$6 database=$7 what=$8
shift 8
in=${DATABASE_PATHS.temporary}/in
mkdir "$in"
if [ "$blocks" -gt 0 ]; then dd bs=${String(BLOCK_BYTES)} count="$blocks" iflag=fullblock 2>/dev/null | tar -x -f - -C "$in"; fi
data=${DATABASE_PATHS.volume}/data
mkdir "$data"
mbstream -x -C "$data"
mariadb-backup --prepare --use-memory=256M --target-dir="$data" >&2
printf '%s\\n' "$version" >"$data/howdah-version"
printf '%s' "$config" >${DATABASE_PATHS.configFile}
printf '%s' "$init" >${DATABASE_PATHS.initFile}
printf '[client]\\nuser=howdah\\nsocket=${DATABASE_PATHS.socket}\\nloose-max-allowed-packet=1G\\n' >${DATABASE_PATHS.clientFile}
${DATABASE_PATHS.entrypoint} </dev/null >&2 &
server=$!
client="mariadb --defaults-file=${DATABASE_PATHS.clientFile} --default-character-set=utf8mb4"
until $client --execute='SELECT 1' >/dev/null 2>&1; do
  kill -0 $server 2>/dev/null || { echo 'ERROR the scratch server did not start' >&2; exit 1; }
  sleep 0.2
done
if [ "$blocks" -gt 0 ]; then
  TZ=UTC mariadb-binlog --no-defaults --database="$database" --start-position="$position" --stop-datetime="$stop" "$in"/* | $client --binary-mode "$database"
fi
if [ "$what" = check ]; then
  mariadb-check --defaults-file=${DATABASE_PATHS.clientFile} --all-databases --check --silent >"$in.check" 2>&1 || true
  if grep -E -q '^[Ee]rror|: Corrupt|: Operation failed|^(mariadb|mysql)-?check: ' "$in.check"; then
    head -n 50 "$in.check" >&2
    echo "ERROR tables are damaged: $(grep -E -m 1 '^[Ee]rror|check: ' "$in.check")" >&2
    exit 1
  fi
  for statement in "$@"; do $client --batch --skip-column-names --execute="$statement"; done
else
  "$@"
fi
`;

/**
 * Unpacks a server's backup, lets InnoDB roll it to its moment, and starts a scratch server on it, without a network and gone after. Error: `backup/damaged`
 * with the program's words.
 */
export async function scratchServer(
  {
    image,
    version,
    input,
    output,
    work,
  }: {
    readonly image: string;
    /** Of the server that was backed up: system tables of an older one are upgraded. */
    readonly version: string;
    readonly input: Readable;
    readonly output: Writable;
    readonly work: ServerWork;
  },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  const replay = work.do === "dump" ? work.replay : null;
  const { blocks, position, stop } = replay ?? { blocks: 0, position: 4, stop: "none" };
  const [database, rest] = work.do === "dump" ? [work.database, work.dump] : ["", work.statements.map(({ text }) => text)];
  const init = INIT.map(({ text }) => `${text};\n`).join("");
  const words = [scratchServerOptions(), init, version, String(blocks), String(position), stop, database, work.do, ...rest];
  const errors = lastLines(200);
  const target = {
    namespace: SYSTEM_NAMESPACE,
    workload: SCRATCH_NAME,
    container: DATABASE_CONTAINER,
    desired: renderScratchServer(image),
  };
  const request = { argv: ["sh", "-c", SCRIPT, "sh", ...words], stdin: input, stdout: output, stderr: errors.stream } as const;
  const code = await ports.engine.runOnce(target, request, context);
  if (code === 0) return;
  const said = errors.lines();
  throw new HowdahError("backup/damaged", `No server could be started on the backup's files: ${reasonOf(said, code)}`, { output: said });
}
