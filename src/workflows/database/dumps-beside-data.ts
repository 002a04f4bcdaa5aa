import { PassThrough, type Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { readableBytes } from "./byte-progress.ts";
import { brokenViews, dumpArgv, type DumpPorts } from "./dump-database.ts";
import { lastLines } from "./last-lines.ts";
import { serverTarget, siteDatabase } from "./site-database.ts";

/**
 * Dumps that lie on the database server's own volume, as on a cluster: an operator's pod keeps nothing, and may be on another node the next
 * minute. They outlive operator and pods, and cost no traffic; they are no backup against the loss of that volume.
 */
export function dumpDirectory({ namespace }: Pick<SiteRecord, "namespace">): string {
  return `${DATABASE_PATHS.volume}/dumps/${namespace}`;
}

/** How a person feeds such a dump to the server: as its administrator, in its own container. */
export function takeBackOnCluster(record: SiteRecord, file: string): string {
  const { server, name } = siteDatabase(record);
  const script = `gzip -dc "$1" | mariadb --defaults-file=${DATABASE_PATHS.clientFile} "$2"`;
  return `kubectl --namespace ${SYSTEM_NAMESPACE} exec ${server}-0 -- sh -c '${script}' sh ${file} ${name}`;
}

/** How the script ends when it has not begun, and when what it wrote is not whole. */
export const DUMP_ENDS = { noRoom: 75, notWhole: 76 } as const;

/**
 * In the server's container, by busybox' shell, whose words are these and no other: DIRECTORY NAME KILOBYTES, then mariadb-dump's argument list. The file
 * has its name when it is whole (gzip's checksum, the dump's last line) and on disk. What a killed one left goes first.
 */
export const DUMP_SCRIPT = `set -euo pipefail
umask 077
directory=$1 name=$2 needed=$3
shift 3
mkdir -p "$directory"
cd "$directory"
rm -f ./*.partial
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
if [ "$free" -lt "$needed" ]; then echo "$free"; exit ${DUMP_ENDS.noRoom}; fi
trap 'rm -f "./$name.partial"' EXIT
"$@" | gzip >"./$name.partial"
gzip -dc "./$name.partial" | tail -n 1 | grep -q '^-- Dump completed' || exit ${DUMP_ENDS.notWhole}
sync
mv "./$name.partial" "./$name"
sync
gzip -dc "./$name" | wc -c
`;

/**
 * Dumps a site's database to a file `name` of `dumpDirectory`. Answers its path in the server's container. Errors: `machine/disk-full` before anything is
 * written when `neededBytes` are not free on the volume, `database/failed` with the program's words.
 */
export async function dumpBesideData(
  record: SiteRecord,
  { name, neededBytes }: { readonly name: string; readonly neededBytes: number },
  ports: DumpPorts,
  context: EngineContext,
): Promise<string> {
  const id = "database/dump";
  const database = siteDatabase(record);
  context.emit({ type: "task-started", id, title: `dump the database ${database.name}` });
  try {
    const directory = dumpDirectory(record);
    const dump = dumpArgv(database, await brokenViews(record, ports, context));
    const words = [directory, name, String(Math.ceil(neededBytes / 1024)), ...dump];
    const { code, said, errors } = await shell(record, DUMP_SCRIPT, words, ports, context);
    judgeDump({ code, said, errors }, { database: database.name, volume: `the volume of ${database.server}`, neededBytes });
    context.emit({ type: "task-done", id, outcome: "changed", detail: readableBytes(Number(said)) });
    return `${directory}/${name}`;
  } catch (error) {
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** Whether a dump is whole, by how its script ended. Errors: `machine/disk-full`, `database/failed` with the program's words. */
export function judgeDump(
  { code, said, errors }: { readonly code: number; readonly said: string; readonly errors: readonly string[] },
  { database, volume, neededBytes }: { readonly database: string; readonly volume: string; readonly neededBytes: number },
): void {
  if (code === DUMP_ENDS.noRoom)
    throw new HowdahError(
      "machine/disk-full",
      `The dump before the migration may take ${readableBytes(neededBytes)}, and ${volume} has ${readableBytes(Number(said) * 1024)} left`,
      {
        hint: "Make its claim larger, or say `dump: false` in `spec.hooks.migrate` when you have a backup of your own. Nothing was changed.",
      },
    );
  const why =
    code === DUMP_ENDS.notWhole
      ? "its last line is missing, so it is not whole"
      : `mariadb-dump or gzip ended with exit code ${String(code)}`;
  if (code !== 0)
    throw new HowdahError("database/failed", `The dump of ${database} failed: ${why}`, { output: errors, hint: "Nothing was migrated." });
}

/** The names of files that a site's directory of dumps holds. */
export async function dumpsBesideData(record: SiteRecord, ports: DumpPorts, context: EngineContext): Promise<readonly string[]> {
  const { said } = await shell(record, 'ls -1 "$1" 2>/dev/null || true', [dumpDirectory(record)], ports, context);
  return said.split("\n").filter((name) => name !== "");
}

/** Takes dumps away that are no longer kept. */
export async function dropDumpsBesideData(
  record: SiteRecord,
  names: readonly string[],
  ports: DumpPorts,
  context: EngineContext,
): Promise<void> {
  if (names.length > 0) await shell(record, 'cd "$1"; shift; rm -f -- "$@"', [dumpDirectory(record), ...names], ports, context);
}

/** Takes away all dumps of a namespace whose data is deleted for good. Errors: `engine/not-ready` while the server does not run, `database/failed`. */
export async function dropAllDumpsBesideData(
  { namespace, server }: { readonly namespace: string; readonly server: string },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  const errors = lastLines();
  const argv = ["rm", "-rf", "--", dumpDirectory({ namespace })];
  const target = { namespace: SYSTEM_NAMESPACE, workload: server, container: DATABASE_CONTAINER };
  const code = await ports.engine.exec(target, { argv, stdin: "none", stdout: errors.stream, stderr: errors.stream }, context);
  if (code !== 0) throw new HowdahError("database/failed", `The dumps of ${namespace} could not be deleted`, { output: errors.lines() });
}

/** The SQL of a dump on the server's volume, as a stream. It ends with an error when the file can't be read whole. */
export function openDumpBesideData(record: SiteRecord, file: string, ports: DumpPorts, context: EngineContext): Readable {
  const stdout = new PassThrough();
  const errors = lastLines();
  ports.engine.exec(serverTarget(record), { argv: ["gzip", "-dc", file], stdin: "none", stdout, stderr: errors.stream }, context).then(
    (code) => {
      if (code === 0) stdout.end();
      else stdout.destroy(new HowdahError("database/failed", `The dump ${file} can't be read`, { output: errors.lines() }));
    },
    (error: unknown) => stdout.destroy(error as Error),
  );
  return stdout;
}

/**
 * Runs one of the scripts of this file, constants all: nothing but `words` differs, which the shell gets as parameters, never as code. By `-c`:
 * standard input of a program in a pod has no end before Kubernetes 1.30.
 */
async function shell(
  record: SiteRecord,
  script: string,
  words: readonly string[],
  ports: DumpPorts,
  context: EngineContext,
): Promise<{ readonly code: number; readonly said: string; readonly errors: readonly string[] }> {
  const [output, errors] = [lastLines(10_000), lastLines()];
  const request = { argv: ["sh", "-c", script, "sh", ...words], stdin: "none", stdout: output.stream, stderr: errors.stream } as const;
  const code = await ports.engine.exec(serverTarget(record), request, context);
  return { code, said: output.lines().join("\n"), errors: errors.lines() };
}
