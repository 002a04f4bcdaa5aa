import { access, mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();

/** Both have a site of this name. */
const SITE = "pshop";
type Site = TestSite & { write(text: string): Promise<void> };

interface Listed {
  readonly references: readonly string[];
  readonly kind: string;
  readonly site: string | null;
  readonly bytes: { readonly total: number; readonly unique: number; readonly shared: number };
  readonly kept: readonly string[];
}

interface Planned {
  readonly images: readonly { readonly reference: string; readonly because: string }[];
  readonly caches: readonly { readonly id: string }[];
  readonly freedBytes: number;
}

describe.skipIf(skip !== undefined)(`images of releases${skip === undefined ? "" : ` (${skip})`}`, () => {
  let ours: HowdahMachine;
  let theirs: HowdahMachine;
  let site: Site;
  let other: Site;

  beforeAll(async () => {
    [ours, theirs] = [await howdahMachine("prune-a", 18_730), await howdahMachine("prune-b", 18_734)];
    site = await staticSite(ours, SITE);
    await ours.ok("up", site.directory);
    other = await staticSite(theirs, SITE, site);
    await other.write("theirs one");
    await theirs.ok("up", other.directory);
  });
  afterAll(async () => {
    expect([await ours.remove(), await theirs.remove()]).toEqual([[], []]);
  });

  const json = async <T>(machine: HowdahMachine, ...argv: readonly string[]): Promise<T> =>
    JSON.parse((await machine.ok(...argv, "--output", "json")).stdout) as T;
  const list = async (machine: HowdahMachine): Promise<readonly Listed[]> =>
    (await json<{ images: Listed[] }>(machine, "image", "ls")).images;
  const namesOf = async (machine: HowdahMachine): Promise<readonly string[]> => {
    const prefix = `localhost/howdah/${machine.environment["HOWDAH_INSTANCE"] ?? ""}/`;
    const { stdout } = await run(["podman", "images", `--filter=reference=${prefix}*`, "--format", "{{.Repository}}:{{.Tag}}"]);
    return [...new Set(stdout.split("\n").filter((name) => name.startsWith(prefix)))].toSorted();
  };
  const isThere = async (reference: string): Promise<boolean> =>
    (await run(["podman", "image", "exists", reference], { accept: [0, 1] })).code === 0;
  /** Builds what is never released. */
  const buildUnused = async (text: string): Promise<string> => {
    await site.write(text);
    const { images } = await json<{ images: { reference: string }[] }>(ours, "build", site.directory);
    return images[0]?.reference ?? "";
  };

  it("stay when another instance deploys a site of the same name", async () => {
    await other.write("theirs two");
    await theirs.ok("deploy", other.directory);
    await site.write("two");
    await ours.ok("deploy", site.directory);
    await theirs.ok("rollback", "r1", "--site", SITE);
    await ours.ok("rollback", "r1", "--site", SITE);
    expect([await site.page(), await other.page()]).toEqual([`${SITE} one`, "theirs one"]);
  });

  it("are listed with what needs them, and told apart", async () => {
    const unused = await buildUnused("never released");
    const images = await list(ours);
    const [released, built] = [
      images.find(({ site: of, kept }) => of === SITE && kept.length > 0),
      images.find(({ references }) => references[0] === unused),
    ];
    expect(released?.kept.some((because) => /^release r\d of pshop/.test(because))).toBe(true);
    expect(built).toMatchObject({ kind: "site", site: SITE, kept: [] });
    expect(built?.bytes.unique).toBeGreaterThan(0);
    expect(built?.bytes.shared).toBeGreaterThan(1e6); // nginx
    expect(images.find(({ kind }) => kind === "system")?.kept).toContain("edge");
    const inspected = await json<{ layers: { images: number }[]; labels: Record<string, string>; packages: { name: string }[] }>(
      ours,
      "image",
      "inspect",
      unused,
    );
    expect([inspected.layers[0]?.images ?? 0, inspected.layers.at(-1)?.images]).toEqual([expect.any(Number), 1]);
    expect(inspected.labels["howdah.dev/site"]).toBe(SITE);
    expect(inspected.packages.map(({ name }) => name)).toContain("nginx");
  });

  it("go when nothing needs them, after a kill too; every release that is kept can be gone back to", async () => {
    const garbage = [await buildUnused("garbage one"), await buildUnused("garbage two")];
    // a cache of its own from here on: other files build with the shared one
    const cache = join(ours.directory, "cache");
    Object.assign(ours.environment, { HOWDAH_CACHE_DIR: cache });
    const leftover = join(cache, "work/4194999-dead/spool"); // beyond the largest process number
    const layer = join(cache, "layers", `${"0".repeat(64)}.gz`);
    const fresh = join(cache, "packages/11", `${"1".repeat(64)}.deb`);
    for (const file of [leftover, layer, fresh]) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, "x".repeat(10_000));
    }
    const longAgo = new Date(Date.now() - 7 * 86_400_000);
    await utimes(layer, longAgo, longAgo);

    const [before, others] = [await namesOf(ours), await namesOf(theirs)];
    const planned = await json<Planned>(ours, "image", "prune", "--dry-run");
    expect(planned.images.map(({ reference }) => reference)).toEqual(expect.arrayContaining(garbage));
    expect(planned.caches.map(({ id }) => id)).toEqual(expect.arrayContaining(["work/4194999-dead", `layers/${"0".repeat(64)}`]));
    expect(planned.freedBytes).toBeGreaterThan(10_000);
    expect(await namesOf(ours)).toEqual(before);
    expect((await ours.howdah("image", "prune")).code).toBe(64); // nobody to ask

    const killed = ours.start("image", "prune", "--yes", "--verbose");
    await killed.says("Images");
    process.kill(killed.pid, "SIGKILL");
    await killed.done;
    await ours.ok("image", "prune", "--yes");

    const gone = [...garbage, ...planned.images.map(({ reference }) => reference)];
    expect(await Promise.all(gone.map(isThere))).toEqual(gone.map(() => false));
    expect(await namesOf(ours)).toEqual(before.filter((name) => !gone.includes(name)));
    expect(await namesOf(theirs)).toEqual(others);
    const left = await Promise.all(
      [leftover, layer, fresh].map((file) =>
        access(file).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(left).toEqual([false, false, true]);
    expect(await json<Planned>(ours, "image", "prune", "--dry-run")).toMatchObject({ images: [], caches: [] });

    await ours.ok("rollback", "r2", "--site", SITE);
    await theirs.ok("rollback", "r2", "--site", SITE);
    expect([await site.page(), await other.page()]).toEqual(["two", "theirs two"]);
    await ours.ok("rollback", "r1", "--site", SITE);
    expect(await site.page()).toBe(`${SITE} one`);
  });

  it("of a stopped site stay", async () => {
    await ours.ok("down", SITE);
    const before = await namesOf(ours);
    expect((await list(ours)).some(({ kept }) => kept.some((because) => because.includes("(serves, stopped)")))).toBe(true);
    await ours.ok("image", "prune", "--yes");
    expect(await namesOf(ours)).toEqual(before);
  });
});
