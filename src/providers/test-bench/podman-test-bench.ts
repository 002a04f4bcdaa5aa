import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, processIdentity } from "../../host/process-identity.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { filesAsMounts } from "../files-as-mounts.ts";
import { run } from "../process.ts";
import type { TestBench, Trial, TrialDatabase, TrialEnd, TrialProgram } from "./test-bench.ts";
import {
  databaseArguments,
  environmentBeside,
  environmentLines,
  programArguments,
  TRIAL_LABELS,
  type TrialLimits,
  type TrialNames,
  trialNames,
} from "./trial-arguments.ts";

/** Settings of the bench; the wiring reads them. */
export interface TestBenchOptions {
  /** Prefix of all names in podman. */
  readonly instance: string;
  /** A directory in memory: files of trials hold passwords. */
  readonly runDir: string;
  readonly limits: () => Promise<TrialLimits>;
  /** Closes the networks of the instance to one another and to the machine. */
  readonly closeNetworks: () => Promise<unknown>;
  /** Takes away what closes a network, and then the network, by `remove`. */
  readonly withdrawNetwork: (network: string, remove: () => Promise<void>) => Promise<void>;
}

/** The longest that a database without a program is kept by podman itself, in seconds: hooks and a program's timeout lie before. */
const DATABASE_SECONDS = 8 * 3600;
/** On a busy machine a data directory takes half a minute to be made. */
const DATABASE_READY_MS = 180_000;
/** A call of podman costs 100 ms of CPU; a server starts in one or two seconds. */
const DATABASE_POLL_MS = 300;

/** A trial's parts as they are known while it lasts. */
interface Place {
  readonly names: TrialNames;
  /** Below the run directory. */
  readonly directory: string;
  readonly limits: TrialLimits;
}

/** Trials in podman's containers. */
export function podmanTestBench(options: TestBenchOptions): TestBench {
  const root = join(options.runDir, "test");
  return {
    withTrial: async ({ database }, work, signal) => {
      const id = randomBytes(4).toString("hex");
      const owner = await processIdentity();
      const names = trialNames(options.instance, id, owner);
      const place: Place = { names, directory: join(root, `${owner}.${id}`), limits: await options.limits() };
      try {
        await mkdir(place.directory, { recursive: true, mode: 0o700 });
        // Without podman's name server: it must not be bothered by what comes and goes, as sites ask it.
        await run(["podman", "network", "create", "--disable-dns", "--opt=isolate=true", ...names.labels, names.network], { signal });
        await options.closeNetworks();
        if (database !== null) await startDatabase(place, database, signal);
        return await work(trialIn(place, database, signal));
      } finally {
        await removeTrial(names, options);
        await rm(place.directory, { recursive: true, force: true });
      }
    },
    sweep: () => sweep(options, root),
  };
}

function trialIn(place: Place, database: TrialDatabase | null, signal: AbortSignal): Trial {
  let ready: Promise<void> | undefined;
  return {
    run: async (program) => {
      if (database !== null) await (ready ??= awaitDatabase(place, database, signal));
      return runProgram(place, program, database !== null, signal);
    },
  };
}

async function startDatabase(place: Place, database: TrialDatabase, signal: AbortSignal): Promise<void> {
  const mounts = await filesAsMounts(join(place.directory, "database"), database.files);
  const given = { mounts, limits: place.limits, seconds: DATABASE_SECONDS };
  await run(["podman", ...databaseArguments(place.names, database, given)], { signal });
}

/** Asks inside the container until it answers. */
async function awaitDatabase({ names }: Place, database: TrialDatabase, signal: AbortSignal): Promise<void> {
  const until = performance.now() + DATABASE_READY_MS;
  while (performance.now() < until) {
    const asked = await run(["podman", "exec", names.database, ...database.ready], { signal, accept: "any" });
    if (asked.code === 0) return;
    await sleep(DATABASE_POLL_MS, undefined, { signal }).catch(() => {}); // `run` names it when we are stopped
  }
  const log = await run(["podman", "logs", "--tail=50", names.database], { accept: "any" });
  throw new HowdahError("database/failed", "The throw-away database did not start", { output: log.lastLines });
}

async function runProgram(place: Place, program: TrialProgram, besideDatabase: boolean, signal: AbortSignal): Promise<TrialEnd> {
  const directory = join(place.directory, "program");
  const mounts = await filesAsMounts(directory, program.files);
  const environmentFile = join(directory, "environment");
  await writeFile(environmentFile, environmentLines(program.environment), { mode: 0o600 });
  const late = new HowdahError("cancelled", `It did not end within ${String(program.timeoutSeconds)} seconds`);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(late), program.timeoutSeconds * 1000);
  const argv = programArguments(place.names, program, { mounts, limits: place.limits, besideDatabase, environmentFile });
  try {
    const ran = await run(["podman", ...argv], {
      signal: AbortSignal.any([signal, limit.signal]),
      env: { ...(process.env as Readonly<Record<string, string>>), ...environmentBeside(program.environment) },
      accept: "any",
      onLine: program.onLine,
    });
    return { is: "ended", exitCode: ran.code };
  } catch (error) {
    if (error === late) return { is: "timed-out" };
    throw error;
  } finally {
    clearTimeout(timer);
    await removeContainers([place.names.program]);
  }
}

/** Never fails for what is not there, and never stops: a trial goes whatever became of the command. The program goes before the network it shares. */
async function removeTrial({ program, database, network }: TrialNames, options: TestBenchOptions): Promise<void> {
  await removeContainers([program]);
  await removeContainers([database]);
  await removeNetwork(network, options);
}

/** The agent's next pass takes away the rules that stay. */
async function removeNetwork(network: string, { withdrawNetwork }: TestBenchOptions): Promise<void> {
  const remove = async (): Promise<void> => void (await run(["podman", "network", "rm", "--force", network], { accept: "any" }));
  await withdrawNetwork(network, remove).catch(() => undefined);
}

async function removeContainers(names: readonly string[]): Promise<void> {
  await run(["podman", "rm", "--force", "--ignore", "--time=0", ...names], { accept: "any" });
}

async function sweep(options: TestBenchOptions, root: string): Promise<number> {
  const dead = new Set<string>();
  const ofInstance = `--filter=label=${TRIAL_LABELS.instance}=${options.instance}`;
  const owner = `{{index .Labels "${TRIAL_LABELS.owner}"}}`;
  const containers = await listed(["podman", "ps", "--all", ofInstance, `--format={{.Names}} ${owner}`]);
  const left = await leftBehind(containers);
  // programs first: podman refuses to remove a database whose network another container shares
  for (const name of left.toSorted((a, b) => Number(b.endsWith(".program")) - Number(a.endsWith(".program")))) {
    await removeContainers([name]);
    dead.add(name.replace(/\.(program|database)$/, ""));
  }
  for (const name of await leftBehind(await networks(ofInstance))) {
    await removeNetwork(name, options);
    dead.add(name);
  }
  for (const name of await readdir(root).catch(() => [])) {
    if (!(await isProcessAlive(name.split(".")[0] ?? ""))) await rm(join(root, name), { recursive: true, force: true });
  }
  return dead.size;
}

/** A thing's name and who made it. */
type Owned = readonly [name: string, owner: string];

async function networks(filter: string): Promise<readonly Owned[]> {
  const { stdout } = await run(["podman", "network", "ls", filter, "--format=json"], { accept: "any" });
  const found = JSON.parse(stdout || "[]") as readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[];
  return found.map(({ name, labels }) => [name, labels?.[TRIAL_LABELS.owner] ?? ""]);
}

async function listed(argv: readonly string[]): Promise<readonly Owned[]> {
  const { stdout } = await run(argv, { accept: "any" });
  return stdout.split("\n").flatMap((line) => {
    const [name = "", owner = ""] = line.split(" ");
    return name === "" ? [] : [[name, owner]];
  });
}

async function leftBehind(found: readonly Owned[]): Promise<readonly string[]> {
  const alive = await Promise.all(found.map(([, owner]) => isProcessAlive(owner)));
  return found.flatMap(([name], index) => (alive[index] === true ? [] : [name]));
}
