import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { bytesBelow } from "../../host/bytes-below.ts";
import type { PodSpec, Volume } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import type { StateStore } from "./state-store.ts";

/** The machine's compiled code of one image and its settings, as a pod asks for it. */
export type OpcacheVolume = Extract<Volume, { readonly csi: object }>;

/** Beside the finished ones; no digest begins so. */
const WORK = "work-";
/** Priming ends itself long before this: what is older was left by a kill. */
const ABANDONED_MS = 20 * 60_000;

/** A pod's volume of compiled code. */
export function opcacheVolume(spec: PodSpec): OpcacheVolume | undefined {
  return spec.volumes.find((volume) => "csi" in volume);
}

/**
 * Where a site's compiled code lies: below its own state, one directory for each image with its settings. Containers mount it read-only,
 * so no pod can change what another one will run; it is empty until the code is primed, and an empty one costs nothing.
 */
export function opcacheDirectory(store: StateStore, namespace: string, { csi }: OpcacheVolume): string {
  return join(root(store, namespace), digestOf(csi.volumeAttributes).slice(0, 16));
}

/** The same, made when it is not there: a container whose mount has no source does not start. */
export async function ensureOpcacheDirectory(store: StateStore, namespace: string, volume: OpcacheVolume): Promise<string> {
  const path = opcacheDirectory(store, namespace, volume);
  await mkdir(path, { recursive: true, mode: 0o755 });
  return path;
}

/** A new directory for priming, on the same file system as `directory`, so that it gets there by rename. */
export async function makeWorkDirectory(directory: string, id: string): Promise<string> {
  const path = join(directory, "..", `${WORK}${id}`);
  await mkdir(path, { mode: 0o700 });
  return path;
}

/** Names of the directories that pods of this spec mount: what may not be taken away while they are there. */
export function mountedOpcache(store: StateStore, namespace: string, spec: PodSpec): string {
  const volume = opcacheVolume(spec);
  return volume === undefined ? "" : basename(opcacheDirectory(store, namespace, volume));
}

/** All compiled code of a namespace with its bytes on disk; `underWay` says of a priming's directory whether it is at work on it still. */
export async function listOpcache(
  store: StateStore,
  namespace: string,
): Promise<readonly { readonly name: string; readonly bytes: number; readonly underWay?: boolean }[]> {
  const names = await readdir(root(store, namespace)).catch(() => []);
  return Promise.all(
    names.map(async (name) => {
      const path = join(root(store, namespace), name);
      const bytes = await bytesBelow(path);
      return name.startsWith(WORK) ? { name, bytes, underWay: !(await isAbandoned(path)) } : { name, bytes };
    }),
  );
}

/** Removes compiled code that neither `used` names nor a priming is at work on. Call it with the namespace's lock. */
export async function removeFormerOpcache(store: StateStore, namespace: string, used: ReadonlySet<string>): Promise<void> {
  const directory = root(store, namespace);
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const kept = name.startsWith(WORK) ? !(await isAbandoned(path)) : used.has(name);
    if (!kept) await rm(path, { recursive: true, force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
  return made === undefined || Date.now() - made.birthtimeMs > ABANDONED_MS;
}

function root(store: StateStore, namespace: string): string {
  return join(store.directory(namespace), "opcache");
}
