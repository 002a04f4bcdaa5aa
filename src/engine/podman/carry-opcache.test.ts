import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPCACHE_DRIVER, type PodSpec } from "../../render/objects.ts";
import { run } from "../../providers/process.ts";
import { ENVIRONMENT_OF_ANNOTATION } from "../../kernel/label.ts";
import { borrowOpcache } from "./borrow-opcache.ts";
import { carryOpcache } from "./carry-opcache.ts";
import type { Workload } from "./pods.ts";
import { type OpcacheVolume, opcacheDirectory } from "./opcache-store.ts";
import { podmanCli } from "./podman-cli.ts";
import { stateStore } from "./state-store.ts";

const SYSTEM = "0123456789abcdef0123456789abcdef";
type Attributes = OpcacheVolume["csi"]["volumeAttributes"];

function volume(image: string, more: Partial<Attributes> = {}): OpcacheVolume {
  const volumeAttributes: Attributes = { image, settings: "s", timestamps: "checked", ...more };
  return { name: "opcache", csi: { driver: OPCACHE_DRIVER, readOnly: true, volumeAttributes } };
}

function pod(...volumes: readonly OpcacheVolume[]): PodSpec {
  return { volumes, containers: [], initContainers: [], terminationGracePeriodSeconds: 1 } as unknown as PodSpec;
}

describe("compiled code for the next release", () => {
  let root = "";
  let bases: Record<string, { recipe?: string; layer: string }>;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-carry-"));
    bases = { one: { recipe: "r", layer: "l" }, two: { recipe: "r", layer: "l" } };
    const own = join(opcacheDirectory(stateStore(root), "blog", volume("one")), SYSTEM, "srv");
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "index.php.bin"), "compiled");
  });
  afterEach(() => rm(root, { recursive: true }));

  const carry = (from: PodSpec, to: PodSpec): Promise<void> => {
    const podman = podmanCli((argv) => {
      const images = argv
        .slice(4)
        .map((name) => ({ Labels: { "howdah.dev/recipe": bases[name]?.recipe }, RootFS: { Layers: [bases[name]?.layer, "own"] } }));
      return Promise.resolve({ code: 0, stdout: JSON.stringify(images), stderr: "", lastLines: [] });
    });
    return carryOpcache({ podman, store: stateStore(root), system: (argv) => run(argv) }, "blog", from, to);
  };
  const carried = async (to: OpcacheVolume): Promise<string[]> =>
    readdir(opcacheDirectory(stateStore(root), "blog", to), { recursive: true }).catch(() => []);

  it("is the former's, as the same files", async () => {
    await carry(pod(volume("one")), pod(volume("two")));
    expect((await carried(volume("two"))).toSorted()).toEqual([SYSTEM, `${SYSTEM}/srv`, `${SYSTEM}/srv/index.php.bin`]);
    const path = join(opcacheDirectory(stateStore(root), "blog", volume("two")), SYSTEM, "srv/index.php.bin");
    expect(await readFile(path, "utf8")).toBe("compiled");
    expect((await stat(path)).nlink).toBe(2);
    expect((await readdir(join(root, "namespaces/blog/opcache"))).filter((name) => name.startsWith("work-"))).toEqual([]);
  });

  it("is borrowed by an environment of the site that runs the same image, and by nobody else", async () => {
    const borrow = (namespace: string, of: string, image: string): Promise<void> => {
      const metadata = { name: "web", labels: {}, annotations: { [ENVIRONMENT_OF_ANNOTATION]: of } };
      const workload = { metadata, spec: { template: { spec: pod(volume(image)) } } } as unknown as Workload;
      return borrowOpcache({ store: stateStore(root), system: (argv) => run(argv) }, namespace, workload);
    };
    const borrowed = (namespace: string, image: string): Promise<string[]> =>
      readdir(opcacheDirectory(stateStore(root), namespace, volume(image))).catch(() => []);
    await borrow("blog--review", "blog", "one");
    await borrow("blog--other", "blog", "two");
    await borrow("shop--review", "shop", "one");
    expect([await borrowed("blog--review", "one"), await borrowed("blog--other", "two"), await borrowed("shop--review", "one")]).toEqual([
      [SYSTEM],
      [],
      [],
    ]);
  });

  it.each<[string, Partial<Attributes>, Partial<Attributes>]>([
    ["nobody looks at time stamps", { timestamps: "ignored" }, { timestamps: "ignored" }],
    ["php.ini is another", {}, { settings: "t" }],
  ])("is not carried over where %s", async (_, from, to) => {
    await carry(pod(volume("one", from)), pod(volume("two", to)));
    expect(await carried(volume("two", to))).toEqual([]);
  });

  it.each<[string, { recipe?: string; layer: string }]>([
    ["another recipe", { recipe: "q", layer: "l" }],
    ["another build of it", { recipe: "r", layer: "m" }],
    ["somebody else's", { layer: "l" }],
  ])("is not carried over to a base that is %s", async (_, base) => {
    bases = { one: base.recipe === undefined ? base : { recipe: "r", layer: "l" }, two: base };
    await carry(pod(volume("one")), pod(volume("two")));
    expect(await carried(volume("two"))).toEqual([]);
  });

  it("leaves what is there, and pods without compiled code", async () => {
    const there = join(opcacheDirectory(stateStore(root), "blog", volume("two")), "primed.json");
    await mkdir(join(there, ".."), { recursive: true });
    await writeFile(there, "{}");
    await carry(pod(volume("one")), pod(volume("two")));
    expect(await carried(volume("two"))).toEqual(["primed.json"]);
    await carry(pod(), pod(volume("two")));
    await carry(pod(volume("three")), pod(volume("four")));
    expect(await carried(volume("four"))).toEqual([]);
  });
});
