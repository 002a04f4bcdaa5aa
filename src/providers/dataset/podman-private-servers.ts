import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, processIdentity } from "../../host/process-identity.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX, RUN_AS } from "../../kernel/label.ts";
import { sql } from "../../kernel/sql.ts";
import { filesAsMounts } from "../files-as-mounts.ts";
import { run, stream } from "../process.ts";
import {
  type PrivateConnection,
  PRIVATE_SOCKET,
  type PrivateServer,
  type PrivateServers,
  type SealedContainer,
  type SealedEnd,
} from "./private-server.ts";
import { refusalNumbers } from "./refusal-without-values.ts";
import { socketConnection } from "./socket-connection.ts";

/** Which limits the machine's kernel keeps. */
interface KeptLimits {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly pids: boolean;
}

/** Settings of private servers; the wiring reads them. */
export interface PrivateServerOptions {
  /** Prefix of all names in podman. */
  readonly instance: string;
  /** A directory in memory, of root alone. */
  readonly runDir: string;
  readonly limits: () => Promise<KeptLimits>;
}

const LABELS = {
  instance: `${LABEL_PREFIX}/dataset`,
  owner: `${LABEL_PREFIX}/dataset-owner`,
  breed: `${LABEL_PREFIX}/dataset-breed`,
} as const;
/** A data directory is made in two seconds, and in a minute on a busy machine; one that needs recovery takes longer. */
const READY_MS = 600_000;
const POLL_MS = 50;
/** A slow shutdown purges everything: 51 s were seen with 2 GB that were changed in place. */
const STOP_SECONDS = 3600;
/** Sites' containers have 1024: while they want the processor, a breed waits. */
const CPU_SHARES = 64;
const PIDS = 512;
const DIED_LINES = 30;

/** Private servers in podman's containers. */
export function podmanPrivateServers(options: PrivateServerOptions): PrivateServers {
  const root = join(options.runDir, "dataset");
  return {
    start: async (container, signal) => {
      const place = await prepare(container, root, options);
      const [program = "", ...args] = container.argv;
      const argv = ["podman", "run", "--detach", ...place.argv, `--entrypoint=${JSON.stringify([program])}`, container.image, ...args];
      await run(argv, { signal });
      await awaitServer(place, signal);
      return serverIn(place);
    },
    run: async (container, { input, signal }) => {
      const place = await prepare(container, root, options);
      const [program = "", ...args] = container.argv;
      const given = input === undefined ? [] : ["--interactive"];
      const argv = [
        "podman",
        "run",
        "--rm",
        ...given,
        ...place.argv,
        `--entrypoint=${JSON.stringify([program])}`,
        container.image,
        ...args,
      ];
      try {
        const ended = await run(argv, { signal, accept: "any", ...(input === undefined ? {} : { input }) });
        return { code: ended.code, lastLines: ended.lastLines } satisfies SealedEnd;
      } finally {
        await remove(place.name);
        await rm(place.directory, { recursive: true, force: true });
      }
    },
    sweep: (breed) => sweep(breed, root, options),
  };
}

/** A container's name, its directory of the machine, and podman's words for it. */
interface Place {
  readonly name: string;
  readonly directory: string;
  readonly socket: string;
  readonly argv: readonly string[];
}

async function prepare(container: SealedContainer, root: string, options: PrivateServerOptions): Promise<Place> {
  const owner = await processIdentity();
  const id = randomBytes(4).toString("hex");
  // Short: the path of a socket has 107 bytes at most.
  const directory = join(root, `${id}.${owner}.${digestOf(container.breed)}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await chmod(root, 0o700);
  await mkdir(join(directory, "run"), { recursive: true, mode: 0o700 });
  // Where `secure-file-priv` points: it must exist and stays empty.
  await mkdir(join(directory, "run/no-files"), { mode: 0o700 });
  for (const one of ["run", "run/no-files"]) await chown(join(directory, one), RUN_AS, RUN_AS);
  const name = `${options.instance}._dataset.${id}`;
  const files = await filesAsMounts(join(directory, "files"), container.files ?? {});
  const volumes = container.directories.map(
    ({ from, to, readOnly }) => `--volume=${from}:${to}:${readOnly === true ? "ro" : "rw"},nosuid,nodev`,
  );
  const labels = [
    `--label=${LABELS.instance}=${options.instance}`,
    `--label=${LABELS.owner}=${owner}`,
    `--label=${LABELS.breed}=${container.breed}`,
  ];
  const sealed = sealing(container.memoryBytes, await options.limits());
  const argv = [
    `--name=${name}`,
    ...labels,
    ...sealed,
    `--volume=${join(directory, "run")}:/run/mysqld:rw,nosuid,nodev`,
    ...volumes,
    ...files,
  ];
  return { name, directory, socket: join(directory, "run", PRIVATE_SOCKET.slice("/run/mysqld/".length)), argv };
}

function sealing(memoryBytes: number, limits: KeptLimits): readonly string[] {
  return [
    ...["--network=none", "--pull=never", "--no-healthcheck", "--read-only", "--read-only-tmpfs=false"],
    ...["--cap-drop=all", "--security-opt=no-new-privileges", `--user=${String(RUN_AS)}:${String(RUN_AS)}`],
    ...["--tmpfs=/tmp:rw,nosuid,nodev,mode=1777", "--log-driver=k8s-file"],
    ...(limits.cpu ? [`--cpu-shares=${String(CPU_SHARES)}`] : []),
    ...(limits.memory ? [`--memory=${String(memoryBytes)}b`, `--memory-swap=${String(memoryBytes)}b`] : []),
    ...(limits.pids ? [`--pids-limit=${String(PIDS)}`] : []),
  ];
}

async function awaitServer(place: Place, signal: AbortSignal): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    if (signal.aborted) throw signal.reason;
    const connection = await socketConnection(place.socket).catch(() => undefined);
    if (connection !== undefined) {
      await connection.close();
      return;
    }
    await sleep(POLL_MS);
    if ((await stateOf(place.name)) !== "running") break;
  }
  const log = await run(["podman", "logs", `--tail=${String(DIED_LINES)}`, place.name], { accept: "any" });
  throw new HowdahError("dataset/failed", "A private database server did not start", { output: log.lastLines });
}

/** `running`, `exited 0`, or empty for a container that is gone. */
async function stateOf(name: string): Promise<string> {
  const format = "--format={{if .State.Running}}running{{else}}exited {{.State.ExitCode}}{{end}}";
  const { code, stdout } = await run(["podman", "container", "inspect", format, name], { accept: "any" });
  return code === 0 ? stdout.trim() : "";
}

function serverIn(place: Place): PrivateServer {
  return {
    connect: () => socketConnection(place.socket),
    exec: (argv, input) => {
      const given = input === undefined ? [] : ["--interactive"];
      const running = stream(["podman", "exec", ...given, place.name, ...argv], input === undefined ? {} : { input });
      return { stdout: running.stdout, done: running.done.then(() => undefined, failWithoutValues) };
    },
    stop: async (clean) => {
      if (clean) await shutDown(place);
      await remove(place.name);
      await rm(place.directory, { recursive: true, force: true });
    },
  };
}

/** What a program of the database says when it fails quotes rows; its refusals' numbers don't. */
function failWithoutValues(error: unknown): never {
  if (!(error instanceof HowdahError) || error.output.length === 0) throw error;
  throw new HowdahError(error.code, error.message, { output: refusalNumbers(error.output) });
}

/** Error: `dataset/failed` when it did not end cleanly: its files are then not whole. */
async function shutDown({ name, socket }: Place): Promise<void> {
  const connection: PrivateConnection = await socketConnection(socket);
  await connection.query(sql`SHUTDOWN`).catch(() => undefined); // the answer may not come any more
  await connection.close();
  await run(["podman", "wait", name], { accept: "any", timeoutMs: STOP_SECONDS * 1000 });
  const state = await stateOf(name);
  if (state === "exited 0") return;
  const log = await run(["podman", "logs", `--tail=${String(DIED_LINES)}`, name], { accept: "any" });
  throw new HowdahError("dataset/failed", `A private database server did not end cleanly (${state})`, { output: log.lastLines });
}

async function remove(name: string): Promise<void> {
  await run(["podman", "rm", "--force", "--ignore", "--time=0", name], { accept: "any" });
}

async function sweep(breed: string | undefined, root: string, { instance }: PrivateServerOptions): Promise<number> {
  const mark = `{{.Names}} {{index .Labels "${LABELS.owner}"}} {{index .Labels "${LABELS.breed}"}}`;
  const listed = await run(["podman", "ps", "--all", `--filter=label=${LABELS.instance}=${instance}`, `--format=${mark}`], {
    accept: "any",
  });
  let swept = 0;
  for (const line of listed.stdout.split("\n")) {
    const [name = "", owner = "", its = ""] = line.split(" ");
    if (name === "" || !(breed === undefined ? !(await isProcessAlive(owner)) : its === breed)) continue;
    await remove(name);
    swept += 1;
  }
  for (const name of await readdir(root).catch(() => [])) {
    const [, owner = "", its = ""] = name.split(".");
    if (breed === undefined ? !(await isProcessAlive(owner)) : its === digestOf(breed))
      await rm(join(root, name), { recursive: true, force: true });
  }
  return swept;
}

function digestOf(breed: string): string {
  return createHash("sha256").update(breed).digest("hex").slice(0, 8);
}
