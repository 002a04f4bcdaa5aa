import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { digestOf } from "../../render/rendered.ts";
import type { Lock } from "../lock.ts";
import { type LogCursor, lastLines, logCursor, sizeOf } from "./container-log.ts";
import { type EdgeInput, type EdgeListen, type EdgeRoute, type RenderEdge, type RouteWithoutTls, routesOf } from "./edge-input.ts";
import type { Machine } from "./machine.ts";
import { label, type Names } from "./names.ts";
import { mountTmpfs, unmount } from "./pod-volumes.ts";
import type { Podman } from "./podman-cli.ts";
import { portHolder } from "./port-holder.ts";
import type { ReadyMarks } from "./ready-marks.ts";
import type { SecretStore } from "./secret-store.ts";
import type { StateStore } from "./state-store.ts";
import { writeFileAtomically } from "./write-file.ts";

/** How the way in is made. */
export interface EdgeSettings extends EdgeListen {
  /** An nginx image. */
  readonly image: string;
}

/** The way in: one nginx for all sites of a machine, which routes by hostname and needs nobody of ours alive. */
export interface Edge {
  /** Makes it run with these settings. Errors: `machine/port-in-use`, `config/rejected`. */
  ensure(settings: EdgeSettings): Promise<void>;
  /** Lets it follow routes and ready pods; nothing happens while none was ensured. */
  refresh(): Promise<void>;
  /** What it was ensured with. */
  settings(): Promise<EdgeSettings | undefined>;
  remove(): Promise<void>;
}

/** A certificate's PEM files on this machine. */
export type CertificateFor = (hostnames: readonly string[]) => Promise<{ readonly certificate: string; readonly key: string }>;

/** What the edge is built on. */
export interface EdgePorts {
  readonly names: Names;
  readonly podman: Podman;
  readonly store: StateStore;
  readonly secrets: SecretStore;
  readonly marks: ReadyMarks;
  readonly clock: Clock;
  readonly lock: Lock;
  readonly stateDir: string;
  readonly runDir: string;
  /** Runs a program of the system (`mount`, `umount`). */
  readonly system: Machine["system"];
  readonly render: RenderEdge;
  readonly certificateFor: CertificateFor;
}

/** Where the edge's container sees its configuration. */
const INSIDE = "/etc/howdah-edge";
const CONFIG = "nginx.conf";
const LOCK_WAIT_MS = 60_000;
const START_MS = 15_000;
const POLL_MS = 50;
/** /run of the running edge, and of the container that tests its configuration: pid file and sockets. */
const SCRATCH = ["live", "test"];
const SCRATCH_BYTES = 16 * 1024 * 1024;

/** Binds the edge to a machine. */
export function edge(ports: EdgePorts): Edge {
  const directory = join(ports.stateDir, "edge");
  const settingsFile = join(directory, "settings.json");
  const settings = async (): Promise<EdgeSettings | undefined> => {
    const text = await readFile(settingsFile, "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as EdgeSettings);
  };
  const locked = async (work: () => Promise<void>): Promise<void> => {
    const lock = await ports.lock("edge_", "howdah edge", { waitMs: LOCK_WAIT_MS });
    try {
      await work();
    } finally {
      await lock.release();
    }
  };
  return {
    settings,
    ensure: (wanted) =>
      locked(async () => {
        const files = await prepared(ports, directory, wanted);
        if (await runsWith(ports, wanted)) await reload(ports, files);
        else await start(ports, files, wanted);
        await writeFileAtomically(settingsFile, JSON.stringify(wanted));
      }),
    refresh: () =>
      locked(async () => {
        const wanted = await settings();
        if (wanted === undefined) return;
        const files = await prepared(ports, directory, wanted);
        if (await runsWith(ports, wanted)) await reload(ports, files);
        else await start(ports, files, wanted);
      }),
    remove: () =>
      locked(async () => {
        await ports.podman.run(["rm", "--force", "--ignore", "--time=10", ports.names.edge]);
        for (const scratch of SCRATCH) await unmount(ports, join(ports.runDir, "edge", scratch));
        await rm(directory, { recursive: true, force: true });
      }),
  };
}

interface Prepared {
  readonly directory: string;
  readonly bind: string;
  readonly ports: readonly number[];
  /** On disk: nginx puts uploads there that are larger than its memory buffers. */
  readonly buffers: string;
  /** Where its memory file systems are mounted. */
  readonly memory: string;
  readonly text: string;
  readonly image: string;
  readonly capabilities: readonly string[];
}

/** Renders the configuration and puts the certificates in place, where only the edge's user reads them. */
async function prepared(ports: EdgePorts, root: string, wanted: EdgeSettings): Promise<Prepared> {
  const directory = join(root, "conf");
  const buffers = join(root, "tmp");
  for (const own of [directory, buffers]) {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await chmod(own, 0o700);
    await chown(own, RUN_AS, RUN_AS);
  }
  const memory = join(ports.runDir, "edge");
  for (const scratch of SCRATCH) await mountTmpfs(ports, join(memory, scratch), SCRATCH_BYTES, "0770");
  const { bind, httpPort, httpsPort } = wanted;
  const listen: EdgeListen = { bind, httpPort, ...(httpsPort === undefined ? {} : { httpsPort }) };
  const input: EdgeInput = { listen, routes: await routesWithTls(ports, directory) };
  const all = [httpPort, httpsPort].filter((port) => port !== undefined);
  const low = all.some((port) => port < 1024);
  return {
    directory,
    bind,
    ports: all,
    buffers,
    memory,
    text: ports.render(input),
    image: wanted.image,
    capabilities: low ? ["--cap-add=net_bind_service"] : [],
  };
}

async function routesWithTls(ports: EdgePorts, directory: string): Promise<EdgeRoute[]> {
  const marks = [...(await ports.marks.all()).values()];
  const routes: EdgeRoute[] = [];
  for (const namespace of await ports.store.namespaces()) {
    for (const route of routesOf(namespace, await ports.store.read(namespace), marks)) {
      const { tls, ...plain } = route;
      routes.push(tls === undefined ? plain : { ...plain, tls: await certificate(ports, directory, route, tls) });
    }
  }
  return routes;
}

async function certificate(
  ports: EdgePorts,
  directory: string,
  route: RouteWithoutTls,
  tls: string,
): Promise<NonNullable<EdgeRoute["tls"]>> {
  const pair = tls === "local" ? await localPair(ports, route.hostnames) : await secretPair(ports, route.namespace, tls);
  const name = createHash("sha256").update(`${pair.certificate}\0${pair.key}`).digest("hex").slice(0, 24);
  const write = (suffix: string, text: string): Promise<void> =>
    writeFileAtomically(join(directory, `${name}.${suffix}`), text, { mode: 0o400, uid: RUN_AS });
  await write("crt", pair.certificate);
  await write("key", pair.key);
  return { certificate: `${INSIDE}/${name}.crt`, key: `${INSIDE}/${name}.key` };
}

async function localPair(ports: EdgePorts, hostnames: readonly string[]): Promise<{ certificate: string; key: string }> {
  const paths = await ports.certificateFor(hostnames);
  return { certificate: await readFile(paths.certificate, "utf8"), key: await readFile(paths.key, "utf8") };
}

async function secretPair(ports: EdgePorts, namespace: string, name: string): Promise<{ certificate: string; key: string }> {
  const { data } = await ports.secrets.read(namespace, name);
  const [crt, key] = [data["tls.crt"], data["tls.key"]];
  if (crt === undefined || key === undefined) throw new HowdahError("config/rejected", `The secret "${name}" lacks tls.crt or tls.key`);
  return { certificate: crt.reveal(), key: key.reveal() };
}

/** True when the edge's container runs and was made with these settings. */
async function runsWith(ports: EdgePorts, wanted: EdgeSettings): Promise<boolean> {
  const found = (await ports.podman.list({ [label.instance]: ports.names.instance, [label.workload]: "edge_" })).find(
    (container) => container.name === ports.names.edge,
  );
  if (found?.state !== "running" || found.labels[label.settings] !== settingsDigest(wanted)) return false;
  return seesDirectory(found.pid, join(ports.stateDir, "edge", "conf"));
}

/** A container goes on seeing a directory that was deleted and made anew: then a reload would change nothing. */
async function seesDirectory(pid: number, directory: string): Promise<boolean> {
  const [inside, outside] = await Promise.all([`/proc/${pid}/root${INSIDE}`, directory].map((path) => stat(path).catch(() => undefined)));
  return inside !== undefined && outside !== undefined && inside.dev === outside.dev && inside.ino === outside.ino;
}

/** Ports change the container only through its capability; nginx itself opens new ports on a reload. */
function settingsDigest(wanted: EdgeSettings): string {
  const low = [wanted.httpPort, wanted.httpsPort ?? wanted.httpPort].some((port) => port < 1024);
  return digestOf({ image: wanted.image, low }).slice(0, 16);
}

/** Switches a running edge to a new configuration, tested before and seen live after. */
async function reload(ports: EdgePorts, files: Prepared): Promise<void> {
  const path = join(files.directory, CONFIG);
  const before = await readFile(path, "utf8").catch(() => "");
  if (before === files.text) return;
  await testConfig(ports, files);
  await refuseTakenPorts(files, before);
  const [seen] = await ports.podman.inspect([ports.names.edge]);
  if (seen === undefined || seen.pid === 0) throw new HowdahError("engine/crashed", "The edge ended while its configuration changed");
  const master = await nginxMaster(seen.pid);
  const old = await workersOf(master);
  const log = logCursor(seen.logPath, await sizeOf(seen.logPath));
  await writeFileAtomically(path, files.text, { mode: 0o400, uid: RUN_AS });
  process.kill(master, "SIGHUP");
  if (await switched(ports.clock, { master, old, log })) {
    await removeStale(files);
    return;
  }
  await writeFileAtomically(path, before, { mode: 0o400, uid: RUN_AS });
  throw await refusal(seen.logPath, files.bind);
}

/** nginx refuses a reload only with words in its log; ports are the one thing that a test can't see. */
async function refusal(logPath: string, bind: string): Promise<HowdahError> {
  const output = (await lastLines(logPath, 20)).map((line) => line.text);
  return (await portFailure(output, bind)) ?? new HowdahError("config/rejected", "The edge did not take its new configuration", { output });
}

/** New workers are there and the old ones have stopped accepting: they end, or call themselves "shutting down". */
async function switched(
  clock: Clock,
  { master, old, log }: { master: number; old: ReadonlySet<number>; log: LogCursor },
): Promise<boolean> {
  const until = clock.now() + START_MS;
  while (clock.now() < until) {
    const now = await workersOf(master);
    const fresh = [...now].some((pid) => !old.has(pid));
    const draining = await Promise.all([...now].filter((pid) => old.has(pid)).map(isShuttingDown));
    if (fresh && draining.every(Boolean)) return true;
    if ((await log.next()).some((line) => line.text.includes("[emerg]") && !line.text.includes("bind()"))) return false;
    await clock.sleep(POLL_MS);
  }
  return false;
}

async function isShuttingDown(pid: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "gone: shutting down");
  return title === "" || title.includes("shutting down");
}

/** nginx is the container's first process, or its child when an init stands before it. */
async function nginxMaster(pid: number): Promise<number> {
  for (const child of [pid, ...(await workersOf(pid))]) {
    const title = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
    if (title.startsWith("nginx: master")) return child;
  }
  return pid;
}

async function workersOf(pid: number): Promise<Set<number>> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return new Set(
    text
      .split(" ")
      .filter((part) => part !== "")
      .map(Number),
  );
}

/** Certificates that the configuration no longer names go; old workers have them open already. */
async function removeStale(files: Prepared): Promise<void> {
  for (const name of await readdir(files.directory)) {
    if (/\.(crt|key)$/.test(name) && !files.text.includes(name)) await rm(join(files.directory, name), { force: true });
  }
}

/** Ports that the new configuration listens on and the former one did not must be free: said before anything is stopped. */
async function refuseTakenPorts(files: Prepared, before: string): Promise<void> {
  for (const port of files.ports) {
    const listens = new RegExp(`\\blisten [^;]*\\b${port}\\b`);
    if (!listens.test(files.text) || listens.test(before)) continue;
    const holder = await portHolder(port, files.bind);
    if (holder !== undefined) throw new HowdahError("machine/port-in-use", `Port ${port} is used by ${holder}`);
  }
}

/** nginx itself reads the configuration in a throw-away container without a network before anything is replaced. */
async function testConfig(ports: EdgePorts, files: Prepared): Promise<void> {
  const candidate = "candidate.conf";
  await writeFileAtomically(join(files.directory, candidate), files.text, { mode: 0o400, uid: RUN_AS });
  const tested = await ports.podman.run(
    [
      "run",
      "--rm",
      "--network=none",
      ...hardening(files, "test"),
      "--entrypoint=nginx",
      files.image,
      "-t",
      "-q",
      "-e",
      "/dev/stderr",
      "-c",
      `${INSIDE}/${candidate}`,
    ],
    { accept: "any", timeoutMs: 60_000 },
  );
  await rm(join(files.directory, candidate), { force: true });
  if (tested.code !== 0) throw new HowdahError("config/rejected", "nginx refuses the edge's configuration", { output: tested.lastLines });
}

function hardening(files: Prepared, scratch: "live" | "test"): string[] {
  return [
    `--user=${RUN_AS}:${RUN_AS}`,
    "--pull=never",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    ...files.capabilities,
    "--security-opt=no-new-privileges",
    "--pids-limit=256",
    `--volume=${join(files.memory, scratch)}:/run:rw,nosuid,nodev`,
    `--volume=${files.buffers}:/tmp:rw,nosuid,nodev`,
    `--volume=${files.directory}:${INSIDE}:ro,nosuid,nodev`,
  ];
}

/** Starts the edge anew and waits until it has its workers. */
async function start(ports: EdgePorts, files: Prepared, wanted: EdgeSettings): Promise<void> {
  await testConfig(ports, files);
  await ports.podman.run(["rm", "--force", "--ignore", "--time=10", ports.names.edge]);
  await refuseTakenPorts(files, "");
  await writeFileAtomically(join(files.directory, CONFIG), files.text, { mode: 0o400, uid: RUN_AS });
  await ports.podman.run([
    "run",
    "--detach",
    `--name=${ports.names.edge}`,
    "--network=host",
    "--restart=on-failure",
    `--label=${label.instance}=${ports.names.instance}`,
    `--label=${label.workload}=edge_`,
    `--label=${label.settings}=${settingsDigest(wanted)}`,
    "--log-driver=k8s-file",
    "--log-opt=max-size=50mb",
    "--stop-signal=SIGQUIT",
    "--stop-timeout=60",
    "--no-healthcheck",
    ...hardening(files, "live"),
    "--entrypoint=nginx",
    files.image,
    "-e",
    "/dev/stderr",
    "-c",
    `${INSIDE}/${CONFIG}`,
  ]);
  await awaitWorkers(ports, wanted.bind);
}

async function awaitWorkers(ports: EdgePorts, bind: string): Promise<void> {
  const until = ports.clock.now() + START_MS;
  for (;;) {
    const [seen] = await ports.podman.inspect([ports.names.edge]);
    if (seen?.status === "running" && (await workersOf(await nginxMaster(seen.pid))).size > 0) return;
    if (seen === undefined || seen.restarts > 0 || ports.clock.now() > until) {
      const output = (await lastLines(seen?.logPath ?? "", 50)).map((line) => line.text);
      await ports.podman.run(["rm", "--force", "--ignore", "--time=0", ports.names.edge], { accept: "any" });
      throw (await portFailure(output, bind)) ?? new HowdahError("engine/crashed", "The edge did not start", { output });
    }
    await ports.clock.sleep(POLL_MS);
  }
}

async function portFailure(output: readonly string[], bind: string): Promise<HowdahError | undefined> {
  const port = output.map((line) => /bind\(\) to .*:(\d+) failed \(98/.exec(line)?.[1]).find((found) => found !== undefined);
  if (port === undefined) return undefined;
  const holder = (await portHolder(Number(port), bind)) ?? "another program";
  return new HowdahError("machine/port-in-use", `Port ${port} is used by ${holder}`, { output });
}
