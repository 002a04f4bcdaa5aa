import * as z from "zod";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type ImageReference, printReference } from "../../kernel/image-reference.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import { type Descriptor, descriptorsIn, SIGNATURE, SIGNATURE_ANNOTATION } from "../../providers/attestation/artifact.ts";
import { readSignaturePayload } from "../../providers/attestation/signature-payload.ts";
import type { VerificationKey } from "../../providers/attestation/signing-key.ts";
import type { Registry, RegistryCall } from "../../providers/registry/registry.ts";
import { SLSA_PROVENANCE, SPDX_PREDICATE } from "../../render/provenance/provenance.ts";
import { type AttestedPlace, documentOf, statementIn } from "./attestation-layers.ts";

/** What a key vouches for. */
export interface VerifiedImage {
  /** `registry.example.org/team/blog/php@sha256:…`. */
  readonly image: string;
  readonly digest: string;
  /** The repository that it was signed for: another one when it was copied. */
  readonly signedAs: string;
  /** The SPDX document, and how many packages it lists. */
  readonly sbom: { readonly packages: number; readonly document: unknown };
  readonly provenance: {
    readonly builder: string;
    /** Null for a tree without version control. */
    readonly commit: string | null;
    readonly source: string | null;
    /** Null when the provenance does not tell. */
    readonly dirty: boolean | null;
    readonly predicate: unknown;
  };
}

const statement = z.object({
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).max(100),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()),
});

const predicate = z.object({
  buildDefinition: z.object({
    internalParameters: z.object({ dirty: z.boolean().optional() }).optional(),
    resolvedDependencies: z.array(z.object({ uri: z.string().optional(), digest: z.record(z.string(), z.string()).optional() })).optional(),
  }),
  runDetails: z.object({ builder: z.object({ id: z.string() }) }),
});

/** Bytes. cosign's payload has a few hundred. */
const LONGEST_PAYLOAD = 64 * 1024;

/**
 * Whether an image of a registry is signed by a key, and its bill of materials and provenance are; as cosign keeps them. Nothing that the key has
 * not signed is believed. Errors: `signature/missing`, `signature/invalid`, `registry/*`.
 */
export async function verifyImage(
  reference: ImageReference,
  key: VerificationKey,
  registry: Registry,
  call: RegistryCall,
): Promise<VerifiedImage> {
  const digest = await registry.resolve(reference, call);
  const place = { registry, repository: reference, call };
  const image = printReference({ ...reference, tag: undefined, digest });
  const tag = digest.replace(":", "-");
  const signedAs = await verifiedSignature(digest, key, await layersAt(`${tag}.sig`, place), { ...place, image });
  const statements = await verifiedStatements(digest, key, await layersAt(`${tag}.att`, place), place);
  const found = (type: string, what: string): Readonly<Record<string, unknown>> => {
    const one = statements.find(({ predicateType }) => predicateType === type);
    if (one !== undefined) return one.predicate;
    throw new HowdahError("signature/missing", `${image} is signed, but it has no ${what} that this key has signed`);
  };
  const sbom = found(SPDX_PREDICATE, "bill of materials");
  const provenance = found(SLSA_PROVENANCE, "provenance");
  const packages = sbom["packages"];
  return {
    image,
    digest,
    signedAs,
    sbom: { packages: Array.isArray(packages) ? packages.length : 0, document: sbom },
    provenance: told(provenance),
  };
}

async function layersAt(tag: string, { registry, repository, call }: AttestedPlace): Promise<readonly Descriptor[]> {
  const found = await registry.manifest(repository, tag, call);
  return found === undefined ? [] : descriptorsIn(found.bytes, "layers");
}

/** The name that the image was signed under. */
async function verifiedSignature(
  digest: string,
  key: VerificationKey,
  layers: readonly Descriptor[],
  { image, ...place }: AttestedPlace & { readonly image: string },
): Promise<string> {
  const signatures = layers.filter(({ mediaType, size }) => mediaType === SIGNATURE && size <= LONGEST_PAYLOAD);
  if (signatures.length === 0) throw new HowdahError("signature/missing", `${image} is not signed`);
  let another: string | undefined;
  for (const layer of signatures) {
    const payload = await documentOf(layer, place);
    if (payload === undefined) continue;
    const signature = Buffer.from(layer.annotations?.[SIGNATURE_ANNOTATION] ?? "", "base64");
    const signed = key.verify(payload, signature) ? readSignaturePayload(payload) : undefined;
    if (signed?.digest === digest) return signed.repository;
    another = signed?.digest ?? another;
  }
  const why =
    another === undefined
      ? "none of its signatures is by this key"
      : `this key has signed another image in its place, ${another.slice(0, 80)}`;
  throw new HowdahError("signature/invalid", `${image} can't be trusted: ${why}`);
}

/** What this key has said of the image. */
async function verifiedStatements(
  digest: string,
  key: VerificationKey,
  layers: readonly Descriptor[],
  place: AttestedPlace,
): Promise<readonly z.infer<typeof statement>[]> {
  const found: z.infer<typeof statement>[] = [];
  for (const layer of layers) {
    const text = await statementIn(layer, key, place);
    const parsed = text === undefined ? undefined : statement.safeParse(parseJson(text));
    if (parsed?.success && parsed.data.subject.some((one) => `sha256:${one.digest["sha256"] ?? ""}` === digest)) found.push(parsed.data);
  }
  return found;
}

function told(value: Readonly<Record<string, unknown>>): VerifiedImage["provenance"] {
  const parsed = predicate.safeParse(value);
  if (!parsed.success) throw new HowdahError("signature/invalid", "The provenance is signed, but it is not SLSA's version 1");
  const { buildDefinition, runDetails } = parsed.data;
  const source = buildDefinition.resolvedDependencies?.find(({ digest }) => digest?.["gitCommit"] !== undefined);
  return {
    builder: runDetails.builder.id,
    commit: source?.digest?.["gitCommit"] ?? null,
    source: source?.uri ?? null,
    dirty: buildDefinition.internalParameters?.dirty ?? null,
    predicate: value,
  };
}
