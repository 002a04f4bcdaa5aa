import { applyPlan } from "../../apply/apply-plan.ts";
import type { Target } from "../../engine/engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DUMPS_CLAIM, DUMPS_PATH, renderDumpPod, renderDumpsClaim } from "../../render/database/render-dump-pod.ts";
import { rendered } from "../../render/rendered.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import { readableBytes } from "./byte-progress.ts";
import { brokenViews, dumpArgv, type DumpPorts } from "./dump-database.ts";
import { DUMP_SCRIPT, judgeDump } from "./dumps-beside-data.ts";
import { lastLines } from "./last-lines.ts";
import { BRINGING_OPTIONS, siteDatabase } from "./site-database.ts";

const GIB = 1024 ** 3;

/** A dump before a migration, and which of those that are there go once it is whole. */
export interface DumpBesideSite {
  readonly name: string;
  readonly dataBytes: number;
  readonly neededBytes: number;
  readonly drops: (names: readonly string[]) => readonly string[];
}

/** Whether no pod of the database's server can dump it: one outside of the cluster has none, and routers before several nodes have no programs. */
export function isBesideSite(record: Pick<SiteRecord, "database">): boolean {
  return record.database?.behind !== undefined || record.database?.routed === true;
}

/** The dump, then the names of all that are there. */
const DUMP_AND_LIST = `${DUMP_SCRIPT}ls -1 | sed 's/^/file /'
`;

/** Words: FILE, then the client's argument list without statements. */
const CHECK_SCRIPT = `set -euo pipefail
file=$1
shift
gzip -t "$file"
"$@" --execute='SELECT 1' >/dev/null
`;

/** The same; the statements are the dump's. */
const BRING_SCRIPT = `set -euo pipefail
file=$1
shift
gzip -dc "$file" | "$@"
`;

/**
 * Dumps a cluster's database over the network to a volume of the site's own namespace, in a pod of the site's own: the site's user and its way to the database
 * suffice, whatever server that is. The volume is made the first time, and counts in the tenant's quota. Answers the file's path on it. Errors:
 * `machine/disk-full` before anything is written, `database/failed`, those of the engine.
 */
export async function dumpBesideSite(record: SiteRecord, dump: DumpBesideSite, ports: DumpPorts, context: EngineContext): Promise<string> {
  const id = "database/dump";
  const { name: database } = siteDatabase(record);
  const { name, neededBytes } = dump;
  context.emit({ type: "task-started", id, title: `dump the database ${database}` });
  try {
    const target = targetOf(record);
    await ensureClaim(record, dump, ports, context);
    const argv = overNetwork(record, dumpArgv({ ...siteDatabase(record), client: INSIDE }, await brokenViews(record, ports, context)));
    const words = [DUMPS_PATH, name, String(Math.ceil(neededBytes / 1024)), ...argv];
    const { code, lines } = await run(target, DUMP_AND_LIST, words, ports, context);
    const [files, others] = [lines.filter((line) => line.startsWith(LISTED)), lines.filter((line) => !line.startsWith(LISTED))];
    const said = others.at(-1) ?? "";
    judgeDump({ code, said, errors: others }, { database, volume: `the volume ${DUMPS_CLAIM} of ${record.namespace}`, neededBytes });
    const gone = dump.drops(files.map((line) => line.slice(LISTED.length)));
    if (gone.length > 0) await run(target, 'cd "$1"; shift; rm -f -- "$@"', [DUMPS_PATH, ...gone], ports, context);
    context.emit({ type: "task-done", id, outcome: "changed", detail: readableBytes(Number(said)) });
    return `${DUMPS_PATH}/${name}`;
  } catch (error) {
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

const LISTED = "file ";

/** What `dumpArgv` takes for a place that its options name. */
const INSIDE = { host: "", port: 0 } as const;

/** Proves that a dump can be read whole and that the site's user can log in, before anything is emptied for it. Error: `database/failed`. */
export async function requireReadable(
  record: SiteRecord,
  file: string,
  ports: Pick<DumpPorts, "engine">,
  context: EngineContext,
): Promise<void> {
  const { code, lines } = await run(targetOf(record), CHECK_SCRIPT, [file, ...clientOf(record)], ports, context);
  if (code === 0) return;
  throw new HowdahError("database/failed", `The dump ${file} can't be brought back: it can't be read, or the site's user can't log in`, {
    output: lines,
    hint: "Nothing was changed.",
  });
}

/** Feeds a dump to an empty database, as the site's own user. Error: `database/failed` with the server's words. */
export async function bringFromBesideSite(
  record: SiteRecord,
  file: string,
  ports: Pick<DumpPorts, "engine">,
  context: EngineContext,
): Promise<void> {
  const words = [file, ...clientOf(record), "--binary-mode", ...BRINGING_OPTIONS];
  const { code, lines } = await run(targetOf(record), BRING_SCRIPT, words, ports, context);
  if (code !== 0) throw new HowdahError("database/failed", `The dump ${file} was not taken by the server`, { output: lines });
}

/** A pod of the site with MariaDB's programs. Error: `database/no-image` where its release brought none. */
function targetOf({ site, namespace, database }: SiteRecord): Target {
  if (database?.programs === undefined)
    throw new HowdahError(
      "database/no-image",
      `The release of ${namespace} has no image with MariaDB's programs, so its database can't be dumped`,
      {
        hint: "`howdah deploy --context NAME` makes a release with one; or say `dump: false` in `spec.hooks.migrate` when you have a backup of your own. Nothing was migrated.",
      },
    );
  const desired = renderDumpPod(site, database.programs);
  return { namespace, workload: desired.metadata.name, container: DATABASE_CONTAINER, desired };
}

/** Its password is in the environment of the pod, by reference. */
function overNetwork(record: SiteRecord, argv: readonly string[]): readonly string[] {
  const { host, port, user } = siteDatabase(record);
  const place = ["--no-defaults", `--host=${host}`, `--port=${String(port)}`, `--user=${user}`, "--skip-ssl-verify-server-cert"];
  return argv.filter((option) => !option.startsWith("--defaults-file=")).toSpliced(1, 0, ...place);
}

function clientOf(record: SiteRecord): readonly string[] {
  const options = ["--default-character-set=utf8mb4", "--local-infile=0", "--loose-sandbox", "--batch"];
  return overNetwork(record, ["mariadb", ...options, `--database=${siteDatabase(record).name}`]);
}

/** Room for the dumps that are kept; grown when the data has, where the storage class can do that. */
async function ensureClaim(
  { site, namespace }: SiteRecord,
  { dataBytes }: DumpBesideSite,
  ports: DumpPorts,
  context: EngineContext,
): Promise<void> {
  const key = `PersistentVolumeClaim/${DUMPS_CLAIM}` as const;
  const inventory = await ports.engine.inventory(namespace);
  const claim = rendered(renderDumpsClaim(site, Math.ceil((3 * dataBytes) / GIB) + 1));
  const known = inventory.objects.get(key);
  const steps = planObjects([claim], { namespace, objects: new Map(known === undefined ? [] : [[key, known]]) });
  try {
    await applyPlan(namespace, steps, ports.engine, context);
  } catch (error) {
    // Many storage classes let no volume grow: whether there is room is asked before anything is written.
    if (known === undefined || !(error instanceof HowdahError) || context.signal.aborted) throw error;
  }
}

/** Runs one of the scripts of this file, constants all: `words` are its parameters. A pod's output is both streams in order. */
async function run(
  target: Target,
  script: string,
  words: readonly string[],
  { engine }: Pick<DumpPorts, "engine">,
  context: EngineContext,
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const output = lastLines(10_000);
  const request = { argv: ["sh", "-c", script, "sh", ...words], stdin: "none", stdout: output.stream, stderr: output.stream } as const;
  const code = await engine.runOnce(target, request, context);
  return { code, lines: output.lines() };
}
