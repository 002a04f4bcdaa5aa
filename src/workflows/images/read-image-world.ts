import { BACKUP_IMAGE } from "../backup/server/backup-image.ts";
import { dirname, join } from "node:path";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { CacheFact, ImageWorld } from "../../plan/prune/image-world.ts";
import { parseLock } from "../../providers/image-lock.ts";
import type { StoredFact } from "../../providers/image-store.ts";
import type { Ports } from "../ports.ts";
import { LOCK_FILE } from "../up/locate-site.ts";
import { type ImageState, imageNeeds } from "./image-needs.ts";

/** The machine's images with all that decides what may go. */
export interface ReadWorld {
  readonly world: Omit<ImageWorld, "images"> & { readonly images: readonly StoredFact[] };
  /** When reading began, milliseconds since 1970: what a process has claimed since then must not go. */
  readonly decidedAt: number;
}

/**
 * Reads everything: the storage, the caches, and what this instance's state needs. The state comes last: a command that had claimed an image
 * before and has ended since has written its release down by then.
 */
export async function readImageWorld(ports: Ports, signal: AbortSignal): Promise<ReadWorld> {
  const decidedAt = ports.clock.now();
  const store = await ports.imageStore.read(signal);
  const [cache, compiled] = await Promise.all([ports.imageStore.readCache(), ports.compiledCode.list()]);
  const { state, packages } = await readState(store.claimed, ports);
  const edge = state.shared.find(({ name }) => name === "edge")?.reference;
  const images = store.images.map((image) =>
    edge !== undefined && image.own.includes(edge) ? { ...image, kind: "system" as const } : image,
  );
  const compiledFacts = compiled.map(
    ({ namespace, name, bytes, used }): CacheFact => ({
      ...{ id: `${namespace}/${name}`, owner: { kind: "compiled", site: namespace, used }, bytes, usedAt: decidedAt },
    }),
  );
  const world = {
    ...{ now: decidedAt, images, containers: store.containers, needs: imageNeeds(state), recipes: cache.recipes },
    ...{ lockedPackages: packages, caches: [...cache.caches, ...compiledFacts] },
  };
  return { world, decidedAt };
}

async function readState(
  claimed: readonly string[],
  ports: Ports,
): Promise<{ readonly state: ImageState; readonly packages: ReadonlySet<string> }> {
  const [records, retained, releases, outcomes, rollouts] = await Promise.all([
    ports.records.list(),
    ports.retained.list(),
    ports.releases.list(),
    ports.outcomes.list(),
    ports.rollouts.list(),
  ]);
  const locks = new Map<string, readonly string[]>();
  const packages = new Set<string>();
  for (const { namespace, file } of [...records, ...retained.map(({ record }) => record)]) {
    const pinned = await pinnedBy(join(dirname(file), LOCK_FILE), ports);
    locks.set(namespace, pinned.references);
    for (const one of pinned.packages) packages.add(one);
  }
  const resting = new Map<string, "down" | "asleep">();
  for (const { namespace } of records) {
    const { state } = await ports.engine.use(namespace);
    if (state === "down" || state === "asleep") resting.set(namespace, state);
  }
  const shared = await sharedImages(records.length > 0, ports);
  return { state: { records, retained, releases, outcomes, rollouts, shared, resting, locks, claimed }, packages };
}

/** A lock that is gone or damaged pins nothing: what the site runs on is needed all the same, as the base of its images. */
async function pinnedBy(file: string, ports: Ports): Promise<Awaited<ReturnType<Ports["imageStore"]["pinnedBy"]>>> {
  const text = await ports.files.read(file).catch(() => undefined);
  const lock = text === undefined ? undefined : parseLock(text).lock;
  return lock === undefined ? { references: [], packages: [] } : ports.imageStore.pinnedBy(lock);
}

/** The way in as long as there are sites; a database server, and what backs it up, as long as it has a volume, since an older one can't read what it wrote. */
async function sharedImages(hasSites: boolean, ports: Ports): Promise<ImageState["shared"]> {
  const shared = await ports.sharedImages.list();
  const { objects } = await ports.engine.inventory(SYSTEM_NAMESPACE);
  return shared.filter(({ name }) => (name === "edge" ? hasSites : objects.has(`PersistentVolumeClaim/${name.replace(BACKUP_IMAGE, "")}`)));
}
