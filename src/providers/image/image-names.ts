import { contentHash } from "./content-hash.ts";

/** Where all images of Howdah lie in the machine's storage. */
const ROOT = "localhost/howdah";

/** The instance without a name of its own. */
export const DEFAULT_INSTANCE = "howdah";

/**
 * Names of one instance's images. Instances share what podman stores, by content, but never a name: an image may have many, and goes with its
 * last one. So an instance that takes its name away from an image takes nothing from another.
 */
export interface ImageNames {
  /** `localhost/howdah/php:<hash>`, or `localhost/howdah/t-shop/php:<hash>` of another instance than the default one. */
  reference(name: string, tag: string): string;
  /** What podman's `reference` filter takes for the names that `owns` says yes to. */
  readonly pattern: string;
  /** True for a name that only this instance gives. */
  owns(reference: string): boolean;
  /** True for the name of the same content, whichever instance gave it. */
  isSame(reference: string, other: string): boolean;
  /** What podman's `reference` filter takes for the names that `isSame` says yes to; one of them is enough. */
  samePatterns(reference: string): readonly string[];
}

/** The names of an instance (HOWDAH_INSTANCE). One that can't be part of an image's name is called by its hash. */
export function imageNames(instance: string): ImageNames {
  const part = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(instance) ? instance : `i-${contentHash(instance).slice(0, 12)}`;
  const prefix = instance === DEFAULT_INSTANCE ? `${ROOT}/` : `${ROOT}/${part}/`;
  return {
    reference: (name, tag) => `${prefix}${name}:${tag}`,
    pattern: `${prefix}*`,
    owns: (reference) => reference.startsWith(prefix) && !reference.slice(prefix.length).includes("/"),
    isSame: (reference, other) => reference.startsWith(`${ROOT}/`) && contentName(reference) === contentName(other),
    samePatterns: (reference) => [`${ROOT}/${contentName(reference)}`, `${ROOT}/*/${contentName(reference)}`],
  };
}

/** `php:<hash>`: names of images say their content. */
function contentName(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}
