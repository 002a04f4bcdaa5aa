import { createHash } from "node:crypto";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { Chains } from "./firewall-rules.ts";

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
  /** What the names of a namespace's secrets, and no others, start with. */
  secretPrefix(namespace: string): string;
  readonly edge: string;
  /** Chains of the firewall. */
  readonly chains: Chains;
}

/** The names of one instance (`howdah`, or a prefix of a test). */
export function namesOf(instance: string): Names {
  return {
    instance,
    network: (namespace) => `${instance}.${namespace}`,
    volume: (namespace, claim) => `${instance}.${namespace}.${claim}`,
    pod: (namespace, workload, digest, replica) => `${instance}.${namespace}.${workload}.${digest.slice(0, 8)}.${replica}`,
    container: (pod, container) => `${pod}.${container}`,
    secret: (namespace, secret, version, key) => {
      const prefix = secretPrefix(instance, namespace);
      const readable = `${prefix}${secret}.${version.slice(0, 16)}.${key}`;
      return readable.length <= SECRET_NAME && /^[A-Za-z0-9_.-]*[A-Za-z0-9]$/.test(key)
        ? readable
        : prefix + digest([secret, version, key], 24);
    },
    secretPrefix: (namespace) => secretPrefix(instance, namespace),
    edge: `${instance}.edge`,
    chains: { forward: chainName(instance, "forward"), input: chainName(instance, "input") },
  };
}

/** Podman 4.3 takes no longer name of a secret: `howdah.wordpress.generated.….HOWDAH_ADMIN_PASSWORD` was one too many. */
const SECRET_NAME = 64;
const LONG_NAMESPACE = 20;

/** Upper case in the shortened ones: no namespace has any, so none can be called like another's short form. */
function secretPrefix(instance: string, namespace: string): string {
  const short = namespace.length <= LONG_NAMESPACE ? namespace : `${namespace.slice(0, 10)}-D${digest([namespace], 12).toUpperCase()}`;
  return `${instance}.${short}.`;
}

/** iptables takes no longer name of a chain (XT_EXTENSION_MAXNAMELEN without its end). */
const CHAIN_NAME = 28;

function chainName(instance: string, hook: keyof Chains): string {
  const readable = `${instance}.${hook}`;
  return readable.length <= CHAIN_NAME && /^[A-Za-z0-9]/.test(readable) ? readable : `howdah-${digest([instance], 12)}.${hook}`;
}

function digest(parts: readonly string[], length: number): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, length);
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
  /** The process that runs a one-off program and removes its container. */
  owner: `${LABEL_PREFIX}/owner`,
  /** Names of podman's secrets that a container uses, joined by commas: what may not be pruned. */
  secrets: `${LABEL_PREFIX}/secrets`,
  /** Directories of files that a pod mounts, joined by commas. */
  files: `${LABEL_PREFIX}/files`,
  /** Name of the directory of compiled code that a pod mounts. */
  opcache: `${LABEL_PREFIX}/opcache`,
  claim: `${LABEL_PREFIX}/claim`,
  requestedBytes: `${LABEL_PREFIX}/requested-bytes`,
  /** Content digest of an edge's settings. */
  settings: `${LABEL_PREFIX}/settings`,
} as const;
