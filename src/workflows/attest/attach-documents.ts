import type { Repository } from "../../kernel/image-reference.ts";
import {
  artifactOf,
  type Descriptor,
  described,
  descriptorsIn,
  ENVELOPE,
  layeredImage,
  referrersIndex,
  SIGNATURE,
  SIGNATURE_ANNOTATION,
} from "../../providers/attestation/artifact.ts";
import { IN_TOTO, openStatement, sealStatement } from "../../providers/attestation/envelope.ts";
import { signaturePayload } from "../../providers/attestation/signature-payload.ts";
import type { SigningKey } from "../../providers/attestation/signing-key.ts";
import type { Pushable, Registry, RegistryCall } from "../../providers/registry/registry.ts";
import { SLSA_PROVENANCE, SPDX_PREDICATE, type Statement, statementOf } from "../../render/provenance/provenance.ts";
import type { SpdxDocument } from "../../render/sbom/spdx.ts";

/** Where an image lies, and how the registry is spoken to. */
export interface AttachTarget {
  readonly registry: Registry;
  readonly repository: Repository;
  readonly call: RegistryCall;
}

/** What is attached to an image. Digests are those of the attachments' manifests. */
export interface Attached {
  readonly sbom: string;
  readonly provenance: string;
  readonly signed: boolean;
  /** Bytes that travelled for it. */
  readonly bytes: { readonly sent: number };
}

/**
 * Attaches a bill of materials and provenance to an image: as artifacts that name it (OCI 1.1), with the specification's tag where the registry
 * keeps no list of them, and with a key also as cosign's attestations and signature. The signature comes last: it says that the rest is there.
 * What is there already is not sent again, though signatures differ each time; what others have signed stays. Errors: `registry/*`.
 */
export async function attachDocuments(
  image: Descriptor,
  documents: { readonly sbom: SpdxDocument; readonly provenance: object },
  key: SigningKey | null,
  target: AttachTarget,
): Promise<Attached> {
  const { repository } = target;
  const subject = { name: `${repository.registry}/${repository.path}`, digest: image.digest };
  const statements = [
    statementOf(subject, SPDX_PREDICATE, documents.sbom),
    statementOf(subject, SLSA_PROVENANCE, documents.provenance),
  ] as const;
  const sbom = artifactOf({ mediaType: "application/spdx+json", bytes: bytesOf(documents.sbom) }, image);
  const provenance = artifactOf({ mediaType: IN_TOTO, bytes: bytesOf(statements[1]) }, image);
  let sent = 0;
  const push = async (one: Pushable, ...tags: readonly string[]): Promise<void> => {
    sent += (await target.registry.push(one, { ...repository, tags }, target.call)).bytes.sent;
  };
  for (const artifact of [sbom, provenance]) await push(artifact.image);
  const tag = image.digest.replace(":", "-");
  if (!(await target.registry.listsReferrers(repository, image.digest, target.call))) {
    const former = (await target.registry.manifest(repository, tag, target.call))?.bytes;
    const there = new Set((former === undefined ? [] : descriptorsIn(former, "manifests")).map(({ digest }) => digest));
    const entries = [sbom.entry, provenance.entry];
    if (!entries.every(({ digest }) => there.has(digest))) await push(referrersIndex(former, entries), tag);
  }
  if (key !== null) {
    const attestations = await attested(statements, key, await layersAt(`${tag}.att`, target), target);
    if (attestations !== undefined) await push(attestations, `${tag}.att`);
    const signature = signed(signaturePayload(subject.name, image.digest), key, await layersAt(`${tag}.sig`, target));
    if (signature !== undefined) await push(signature, `${tag}.sig`);
  }
  return { sbom: sbom.entry.digest, provenance: provenance.entry.digest, signed: key !== null, bytes: { sent } };
}

async function layersAt(tag: string, { registry, repository, call }: AttachTarget): Promise<readonly Descriptor[]> {
  const found = await registry.manifest(repository, tag, call);
  return found === undefined ? [] : descriptorsIn(found.bytes, "layers");
}

/** cosign's attestations with ours among them; undefined when they are there. Our key's former ones of the same kinds go, others' stay. */
async function attested(
  statements: readonly Statement[],
  key: SigningKey,
  former: readonly Descriptor[],
  { registry, repository, call }: AttachTarget,
): Promise<Pushable | undefined> {
  const kept: Descriptor[] = [];
  const there = new Set<string>();
  for (const layer of former) {
    const kind = statements.find(({ predicateType }) => layer.annotations?.["predicateType"] === predicateType);
    const own = kind === undefined ? undefined : openStatement(await registry.document(repository, layer, call), key.publicKey);
    if (own !== undefined && own !== JSON.stringify(kind)) continue;
    if (own !== undefined && kind !== undefined) there.add(kind.predicateType);
    kept.push(layer);
  }
  const lacking = statements.filter(({ predicateType }) => !there.has(predicateType));
  if (lacking.length === 0) return undefined;
  const envelopes = lacking.map((statement) => ({ statement, bytes: sealStatement(statement, key) }));
  const added = envelopes.map(({ statement: { predicateType }, bytes }) => ({
    ...described(ENVELOPE, bytes),
    annotations: { [SIGNATURE_ANNOTATION]: "", predicateType },
  }));
  return layeredImage(
    [...kept, ...added],
    envelopes.map(({ bytes }) => bytes),
  );
}

/** cosign's signatures with ours among them; undefined when it is there. */
function signed(payload: Buffer, key: SigningKey, former: readonly Descriptor[]): Pushable | undefined {
  const layer = described(SIGNATURE, payload);
  const own = former.some(
    ({ digest, annotations }) =>
      digest === layer.digest && key.publicKey.verify(payload, Buffer.from(annotations?.[SIGNATURE_ANNOTATION] ?? "", "base64")),
  );
  if (own) return undefined;
  const annotations = { [SIGNATURE_ANNOTATION]: key.sign(payload).toString("base64") };
  return layeredImage([...former, { ...layer, annotations }], [payload]);
}

function bytesOf(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}
