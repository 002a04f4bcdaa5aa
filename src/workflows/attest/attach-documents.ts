import { setTimeout as sleep } from "node:timers/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
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
import { IN_TOTO, sealStatement } from "../../providers/attestation/envelope.ts";
import { signaturePayload } from "../../providers/attestation/signature-payload.ts";
import type { SigningKey } from "../../providers/attestation/signing-key.ts";
import type { FetchedDocument, Pushable } from "../../providers/registry/registry.ts";
import { SLSA_PROVENANCE, SPDX_PREDICATE, type Statement, statementOf } from "../../render/provenance/provenance.ts";
import type { SpdxDocument } from "../../render/sbom/spdx.ts";
import { type AttestedPlace, statementIn } from "./attestation-layers.ts";

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
 * What is there already is not sent again, though signatures differ each time; what others have signed stays, also when they
 * push at the same time. Errors: `registry/*`.
 */
export async function attachDocuments(
  image: Descriptor,
  documents: { readonly sbom: SpdxDocument; readonly provenance: object },
  key: SigningKey | null,
  target: AttestedPlace,
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
    await change(tag, async (former) => listed([sbom.entry, provenance.entry], former?.bytes), push, target);
  }
  if (key !== null) {
    await change(`${tag}.att`, (former) => attested(statements, key, layersOf(former), target), push, target);
    const payload = signaturePayload(subject.name, image.digest);
    await change(`${tag}.sig`, async (former) => signed(payload, key, layersOf(former)), push, target);
  }
  return { sbom: sbom.entry.digest, provenance: provenance.entry.digest, signed: key !== null, bytes: { sent } };
}

/** How often a tag is put when others change it, too, and the pause after the second time in milliseconds; each is longer by as much. */
const ATTEMPTS = 5;
const PAUSE_MS = 100;

/**
 * Changes what a tag stands for, until what `changed` adds to it is there (it answers undefined then). Registries know no change on a condition:
 * of two who read, add and put at the same time one's addition is lost, so it is put a moment after it was read, and read once more.
 */
async function change(
  tag: string,
  changed: (former: FetchedDocument | undefined) => Promise<Pushable | undefined>,
  push: (one: Pushable, ...tags: readonly string[]) => Promise<void>,
  { registry, repository, call }: AttestedPlace,
): Promise<void> {
  for (let puts = 0; ; puts++) {
    if (puts > 1) await sleep((puts - 1) * PAUSE_MS, undefined, { signal: call.signal }).catch(() => undefined); // the registry names it when we are stopped
    const former = await registry.manifest(repository, tag, call);
    const next = await changed(former);
    if (next === undefined) return;
    if (puts === ATTEMPTS) {
      throw new HowdahError("registry/refused", `${repository.registry}/${repository.path}:${tag} is changed by others again and again`, {
        hint: "The image got no tag. When nobody else pushes it, run the same command again.",
      });
    }
    await push(next); // the long part
    const now = await registry.manifest(repository, tag, call);
    if (now?.digest === former?.digest) await push({ ...next, blobs: [] }, tag);
  }
}

function layersOf(manifest: FetchedDocument | undefined): readonly Descriptor[] {
  return manifest === undefined ? [] : descriptorsIn(manifest.bytes, "layers");
}

/** The list of what is attached with `entries` in it; undefined when they are there. */
function listed(entries: readonly Descriptor[], former: Uint8Array | undefined): Pushable | undefined {
  const there = new Set((former === undefined ? [] : descriptorsIn(former, "manifests")).map(({ digest }) => digest));
  return entries.every(({ digest }) => there.has(digest)) ? undefined : referrersIndex(former, entries);
}

/** cosign's attestations with ours among them; undefined when they are there. Our key's former ones of the same kinds go, others' stay. */
async function attested(
  statements: readonly Statement[],
  key: SigningKey,
  former: readonly Descriptor[],
  place: AttestedPlace,
): Promise<Pushable | undefined> {
  const kept: Descriptor[] = [];
  const there = new Set<string>();
  for (const layer of former) {
    const kind = statements.find(({ predicateType }) => layer.annotations?.["predicateType"] === predicateType);
    const own = kind === undefined ? undefined : await statementIn(layer, key.publicKey, place);
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
