import { run } from "../../src/providers/process.ts";
import { enterMachine, initOf, killMachine, startMachine } from "./machine.ts";
import type { MachineSettings, Settings } from "./settings.ts";

/**
 * The cluster's network is a bridge inside a machine of its own, the switch: the host has one interface in it and no firewall rule, and the
 * host's rules (podman's, Docker's) see nothing of what the machines say to each other. When the switch dies, the host's interface goes too.
 */
const SWITCH = "switch";
const BRIDGE = "bridge";

/** Starts the switch and gives the host its address in the cluster's network. Fails when another cluster's run directory has the network. */
export async function startNetwork(settings: Settings): Promise<void> {
  const owner = await ownerOf(settings);
  if (owner !== undefined && owner !== "" && owner !== settings.directory) {
    throw new Error(`The network of cluster ${String(settings.number)} is in use by ${owner}: stop that one, or set HOWDAH_CLUSTER_NUMBER`);
  }
  if (owner === settings.directory && (await initOf(settings, SWITCH)) !== undefined) return;
  // The interface's alias is written last: without it, a starter was killed half-way, and all is made anew.
  await killMachine(settings, SWITCH);
  await run(["ip", "link", "delete", settings.hostLink], { accept: "any" });
  await startMachine(settings, SWITCH);
  const inside = (argv: readonly string[]) => enterMachine(settings, SWITCH, argv);
  await inside(["ip", "link", "add", BRIDGE, "type", "bridge"]);
  await inside(["ip", "link", "set", BRIDGE, "up"]);
  await run(["ip", "link", "add", settings.hostLink, "type", "veth", "peer", "name", "host", "netns", await pid(settings, SWITCH)]);
  await inside(["ip", "link", "set", "host", "master", BRIDGE, "up"]);
  await run(["ip", "link", "set", settings.hostLink, "up"]);
  await run(["ip", "address", "add", `${settings.hostAddress}/24`, "dev", settings.hostLink]);
  for (const node of settings.nodes) await run(["ip", "route", "replace", node.pods, "via", node.address, "dev", settings.hostLink]);
  await run(["ip", "link", "set", settings.hostLink, "alias", settings.directory]);
}

/** Plugs a machine in, with its address and routes to the pods of the nodes. What is there already stays. */
export async function plugIn(settings: Settings, machine: MachineSettings): Promise<void> {
  const inside = (argv: readonly string[]) => enterMachine(settings, machine.name, argv);
  const there = await enterMachine(settings, machine.name, ["ip", "link", "show", "eth0"], { accept: "any" });
  if (there.code !== 0) {
    // A machine that was killed leaves its end of the cable for an instant: the kernel takes namespaces apart in the background.
    await enterMachine(settings, SWITCH, ["ip", "link", "delete", machine.name], { accept: "any" });
    const peer = ["type", "veth", "peer", "name", "eth0", "netns", await pid(settings, machine.name)];
    await run([...(await viaSwitch(settings)), "ip", "link", "add", machine.name, ...peer]);
  }
  await enterMachine(settings, SWITCH, ["ip", "link", "set", machine.name, "master", BRIDGE, "up"]);
  await inside(["ip", "link", "set", "lo", "up"]);
  await inside(["ip", "address", "replace", `${machine.address}/24`, "dev", "eth0"]);
  await inside(["ip", "link", "set", "eth0", "up"]);
  for (const node of settings.nodes) {
    if (node.name !== machine.name) await inside(["ip", "route", "replace", node.pods, "via", node.address, "dev", "eth0"]);
  }
}

/** Pulls a machine's cable, or plugs it in again: everything in it goes on running. */
export async function setCable(settings: Settings, machine: string, state: "up" | "down"): Promise<void> {
  await enterMachine(settings, SWITCH, ["ip", "link", "set", machine, state]);
}

/** Whether a machine's cable is plugged in. */
export async function cableOf(settings: Settings, machine: string): Promise<"up" | "down"> {
  const said = await enterMachine(settings, SWITCH, ["ip", "-json", "link", "show", machine], { accept: "any" }).catch(() => undefined);
  const [link] = said?.code === 0 ? (JSON.parse(said.stdout) as readonly { readonly flags: readonly string[] }[]) : [];
  return link?.flags.includes("UP") === true ? "up" : "down";
}

/** Takes the host's interface away, where the kernel has not done so yet. */
export async function removeHostLink(settings: Settings): Promise<void> {
  const owner = await ownerOf(settings);
  if (owner === settings.directory || owner === "") await run(["ip", "link", "delete", settings.hostLink], { accept: "any" });
}

/** The run directory of the cluster that has this network on the host: undefined when nobody has, empty when it was made half. */
async function ownerOf(settings: Settings): Promise<string | undefined> {
  const said = await run(["ip", "-json", "link", "show", settings.hostLink], { accept: "any" });
  if (said.code !== 0) return undefined;
  const [link] = JSON.parse(said.stdout) as readonly { readonly ifalias?: string }[];
  return link?.ifalias ?? "";
}

async function viaSwitch(settings: Settings): Promise<readonly string[]> {
  // Only the network: the other end is put into a namespace by a process number of the host.
  return ["nsenter", "--target", await pid(settings, SWITCH), "--net", "--"];
}

async function pid(settings: Settings, machine: string): Promise<string> {
  return String(await initOf(settings, machine));
}
