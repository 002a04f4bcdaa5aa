import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isProcessAlive } from "../../host/process-identity.ts";
import { usedOpcache } from "./compiled-code.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { removeFormerOpcache } from "./opcache-store.ts";
import { filesDirectory } from "./pod-volumes.ts";
import type { ListedContainer } from "./podman-cli.ts";
import { objectsOf } from "./state-store.ts";

/** A one-off program has its container long before this, on a machine however busy. */
const ORPHAN_MS = 600_000;

/**
 * Takes away what nothing refers to any more in a namespace: volumes of pods that are gone, former versions of secrets, former files,
 * compiled code of former releases, containers of one-off programs whose command was killed.
 * Call it with the namespace's lock. Never touches claims.
 */
export async function collectGarbage(machine: Machine, namespace: string): Promise<void> {
  const containers = await removeAbandoned(machine, namespace);
  const pods = new Set(containers.map((container) => container.name.replace(/\.[^.]*$/, "")));
  // A one-off container is named like the directory of its volumes.
  await machine.volumes.discardOthers(
    `${machine.names.instance}.${namespace}.`,
    new Set([...pods, ...containers.map((container) => container.name)]),
    ORPHAN_MS,
  );
  const used = new Set(containers.flatMap((container) => container.labels[label.secrets]?.split(",") ?? []));
  await machine.secrets.prune(namespace, (name) => used.has(name));
  await removeFormerFiles(machine, namespace, new Set(containers.flatMap((container) => container.labels[label.files]?.split(",") ?? [])));
  await removeFormerOpcache(machine.store, namespace, await usedOpcache(machine, namespace, containers));
}

/** One-off programs that ended after whoever ran them had died: nobody else removes their containers. Answers the containers that stay. */
async function removeAbandoned(machine: Machine, namespace: string): Promise<readonly ListedContainer[]> {
  const listed = await machine.podman.list({ [label.instance]: machine.names.instance, [label.namespace]: namespace });
  const stay: ListedContainer[] = [];
  const gone: string[] = [];
  for (const container of listed) {
    const owner = container.labels[label.owner];
    const abandoned = owner !== undefined && container.state !== "running" && !(await isProcessAlive(owner));
    if (abandoned) gone.push(container.name);
    else stay.push(container);
  }
  if (gone.length > 0) await machine.podman.run(["rm", "--force", "--ignore", ...gone], { accept: "any" });
  return stay;
}

/** Every content that a ConfigMap ever had got a directory; the current ones stay, and those that a pod has mounted. */
async function removeFormerFiles(machine: Machine, namespace: string, mounted: ReadonlySet<string>): Promise<void> {
  const state = await machine.store.read(namespace);
  const current = new Set(objectsOf(state, "ConfigMap").map((map) => basename(filesDirectory(machine.store, namespace, map))));
  const root = join(machine.store.directory(namespace), "files");
  for (const name of await readdir(root).catch(() => [])) {
    if (!current.has(name) && !mounted.has(name)) await rm(join(root, name), { recursive: true, force: true });
  }
}
