import { type BaseRequest, normalRequest, recipeFor } from "../../catalog/image-recipes.ts";
import { emptyLock, type Lock, type LockedImage } from "../../providers/image-lock.ts";
import { canonicalJson, digestOf } from "../../render/rendered.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { readLock } from "../up/prepare-images.ts";

/** Packages that were chosen for an image that no site's lock file names. */
export interface KeptLock {
  readonly image: LockedImage;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** A week: looking for newer packages costs seconds of each run, and another build after each of Debian's updates. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

type LockPorts = Pick<Ports, "clock" | "files" | "images" | "testLocks">;

/**
 * The packages of the images that tests need: those of the site's lock file, and for what it does not name (other versions of PHP) those that
 * were chosen here lately. The lock file stays as it is: it says what the site runs on; `null`: none names them. `renew` chooses the latter anew.
 */
export async function testLock(
  requests: readonly BaseRequest[],
  given: { readonly lockFile: string | null; readonly renew: boolean },
  ports: LockPorts,
  { emit, signal }: EngineContext,
): Promise<Lock> {
  const { lock: own = emptyLock } = given.lockFile === null ? {} : await readLock(given.lockFile, ports);
  const isOwn = (request: BaseRequest): boolean => own.images.some((image) => sameRequest(image.request, request));
  const others = requests.filter((request) => !isOwn(request));
  const now = ports.clock.now();
  const kept = await Promise.all(others.map((request) => ports.testLocks.get(nameOf(request))));
  const recent = kept.flatMap((one) =>
    one === undefined || given.renew || now - one.at > KEEP_MS || !hasAll(one.image) ? [] : [one.image],
  );
  const lock = await ports.images.lock({ images: requests, current: { ...own, images: [...own.images, ...recent] } }, emit, signal);
  for (const image of lock.images) {
    if (!isOwn(image.request) && !recent.includes(image)) await ports.testLocks.put(nameOf(image.request), { image, at: now });
  }
  return lock;
}

/** An upgrade of Howdah may ask for a package more than when these were chosen: the image would lack its program. */
function hasAll({ request, packages }: LockedImage): boolean {
  const there = new Set(packages.map(({ name }) => name));
  return recipeFor(request).install.every((name) => there.has(name));
}

function nameOf(request: BaseRequest): string {
  return `${request.kind}-${digestOf(normalRequest(request)).slice(0, 32)}`;
}

function sameRequest(a: BaseRequest, b: BaseRequest): boolean {
  return canonicalJson(normalRequest(a)) === canonicalJson(normalRequest(b));
}
