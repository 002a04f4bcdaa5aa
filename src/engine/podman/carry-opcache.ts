import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { PodSpec } from "../../render/objects.ts";
import type { Machine } from "./machine.ts";
import { ensureOpcacheDirectory, makeWorkDirectory, type OpcacheVolume, opcacheDirectory, opcacheVolume } from "./opcache-store.ts";

type Parts = Pick<Machine, "podman" | "store" | "system">;

/**
 * Gives the next release the compiled code of the one that serves, so that its first page compiles only what has changed: a file's time
 * comes from its content, and PHP looks at the time before it takes what is compiled. Therefore only where time stamps are looked at, with the
 * same settings and on the same base, whose extensions have the same constants. By hard links: nothing ever writes into such a file.
 * A cache: whatever goes wrong, the release starts without.
 */
export async function carryOpcache(machine: Parts, namespace: string, former: PodSpec, next: PodSpec): Promise<void> {
  const [from, to] = [opcacheVolume(former), opcacheVolume(next)];
  if (from === undefined || to === undefined || !mayShare(from, to)) return;
  try {
    const source = opcacheDirectory(machine.store, namespace, from);
    const systems = await systemsIn(source);
    const target = await ensureOpcacheDirectory(machine.store, namespace, to);
    if (systems.length === 0 || (await readdir(target)).length > 0) return;
    if (!(await haveSameBase(machine, from.csi.volumeAttributes.image, to.csi.volumeAttributes.image))) return;
    await linkSystems(machine, { source, target, systems });
  } catch {
    return;
  }
}

/** Gives a directory what is compiled in another one for these builds of PHP (names of directories), each whole or not at all. */
export async function linkSystems(
  machine: Pick<Machine, "system">,
  { source, target, systems }: { readonly source: string; readonly target: string; readonly systems: readonly string[] },
): Promise<void> {
  const work = await makeWorkDirectory(target, randomBytes(4).toString("hex"));
  try {
    for (const system of systems) {
      await machine.system(["cp", "--archive", "--link", "--", join(source, system), join(work, system)]);
      await rename(join(work, system), join(target, system));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Directories that PHP makes, one for each build of it. */
export async function systemsIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(() => [])).filter((name) => /^[0-9a-f]{32}$/.test(name));
}

function mayShare({ csi: from }: OpcacheVolume, { csi: to }: OpcacheVolume): boolean {
  const [one, other] = [from.volumeAttributes, to.volumeAttributes];
  const checked = one.timestamps === "checked" && other.timestamps === "checked";
  return checked && one.settings === other.settings && one.image !== other.image;
}

interface Inspected {
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

/** Bases of ours are one layer with the recipe's digest as a label. Of somebody else's nothing is known. */
async function haveSameBase(machine: Parts, one: string, other: string): Promise<boolean> {
  const { stdout } = await machine.podman.run(["image", "inspect", "--", one, other]);
  const bases = (JSON.parse(stdout) as readonly Inspected[]).map(({ Labels, RootFS }) => {
    const [recipe, layer] = [Labels?.[`${LABEL_PREFIX}/recipe`], RootFS?.Layers?.[0]];
    return recipe === undefined || layer === undefined ? undefined : `${recipe} ${layer}`;
  });
  return bases.length === 2 && bases[0] !== undefined && bases[0] === bases[1];
}
