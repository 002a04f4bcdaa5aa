import { readFile, rm } from "node:fs/promises";
import type { EngineUnderTest } from "../../../src/engine/engine-contract.ts";
import { label } from "../../../src/engine/podman/names.ts";
import { namespaceLock } from "../../../src/engine/podman/namespace-lock.ts";
import { type PodmanEngine, podmanEngine } from "../../../src/engine/podman/podman-engine.ts";
import { run } from "../../../src/providers/process.ts";
import { systemClock } from "../system-clock.ts";
import { firewallLines } from "../firewall-lines.ts";
import { bodyOrStatus, httpAnswer } from "../http-answer.ts";
import { BEHAVE_IMAGE, NGINX_IMAGE } from "./engine-images.ts";
import { stubEdge } from "./stub-edge.ts";

/** One throw-away instance of the podman engine. */
export interface TestMachine extends EngineUnderTest {
  readonly engine: PodmanEngine;
  readonly instance: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly httpPort: number;
  /** What of this instance is left on the machine: containers, pods, volumes, networks, secrets, rules of the firewall, mounts. */
  readonly leftovers: () => Promise<string[]>;
}

/** The engine alone, in directories named after the instance: other processes of a test open the same one. */
export function openEngine(instance: string): { engine: PodmanEngine; stateDir: string; runDir: string } {
  const stateDir = `/var/tmp/${instance}-state`;
  const runDir = `/run/${instance}`;
  const clock = systemClock;
  const lock = namespaceLock(stateDir, runDir, clock);
  const certificateFor = () => Promise.reject(new Error("no certificates in these tests"));
  const engine = podmanEngine({ stateDir, runDir, instance }, { run, clock, lock, renderEdge: stubEdge, certificateFor });
  return { engine, stateDir, runDir };
}

/** Starts an instance with its way in on a port of the loopback. */
export async function testMachine(instance: string, httpPort: number): Promise<TestMachine> {
  const { engine, stateDir, runDir } = openEngine(instance);
  await engine.edge.ensure({ image: NGINX_IMAGE, bind: "127.0.0.1", httpPort });
  const context = { emit: () => {}, signal: new AbortController().signal };
  return {
    engine,
    instance,
    stateDir,
    runDir,
    httpPort,
    image: BEHAVE_IMAGE,
    ask: (hostname) => ask(httpPort, hostname),
    kill: (namespace, workload) => killContainers(instance, namespace, workload),
    show: (namespace) => showContainers(instance, namespace),
    stop: async () => {
      for (const namespace of await engine.namespaces()) {
        await engine.remove(namespace, context);
        for (const { claim } of (await engine.observe(namespace)).volumes) await engine.deleteVolume(namespace, claim);
      }
      await engine.edge.remove();
      await run(["umount", `${runDir}/secrets`], { accept: "any" });
      await rm(stateDir, { recursive: true, force: true });
      await rm(runDir, { recursive: true, force: true });
    },
    leftovers: () => leftovers(instance),
  };
}

/** Asks the way in for `/` of a hostname: the body, or the status when it isn't 200. */
export async function ask(port: number, hostname: string): Promise<string> {
  return bodyOrStatus(await httpAnswer({ address: "127.0.0.1", port }, hostname, "/"));
}

async function killContainers(instance: string, namespace: string, workload: string): Promise<void> {
  const filters = [`${label.instance}=${instance}`, `${label.namespace}=${namespace}`, `${label.workload}=${workload}`];
  const { stdout } = await run(["podman", "ps", "--format", "json", ...filters.flatMap((filter) => ["--filter", `label=${filter}`])]);
  for (const { Pid } of JSON.parse(stdout) as { Pid: number }[]) process.kill(Pid, "SIGKILL");
}

async function showContainers(instance: string, namespace: string): Promise<string> {
  const filter = ["--filter", `label=${label.instance}=${instance}`, "--filter", `label=${label.namespace}=${namespace}`];
  const ids = (await run(["podman", "ps", "--all", "--quiet", ...filter])).stdout.split("\n").filter((id) => id !== "");
  const networks = (await run(["podman", "network", "ls", "--format", "{{.Name}}", "--filter", `name=${instance}.${namespace}`])).stdout;
  if (ids.length === 0) return networks;
  const inspected = await run(["podman", "container", "inspect", ...ids]);
  const commands = await Promise.all(ids.map((id) => commandLine(id)));
  return [networks, inspected.stdout, ...commands, (await run(["podman", "secret", "ls"])).stdout].join("\n");
}

async function commandLine(id: string): Promise<string> {
  const pid = (await run(["podman", "inspect", "--format", "{{.State.Pid}}", id])).stdout.trim();
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

async function leftovers(instance: string): Promise<string[]> {
  const lists = [
    ["ps", "--all", "--format", "{{.Names}}"],
    ["pod", "ps", "--format", "{{.Name}}"],
    ["volume", "ls", "--format", "{{.Name}}"],
    ["network", "ls", "--format", "{{.Name}}"],
    ["secret", "ls", "--format", "{{.Name}}"],
  ];
  const found: string[] = [];
  for (const list of lists)
    found.push(...(await run(["podman", ...list])).stdout.split("\n").filter((name) => name.startsWith(`${instance}.`)));
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  found.push(...(await firewallLines(instance)));
  return [...found, ...mounts.split("\n").filter((line) => line.includes(`/${instance}`))];
}
