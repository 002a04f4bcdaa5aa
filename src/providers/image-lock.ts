import * as z from "zod";
import type { BaseRequest } from "../catalog/image-recipes.ts";
import { normalRequest } from "../catalog/image-recipes.ts";
import type { Diagnostic } from "../kernel/diagnostic.ts";
import { isDigest, parseImageReference } from "../kernel/image-reference.ts";

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/);
const names = z.array(z.string().max(100)).max(500);
const phpVersion = z.enum(["7.4", "8.2", "8.4"]);

const request = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("php"),
    version: phpVersion,
    extensions: names,
    flavour: z.enum(["slim", "shell"]),
    packages: z.array(packageName).max(500),
  }),
  z.strictObject({ kind: z.literal("nginx"), modules: names }),
  z.strictObject({ kind: z.literal("mariadb"), version: z.enum(["10.5", "10.11", "11.8"]) }),
  z.strictObject({ kind: z.literal("mariadb-backup"), version: z.enum(["10.5", "10.11", "11.8"]) }),
  z.strictObject({ kind: z.literal("galera"), version: z.enum(["10.11", "11.8"]) }),
  z.strictObject({ kind: z.literal("valkey") }),
  z.strictObject({ kind: z.literal("haproxy") }),
  z.strictObject({ kind: z.literal("php-builder"), version: phpVersion, extensions: names, packages: z.array(packageName).max(500) }),
  z.strictObject({ kind: z.literal("node-builder"), version: z.enum(["12", "18", "20"]).default("20") }),
  z.strictObject({ kind: z.literal("data-mover") }),
  z.strictObject({ kind: z.literal("operator") }),
  z.strictObject({ kind: z.literal("storage") }),
]);

const lockedPackage = z.strictObject({
  name: packageName,
  version: z.string().regex(/^[A-Za-z0-9.+:~-]+$/),
  architecture: z.string().regex(/^[a-z0-9]+$/),
  /** Which archive holds it: mirrors keep them at different addresses. */
  archive: z.enum(["debian", "security"]),
  /** Below the archive's address; never with a host. */
  path: z
    .string()
    .regex(/^pool\/[A-Za-z0-9+.~_%/-]+\.deb$/)
    .refine((path) => !path.includes("..")),
  size: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const lockedImage = z.strictObject({
  request,
  suite: z.enum(["bullseye", "bookworm", "trixie"]),
  architecture: z.string().regex(/^[a-z0-9]+$/),
  packages: z.array(lockedPackage).max(3000),
});

const lockedForeign = z.strictObject({
  /** `docker.io/library/php:8.4-fpm`: registry and tag are always there. */
  reference: z.string().refine((text) => parseImageReference(text)?.tag !== undefined, "must be an image's full name"),
  digest: z.string().refine(isDigest, "must be a sha256 digest"),
});

const lock = z.strictObject({
  lockVersion: z.literal(1),
  images: z.array(lockedImage).max(50),
  foreign: z.array(lockedForeign).max(50).optional(),
});

/** One Debian package, pinned. */
export type LockedPackage = z.infer<typeof lockedPackage>;

/** An image of somebody else, pinned. */
export type LockedForeign = z.infer<typeof lockedForeign>;

/** The packages of one base image, sorted by name. */
export interface LockedImage {
  readonly request: BaseRequest;
  readonly suite: "bullseye" | "bookworm" | "trixie";
  readonly architecture: string;
  readonly packages: readonly LockedPackage[];
}

/** What `howdah.lock` says: which packages each base image of the site is made from. */
export interface Lock {
  readonly lockVersion: 1;
  readonly images: readonly LockedImage[];
  /** Images of somebody else, by name, with the digest that the name stood for; left out when there are none. */
  readonly foreign?: readonly LockedForeign[] | undefined;
}

/** A lock without images. */
export const emptyLock: Lock = { lockVersion: 1, images: [] };

/** Largest lock that is read: ten images of a thousand packages. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Reads a lock file's text. A damaged one gives diagnostics and no lock; `howdah pin` writes a new one. */
export function parseLock(text: string): { readonly lock?: Lock; readonly diagnostics: readonly Diagnostic[] } {
  if (text.length > MAX_BYTES) return damaged("it is larger than 8 MiB", []);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return damaged(error instanceof Error ? error.message : "it is not JSON", []);
  }
  const version = typeof value === "object" && value !== null && "lockVersion" in value ? value.lockVersion : undefined;
  if (typeof version === "number" && version > 1) return damaged(`it has version ${version}, written by a newer Howdah`, ["lockVersion"]);
  const parsed = lock.safeParse(value);
  if (parsed.success) return { lock: parsed.data, diagnostics: [] };
  return {
    diagnostics: parsed.error.issues.slice(0, 20).map((issue) =>
      diagnostic(
        issue.message,
        issue.path.filter((key) => typeof key !== "symbol"),
      ),
    ),
  };
}

/** The lock as text: sorted, one package a line, so that version control shows what changed. */
export function printLock(lock: Lock): string {
  const images = [...lock.images]
    .sort((a, b) => compare(identity(a.request), identity(b.request)))
    .map((image) => {
      const packages = [...image.packages]
        .sort((a, b) => compare(a.name, b.name))
        .map((entry) => `        ${JSON.stringify(inOrder(entry))}`);
      return [
        "    {",
        `      "request": ${JSON.stringify(normalRequest(image.request))},`,
        `      "suite": ${JSON.stringify(image.suite)},`,
        `      "architecture": ${JSON.stringify(image.architecture)},`,
        packages.length === 0 ? '      "packages": []' : `      "packages": [\n${packages.join(",\n")}\n      ]`,
        "    }",
      ].join("\n");
    });
  const list = images.length === 0 ? "[]" : `[\n${images.join(",\n")}\n  ]`;
  const foreign = [...(lock.foreign ?? [])]
    .sort((a, b) => compare(a.reference, b.reference))
    .map(({ reference, digest }) => `    ${JSON.stringify({ reference, digest })}`);
  const pinned = foreign.length === 0 ? "" : `,\n  "foreign": [\n${foreign.join(",\n")}\n  ]`;
  return `{\n  "lockVersion": 1,\n  "images": ${list}${pinned}\n}\n`;
}

/** The entry of a request, whatever order its lists are in; undefined when the lock has none for this architecture. */
export function lockedImageFor(lock: Lock, request: BaseRequest, architecture: string): LockedImage | undefined {
  const wanted = identity(request);
  return lock.images.find((image) => image.architecture === architecture && identity(image.request) === wanted);
}

function identity(request: BaseRequest): string {
  return JSON.stringify(normalRequest(request));
}

function inOrder(entry: LockedPackage): LockedPackage {
  const { name, version, architecture, archive, path, size, sha256 } = entry;
  return { name, version, architecture, archive, path, size, sha256 };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function damaged(why: string, path: Diagnostic["path"]): { readonly diagnostics: readonly Diagnostic[] } {
  return { diagnostics: [diagnostic(why, path)] };
}

function diagnostic(why: string, path: Diagnostic["path"]): Diagnostic {
  return {
    code: "site/lock-damaged",
    severity: "error",
    message: `The lock file can't be used: ${why}`,
    path,
    file: "howdah.lock",
    hint: "Restore it from version control, or run `howdah pin` to write a new one",
  };
}
