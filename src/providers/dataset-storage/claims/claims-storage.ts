import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import type { DatasetStorage, StoredVolume, VolumeUsage } from "../dataset-storage.ts";
import { storageId } from "../storage-id.ts";

/** One claim that this process's pod has mounted. */
export interface MountedClaim {
  /** Of a volume's id what follows `SITE.gN.`. */
  readonly part: string;
  readonly claim: string;
  readonly directory: string;
  /** Of the claim, as it was asked for: `20Gi`. */
  readonly size: string;
}

/** Of what the storage is made. */
export interface ClaimsStorageOptions {
  readonly api: Pick<KubernetesApi, "get" | "list" | "create" | "delete">;
  readonly namespace: string;
  readonly claims: readonly MountedClaim[];
  /** Null: the cluster's default of the driver. */
  readonly snapshotClassName: string | null;
  /** Brings what was written to these directories to their disks: a snapshot shows no more than that. */
  readonly flush: (directories: readonly string[], signal: AbortSignal | undefined) => Promise<void>;
  readonly now: () => number;
}

/** A storage of claims; `copyAt` says what a directory of a clone stands for: the container that is given it has a claim of its own made from the snapshot. */
export interface ClaimsStorage extends DatasetStorage {
  copyAt(directory: string): { readonly snapshot: string; readonly size: string } | undefined;
}

/** No directory of this pod: what clones are called where containers are told of their directories. */
const CLONES = "/clones";
const POLL_MS = 500;
/** Drivers that copy whole take as long as the copy does. */
const READY_MS = 3_600_000;
/** What the file system has there for itself. */
const LOST = "lost+found";
const LABELS = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "dataset" } as const;

interface Known {
  readonly made: Map<string, string>;
  readonly clones: Map<string, { readonly snapshot: string; readonly size: string; readonly createdAt: string }>;
  readonly bytes: Map<string, number>;
}

/**
 * Datasets as a cluster has them: a volume is a claim that the breed's pod has mounted, under the one part that it was made for; a snapshot is a
 * VolumeSnapshot whose name is the id; a clone is a claim that the one container has which is given its directory. What a copy shares with others only its
 * driver knows, so all of it is counted as its own.
 */
export function claimsStorage(options: ClaimsStorageOptions): ClaimsStorage {
  const known: Known = { made: new Map(), clones: new Map(), bytes: new Map() };
  return {
    driver: "claims",
    probe: () => probe(options),
    createVolume: (id) => createVolume(id, options, known),
    snapshot: (volume, id, signal) => snapshot(storageId(volume), storageId(id), options, known, signal),
    clone: (of, id) => clone(storageId(of), storageId(id), options, known),
    directory: (id) => {
      const found = known.made.get(id) ?? (known.clones.has(id) ? `${CLONES}/${id}` : undefined);
      return found === undefined ? Promise.reject(missing(id)) : Promise.resolve(found);
    },
    usage: (id) => usage(id, known),
    destroy: (id) => destroy(storageId(id), options, known),
    freed: () => Promise.resolve(),
    list: () => list(options, known),
    copyAt: (directory) => (directory.startsWith(`${CLONES}/`) ? known.clones.get(directory.slice(CLONES.length + 1)) : undefined),
  };
}

async function probe({ claims }: ClaimsStorageOptions) {
  let freeBytes = 0;
  for (const { directory } of claims) {
    const { bavail, bsize } = await statfs(directory);
    freeBytes += bavail * bsize;
  }
  return {
    ...{ driver: "claims" as const, root: claims[0]?.directory ?? "", loopFile: null, copyOnWrite: true, atomicSnapshot: true },
    ...{ cloneCost: "constant" as const, freeBytes, warnings: ["How copies are made is the storage class' business."] },
  };
}

/** Raw data has a directory of its own in its claim, beside the sockets of those that work on it. */
async function createVolume(id: string, { claims }: ClaimsStorageOptions, { made }: Known): Promise<string> {
  const part = partOf(storageId(id));
  const found = claims.find((claim) => claim.part === part);
  if (found === undefined) throw new HowdahError("bug", `The breed's pod has no claim for ${id}`);
  const directory = part === "raw" ? join(found.directory, "raw") : found.directory;
  await mkdir(directory, { recursive: true });
  made.set(id, directory);
  return directory;
}

/** What follows `SITE.gN.`. */
function partOf(id: string): string {
  return id.split(".").slice(2).join(".");
}

function missing(id: string): HowdahError {
  return new HowdahError("dataset/storage-missing", `There is no volume ${id} of datasets`);
}

function taken(id: string): HowdahError {
  return new HowdahError("dataset/storage-taken", `${id} is something else already`);
}

async function snapshot(
  volume: string,
  id: string,
  options: ClaimsStorageOptions,
  known: Known,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { api, namespace, claims, snapshotClassName } = options;
  const directory = known.made.get(volume);
  const claim = claims.find(({ part }) => part === partOf(volume))?.claim;
  if (directory === undefined || claim === undefined) throw missing(volume);
  const name = { resource: resources.VolumeSnapshot, namespace, name: id };
  const source = { persistentVolumeClaimName: claim };
  const there = await api.get(name, signal);
  if (there !== undefined && claimIn(there) !== claim) throw taken(id);
  if (there === undefined) {
    await options.flush([directory], signal);
    const spec = { source, ...(snapshotClassName === null ? {} : { volumeSnapshotClassName: snapshotClassName }) };
    const object = {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshot",
      metadata: { name: id, namespace, labels: LABELS },
      spec,
    };
    await api.create(resources.VolumeSnapshot, object, signal);
  }
  known.bytes.set(id, await bytesBelow(directory));
  await untilReady(id, options, signal);
  return id;
}

function claimIn(object: KubeObject): string | undefined {
  return (object["spec"] as { readonly source?: { readonly persistentVolumeClaimName?: string } } | undefined)?.source
    ?.persistentVolumeClaimName;
}

interface SnapshotStatus {
  readonly readyToUse?: boolean;
  readonly restoreSize?: string;
  readonly error?: { readonly message?: string };
}

async function untilReady(id: string, { api, namespace }: ClaimsStorageOptions, signal: AbortSignal | undefined): Promise<SnapshotStatus> {
  let last: string | undefined;
  for (const until = performance.now() + READY_MS; performance.now() < until; await sleep(POLL_MS)) {
    signal?.throwIfAborted();
    const found = await api.get({ resource: resources.VolumeSnapshot, namespace, name: id }, signal);
    if (found === undefined) throw missing(id);
    const status = (found["status"] ?? {}) as SnapshotStatus;
    if (status.readyToUse === true) return status;
    last = status.error?.message ?? last;
  }
  throw new HowdahError(
    "dataset/storage-broken",
    `The snapshot ${namespace}/${id} does not become ready: ${last ?? "its driver says nothing"}`,
  );
}

async function clone(of: string, id: string, options: ClaimsStorageOptions, { clones, made }: Known): Promise<string> {
  if (made.has(id) || (clones.get(id)?.snapshot ?? of) !== of) throw taken(id);
  const { restoreSize = "0" } = await untilReady(of, options, undefined);
  // A driver that names no size takes the claim's own.
  const size = restoreSize === "0" ? (options.claims.find(({ part }) => part === `new-${partOf(of)}`)?.size ?? "1Gi") : restoreSize;
  clones.set(id, { snapshot: of, size, createdAt: new Date(options.now()).toISOString() });
  return `${CLONES}/${id}`;
}

async function usage(id: string, { made, bytes }: Known): Promise<VolumeUsage> {
  const directory = made.get(id);
  const totalBytes = directory === undefined ? bytes.get(id) : await bytesBelow(directory);
  if (totalBytes === undefined) throw missing(id);
  return { ownBytes: totalBytes, totalBytes };
}

/** Bytes that the files of a volume take on its disk. */
async function bytesBelow(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.name === LOST) continue;
    if (entry.isDirectory()) bytes += await bytesBelow(path);
    else
      bytes += await stat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ); // a link that leads nowhere
  }
  return bytes;
}

/** Of a volume the content: its claim goes with the pod, by the cluster's own hand. */
async function destroy(id: string, { api, namespace }: ClaimsStorageOptions, { made, clones }: Known): Promise<boolean> {
  const directory = made.get(id);
  if (directory !== undefined) {
    for (const name of await readdir(directory)) if (name !== LOST) await rm(join(directory, name), { recursive: true, force: true });
    return made.delete(id);
  }
  if (clones.delete(id)) return true;
  const name = { resource: resources.VolumeSnapshot, namespace, name: id };
  const { uid } = (await api.get(name))?.metadata ?? {};
  return uid === undefined ? false : await api.delete(name, { preconditions: { uid } });
}

async function list({ api, namespace, now }: ClaimsStorageOptions, { made, clones }: Known): Promise<readonly StoredVolume[]> {
  const { items } = await api.list(resources.VolumeSnapshot, { namespace });
  const createdAt = new Date(now()).toISOString();
  const found: StoredVolume[] = [
    ...[...made.keys()].map((id) => ({ id, kind: "volume" as const, source: null, createdAt })),
    ...[...clones].map(([id, { snapshot: source, createdAt: at }]) => ({ id, kind: "clone" as const, source, createdAt: at })),
    ...items
      .filter(({ metadata }) => metadata.name.startsWith(`${namespace}.g`) && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => ({
        id: metadata.name,
        kind: "snapshot" as const,
        source: null,
        createdAt: metadata.creationTimestamp ?? createdAt,
      })),
  ];
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
