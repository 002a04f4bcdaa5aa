import { randomBytes } from "node:crypto";
import { chown, readdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import type { Container, Deployment } from "../../render/objects.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { ensureOpcacheDirectory, makeWorkDirectory, opcacheDirectory, opcacheVolume } from "./opcache-store.ts";
import { ONCE } from "./pod-volumes.ts";
import { templateDigest } from "./pods.ts";
import { isReady, type ReadyMark } from "./ready-marks.ts";
import { objectsOf } from "./state-store.ts";

/** Bounds of one priming: WordPress takes 5 s and 45 MB, so this is room for applications ten times its size. */
const PRIMING = { seconds: 300, bytes: 512 * 2 ** 20, freeBytes: 2 * 2 ** 30 } as const;
/** Starting a container on a busy machine, beside the priming itself. */
const START_SECONDS = 60;
const AGAIN_MS = 10 * 60_000;
/** Where the container of the priming sees the work directory. */
const WORK_PATH = "/run/opcache";
const PRIMED = "primed.json";
/** Where containers of PHP have their settings. */
const SETTINGS_PATH = "/etc/howdah";

/** What a priming answered. */
export interface Primed {
  /** The Deployment whose next starts are faster. */
  readonly what: string;
  readonly scripts: number;
  readonly bytes: number;
  /** Why it ended before the last script, if it did. */
  readonly stopped: "time" | "size" | null;
}

/** A Deployment that serves without compiled code. */
interface Unprimed {
  readonly namespace: string;
  readonly deployment: Deployment;
}

/**
 * Makes what compiles the code of one Deployment that serves without: it answers what was done, or undefined when none is left. Takes no
 * lock: nothing that serves is touched, and no command waits for it. It ends with the pods that it is for: a site that was stopped must not
 * go on working. One that fails is tried again ten minutes later.
 * Errors: `machine/disk-full` before anything was written, `engine/crashed` when the compiling ended badly.
 */
export function primer(machine: Machine): (signal: AbortSignal) => Promise<Primed | undefined> {
  const notBefore = new Map<string, number>();
  return async (signal) => {
    const now = machine.clock.now();
    const next = (await unprimed(machine)).find((one) => (notBefore.get(keyOf(one)) ?? 0) <= now);
    if (next === undefined) return undefined;
    notBefore.set(keyOf(next), now + AGAIN_MS);
    const watch = new AbortController();
    const gone = endWithPods(machine, next, watch);
    try {
      const primed = await prime(machine, next, AbortSignal.any([signal, watch.signal]));
      notBefore.delete(keyOf(next));
      return primed;
    } catch (error) {
      if (!watch.signal.aborted) throw error;
      notBefore.delete(keyOf(next)); // when its pods are there again
      return undefined;
    } finally {
      watch.abort();
      await gone;
    }
  };
}

const WATCH_MS = 1000;

/** Aborts when no pod of the Deployment is left, in doubt or not; ends when somebody else aborts. */
async function endWithPods(machine: Machine, one: Unprimed, watch: AbortController): Promise<void> {
  while (!watch.signal.aborted) {
    await machine.clock.sleep(WATCH_MS, watch.signal).catch(() => undefined);
    const marks = await machine.marks.all().catch(() => undefined);
    if (marks !== undefined && !hasPod(machine, one, [...marks.values()])) watch.abort();
  }
}

/** `blog/web`. */
function nameOf({ namespace, deployment }: Unprimed): string {
  return `${namespace}/${deployment.metadata.name}`;
}

function keyOf(one: Unprimed): string {
  return `${nameOf(one)}/${templateDigest(one.deployment.spec.template)}`;
}

async function unprimed(machine: Machine): Promise<Unprimed[]> {
  const found: Unprimed[] = [];
  const marks = [...(await machine.marks.all()).values()];
  for (const namespace of await machine.store.namespaces()) {
    const state = await machine.store.read(namespace);
    if (state.down) continue;
    for (const deployment of objectsOf(state, "Deployment")) {
      const volume = opcacheVolume(deployment.spec.template.spec);
      const ready = marks.filter(isReady);
      if (volume === undefined || !hasPod(machine, { namespace, deployment }, ready)) continue;
      const done = await readFile(join(opcacheDirectory(machine.store, namespace, volume), PRIMED)).catch(() => undefined);
      if (done === undefined) found.push({ namespace, deployment });
    }
  }
  return found;
}

/** A release is primed when it has shown that it works; priming one that never starts would be for nothing. */
function hasPod(machine: Machine, { namespace, deployment }: Unprimed, marks: readonly ReadyMark[]): boolean {
  const first = machine.names.pod(namespace, deployment.metadata.name, templateDigest(deployment.spec.template), 0);
  const prefix = first.slice(0, first.lastIndexOf(".") + 1);
  return marks.some((mark) => mark.pod.startsWith(prefix));
}

async function prime(machine: Machine, which: Unprimed, signal: AbortSignal): Promise<Primed> {
  const { namespace, deployment } = which;
  const { spec } = deployment.spec.template;
  const volume = opcacheVolume(spec);
  const container = spec.containers.find((one) => one.volumeMounts.some((mount) => mount.name === volume?.name));
  if (volume === undefined || container === undefined) throw new HowdahError("bug", `${nameOf(which)} mounts no compiled code`);
  const directory = await ensureOpcacheDirectory(machine.store, namespace, volume);
  await refuseFullDisk(directory);
  const id = randomBytes(4).toString("hex");
  const work = await makeWorkDirectory(directory, id);
  const name = `${machine.names.pod(namespace, deployment.metadata.name, templateDigest(deployment.spec.template), 0)}${ONCE}${id}`;
  try {
    await chown(work, RUN_AS, RUN_AS);
    const settings = await settingsOf(machine, which, container);
    const argv = primingArguments(machine, { name, namespace, container, work, settings });
    const said = await machine.podman.run(argv, { accept: "any", signal, timeoutMs: (PRIMING.seconds + START_SECONDS) * 1000 });
    const result = said.code === 0 ? answerOf(said.stdout) : undefined;
    if (result === undefined) {
      throw new HowdahError("engine/crashed", `Compiling the code of ${nameOf(which)} ahead ended with exit code ${said.code}`, {
        output: said.lastLines,
      });
    }
    await publish(work, directory, result);
    return { what: nameOf(which), ...result };
  } finally {
    await machine.podman.run(["rm", "--force", "--ignore", "--time=0", name], { accept: "any" }).catch(() => undefined);
    await rm(work, { recursive: true, force: true });
  }
}

/** Where the site's php.ini and entrypoint.json lie on the machine. */
async function settingsOf(machine: Machine, { namespace, deployment }: Unprimed, container: Container): Promise<string> {
  const { spec } = deployment.spec.template;
  const name = container.volumeMounts.find((mount) => mount.mountPath === SETTINGS_PATH)?.name ?? "";
  const only = { ...spec, initContainers: [], containers: [], volumes: spec.volumes.filter((volume) => volume.name === name) };
  const sources = await machine.volumes.prepare(namespace, "", only, await machine.store.read(namespace));
  return sources.get(name)?.path ?? "";
}

/** A cache must never be what fills the disk of the machine's databases. */
async function refuseFullDisk(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= PRIMING.freeBytes) return;
  throw new HowdahError("machine/disk-full", `Too little space at ${directory} to keep compiled code: sites start without`);
}

interface PrimingContainer {
  readonly name: string;
  readonly namespace: string;
  readonly container: Container;
  readonly work: string;
  readonly settings: string;
}

/**
 * The arguments after `podman` of the compiling: the site's image and settings, but no network, no secret, none of its data.
 * src/entrypoint/php/opcache.php does the work; scripts that the site prepends would be code of the site.
 */
function primingArguments(machine: Machine, { name, namespace, container, work, settings }: PrimingContainer): string[] {
  const [php = "", program = ""] = container.command ?? [];
  const labels = {
    [label.instance]: machine.names.instance,
    [label.namespace]: namespace,
    [label.role]: "once",
    [label.container]: container.name,
  };
  return [
    ...["run", "--rm", `--name=${name}`, "--network=none", "--pull=never", "--log-driver=none", "--no-healthcheck"],
    ...["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges", `--user=${RUN_AS}:${RUN_AS}`],
    // A tenth of what a site's container gets when processors are short: those that serve go first. (`nice` weighs only inside a cgroup.)
    ...["--cpu-shares=100", "--memory=512m", "--pids-limit=64"],
    ...Object.entries(labels).map(([key, value]) => `--label=${key}=${value}`),
    ...container.env.flatMap((variable) => ("value" in variable ? [`--env=${variable.name}=${variable.value}`] : [])),
    ...[`--volume=${work}:${WORK_PATH}:rw,nosuid,nodev,noexec`, `--volume=${settings}:${SETTINGS_PATH}:ro,nosuid,nodev,noexec`],
    ...[`--entrypoint=${JSON.stringify([php])}`, container.image],
    ...["-d", "auto_prepend_file=", "-d", "auto_append_file="],
    ...[program, "prime-opcache", WORK_PATH, String(PRIMING.seconds), String(PRIMING.bytes)],
  ];
}

type Answer = Pick<Primed, "scripts" | "bytes" | "stopped">;

function answerOf(stdout: string): Answer | undefined {
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    return undefined;
  }
}

/** Each part comes by rename, the mark that it is done last: a reader sees whole files or none. */
async function publish(work: string, directory: string, answer: Answer): Promise<void> {
  for (const name of (await readdir(work)).filter((one) => /^[0-9a-f]{32}$/.test(one))) {
    await rm(join(directory, name), { recursive: true, force: true }); // a killed one came so far
    await rename(join(work, name), join(directory, name));
  }
  await writeFile(join(directory, PRIMED), `${JSON.stringify(answer)}\n`);
}
