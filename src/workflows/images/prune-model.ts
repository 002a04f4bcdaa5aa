import fc from "fast-check";
import type { CacheFact, ContainerFact, ImageFact, ImageWorld, LayerFact } from "../../plan/prune/image-world.ts";
import type { PrunePlan } from "../../plan/prune/plan-prune.ts";
import { type ImageState, imageNeeds } from "./image-needs.ts";

/** A machine of a test: a storage that two instances share, and what must not be missing afterwards, known without asking the code under test. */
export interface ModelMachine {
  readonly world: ImageWorld;
  /** References that must be there after any prune: needed by us, and all of the other instance's. */
  readonly required: ReadonlySet<string>;
  /** Ids of images that containers have. */
  readonly inContainers: ReadonlySet<string>;
  /** Caches that belong to something that is required. */
  readonly requiredCaches: ReadonlySet<string>;
  /** Bytes of layers and caches that nothing requires. */
  readonly unusedBytes: number;
}

const NOW = Date.parse("2026-11-21T12:00:00Z");
const DAY = 86_400_000;

interface DrawnSite {
  readonly instance: "ours" | "theirs";
  readonly life: "running" | "down" | "asleep" | "destroyed" | "purged";
  readonly keep: number;
  /** One for each deploy: which base, and what of its code is new. */
  readonly deploys: readonly { readonly base: number; readonly code: number; readonly good: boolean }[];
  /** Built, but never released. */
  readonly builds: readonly number[];
  /** An older Howdah started it: there are no records of its releases. */
  readonly old: boolean;
  /** The first deploy that its lock file still pins the base of. */
  readonly locked: boolean;
}

const site: fc.Arbitrary<DrawnSite> = fc.record({
  instance: fc.constantFrom("ours", "ours", "theirs"),
  life: fc.constantFrom("running", "down", "asleep", "destroyed", "purged"),
  keep: fc.integer({ min: 1, max: 5 }),
  deploys: fc.array(fc.record({ base: fc.nat(4), code: fc.nat(30), good: fc.boolean() }), { minLength: 1, maxLength: 9 }),
  builds: fc.array(fc.integer({ min: 31, max: 40 }), { maxLength: 3 }),
  old: fc.constantFrom(false, false, false, true),
  locked: fc.boolean(),
});

/** Random machines of up to six sites, with bases, half-made images, caches and leftovers. */
export const modelMachines: fc.Arbitrary<ModelMachine> = fc
  .record({
    sites: fc.array(site, { minLength: 1, maxLength: 6 }),
    spareBases: fc.array(fc.nat(7), { maxLength: 4 }),
    sizes: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 16, maxLength: 16 }),
    claimed: fc.boolean(),
  })
  .map(machineOf);

const nameIn = (instance: "ours" | "theirs", name: string): string => `localhost/howdah/${instance === "ours" ? "" : "t-other/"}${name}`;

function machineOf(drawn: {
  readonly sites: readonly DrawnSite[];
  readonly spareBases: readonly number[];
  readonly sizes: readonly number[];
  readonly claimed: boolean;
}): ModelMachine {
  const images = new Map<string, ImageFact & { readonly own: string[]; readonly others: string[] }>();
  const required = new Set<string>();
  const containers: ContainerFact[] = [];
  const inContainers = new Set<string>();
  const bytes = (seed: number): number => (drawn.sizes[seed % drawn.sizes.length] ?? 1) * 1000;
  const layer = (below: readonly LayerFact[], name: string, seed: number): LayerFact => ({
    diffId: `sha256:${name}`,
    key: `${below.at(-1)?.key ?? ""}/${name}`,
    bytes: bytes(seed),
  });
  const put = (id: string, fact: Pick<ImageFact, "kind" | "site" | "layers" | "recipe">, name: string | null): void => {
    const found = images.get(id) ?? { id, digest: `sha256:${id}`, storedAt: NOW - DAY, own: [], others: [], ...fact };
    images.set(id, found);
    if (name === null) return;
    const list = name.includes("/t-other/") ? found.others : found.own;
    if (!list.includes(name)) list.push(name);
  };
  const base = (instance: "ours" | "theirs", number: number): { readonly name: string; readonly layers: readonly LayerFact[] } => {
    const layers = [layer([], `base${number}`, number)];
    const name = nameIn(instance, `php:${number}`);
    put(`php${number}`, { kind: "base", site: null, layers, recipe: `recipe${number}` }, name);
    return { name, layers };
  };
  const state = {
    ...{ records: [], retained: [], releases: [], outcomes: [], rollouts: [], shared: [], claimed: [] as string[] },
    resting: new Map<string, "down" | "asleep">(),
    locks: new Map<string, readonly string[]>(),
  } satisfies ImageState as { -readonly [Part in keyof ImageState]: ImageState[Part] };
  const releases: ImageState["releases"][number][] = [];
  const outcomes: ImageState["outcomes"][number][] = [];
  const records: ImageState["records"][number][] = [];
  const retained: ImageState["retained"][number][] = [];
  const resting = new Map<string, "down" | "asleep">();
  const locks = new Map<string, readonly string[]>();

  const names = new Set<string>();
  for (const [index, one] of drawn.sites.entries()) {
    const name = `site${index % 4}`; // sites of two instances may have one name, and the same code
    if (one.instance === "ours" && names.has(name)) continue;
    if (one.instance === "ours") names.add(name);
    const build = (deploy: {
      readonly base: number;
      readonly code: number;
    }): { readonly reference: string; readonly id: string; readonly base: string } => {
      const below = base(one.instance, deploy.base);
      const settled = layer(below.layers, `${name}-settled`, index % 4);
      const top = layer([...below.layers, settled], `${name}-code${deploy.code}`, deploy.code);
      const id = `${name}-${deploy.base}-${deploy.code}`;
      const reference = nameIn(one.instance, `site-${name}-web:${id}`);
      put(id, { kind: "site", site: name, layers: [...below.layers, settled, top], recipe: `recipe${deploy.base}` }, reference);
      return { reference, id, base: below.name };
    };
    for (const code of one.builds) build({ base: 0, code });
    const made = one.deploys.map((deploy) => ({ ...deploy, ...build(deploy) }));
    const serving = made.findLastIndex(({ good }) => good);
    const former = made.findLastIndex(({ good }, at) => good && at < serving);
    // what rollback may need: the newest `keep`, the one that serves, the one before it
    const keptReleases = made.filter((_, at) => at >= made.length - one.keep || at === serving || at === former);
    const current = made[serving] ?? made.at(-1);
    if (current === undefined) continue;
    if (one.life === "running" || one.life === "asleep") {
      containers.push({ name: `${one.instance}.${name}`, imageId: current.id, running: one.life === "running" });
      inContainers.add(current.id);
    }
    if (one.instance === "theirs" || one.life === "purged") continue;
    for (const [at, { reference, base: lies }] of one.old ? [] : keptReleases.entries()) {
      releases.push({ id: `r${at + 1}`, namespace: name, images: { web: { reference, digest: "" }, php: null } });
      outcomes.push({ namespace: name, release: `r${at + 1}`, state: reference === current.reference ? "serving" : "superseded" });
      required.add(reference).add(lies);
    }
    const record = { namespace: name, images: { web: current.reference, php: null }, serving: null };
    required.add(current.reference).add(current.base);
    if (one.life === "destroyed") retained.push({ namespace: name, keptUntil: "2026-12-01T00:00:00Z", record });
    else records.push(record);
    if (one.life === "down" || one.life === "asleep") resting.set(name, one.life);
    if (one.locked) {
      const pinned = base("ours", one.deploys[0]?.base ?? 0).name;
      locks.set(name, [pinned]);
      required.add(pinned);
    }
  }
  for (const number of drawn.spareBases) base(number % 2 === 0 ? "ours" : "theirs", number);
  put("half", { kind: "half", site: null, layers: [layer([], "half", 3)], recipe: "recipe9" }, null);
  const firstOwn = [...images.values()].find(({ own }) => own.length > 0)?.own[0];
  const claimed = drawn.claimed && firstOwn !== undefined ? [firstOwn] : [];
  for (const reference of claimed) required.add(reference);
  const all = [...images.values()];
  const ours = all.filter(({ id, own }) => own.some((name) => inContainers.has(id) || required.has(name)));
  // what we need is made from these: without them, the next deploy would have to make them again
  const bases = all.filter((image) => image.own.length > 0 && ours.some((one) => isBelow(image, one)));
  for (const { own } of bases) for (const name of own) required.add(name);
  for (const { others } of all) for (const name of others) required.add(name);
  const there = all.filter(
    (image) => image.others.length > 0 || inContainers.has(image.id) || ours.includes(image) || bases.includes(image),
  );
  const caches = cachesOf(all, there);
  const world: ImageWorld = {
    now: NOW,
    images: all,
    containers,
    needs: imageNeeds({ ...state, releases, outcomes, records, retained, resting, locks, claimed }),
    recipes: new Map(Array.from({ length: 10 }, (_, at) => [`recipe${at}`, [`package${at}`, "package-of-all"]])),
    lockedPackages: new Set(["package-locked"]),
    caches: caches.all,
  };
  const keys = (of: readonly ImageFact[]): Map<string, number> =>
    new Map(of.flatMap(({ layers }) => layers.map((one) => [one.key, one.bytes] as const)));
  const total = (of: Iterable<number>): number => [...of].reduce((sum, one) => sum + one, 0);
  const layerBytes = total(keys(all).values()) - total(keys(there).values());
  const cacheBytes = total(caches.all.filter(({ id }) => !caches.required.has(id)).map((one) => one.bytes));
  return { world, required, inContainers, requiredCaches: caches.required, unusedBytes: layerBytes + cacheBytes };
}

function isBelow(base: ImageFact, image: ImageFact): boolean {
  return base.id !== image.id && base.layers.every(({ key }, at) => image.layers[at]?.key === key);
}

/** A cached layer, configuration, recipe and package of every image, and what is of no image. */
function cachesOf(
  all: readonly ImageFact[],
  there: readonly ImageFact[],
): { readonly all: readonly CacheFact[]; readonly required: ReadonlySet<string> } {
  const old = NOW - 40 * DAY;
  const caches: CacheFact[] = [];
  const required = new Set<string>();
  const add = (cache: CacheFact, isRequired: boolean): void => {
    if (!caches.some(({ id }) => id === cache.id)) caches.push(cache);
    if (isRequired) required.add(cache.id);
  };
  for (const image of all) {
    const stays = there.includes(image);
    for (const { diffId } of image.layers) add({ id: diffId, owner: { kind: "layer", diffId }, bytes: 500, usedAt: old }, stays);
    add({ id: `${image.id}.config`, owner: { kind: "configuration", imageId: image.id }, bytes: 1, usedAt: old }, stays);
    if (image.recipe === null) continue;
    add({ id: image.recipe, owner: { kind: "recipe", recipe: image.recipe }, bytes: 1, usedAt: old }, stays);
    const sha256 = image.recipe.replace("recipe", "package");
    add({ id: sha256, owner: { kind: "package", sha256 }, bytes: 700, usedAt: old }, stays);
  }
  const reusable = { kind: "reusable", what: "compressed copies" } as const;
  add({ id: "package-locked", owner: { kind: "package", sha256: "package-locked" }, bytes: 7, usedAt: old }, true);
  add({ id: "package-lost", owner: { kind: "package", sha256: "package-lost" }, bytes: 7000, usedAt: old }, false);
  add({ id: "package-fresh", owner: { kind: "package", sha256: "package-fresh" }, bytes: 7000, usedAt: NOW - 1000 }, true);
  add({ id: "compressed/1", owner: reusable, bytes: 3000, usedAt: old }, false);
  add({ id: "compressed/2", owner: reusable, bytes: 3000, usedAt: NOW - DAY }, true);
  add({ id: "work/1", owner: { kind: "leftover", alive: false }, bytes: 9000, usedAt: NOW }, false);
  add({ id: "work/2", owner: { kind: "leftover", alive: true }, bytes: 9000, usedAt: old }, true);
  add({ id: "site0/1", owner: { kind: "compiled", site: "site0", used: false }, bytes: 100, usedAt: NOW }, false);
  add({ id: "site0/2", owner: { kind: "compiled", site: "site0", used: true }, bytes: 100, usedAt: old }, true);
  return { all: caches, required };
}

/** The storage after some of a plan was done, as podman does it: a name goes, an image goes with its last one unless a container has it. */
export function carryOut({ world, inContainers }: ModelMachine, plan: PrunePlan, steps = Infinity): ImageWorld {
  const names = new Set(plan.images.slice(0, steps).map(({ reference }) => reference));
  const images = world.images.flatMap((image): ImageFact[] => {
    if (names.has(image.id) && image.own.length + image.others.length === 0) return [];
    const own = image.own.filter((name) => !names.has(name));
    const isGone = image.own.length > 0 && own.length + image.others.length === 0 && !inContainers.has(image.id);
    return isGone ? [] : [{ ...image, own }];
  });
  const caches = new Set(plan.caches.slice(0, Math.max(0, steps - plan.images.length)).map(({ cache }) => cache.id));
  return { ...world, images, caches: world.caches.filter(({ id }) => !caches.has(id)) };
}
