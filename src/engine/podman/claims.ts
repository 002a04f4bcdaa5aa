import { RUN_AS } from "../../kernel/label.ts";
import type { PersistentVolumeClaim } from "../../render/objects.ts";
import { copiedVolumeId } from "../copied-volume-id.ts";
import { copiedDirectory, isCopied } from "./copied-volumes.ts";
import type { Machine } from "./machine.ts";
import { missingVolume } from "./missing-volume.ts";
import { label } from "./names.ts";
import { bytesOf } from "./quantity.ts";
import { withoutObject } from "./state-store.ts";

/**
 * Makes the volume of a claim (of one that is a copy, a podman volume bound to the copy's directory), owned by the containers' user from the start so that nothing ever has to change owners recursively.
 * Errors: `data/volume-missing` when it was `applied` before: an empty one must not take a full one's place.
 */
export async function ensureClaim(machine: Machine, namespace: string, claim: PersistentVolumeClaim, applied: boolean): Promise<void> {
  const name = machine.names.volume(namespace, claim.metadata.name);
  if (await machine.podman.exists("volume", name)) return;
  if (applied) throw missingVolume(name, namespace, claim.metadata.name);
  const bound = isCopied(claim) ? await copiedDirectory(machine.copies, namespace, claim) : undefined;
  await machine.podman.run([
    "volume",
    "create",
    ...(bound === undefined ? [`--opt=o=uid=${RUN_AS},gid=${RUN_AS}`] : ["--opt=type=none", "--opt=o=bind", `--opt=device=${bound}`]),
    `--label=${label.instance}=${machine.names.instance}`,
    `--label=${label.namespace}=${namespace}`,
    `--label=${label.claim}=${claim.metadata.name}`,
    `--label=${label.requestedBytes}=${bytesOf(claim.spec.resources.requests.storage)}`,
    name,
  ]);
}

/** Deletes a claim's volume and everything in it. Podman refuses while a container has it. */
export async function deleteClaim(machine: Machine, namespace: string, claim: string): Promise<void> {
  const name = machine.names.volume(namespace, claim);
  if (await machine.podman.exists("volume", name)) await machine.podman.run(["volume", "rm", name]);
  const applied = (await machine.store.read(namespace)).objects[`PersistentVolumeClaim/${claim}`]?.object;
  if (applied?.kind === "PersistentVolumeClaim" && isCopied(applied)) await machine.copies.destroy(copiedVolumeId(namespace, claim));
  await machine.store.change(namespace, (state) => withoutObject(state, `PersistentVolumeClaim/${claim}`));
}
