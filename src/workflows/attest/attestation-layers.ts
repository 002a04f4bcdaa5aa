import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Repository } from "../../kernel/image-reference.ts";
import { type Descriptor, ENVELOPE } from "../../providers/attestation/artifact.ts";
import { openStatement } from "../../providers/attestation/envelope.ts";
import type { VerificationKey } from "../../providers/attestation/signing-key.ts";
import { LONGEST_DOCUMENT, type Registry, type RegistryCall } from "../../providers/registry/registry.ts";

/** Where an image lies, and how the registry is spoken to. */
export interface AttestedPlace {
  readonly registry: Registry;
  readonly repository: Repository;
  readonly call: RegistryCall;
}

/**
 * What a key has said in one of the layers that cosign keeps attestations in; undefined for everything that is not its own. Others put layers there
 * as well: one that is no envelope, too long or gone must not stand in the way of ours. Errors: `registry/*`.
 */
export async function statementIn(layer: Descriptor, key: VerificationKey, place: AttestedPlace): Promise<string | undefined> {
  if (layer.mediaType !== ENVELOPE || layer.size > LONGEST_DOCUMENT) return undefined;
  const envelope = await documentOf(layer, place);
  return envelope === undefined ? undefined : openStatement(envelope, key);
}

/** A layer's bytes; undefined when the registry has them no more. Errors: `registry/*`. */
export async function documentOf(layer: Descriptor, { registry, repository, call }: AttestedPlace): Promise<Uint8Array | undefined> {
  try {
    return await registry.document(repository, layer, call);
  } catch (error) {
    if (error instanceof HowdahError && error.code === "registry/not-found") return undefined;
    throw error;
  }
}
