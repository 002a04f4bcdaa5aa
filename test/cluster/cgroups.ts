import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "./settings.ts";

/** The control group below which a node's pods live, as the kubelet wants it said. */
export function cgroupOf(settings: Settings, node: string): string {
  return `/${prefixOf(settings)}${node}`;
}

/** Makes a node's group in every hierarchy: the kubelet wants its root to exist, and in version 1 a cpuset without processors holds no process. */
export async function makeCgroup(settings: Settings, node: string): Promise<void> {
  for (const { root, version } of await hierarchies()) {
    const path = join(root, cgroupOf(settings, node));
    await mkdir(path, { recursive: true });
    if (version === 2) await enableControllers(root);
    else for (const file of ["cpuset.cpus", "cpuset.mems"]) await copyText(join(root, file), join(path, file));
  }
}

/** Removes the groups of all nodes. Their processes must be dead; the kernel may need an instant to notice. */
export async function removeCgroups(settings: Settings): Promise<void> {
  for (const path of await cgroupsLeft(settings)) await removeTree(path);
}

/** Groups of the cluster that are there, also in a version 2 beside version 1, where runc makes them without being asked. */
export async function cgroupsLeft(settings: Settings): Promise<readonly string[]> {
  const found = await Promise.all(
    (await mountedHierarchies()).map(async ({ root }) =>
      (await readdir(root)).filter((name) => name.startsWith(prefixOf(settings))).map((name) => join(root, name)),
    ),
  );
  return found.flat();
}

function prefixOf(settings: Settings): string {
  return `howdah-${String(settings.number)}-`;
}

interface Hierarchy {
  readonly root: string;
  readonly version: 1 | 2;
}

/** Where nodes get their groups: several places in version 1, one in version 2. A version 2 beside version 1 has no controllers and is not used. */
async function hierarchies(): Promise<readonly Hierarchy[]> {
  const all = await mountedHierarchies();
  const first = all.filter(({ version }) => version === 1);
  return first.length > 0 ? first : all;
}

async function mountedHierarchies(): Promise<readonly Hierarchy[]> {
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  return mounts.flatMap(([, root = "", type]): Hierarchy[] => {
    if (type === "cgroup") return [{ root, version: 1 }];
    return type === "cgroup2" ? [{ root, version: 2 }] : [];
  });
}

async function enableControllers(root: string): Promise<void> {
  const controllers = (await readFile(join(root, "cgroup.controllers"), "utf8")).trim().split(" ");
  await writeFile(join(root, "cgroup.subtree_control"), controllers.map((name) => `+${name}`).join(" "));
}

async function copyText(from: string, to: string): Promise<void> {
  const text = await readFile(from, "utf8").catch(() => undefined);
  if (text !== undefined) await writeFile(to, text.trim());
}

async function removeTree(path: string): Promise<void> {
  const below = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of below) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  for (let tries = 0; tries < 100; tries += 1) {
    const failed = await rmdir(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (failed === undefined || failed === "ENOENT") return;
    await sleep(50);
  }
}
