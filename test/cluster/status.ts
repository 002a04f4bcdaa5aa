import type { Workshop } from "./addon.ts";
import { connect, kubeconfigOf } from "./cluster.ts";
import { daemonRuns, daemonsOf, initOf } from "./machine.ts";
import { cableOf } from "./network.ts";
import { readRecord } from "./record.ts";

/** A machine as it is: with power or without, its cable plugged in or not, and which of its programs have ended. */
export interface MachineStatus {
  readonly name: string;
  readonly address: string;
  readonly power: "on" | "off";
  readonly cable: "up" | "down";
  readonly ended: readonly string[];
  /** For nodes: what Kubernetes says, `Ready`, `NotReady`, `Ready,SchedulingDisabled`, or `unknown` when the API server does not answer. */
  readonly kubernetes?: string;
}

/** The whole cluster. `running` is false when nothing of it runs. */
export interface ClusterStatus {
  readonly running: boolean;
  readonly directory: string;
  readonly kubeconfig: string;
  readonly registry: string;
  readonly addons: readonly string[];
  readonly machines: readonly MachineStatus[];
}

/** Looks at the machines and asks the API server about its nodes; it waits for nobody longer than 5 s. */
export async function clusterStatus(workshop: Workshop): Promise<ClusterStatus> {
  const { settings } = workshop;
  const nodes = await nodeStates(workshop);
  const machines = await Promise.all(
    [settings.control, settings.registry, ...settings.nodes].map(async ({ name, address }): Promise<MachineStatus> => {
      const on = (await initOf(settings, name)) !== undefined;
      const daemons = on ? await daemonsOf(settings, name) : [];
      const alive = await Promise.all(daemons.map((daemon) => daemonRuns(settings, name, daemon)));
      const isNode = settings.nodes.some((node) => node.name === name);
      return {
        name,
        address,
        power: on ? "on" : "off",
        cable: on ? await cableOf(settings, name) : "down",
        ended: daemons.filter((_, index) => alive[index] === false),
        ...(isNode ? { kubernetes: nodes.get(name) ?? "unknown" } : {}),
      };
    }),
  );
  return {
    running: machines.some(({ power }) => power === "on"),
    directory: settings.directory,
    kubeconfig: kubeconfigOf(settings),
    registry: settings.registryHost,
    addons: (await readRecord(settings))?.addons ?? [],
    machines,
  };
}

async function nodeStates(workshop: Workshop): Promise<ReadonlyMap<string, string>> {
  const asked = ["get", "nodes", "--no-headers", "--request-timeout=5s"];
  const said = await connect(workshop)
    .kubectl(asked, { accept: "any", timeoutMs: 6000 })
    .catch(() => undefined);
  const lines = said?.code === 0 ? said.stdout.split("\n").filter((line) => line !== "") : [];
  return new Map(lines.map((line): [string, string] => [line.split(/\s+/)[0] ?? "", line.split(/\s+/)[1] ?? ""]));
}
