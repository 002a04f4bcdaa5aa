import { HowdahError } from "../../kernel/howdah-error.ts";
import { isTag, parseRepository, type Repository } from "../../kernel/image-reference.ts";
import type { BuiltImage, ExportedImage } from "../../providers/image-builder.ts";
import type { Pushable, Pushed } from "../../providers/registry/registry.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
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
export type PushedImage = Pushed;

type PushPorts = Pick<Ports, "images" | "registry" | "secrets" | "git" | "gitTags">;

/**
 * Brings a site's images to a registry: `REPOSITORY/web` and `REPOSITORY/php`, under the same tags. Only what the registry lacks travels.
 * Errors: `usage/invalid` without a repository or with a bad tag, `registry/*`.
 */
export async function pushSite(
  command: PushCommand,
  given: { readonly site: Site; readonly source: string; readonly images: PreparedImages["site"] },
  ports: PushPorts,
  context: EngineContext,
): Promise<readonly Pushed[]> {
  const { site, images } = given;
  const target = targetOf(command, site);
  const tags = await tagsOf(command, given, ports, context);
  const secret = site.image.secret === null ? undefined : await ports.secrets.get(site.name, site.image.secret);
  if (site.image.secret !== null && secret === undefined) {
    throw new HowdahError("registry/unauthorized", `There is no secret ${site.image.secret}, which spec.image.secret names`, {
      hint: `\`howdah secret set ${site.name} ${site.image.secret}/username\`, and the same with /password.`,
    });
  }
  const pushed: Pushed[] = [];
  // PHP's first: it has everything that the web image may share
  for (const [role, image] of [
    ["php", images.php],
    ["web", images.web],
  ] as const) {
    if (image === null) continue;
    const to = { ...roleRepository(target, role), tags };
    const mountFrom = pushed.map(({ repository }) => repository.slice(target.registry.length + 1));
    pushed.push(await pushOne(image, to, { mountFrom, ...(secret === undefined ? {} : { secret }) }, ports, context));
  }
  return pushed;
}

async function pushOne(
  image: BuiltImage,
  to: Repository & { readonly tags: readonly string[] },
  options: Omit<Parameters<Ports["registry"]["push"]>[2], "progress" | "notice" | "signal">,
  ports: PushPorts,
  { emit, signal }: EngineContext,
): Promise<Pushed> {
  const id = `push/${to.path}`;
  emit({ type: "task-started", id, title: `Push to ${to.registry}/${to.path}` });
  try {
    const exported = await ports.images.export(image.reference, emit, signal);
    const progress = (words: string): void => emit({ type: "task-progress", id, detail: words });
    const notice = (message: string): void => emit({ type: "notice", level: "info", message });
    const pushed = await ports.registry.push(pushable(exported), to, { ...options, progress, notice, signal });
    emit({
      type: "task-done",
      id,
      outcome: pushed.bytes.sent > 0 ? "changed" : "unchanged",
      detail: `${(pushed.bytes.sent / 1e6).toFixed(1)} MB sent`,
    });
    return pushed;
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

function pushable({ manifest, config, layers }: ExportedImage): Pushable {
  const whole = { digest: config.digest, size: config.size, open: (from: number) => once(config.bytes.subarray(from)) };
  const blobs = [whole, ...layers.map(({ digest, size, open }) => ({ digest, size, open }))];
  return { manifest, blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()] };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function targetOf({ to }: PushCommand, site: Site): Repository {
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
function roleRepository({ registry, path }: Repository, role: "web" | "php"): Repository {
  return { registry, path: registry === "docker.io" ? `${path}-${role}` : `${path}/${role}` };
}

async function tagsOf(
  command: PushCommand,
  { source, images }: { readonly source: string; readonly images: PreparedImages["site"] },
  ports: PushPorts,
  { emit }: EngineContext,
): Promise<readonly string[]> {
  const bad = command.tags.find((tag) => !isTag(tag));
  if (bad !== undefined)
    throw new HowdahError("usage/invalid", `${JSON.stringify(bad)} is no tag: letters, digits, \`_\`, \`.\` and \`-\`, at most 128`);
  if (command.tags.length > 0) return [...new Set(command.tags)];
  const [state, tags] = await Promise.all([ports.git(source), ports.gitTags(source)]);
  const chosen = imageTags(state === null ? null : { ...state, tags }, images.codeDigest);
  for (const message of chosen.notes) emit({ type: "notice", level: "warning", message });
  return chosen.tags;
}
