import { type BaseRequest, normalRequest, recipeFor, unknownExtensions } from "../../catalog/image-recipes.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LockedImage } from "../image-lock.ts";
import type { DebianSources } from "./apt-sources.ts";
import { prepareApt, printUris, writeShared } from "./apt-workspace.ts";
import { contentHash } from "./content-hash.ts";
import { fakeStatus } from "./fake-status.ts";
import { parsePrintUris } from "./print-uris.ts";

/** What a resolution needs from the machine. */
export interface ResolveOptions {
  /** apt's private directories go here. */
  readonly directory: string;
  readonly sources: DebianSources;
  readonly architecture: string;
  readonly signal?: AbortSignal | undefined;
}

/** Pins the packages of a request. The indexes of its suite must have been fetched. Errors: `image/package-unknown`. */
export async function resolveImage(request: BaseRequest, options: ResolveOptions): Promise<LockedImage> {
  const unknown = unknownExtensions(request);
  if (unknown.length > 0) {
    throw new HowdahError("image/package-unknown", `This PHP version has no extension ${unknown.join(", ")} in Debian`);
  }
  const recipe = recipeFor(request);
  const status = fakeStatus(recipe.absent, options.architecture);
  const apt = await prepareApt(options.directory, recipe.suite, options.sources, contentHash(status).slice(0, 16));
  await writeShared(apt.statusFile, status);
  const text = await printUris(apt, recipe.install, recipe.suite, options.signal);
  const { packages, odd } = parsePrintUris(text, options.sources);
  if (odd.length > 0 || packages.length === 0) {
    throw new HowdahError("image/package-unknown", `apt names packages without a SHA256 or outside of the known archives`, { output: odd });
  }
  return { request: normalRequest(request), suite: recipe.suite, architecture: options.architecture, packages };
}
