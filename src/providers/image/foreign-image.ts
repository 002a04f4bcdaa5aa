import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type ImageReference, parseImageReference, printReference } from "../../kernel/image-reference.ts";
import type { BuiltImage } from "../image-builder.ts";
import type { Lock, LockedForeign } from "../image-lock.ts";
import type { Registry, RegistryCall } from "../registry/registry.ts";
import { adoptImage } from "./adopt-image.ts";
import type { BuilderContext } from "./builder-context.ts";
import { contentHash } from "./content-hash.ts";
import { namingDiskFull } from "./disk-errors.ts";
import type { ImageNames } from "./image-names.ts";
import { importLayout, inspectImage } from "./storage.ts";

interface ForeignWork {
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image of somebody else, by the digest that the lock has for its name: a tag that moves changes nothing until `howdah pin`. Pulled when
 * the machine does not have it. `localhost/…` is an image of this machine itself. Errors: `registry/*`, `image/build-failed`.
 */
export async function ensureForeign(reference: string, lock: Lock, context: BuilderContext, work: ForeignWork): Promise<BuiltImage> {
  const { emit, signal } = work;
  const id = `image/${reference}`;
  emit({ type: "task-started", id, title: `Image ${reference}` });
  try {
    const wanted = parsed(reference);
    const local = wanted.registry === "localhost" ? reference : localName(wanted, pinnedDigest(wanted, lock), context);
    await context.claim([local]);
    const there = (await inspectImage(local, signal)) ?? (await adoptImage(local, context.names, signal));
    if (there === undefined) {
      if (wanted.registry === "localhost") throw new HowdahError("image/build-failed", `The image ${reference} is not on this machine`);
      await pull({ ...wanted, digest: pinnedDigest(wanted, lock) }, local, context, { ...work, id });
    }
    const image = there ?? (await inspectImage(local, signal));
    if (image === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was pulled`);
    emit({ type: "task-done", id, outcome: there === undefined ? "changed" : "unchanged" });
    return { reference: local, digest: image.digest, sizeBytes: image.sizeBytes, built: there === undefined };
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** Pins names to the digests that they stand for: what `current` has stays, unless renewing. Names with a digest and images of this machine need no pin. */
export async function lockForeign(
  references: readonly string[],
  current: readonly LockedForeign[],
  context: BuilderContext,
  work: ForeignWork,
): Promise<readonly LockedForeign[]> {
  const locked: LockedForeign[] = [];
  for (const wanted of references.map(parsed)) {
    if (wanted.registry === "localhost" || wanted.digest !== undefined) continue;
    const reference = fullName(wanted);
    const there = current.find((one) => one.reference === reference);
    locked.push(there ?? { reference, digest: await registryOf(context).resolve(wanted, callOf(`image/${reference}`, work)) });
  }
  return locked;
}

async function pull(
  wanted: ImageReference & { readonly digest: string },
  local: string,
  context: BuilderContext,
  work: ForeignWork & { readonly id: string },
): Promise<void> {
  const workDir = await context.newWorkDir();
  const name = `howdah-import-${contentHash(local).slice(0, 12)}`; // the next try takes over what a killed one left
  try {
    await namingDiskFull(workDir, async () => {
      const to = { directory: join(workDir, name), architecture: context.architecture };
      await registryOf(context).pull(wanted, to, callOf(work.id, work));
      await importLayout(workDir, name, local, work.signal);
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function callOf(id: string, { emit, signal }: ForeignWork): RegistryCall {
  return {
    progress: (detail) => emit({ type: "task-progress", id, detail }),
    notice: (message) => emit({ type: "notice", level: "info", message }),
    signal: signal ?? new AbortController().signal,
  };
}

function parsed(reference: string): ImageReference {
  const found = parseImageReference(reference);
  if (found === undefined) throw new HowdahError("site/invalid", `${JSON.stringify(reference)} is no image's name`);
  return found;
}

function fullName(wanted: ImageReference): string {
  return printReference({ ...wanted, tag: wanted.tag ?? "latest" });
}

function pinnedDigest(wanted: ImageReference, lock: Lock): string {
  const digest = wanted.digest ?? lock.foreign?.find(({ reference }) => reference === fullName(wanted))?.digest;
  if (digest !== undefined) return digest;
  throw new HowdahError("registry/not-found", `The lock file has no digest for ${fullName(wanted)}`, {
    hint: "Run `howdah pin` to bring the lock file up to date.",
  });
}

/** The name that an image has here which a lock pins. */
export function foreignReference(reference: string, digest: string, names: ImageNames): string {
  return localName(parsed(reference), digest, { names });
}

/** The name says the content, as with images of our own. */
function localName({ registry, path }: ImageReference, digest: string, { names }: Pick<BuilderContext, "names">): string {
  return names.reference("foreign", contentHash([registry, path, digest]).slice(0, 16));
}

function registryOf({ registry }: BuilderContext): Registry {
  if (registry === undefined) throw new HowdahError("bug", "This image builder was made without a registry client");
  return registry;
}
