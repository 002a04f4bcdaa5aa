import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseImageReference, parseRepository, printReference } from "../../kernel/image-reference.ts";
import type { Secret } from "../../kernel/secret.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import type { Site } from "../../site/site.ts";
import { roleRepository } from "../build/push-site.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** Which images, as typed: by name, or by a tag of the site file's repository. */
export interface ImageFlags {
  readonly imageWeb?: string;
  readonly imagePhp?: string;
  readonly imageSessions?: string;
  readonly tag?: string;
}

/** Images by digest. */
export interface PinnedImages {
  readonly web: string;
  readonly php: string | null;
  /** Of the server of sessions; null: the site wants none, or nobody named one, and sessions are in each pod. */
  readonly sessions: string | null;
}

/**
 * The images of a site, each by its digest: a tag may stand for another image tomorrow, and pods of one release would then differ. A name
 * without a digest is asked for at its registry. Errors: `usage/invalid` when it is not said which, `registry/*`.
 */
export async function pinImages(
  site: Site,
  flags: ImageFlags,
  ports: () => Promise<Pick<Ports, "registry" | "secrets">>,
  context: EngineContext,
): Promise<PinnedImages> {
  const names = namesFrom(site, flags);
  const web = await pinned(names.web, site, ports, context);
  const php = names.php === null ? null : await pinned(names.php, site, ports, context);
  return { web, php, sessions: names.sessions === null ? null : await pinned(names.sessions, site, ports, context) };
}

function namesFrom(site: Site, { imageWeb, imagePhp, imageSessions, tag }: ImageFlags): PinnedImages {
  const hasPhp = site.runtime !== null;
  const hasServer = wantsSessionServer(site);
  if (imageSessions !== undefined && !hasServer)
    throw new HowdahError("usage/invalid", `${site.name} has no server of sessions, so it takes no --image-sessions`, {
      hint: "One is for sites with several replicas, Howdah's PHP and no shared mount: docs/how-to/grow-with-visitors.md.",
    });
  if (tag !== undefined) {
    const { repository } = site.image;
    if (imageWeb !== undefined || imagePhp !== undefined || imageSessions !== undefined)
      throw new HowdahError("usage/invalid", "Either --tag or --image-web, --image-php and --image-sessions");
    if (repository === null) {
      throw new HowdahError("usage/invalid", `The site file of ${site.name} has no spec.image.repository, so --tag has nowhere to look`, {
        hint: "Name the images: --image-web REGISTRY/PATH/web@sha256:… --image-php REGISTRY/PATH/php@sha256:…",
      });
    }
    const target = parseRepository(repository);
    if (target === undefined) throw new HowdahError("bug", `The schema let ${repository} through`);
    const named = (role: string): string =>
      `${printReference({ ...roleRepository(target, role), tag: undefined, digest: undefined })}:${tag}`;
    return { web: named("web"), php: hasPhp ? named("php") : null, sessions: hasServer ? named("sessions") : null };
  }
  if (imageWeb === undefined || (hasPhp && imagePhp === undefined)) {
    throw new HowdahError("usage/invalid", `Which images? ${site.name} needs --tag, or --image-web${hasPhp ? " and --image-php" : ""}`, {
      hint: "`howdah build --push --tag v1` brings them to spec.image.repository; `howdah manifests --tag v1` takes them from there.",
    });
  }
  return { web: imageWeb, php: hasPhp ? (imagePhp ?? null) : null, sessions: imageSessions ?? null };
}

async function pinned(
  text: string,
  site: Site,
  ports: () => Promise<Pick<Ports, "registry" | "secrets">>,
  { emit, signal }: EngineContext,
): Promise<string> {
  const reference = parseImageReference(text);
  if (reference === undefined) throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no image's name`);
  if (reference.digest !== undefined) return printReference({ ...reference, tag: undefined });
  const { registry, secrets } = await ports();
  const secret = site.image.secret === null ? undefined : await secrets.get(site.name, site.image.secret);
  const id = `pin/${reference.path}`;
  emit({ type: "task-started", id, title: `Digest of ${printReference(reference)}` });
  try {
    const digest = await registry.resolve(reference, {
      ...credentials(secret),
      progress: (detail) => emit({ type: "task-progress", id, detail }),
      notice: (message) => emit({ type: "notice", level: "info", message }),
      signal,
    });
    emit({ type: "task-done", id, outcome: "unchanged", detail: digest.slice(7, 19) });
    return printReference({ ...reference, tag: undefined, digest });
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

function credentials(secret: Readonly<Record<string, Secret>> | undefined): { readonly secret?: Readonly<Record<string, Secret>> } {
  return secret === undefined ? {} : { secret };
}
