import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Machine } from "./machine.ts";
import { removeNetwork } from "./networks.ts";
import { findPods } from "./pods.ts";
import { secretNames } from "./secret-store.ts";

/** Objects whose loss from the memory would orphan a process or data. */
const KEPT = /^(Deployment|StatefulSet|PersistentVolumeClaim)\//;

/**
 * Takes away the last things of a namespace: secrets with their copies in podman and in memory, the state directory, the network.
 * Errors: `bug` while workloads, pods or claims are there.
 */
export async function forgetNamespace(machine: Machine, namespace: string): Promise<void> {
  const { objects } = await machine.store.read(namespace);
  const kept = Object.keys(objects).find((key) => KEPT.test(key)) ?? (await findPods(machine, namespace))[0]?.name;
  if (kept !== undefined) throw new HowdahError("bug", `${namespace} was to be forgotten while it has ${kept}`);
  await machine.secrets.prune(namespace, () => false);
  await machine.volumes.discardSecrets(namespace);
  await removeNetwork(machine, namespace);
  await machine.visits.forget(namespace);
  await machine.store.forget(namespace); // last: after a crash the namespace is still listed, and this is done again
  if (Object.keys(objects).length > 0) await machine.refreshEdge();
}

/** Forgets the state directory of a namespace that holds neither objects nor secrets. */
export async function forgetWhenEmpty(machine: Machine, namespace: string): Promise<void> {
  const { objects } = await machine.store.read(namespace);
  if (Object.keys(objects).length > 0 || (await secretNames(machine.store, namespace)).length > 0) return;
  await machine.store.forget(namespace);
}
