import { spawn } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { markedProcesses } from "../../src/engine/podman/process-tree.ts";
import { run } from "../../src/providers/process.ts";
import { cgroupsLeft } from "../cluster/cgroups.ts";
import { createWorkshop } from "../cluster/cluster.ts";
import { settingsOf } from "../cluster/settings.ts";
import { startCluster } from "../cluster/start.ts";
import { clusterStatus } from "../cluster/status.ts";
import { stopCluster } from "../cluster/stop.ts";

/** A cluster beside the one that the other tests share. */
const environment = { ...process.env, HOWDAH_CLUSTER_NUMBER: "7", HOWDAH_CLUSTER_DIR: undefined, KUBECONFIG: undefined };
const settings = settingsOf(environment);
const workshop = createWorkshop(settings, () => undefined);
const mark = `HOWDAH_CLUSTER_MACHINE=${settings.directory}`;

/** Everything of the cluster that can be found on the machine, by name or address. */
async function traces(): Promise<readonly string[]> {
  const [links, routes, rules, mounts, namespaces] = await Promise.all([
    run(["ip", "-oneline", "link"]),
    run(["ip", "route", "show", "table", "all"]),
    run(["iptables-save"]),
    readFile("/proc/self/mounts", "utf8"),
    readdir("/run/netns").catch(() => []),
  ]);
  const text = [links.stdout, routes.stdout, rules.stdout, mounts, ...namespaces].join("\n").split("\n");
  const named = text.filter((line) => line.includes(settings.hostLink) || line.includes("10.99.7.") || line.includes(settings.directory));
  const directory = await access(settings.directory).then(
    () => [settings.directory],
    () => [],
  );
  const processes = (await markedProcesses(mark)).map((pid) => `process ${String(pid)}`);
  return [...named, ...directory, ...processes, ...(await cgroupsLeft(settings))];
}

/** Programs of the cluster by name, with what names their processes for good. */
async function programs(): Promise<Readonly<Record<string, string>>> {
  const directory = join(settings.directory, "pids");
  const found: readonly string[] = await readdir(directory).catch(() => []);
  // A file that is being written has another name for a moment, and none by the time it's read.
  const names = found.filter((name) => !name.endsWith(".tmp"));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), "utf8")] as const)));
}

/** Kills a start in the instant in which it has started that program. */
async function killStartWhen(program: string): Promise<void> {
  const starter = spawn(process.execPath, ["scripts/cluster.ts", "start"], { env: environment, stdio: "ignore" });
  const ended = new Promise((resolve) => starter.once("exit", resolve));
  while (!(program in (await programs())) && starter.exitCode === null) await sleep(10);
  starter.kill("SIGKILL");
  await ended;
}

describe.skipIf(process.getuid?.() !== 0)("start and stop of a test cluster", () => {
  afterAll(() => stopCluster(workshop));

  it("leaves nothing after a start that was killed half-way", async () => {
    await stopCluster(workshop);
    await killStartWhen("node-2");
    expect(await traces()).not.toEqual([]);
    await stopCluster(workshop);
    expect(await traces()).toEqual([]);
  });

  it("goes on where a killed start has stopped, and starts nothing the second time", async () => {
    await killStartWhen("switch");
    await startCluster(workshop, []);
    const before = await programs();
    await startCluster(workshop, []);
    expect(await programs()).toEqual(before);
    const { machines } = await clusterStatus(workshop);
    const nodes = machines.filter(({ name }) => name.startsWith("node-"));
    expect(nodes.map(({ kubernetes }) => kubernetes)).toEqual(["Ready", "Ready", "Ready"]);
    expect(machines.flatMap(({ ended }) => ended)).toEqual([]);
  });

  it("leaves nothing after all its processes were killed at once", async () => {
    for (const pid of await markedProcesses(mark)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it died with its machine
      }
    }
    await stopCluster(workshop);
    expect(await traces()).toEqual([]);
  });
});
