import { run } from "../process.ts";
import type { ImageNames } from "./image-names.ts";
import { inspectImage, type StoredImage } from "./storage.ts";

/**
 * Gives this instance's name to an image of the same content that another instance has: nothing is made or pulled twice on a machine. Answers
 * the image under its new name; undefined when no instance has it, or when it went at this moment.
 */
export async function adoptImage(reference: string, names: ImageNames, signal: AbortSignal | undefined): Promise<StoredImage | undefined> {
  const filters = names.samePatterns(reference).map((pattern) => `--filter=reference=${pattern}`);
  const listed = await run(["podman", "images", ...filters, "--format", "{{.Repository}}:{{.Tag}}"], { signal, accept: "any" });
  const other = listed.stdout.split("\n").find((name) => names.isSame(name, reference));
  if (other === undefined) return undefined;
  const tagged = await run(["podman", "tag", other, reference], { signal, accept: "any" });
  return tagged.code === 0 ? inspectImage(reference, signal) : undefined;
}
