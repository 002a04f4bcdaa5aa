import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { writeImageArchive } from "../../providers/image/image-archive.ts";
import { programImage } from "../../providers/image/program-image.ts";
import { emptyLock, type Lock, printLock } from "../../providers/image-lock.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { testLock } from "../test/test-lock.ts";
import { requireRoot } from "../up/check-machine.ts";
import { readLock } from "../up/prepare-images.ts";
import { pushOwnImage } from "./push-own-image.ts";

/** Where the operator's image goes. */
export type OperatorImageTarget =
  /** `registry.example.org/howdah/operator`. */
  | { readonly kind: "registry"; readonly repository: string }
  /** A new OCI archive. */
  | { readonly kind: "archive"; readonly file: string; readonly name: string };

/** The image where it is. */
export interface OperatorImage {
  /** Pinned by its digest in a registry; in an archive the name that it has there. */
  readonly reference: string;
  readonly digest: string;
  /** Of its layers, compressed. */
  readonly bytes: number;
}

/** A program of Howdah's that runs in a cluster: the operator, or the storage driver of each node (csi.howdah.dev). */
export type OwnProgram = "operator" | "storage";

interface OwnImage {
  readonly base: BaseRequest;
  readonly title: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

const images: Readonly<Record<OwnProgram, OwnImage>> = {
  operator: {
    base: { kind: "operator" },
    title: "Howdah's operator",
    entrypoint: ["/usr/bin/node", "/usr/lib/howdah/bin/howdah"],
    cmd: ["operator", "--listen", "0.0.0.0:8080"],
  },
  storage: {
    base: { kind: "storage" },
    title: "Howdah's storage driver",
    entrypoint: ["/usr/bin/node", "/usr/lib/howdah/bin/howdah-csi"],
    cmd: ["--help"],
  },
};

/** Of what the image is made. */
export interface OperatorImageSource {
  /** Left out: the operator. */
  readonly program?: OwnProgram;
  /** Of this program. */
  readonly version: string;
  /** A lock file (as `howdah.lock` of a site) that pins the packages, written when it does not name them; null: newest once a week on this machine. */
  readonly lockFile: string | null;
}

/**
 * Makes the operator's image from this very program: Debian's libraries, the Node that runs this command, Howdah's bundle; no shell, uid 50000. The
 * same program on the same packages is the same image. Errors: those of building and pushing; `usage/invalid` for a repository that is none,
 * `site/unreadable` for a damaged lock file.
 */
export async function operatorImage(
  target: OperatorImageTarget,
  { version, lockFile, program = "operator" }: OperatorImageSource,
  ports: Ports,
  context: EngineContext,
): Promise<OperatorImage> {
  await requireRoot(ports);
  const { emit, signal } = context;
  const files = (await ports.operator.program()).filter(({ path }) => belongsTo(path, program));
  const { base: request, title, entrypoint, cmd } = images[program];
  const lock =
    lockFile === null
      ? await testLock([request], { lockFile, renew: false }, ports, context)
      : await pinned(request, lockFile, ports, context);
  const base = await ports.images.ensureBase(request, lock, emit, signal);
  const image = await programImage(await ports.images.export(base.reference, emit, signal), files, {
    entrypoint,
    cmd,
    env: [
      "PATH=/usr/bin:/bin",
      "LANG=C.UTF-8",
      "HOME=/tmp",
      "HOWDAH_STATE_DIR=/tmp/howdah",
      "HOWDAH_CACHE_DIR=/tmp/cache",
      "NODE_ENV=production",
    ],
    labels: {
      "howdah.dev/kind": program,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.title": title,
    },
  });
  const bytes = image.layers.reduce((sum, { size }) => sum + size, 0);
  const { digest } = image.manifest;
  if (target.kind === "archive") {
    await writeImageArchive(image, target.name, target.file, signal);
    return { reference: target.name, digest, bytes };
  }
  return { reference: await pushOwnImage(image, { repository: target.repository, tag: version }, ports, context), digest, bytes };
}

/** Node and what names the package are both programs'; the rest is one's alone. */
function belongsTo(path: string, program: OwnProgram): boolean {
  const isShared = path === "usr/bin/node" || path.endsWith("/package.json");
  const isDriver = path.includes("/dist/csi/") || path.endsWith("/bin/howdah-csi");
  return isShared || isDriver === (program === "storage");
}

/** What the file pins stays; what it lacks is chosen and written down. */
async function pinned(request: BaseRequest, lockFile: string, ports: Ports, { emit, signal }: EngineContext): Promise<Lock> {
  const { text, lock: current = emptyLock } = await readLock(lockFile, ports);
  const lock = await ports.images.lock({ images: [request], current }, emit, signal);
  const others = current.images.filter((image) => image.request.kind !== request.kind);
  const printed = printLock({ ...current, images: [...others, ...lock.images] });
  if (printed !== text) await ports.files.write(lockFile, printed);
  return lock;
}
