import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { isTag, parseRepository, type Repository } from "../../kernel/image-reference.ts";
import type { BuiltImage, ExportedImage } from "../../providers/image-builder.ts";
import type { Pushable, Pushed } from "../../providers/registry/registry.ts";
import type { SigningKey } from "../../providers/attestation/signing-key.ts";
import type { SpdxDocument } from "../../render/sbom/spdx.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type Attached, attachDocuments } from "../attest/attach-documents.ts";
import type { AttestedPlace } from "../attest/attestation-layers.ts";
import { billOfMaterials } from "../attest/bill-of-materials.ts";
import { exportingOnce } from "../attest/exporting-once.ts";
import { type BuiltSite, siteProvenance } from "../attest/site-provenance.ts";
import type { SourcePlace } from "../attest/source-place.ts";
import type { PreparedImages } from "../up/prepare-images.ts";
import { imageTags } from "./image-tags.ts";

/** `howdah build --push` as typed. */
export interface PushCommand {
  /** `registry.example.org/team/blog`; left out: the site file's. */
  readonly to: string | undefined;
  /** Left out: from version control. */
  readonly tags: readonly string[];
}

/** What the command line shows of a push. */
export type PushedImage = Pushed & { readonly attached?: Attached };

/** What is attached to the images: null for nothing. Without a key it is not signed. */
export interface AttachRequest {
  readonly built: BuiltSite;
  readonly key: SigningKey | null;
}

type PushPorts = Pick<Ports, "images" | "registry" | "secrets" | "files">;

/**
 * Brings a site's images to a registry: `REPOSITORY/web`, `REPOSITORY/php` and, if its pods ask a server for sessions, `REPOSITORY/sessions`,
 * under the same tags. Only what the registry lacks travels. Documents are attached to what has the site's code.
 * Errors: `usage/invalid` without a repository or with a bad tag, `registry/*`.
 */
export async function pushSite(
  command: PushCommand,
  given: {
    readonly site: Site;
    readonly place: SourcePlace | null;
    readonly images: PreparedImages["site"];
    readonly attach: AttachRequest | null;
    /** Reference of the image of its session server; null without one. */
    readonly sessions: string | null;
  },
  ports: PushPorts,
  context: EngineContext,
): Promise<readonly PushedImage[]> {
  const { site, images, attach, sessions } = given;
  const target = targetOf(command, site);
  const tags = tagsOf(command, given, context);
  const secret = await secretOf(site, ports);
  const exportImage = attach?.built.exported ?? exportingOnce(ports, context);
  const pushed: PushedImage[] = [];
  // PHP's first: it has everything that the web image may share
  for (const [role, image] of [
    ["php", images.php],
    ["web", images.web],
  ] as const) {
    if (image === null) continue;
    const to = { ...roleRepository(target, role), tags };
    const mountFrom = pushed.map(({ repository }) => repository.slice(target.registry.length + 1));
    const documents = attach === null ? null : await documentsOf(role, attach.built, ports, context);
    const options = { mountFrom, ...(secret === undefined ? {} : { secret }) };
    pushed.push(await pushOne({ image, documents, key: attach?.key ?? null, exportImage }, to, options, ports, context));
  }
  if (sessions !== null) {
    const to = { ...roleRepository(target, "sessions"), tags };
    const whole = { image: { reference: sessions }, documents: null, key: null, exportImage };
    pushed.push(await pushOne(whole, to, secret === undefined ? {} : { secret }, ports, context));
  }
  return pushed;
}

/** Brings one more image to a site's registry, as `REPOSITORY/ROLE`, by its digest alone. Errors: as `pushSite`. */
export async function pushImage(
  command: Pick<PushCommand, "to">,
  given: { readonly site: Site; readonly role: string; readonly reference: string; readonly exported: BuiltSite["exported"] },
  ports: PushPorts,
  context: EngineContext,
): Promise<PushedImage> {
  const { site, role, reference, exported } = given;
  const to = { ...roleRepository(targetOf(command, site), role), tags: [] };
  const secret = await secretOf(site, ports);
  const whole = { image: { reference }, documents: null, key: null, exportImage: exported };
  return pushOne(whole, to, secret === undefined ? {} : { secret }, ports, context);
}

/** The credentials that the site file names; without any the auth files are asked. */
async function secretOf({ name, image }: Site, ports: Pick<Ports, "secrets">): Promise<Readonly<Record<string, Secret>> | undefined> {
  if (image.secret === null) return undefined;
  const secret = await ports.secrets.get(name, image.secret);
  if (secret !== undefined) return secret;
  throw new HowdahError("registry/unauthorized", `There is no secret ${image.secret}, which spec.image.secret names`, {
    hint: `\`howdah secret set ${name} ${image.secret}/username\`, and the same with /password.`,
  });
}

/** What an image is accompanied by. */
interface Documents {
  readonly sbom: SpdxDocument;
  readonly provenance: object;
}

async function documentsOf(role: "web" | "php", built: BuiltSite, ports: PushPorts, context: EngineContext): Promise<Documents> {
  const { emit } = context;
  const id = `sbom/${role}`;
  emit({ type: "task-started", id, title: `Bill of materials of the ${role} image` });
  try {
    const sbom = await billOfMaterials(role, built, ports, context);
    const provenance = await siteProvenance(role, built);
    emit({ type: "task-done", id, outcome: "unchanged", detail: `${sbom.packages.length} packages` });
    return { sbom, provenance };
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

interface Accompanied {
  readonly image: Pick<BuiltImage, "reference">;
  readonly documents: Documents | null;
  readonly key: SigningKey | null;
  readonly exportImage: BuiltSite["exported"];
}

/** The image, then what accompanies it, then the tags: a tag never stands for an image without its signature. */
async function pushOne(
  { image, documents, key, exportImage }: Accompanied,
  to: Repository & { readonly tags: readonly string[] },
  options: Omit<Parameters<Ports["registry"]["push"]>[2], "progress" | "notice" | "signal">,
  ports: PushPorts,
  { emit, signal }: EngineContext,
): Promise<PushedImage> {
  const id = `push/${to.path}`;
  emit({ type: "task-started", id, title: `Push to ${to.registry}/${to.path}` });
  try {
    const exported = await exportImage(image.reference);
    const progress = (words: string): void => emit({ type: "task-progress", id, detail: words });
    const notice = (message: string): void => emit({ type: "notice", level: "info", message });
    const call = { ...options, progress, notice, signal };
    const whole = pushable(exported);
    const pushed = await ports.registry.push(whole, documents === null ? to : { ...to, tags: [] }, call);
    const attached =
      documents === null ? undefined : await attach(whole.manifest, documents, key, { registry: ports.registry, repository: to, call });
    if (attached !== undefined) await ports.registry.push(whole, to, call);
    const sent = pushed.bytes.sent + (attached?.bytes.sent ?? 0);
    emit({ type: "task-done", id, outcome: sent > 0 ? "changed" : "unchanged", detail: `${(sent / 1e6).toFixed(1)} MB sent` });
    return { ...pushed, tags: to.tags, ...(attached === undefined ? {} : { attached }) };
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

async function attach(
  { mediaType, digest, bytes }: Pushable["manifest"],
  documents: Documents,
  key: SigningKey | null,
  target: AttestedPlace,
): Promise<Attached> {
  target.call.progress(
    key === null ? "attaching bill of materials and provenance" : "attaching bill of materials, provenance and signature",
  );
  return attachDocuments({ mediaType, digest, size: bytes.length }, documents, key, target);
}

function pushable({ manifest, config, layers }: ExportedImage): Pushable {
  const whole = { digest: config.digest, size: config.size, open: (from: number) => once(config.bytes.subarray(from)) };
  const blobs = [whole, ...layers.map(({ digest, size, open }) => ({ digest, size, open }))];
  return { manifest, blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()] };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function targetOf({ to }: Pick<PushCommand, "to">, site: Site): Repository {
  const text = to ?? site.image.repository;
  if (text === null) {
    throw new HowdahError("usage/invalid", `Where should ${site.name} be pushed to?`, {
      hint: "Name a repository: `--to registry.example.org/team/blog`, or spec.image.repository in the site file.",
    });
  }
  const repository = parseRepository(text);
  if (repository === undefined || !text.startsWith(`${repository.registry}/`)) {
    throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no repository of a registry`, {
      hint: "Write it with its registry and without a tag: registry.example.org/team/blog.",
    });
  }
  return repository;
}

/** Docker Hub has no third level. */
export function roleRepository({ registry, path }: Repository, role: string): Repository {
  return { registry, path: registry === "docker.io" ? `${path}-${role}` : `${path}/${role}` };
}

function tagsOf(
  command: PushCommand,
  { place, images }: { readonly place: SourcePlace | null; readonly images: PreparedImages["site"] },
  { emit }: EngineContext,
): readonly string[] {
  const bad = command.tags.find((tag) => !isTag(tag));
  if (bad !== undefined)
    throw new HowdahError("usage/invalid", `${JSON.stringify(bad)} is no tag: letters, digits, \`_\`, \`.\` and \`-\`, at most 128`);
  if (command.tags.length > 0) return [...new Set(command.tags)];
  const chosen = imageTags(place, images.codeDigest);
  for (const message of chosen.notes) emit({ type: "notice", level: "warning", message });
  return chosen.tags;
}
