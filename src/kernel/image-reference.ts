/** Where an image lies in a registry. */
export interface Repository {
  /** Host with its port, as people write it: `registry.example.org:5000`, `docker.io`. */
  readonly registry: string;
  /** `team/blog`. */
  readonly path: string;
}

/** An image by name: a repository with a tag, a digest, or both (then the digest counts). */
export interface ImageReference extends Repository {
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

// The grammar of distribution's `reference` package, which docker, podman and the OCI distribution specification share.
const HOST =
  /^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Longest `host/path`, as distribution has it. */
const LONGEST = 255;

/** Whether a text is a tag: letters, digits, `_`, `.` and `-`, at most 128, starting with a letter, digit or `_`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether a text is a digest that we check: `sha256:` and 64 hexadecimal digits. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/**
 * Reads an image's name as docker and podman do: `php:8.4-fpm` is `docker.io/library/php:8.4-fpm`; the first part is a registry when it
 * holds a dot or a port or is `localhost`. Undefined when it is no name.
 */
export function parseImageReference(text: string): ImageReference | undefined {
  const [named = "", digest, ...more] = text.split("@");
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined;
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const tag = tagged ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) return undefined;
  const repository = parseRepository(tagged ? named.slice(0, colon) : named);
  return repository === undefined ? undefined : { ...repository, tag, digest };
}

/** Reads a repository's name, `registry.example.org/team/blog`, without tag and digest. Undefined when it is none. */
export function parseRepository(text: string): Repository | undefined {
  const slash = text.indexOf("/");
  const first = slash === -1 ? "" : text.slice(0, slash);
  const named = /[.:]/.test(first) || first === "localhost";
  const registry = named ? first : "docker.io";
  const rest = named ? text.slice(slash + 1) : text;
  const path = registry === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  if (!HOST.test(registry) || !PATH.test(path) || registry.length + path.length + 1 > LONGEST) return undefined;
  if (Number(/:(\d+)$/.exec(registry)?.[1] ?? 1) > 65_535) return undefined;
  return { registry, path };
}

/** The full name, as it goes into files and messages. */
export function printReference({ registry, path, tag, digest }: ImageReference): string {
  return `${registry}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}
