import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { steps } from "../../src/csi/steps.ts";
import type { CsiRig } from "./csi-rig.ts";
import { randomFrom } from "./seeded-random.ts";

/** How long the driver is tried. */
export interface FuzzPlan {
  readonly operations: number;
  readonly seed: number;
  /** How many of all operations meet a driver that dies at a random step. */
  readonly killed: number;
}

/** What was done, and what was wrong: a line each. */
export interface FuzzReport {
  readonly operations: number;
  readonly kills: number;
  readonly wrong: readonly string[];
}

/** What there must be: ids of volumes and snapshots with the words that are in each. */
interface Model {
  readonly volumes: Map<string, string>;
  readonly snapshots: Map<string, string>;
}

interface Listed {
  readonly entries: readonly { readonly volume?: { readonly volume_id: string }; readonly snapshot?: { readonly snapshot_id: string } }[];
}

const MIB = 1024 ** 2;
/** More would only be slower. */
const MOST = 12;

/**
 * Makes, copies, writes to, grows and deletes volumes and snapshots at random while the driver is killed among it, repeats what was cut off, and
 * compares all that there is with what there must be after each operation: nothing lost, nothing swapped, nothing left behind.
 */
export async function fuzzDriver(rig: CsiRig, plan: FuzzPlan): Promise<FuzzReport> {
  const random = randomFrom(plan.seed);
  const model: Model = { volumes: new Map(), snapshots: new Map() };
  const wrong: string[] = [];
  let kills = 0;
  await rig.start();
  for (let number = 0; number < plan.operations; number++) {
    const operation = choose({ rig, model, random, number });
    const moments = steps.filter((step) => step.startsWith(`${operation.name.split(" ")[0] ?? ""}/`));
    if (random() < plan.killed) await rig.dieAt(moments[Math.floor(random() * moments.length)]);
    if (await wasCutOff(rig, operation.call)) {
      kills++;
      await rig.dieAt(undefined);
      await rig.start();
      await operation.call();
    }
    await rig.dieAt(undefined);
    await operation.done();
    wrong.push(...(await differences(rig, model)).map((words) => `${String(number)} ${operation.name}: ${words}`));
  }
  return { operations: plan.operations, kills, wrong };
}

interface Operation {
  /** Its first word is that of its steps. */
  readonly name: string;
  readonly call: () => Promise<void>;
  /** Brings the model, and what is in a new volume, to what must be. */
  readonly done: () => Promise<void>;
}

interface Turn {
  readonly rig: CsiRig;
  readonly model: Model;
  readonly random: () => number;
  readonly number: number;
}

function choose(turn: Turn): Operation {
  const { model, random } = turn;
  const makers = [newVolume, copyOfVolume, copyOfSnapshot, newSnapshot];
  const others = [deleteVolume, deleteSnapshot, growVolume];
  const full = model.volumes.size + model.snapshots.size >= MOST;
  const possible = (full ? others : [...makers, ...others]).flatMap((make) => make(turn) ?? []);
  return (
    possible[Math.floor(random() * possible.length)] ??
    making(turn, "create", { capacity_range: { required_bytes: 16 * MIB } }, `words ${String(turn.number)}`)
  );
}

function making({ rig, model, number }: Turn, name: string, more: object, words: string, write = true): Operation {
  let id = "";
  return {
    name,
    call: async () => {
      const request = {
        name: `volume-${String(number)}`,
        volume_capabilities: [{ mount: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
      };
      const made = await rig.call<{ volume: { volume_id: string } }>("Controller", "CreateVolume", { ...request, ...more });
      id = made.volume.volume_id;
    },
    done: async () => {
      // What a copy holds is looked at before anybody writes to it.
      if (write) await writeFile(join(rig.dataOf(id), "words"), words);
      model.volumes.set(id, words);
    },
  };
}

function newVolume(turn: Turn): Operation {
  return making(turn, "create", { capacity_range: { required_bytes: 16 * MIB } }, `words ${String(turn.number)}`);
}

function copyOfVolume(turn: Turn): Operation | undefined {
  const [id, words] = pick(turn.model.volumes, turn.random) ?? [];
  if (id === undefined || words === undefined) return undefined;
  return making(turn, "create a copy of a volume", { volume_content_source: { volume: { volume_id: id } } }, words, false);
}

function copyOfSnapshot(turn: Turn): Operation | undefined {
  const [id, words] = pick(turn.model.snapshots, turn.random) ?? [];
  if (id === undefined || words === undefined) return undefined;
  return making(turn, "create a copy of a snapshot", { volume_content_source: { snapshot: { snapshot_id: id } } }, words, false);
}

function newSnapshot({ rig, model, random, number }: Turn): Operation | undefined {
  const [volume, words] = pick(model.volumes, random) ?? [];
  if (volume === undefined || words === undefined) return undefined;
  let id = "";
  return {
    name: "snapshot",
    call: async () => {
      const request = { name: `snapshot-${String(number)}`, source_volume_id: volume };
      id = (await rig.call<{ snapshot: { snapshot_id: string } }>("Controller", "CreateSnapshot", request)).snapshot.snapshot_id;
    },
    done: async () => {
      model.snapshots.set(id, words);
      // Later words must not show in it.
      const later = `${words} later ${String(number)}`;
      await writeFile(join(rig.dataOf(volume), "words"), later);
      model.volumes.set(volume, later);
    },
  };
}

function deleteVolume({ rig, model, random }: Turn): Operation | undefined {
  const [id] = pick(model.volumes, random) ?? [];
  if (id === undefined) return undefined;
  const call = async (): Promise<void> => void (await rig.call("Controller", "DeleteVolume", { volume_id: id }));
  return { name: "delete a volume", call, done: async () => void model.volumes.delete(id) };
}

function deleteSnapshot({ rig, model, random }: Turn): Operation | undefined {
  const [id] = pick(model.snapshots, random) ?? [];
  if (id === undefined) return undefined;
  const call = async (): Promise<void> => void (await rig.call("Controller", "DeleteSnapshot", { snapshot_id: id }));
  return { name: "delete a snapshot", call, done: async () => void model.snapshots.delete(id) };
}

function growVolume({ rig, model, random, number }: Turn): Operation | undefined {
  const [id] = pick(model.volumes, random) ?? [];
  if (id === undefined) return undefined;
  const request = { volume_id: id, volume_path: "/x", capacity_range: { required_bytes: (16 + (number % 8)) * MIB } };
  return { name: "grow", call: async () => void (await rig.call("Node", "NodeExpandVolume", request)), done: async () => {} };
}

function pick(from: ReadonlyMap<string, string>, random: () => number): readonly [string, string] | undefined {
  return [...from][Math.floor(random() * from.size)];
}

/** Whether the driver died of the call. Any other failure is a fault. */
async function wasCutOff(rig: CsiRig, call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (error) {
    if (!(await rig.diesSoon())) throw error;
    return true;
  }
}

/** What there is, compared with what there must be. */
async function differences(rig: CsiRig, { volumes, snapshots }: Model): Promise<readonly string[]> {
  const ids = async (method: string): Promise<readonly string[]> => {
    const { entries } = await rig.call<Listed>("Controller", method, {});
    return entries.map(({ volume, snapshot }) => volume?.volume_id ?? snapshot?.snapshot_id ?? "");
  };
  const told = [...(await ids("ListVolumes")), ...(await ids("ListSnapshots"))].toSorted().join(" ");
  const wanted = [...volumes.keys(), ...snapshots.keys()].toSorted().join(" ");
  const stored = (await rig.stored()).join(" ");
  const found: string[] = [];
  if (told !== wanted) found.push(`it tells of ${told} instead of ${wanted}`);
  if (stored !== wanted) found.push(`on the disk is ${stored} instead of ${wanted}`);
  for (const [id, words] of [...volumes, ...snapshots]) {
    const there = await readFile(join(rig.dataOf(id), "words"), "utf8").catch(() => "nothing");
    if (there !== words) found.push(`${id} holds ${there} instead of ${words}`);
  }
  return found;
}
