import type { Ports } from "../ports.ts";

/** An image that all sites of a machine share: the edge's nginx, a database server. */
export interface SharedImage {
  /** `edge`, `mariadb-11-8`. */
  readonly name: string;
  readonly reference: string;
  /** Debian version of its main package. */
  readonly version: string;
}

const collator = new Intl.Collator("en", { numeric: true });

/**
 * Which image a shared server runs: the newest that any site's lock has brought. Without this, two sites with different locks would
 * replace each other's database server at every `up`, and take it back to an older version.
 */
export async function keepNewest(candidate: SharedImage, ports: Ports, signal: AbortSignal): Promise<string> {
  const current = await ports.sharedImages.get(candidate.name);
  const isOlder = current !== undefined && collator.compare(candidate.version, current.version) <= 0;
  if (isOlder && (current.reference === candidate.reference || (await exists(current.reference, ports, signal)))) return current.reference;
  await ports.sharedImages.put(candidate.name, candidate);
  return candidate.reference;
}

async function exists(reference: string, ports: Ports, signal: AbortSignal): Promise<boolean> {
  return (await ports.images.list(signal)).some((image) => image.reference === reference);
}
