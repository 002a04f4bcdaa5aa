import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import type { ConfigMap, PodSpec, Volume } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import type { ProcessResult } from "../process-port.ts";
import { makeSubPath } from "./make-sub-path.ts";
import { missingVolume } from "./missing-volume.ts";
import type { Names } from "./names.ts";
import { ensureOpcacheDirectory } from "./opcache-store.ts";
import type { VolumeSource } from "./pod-arguments.ts";
import { bytesOf } from "./quantity.ts";
import type { SecretStore } from "./secret-store.ts";
import { type NamespaceState, objectsOf, type StateStore } from "./state-store.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** What making a pod's volumes needs. */
export interface PodVolumesPorts {
  readonly names: Names;
  readonly store: StateStore;
  readonly secrets: SecretStore;
  /** Below it are pods' empty directories on disk: a file system with room, which runDir (memory on Debian) is not. */
  readonly stateDir: string;
  /** Below it is everything that a reboot takes away. */
  readonly runDir: string;
  /** Runs a program of the system (`mount`, `umount`). */
  readonly system: (argv: readonly string[]) => Promise<ProcessResult>;
  /** Where a volume lies; undefined when it is not there. */
  readonly volumePath: (volume: string) => Promise<string | undefined>;
}

/** Makes what a pod's volumes stand for, and takes away what ends with the pod. */
export interface PodVolumes {
  prepare(namespace: string, pod: string, spec: PodSpec, state: NamespaceState): Promise<ReadonlyMap<string, VolumeSource>>;
  /** Unmounts and deletes the pod's own volumes; data, files and secrets stay. */
  discard(pod: string): Promise<void>;
  /** Deletes what is in a pod's own volumes; no container of it may run. */
  empty(pod: string): Promise<void>;
  /** Deletes the mounted copies of a namespace's secrets; no pod of it may be there. */
  discardSecrets(namespace: string): Promise<void>;
  /**
   * Discards the volumes of pods whose names begin with `prefix` and that are not there any more: what a killed command or a reboot left.
   * A one-off program makes its volumes before its container, without a lock: those go when they are older than `onceMs` (default: never).
   */
  discardOthers(prefix: string, existing: ReadonlySet<string>, onceMs?: number): Promise<void>;
}

/** Secrets' files: read by the user of the containers alone. */
const SECRET_MODE = 0o400;
/** In the name of a one-off program's container and volumes. */
export const ONCE = ".once-";
const SECRETS_BYTES = 64 * 1024 * 1024;

/** Binds the making of volumes to a machine. */
export function podVolumes(ports: PodVolumesPorts): PodVolumes {
  const inMemory = join(ports.runDir, "pods");
  const onDisk = join(ports.stateDir, "pods");
  const make = async (namespace: string, pod: string, volume: Volume, state: NamespaceState): Promise<VolumeSource> => {
    if ("persistentVolumeClaim" in volume) return claimSource(ports, namespace, volume.persistentVolumeClaim.claimName);
    if ("configMap" in volume) return filesSource(ports, namespace, volume.configMap.name, state);
    if ("csi" in volume) {
      return { from: "path", path: await ensureOpcacheDirectory(ports.store, namespace, volume), readOnly: true };
    }
    if ("projected" in volume) throw new HowdahError("bug", "Files of one machine come in one ConfigMap, whatever their size");
    if ("hostPath" in volume) return hostSource(volume.hostPath.path);
    if ("secret" in volume) return secretSource(ports, namespace, volume.secret.secretName);
    const memory = "medium" in volume.emptyDir;
    return emptySource(ports, join(memory ? inMemory : onDisk, pod, volume.name), volume.emptyDir);
  };
  const discard = async (pod: string): Promise<void> => {
    const mounts = join(inMemory, pod);
    for (const name of await readdir(mounts).catch(() => [])) await unmount(ports, join(mounts, name));
    for (const root of [inMemory, onDisk]) await rm(join(root, pod), { recursive: true, force: true });
  };
  return {
    discard,
    empty: async (pod) => {
      for (const path of [join(inMemory, pod), join(onDisk, pod)]) {
        for (const volume of await readdir(path).catch(() => [])) {
          const inside = join(path, volume);
          for (const name of await readdir(inside)) await rm(join(inside, name), { recursive: true, force: true });
        }
      }
    },
    discardSecrets: async (namespace) => {
      const directory = secretsDirectory(ports);
      const own = (await readdir(directory).catch(() => [])).filter((name) => name.startsWith(`${namespace}.`));
      for (const name of own) await rm(join(directory, name), { recursive: true, force: true });
    },
    prepare: async (namespace, pod, spec, state) => {
      const made = spec.volumes.map(async (volume) => [volume.name, await make(namespace, pod, volume, state)] as const);
      const sources: ReadonlyMap<string, VolumeSource> = new Map(await Promise.all(made));
      await makeSubPaths(spec, sources);
      await makeNestedMountPoints(spec, sources);
      return sources;
    },
    discardOthers: async (prefix, existing, onceMs = Number.POSITIVE_INFINITY) => {
      for (const root of [inMemory, onDisk]) {
        const others = (await readdir(root).catch(() => [])).filter((pod) => pod.startsWith(prefix) && !existing.has(pod));
        for (const pod of others) if (!pod.includes(ONCE) || (await ageMs(join(root, pod))) >= onceMs) await discard(pod);
      }
    },
  };
}

async function ageMs(path: string): Promise<number> {
  const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
  return Date.now() - made;
}

async function claimSource(ports: PodVolumesPorts, namespace: string, claim: string): Promise<VolumeSource> {
  const name = ports.names.volume(namespace, claim);
  const path = await ports.volumePath(name);
  if (path === undefined) throw missingVolume(name, namespace, claim);
  return { from: "volume", name, path };
}

/** A directory that something else of Howdah's keeps. Podman would make a missing one, empty: a site without code. */
async function hostSource(path: string): Promise<VolumeSource> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new HowdahError("engine/not-ready", `The directory ${path} that a pod mounts is not there`);
  return { from: "path", path, readOnly: true };
}

async function emptySource(
  ports: PodVolumesPorts,
  path: string,
  emptyDir: { medium?: "Memory"; sizeLimit: string },
): Promise<VolumeSource> {
  // On disk `sizeLimit` is not kept yet: that takes project quotas, which ext4 and xfs have only when mounted for it.
  if (emptyDir.medium === "Memory") await mountTmpfs(ports, path, bytesOf(emptyDir.sizeLimit), "0770");
  else {
    await makeDirectories(path);
    await chown(path, RUN_AS, RUN_AS);
    await chmod(path, 0o770);
  }
  return { from: "path", path, readOnly: false };
}

/** Directories above are passable for the containers' user but not listable. */
async function makeDirectories(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
}

/**
 * Mounts memory of a bounded size for the containers' user. Not podman's `--tmpfs`, which runc 1.1 gives the mode of the image's directory,
 * nor a podman volume of type tmpfs, for which 4.3.1 refuses a size.
 */
export async function mountTmpfs(ports: Pick<PodVolumesPorts, "system">, path: string, bytes: number, mode: string): Promise<void> {
  if (await isMounted(path)) return;
  await makeDirectories(path);
  const options = `size=${bytes},uid=${RUN_AS},gid=${RUN_AS},mode=${mode},nosuid,nodev`;
  await ports.system(["mount", "-t", "tmpfs", "-o", options, "--", "tmpfs", path]);
}

/** Takes a mount away; who still has it open keeps it until then. */
export async function unmount(ports: Pick<PodVolumesPorts, "system">, path: string): Promise<void> {
  if (await isMounted(path)) await ports.system(["umount", "--lazy", "--", path]);
}

/** True when a file system is mounted exactly there. */
export async function isMounted(path: string): Promise<boolean> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").some((line) => line.split(" ")[4] === path);
}

/**
 * A ConfigMap's files, in a directory named by their content: pods that run keep theirs when the ConfigMap changes,
 * and a half-written directory never has the final name's marker.
 */
async function filesSource(ports: PodVolumesPorts, namespace: string, name: string, state: NamespaceState): Promise<VolumeSource> {
  const map = objectsOf(state, "ConfigMap").find((object) => object.metadata.name === name);
  if (map === undefined) throw new HowdahError("engine/not-ready", `The files "${name}" that a pod mounts were never applied`);
  const directory = filesDirectory(ports.store, namespace, map);
  await mkdir(directory, { recursive: true, mode: 0o755 }); // listable: nginx includes by pattern
  await Promise.all(
    Object.entries(map.data).map(async ([key, text]) => {
      const path = join(directory, safeKey(key));
      const same = await readFile(path, "utf8").then(
        (found) => found === text,
        () => false,
      );
      if (!same) await writeAtomically(path, text, { mode: 0o444 });
    }),
  );
  return { from: "path", path: directory, readOnly: true };
}

/** Where a ConfigMap's files lie. */
export function filesDirectory(store: StateStore, namespace: string, map: ConfigMap): string {
  return join(store.directory(namespace), "files", `${map.metadata.name}.${digestOf(map.data).slice(0, 16)}`);
}

function secretsDirectory(ports: Pick<PodVolumesPorts, "runDir">): string {
  return join(ports.runDir, "secrets");
}

async function secretSource(ports: PodVolumesPorts, namespace: string, name: string): Promise<VolumeSource> {
  const mountPoint = secretsDirectory(ports);
  await mountTmpfs(ports, mountPoint, SECRETS_BYTES, "0700");
  const { version, data } = await ports.secrets.read(namespace, name);
  const content = createHash("sha256").update(`${name}\0${version}`).digest("hex").slice(0, 32);
  const path = join(mountPoint, `${namespace}.${content}`); // namespaces have no dots
  await mkdir(path, { recursive: true, mode: 0o500 });
  await chown(path, RUN_AS, RUN_AS);
  for (const [key, secret] of Object.entries(data)) {
    await writeAtomically(join(path, safeKey(key)), secret.reveal(), { mode: SECRET_MODE, uid: RUN_AS });
  }
  return { from: "path", path, readOnly: true };
}

function safeKey(key: string): string {
  if (/^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== "." && key !== "..") return key;
  throw new HowdahError("render/unsafe", `${JSON.stringify(key)} can't be a file name`);
}

/** Makes the directories that subPath mounts name, as the kubelet does. */
async function makeSubPaths(spec: PodSpec, sources: ReadonlyMap<string, VolumeSource>): Promise<void> {
  for (const container of [...spec.initContainers, ...spec.containers]) {
    for (const mount of container.volumeMounts) {
      const source = sources.get(mount.name);
      if (mount.subPath === undefined || source === undefined) continue;
      const fixed = source.from === "path" && source.readOnly;
      await makeSubPath(source.path, mount.subPath, fixed ? "must-exist" : "make");
    }
  }
}

/**
 * A mount inside another one (uploads inside a writable tree) needs a directory there. The runtime would make it as root, where the
 * site could never write; so it is made before, for the containers' user.
 */
async function makeNestedMountPoints(spec: PodSpec, sources: ReadonlyMap<string, VolumeSource>): Promise<void> {
  for (const container of [...spec.initContainers, ...spec.containers]) {
    for (const inner of container.volumeMounts) {
      const outer = container.volumeMounts
        .filter((mount) => mount !== inner && inner.mountPath.startsWith(`${mount.mountPath}/`))
        .toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
      const source = outer === undefined ? undefined : sources.get(outer.name);
      if (outer === undefined || source === undefined || (source.from === "path" && source.readOnly)) continue;
      const inside = inner.mountPath.slice(outer.mountPath.length + 1);
      await makeSubPath(source.path, outer.subPath === undefined ? inside : `${outer.subPath}/${inside}`, "make");
    }
  }
}
