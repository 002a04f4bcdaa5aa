import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ONCE } from "../../src/engine/podman/pod-volumes.ts";
import { run } from "../../src/providers/process.ts";
import type { HowdahMachine } from "./howdah-machine.ts";

/** Names of the machine's containers by pod, of one site. */
async function containers(instance: string, site: string): Promise<readonly string[]> {
  const { stdout } = await run([
    "podman",
    "ps",
    "--all",
    "--format",
    "{{.Names}} {{.Status}}",
    "--filter",
    `name=^${instance}\\.${site}\\.`,
  ]);
  return stdout.split("\n").filter((line) => line !== "");
}

/**
 * What commands left that they should not have, of one site: pods beside the one release that serves, containers that don't run,
 * builders, temporary files of the state, files and mounts of pods that are gone. Nothing when all is well.
 */
export async function leftBehind(machine: HowdahMachine, site: string): Promise<readonly string[]> {
  for (let look = 1; ; look++) {
    const found = await presentNow(machine, site);
    if (found.length === 0 || look === LOOKS) return found;
    await sleep(LOOK_MS);
  }
}

/** A container that has ended is taken away by podman's own process, in an instant or, on a busy machine, in seconds. */
const LOOKS = 30;
const LOOK_MS = 500;

async function presentNow(machine: HowdahMachine, site: string): Promise<readonly string[]> {
  const instance = machine.environment["HOWDAH_INSTANCE"] ?? "";
  const runDirectory = machine.environment["HOWDAH_RUN_DIR"] ?? "";
  const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
  const found = await containers(instance, site);
  const pods = new Set(found.map((line) => (line.split(" ")[0] ?? "").split(".").slice(0, -1).join(".")));
  const releases = new Map<string, Set<string>>();
  for (const pod of pods) {
    const [, , workload = "", digest = ""] = pod.split(".");
    releases.set(workload, (releases.get(workload) ?? new Set()).add(digest));
  }
  const several = [...releases]
    .filter(([, digests]) => digests.size > 1)
    .map(([workload, digests]) => `${workload}: ${[...digests].join(", ")}`);
  const dead = found.filter((line) => !/ Up /.test(line));
  // Volumes in memory lie below the run directory, those on disk below the state. A one-off program's go after a minute: not counted.
  const roots = [join(runDirectory, "pods"), join(state, "pods")];
  const podFiles = (await Promise.all(roots.map((root) => readdir(root).catch(() => [])))).flat();
  const orphans = podFiles.filter((name) => name.startsWith(`${instance}.${site}.`) && !name.includes(ONCE) && !pods.has(name));
  const mounts = (await readFile("/proc/mounts", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter(
      (path) =>
        path.startsWith(runDirectory) && path.includes(`/${instance}.${site}.`) && ![...pods].some((pod) => path.includes(`/${pod}/`)),
    );
  const files = await readdir(state, { recursive: true }).catch(() => []);
  const temporary = files.filter((name) => !name.startsWith("pods/") && /\.tmp$|\.\d+\.[0-9a-f]{8}$/.test(name));
  return [...several, ...dead, ...orphans, ...mounts, ...temporary];
}
