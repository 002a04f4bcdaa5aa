import type { Cluster, Workshop } from "./addon.ts";
import { addons } from "./addons.ts";
import { registry } from "./addons/registry.ts";
import { connect, installBinary } from "./cluster.ts";
import { initOf, killMachine } from "./machine.ts";
import { setCable } from "./network.ts";
import { startNodeAgents, startNodeMachine } from "./node.ts";
import { readRecord } from "./record.ts";
import type { NodeSettings, Settings } from "./settings.ts";
import { startControl, untilNodeReady } from "./start.ts";

/** Pulls a machine's cable: all in it goes on running and can't be reached, as behind a dead switch. Works for `control` and `registry`, too. */
export async function cutMachine({ settings }: Workshop, name: string): Promise<void> {
  await setCable(settings, machineOf(settings, name).name, "down");
}

/** Cuts a machine's power: every process in it is killed at once, mounts and network are gone; its disk stays. */
export async function cutPower({ settings }: Workshop, name: string): Promise<void> {
  await killMachine(settings, machineOf(settings, name).name);
}

/** Empties a node in an orderly way: no new pods, and the present ones are evicted, as disruption budgets allow. */
export async function drainNode(workshop: Workshop, name: string): Promise<void> {
  const node = nodeOf(workshop.settings, name);
  const how = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=300s"];
  await connect(workshop).kubectl(["drain", node.name, ...how], { onLine: workshop.say });
}

/** Undoes all of it: power, cable, and pods may come again. Returns when the machine serves. A machine that is well stays as it is. */
export async function healMachine(workshop: Workshop, name: string): Promise<void> {
  const { settings } = workshop;
  const machine = machineOf(settings, name);
  const cluster = connect(workshop);
  const dead = (await initOf(settings, name)) === undefined;
  if (!dead) await setCable(settings, name, "up");
  if (name === settings.control.name) await startControl(workshop);
  else if (name === settings.registry.name) await registry.start(cluster);
  else await healNode(cluster, nodeOf(settings, machine.name), workshop);
  if (dead) await restartAddons(cluster);
}

/** Daemons of add-ons died with the machine. All at once: each has been there before, and mostly waits for pods. */
async function restartAddons(cluster: Cluster): Promise<void> {
  const started = (await readRecord(cluster.settings))?.addons ?? [];
  const present = addons.filter(({ name }) => started.includes(name));
  await Promise.all(
    present.map(async (addon) => {
      await addon.start(cluster);
      cluster.say(`${addon.name} is back`);
    }),
  );
}

async function healNode(cluster: Cluster, node: NodeSettings, workshop: Workshop): Promise<void> {
  await startNodeMachine(cluster.settings, node);
  const since = await startNodeAgents(cluster.settings, node, await installBinary(workshop));
  await untilNodeReady(cluster, node, since);
  cluster.say(`${node.name} is Ready`);
  await cluster.kubectl(["uncordon", node.name]);
}

function machineOf(settings: Settings, name: string): { readonly name: string } {
  const machines = [settings.control, settings.registry, ...settings.nodes];
  const found = machines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`There is no machine ${name}. There are: ${machines.map((machine) => machine.name).join(", ")}`);
  return found;
}

function nodeOf(settings: Settings, name: string): NodeSettings {
  const found = settings.nodes.find((node) => node.name === name);
  if (found === undefined) throw new Error(`There is no node ${name}. There are: ${settings.nodes.map((node) => node.name).join(", ")}`);
  return found;
}
