import { createHash } from "node:crypto";
import { LABEL_PREFIX } from "../../kernel/label.ts";

/**
 * Names of what the engine makes. Parts are joined by `.`, which no namespace, workload or claim may hold (DNS labels),
 * so that `a-b`/`c` and `a`/`b-c` can't meet; the first part is the instance, so that two state directories never share a thing.
 */
export interface Names {
  readonly instance: string;
  network(namespace: string): string;
  volume(namespace: string, claim: string): string;
  pod(namespace: string, workload: string, digest: string, replica: number): string;
  container(pod: string, container: string): string;
  /** A secret's name says which version of the value it is: pods that run keep theirs. */
  secret(namespace: string, secret: string, version: string, key: string): string;
  readonly edge: string;
}

/** The names of one instance (`howdah`, or a prefix of a test). */
export function namesOf(instance: string): Names {
  return {
    instance,
    network: (namespace) => `${instance}.${namespace}`,
    volume: (namespace, claim) => `${instance}.${namespace}.${claim}`,
    pod: (namespace, workload, digest, replica) => `${instance}.${namespace}.${workload}.${digest.slice(0, 8)}.${replica}`,
    container: (pod, container) => `${pod}.${container}`,
    secret: (namespace, secret, version, key) => `${instance}.${namespace}.${secret}.${version.slice(0, 16)}.${shortKey(key)}`,
    edge: `${instance}.edge`,
  };
}

/** Podman's secret names allow fewer characters than Kubernetes' keys. */
function shortKey(key: string): string {
  return /^[A-Za-z0-9_.-]{1,60}$/.test(key) ? key : createHash("sha256").update(key).digest("hex").slice(0, 32);
}

/** Labels on everything the engine makes; they are how half-made things of a killed command are recognized. */
export const label = {
  instance: `${LABEL_PREFIX}/instance`,
  namespace: `${LABEL_PREFIX}/namespace`,
  workload: `${LABEL_PREFIX}/workload`,
  kind: `${LABEL_PREFIX}/kind`,
  /** Digest of the pod template. */
  template: `${LABEL_PREFIX}/template`,
  replica: `${LABEL_PREFIX}/replica`,
  container: `${LABEL_PREFIX}/container`,
  /** `init`, `main`, or `once` for a one-off program. */
  role: `${LABEL_PREFIX}/role`,
  /** Names of podman's secrets that a container uses, joined by commas: what may not be pruned. */
  secrets: `${LABEL_PREFIX}/secrets`,
  /** Directories of files that a pod mounts, joined by commas. */
  files: `${LABEL_PREFIX}/files`,
  claim: `${LABEL_PREFIX}/claim`,
  requestedBytes: `${LABEL_PREFIX}/requested-bytes`,
  /** Content digest of an edge's settings. */
  settings: `${LABEL_PREFIX}/settings`,
} as const;
