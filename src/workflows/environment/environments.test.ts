import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { Killed, life } from "../cluster/testing/mortal.ts";
import type { Generation } from "../dataset/generation.ts";
import type { Ports } from "../ports.ts";
import { environmentRig, type EnvironmentRig, fresh } from "../testing/environment-rig.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { createEnvironment } from "./create-environment.ts";
import { deleteEnvironment } from "./delete-environment.ts";
import { requireEnvironment } from "./environment.ts";
import { extendEnvironment } from "./extend-environment.ts";
import { GRACE_MS } from "./lifetime.ts";
import { listEnvironments } from "./list-environments.ts";
import { expireEnvironments, recoverEnvironments, sweepEnvironments } from "./recover-environments.ts";
import { resetEnvironment } from "./reset-environment.ts";

const SPEC = {
  variables: { SMTP: { secret: "smtp/password" }, KEY: { generate: {} } },
  environments: { secrets: { "smtp/password": { value: "sandbox" } }, limit: 2 },
};
const GIVEN = { name: "smtp", key: "password", value: new Secret("given", "test") };
const AS_BEGAN = { generation: null, newestRelease: false };

let rig: EnvironmentRig;
beforeEach(async () => {
  rig = await environmentRig(SPEC);
});

const create = (name: string, more: Partial<typeof fresh> = {}, ports: Ports = rig.ports) =>
  createEnvironment(rig.production, { ...fresh, name, ...more }, ports, rig.context);

/** Everything that is remembered of environments. */
async function left(): Promise<unknown> {
  const { records, releases, outcomes, environments, rollouts, engine } = rig.ports;
  const documents = [records, releases, outcomes, rollouts].map((store) => store.list("shop--"));
  return {
    documents: (await Promise.all(documents)).flat().length + ((await environments?.list())?.length ?? 0),
    namespaces: (await engine.namespaces()).filter((name) => name.includes("--")),
    secrets: [...rig.secrets.keys()].filter((key) => key.startsWith("shop--")),
  };
}
const nothing = { documents: 0, namespaces: [], secrets: [] };

describe("an environment", () => {
  it("runs the images of the release that serves, with a server, a hostname and secrets of its own", async () => {
    rig.secrets.get("shop/smtp/password");
    await rig.ports.secrets.set("shop", "smtp", { password: new Secret("real", "test") });
    const { record, environment } = await create("review", { variables: { DEBUG: "1" }, password: true });
    expect(environment).toMatchObject({
      ...{ namespace: "shop--review", of: "shop", owner: "ann", until: "2026-11-29T12:00:00.003Z" },
      ...{ code: { kind: "release", release: "r1" }, data: { kind: "fresh" }, work: null, failure: null },
    });
    expect(record).toMatchObject({
      ...{ images: { web: "web", php: "php" }, url: "http://review.shop.localhost:8080" },
      database: { server: "database.shop--review", host: "database", name: "dataset" },
    });
    const { objects } = await rig.engine.inventory("shop--review");
    expect([...objects.keys()]).toEqual(expect.arrayContaining(["StatefulSet/database", "NetworkPolicy/no-way-out", "Deployment/web"]));
    expect(rig.secrets.get("shop--review/smtp/password")?.reveal()).toBe("sandbox");
    expect([...rig.secrets].filter(([key, secret]) => key.startsWith("shop--") && secret.reveal() === "real")).toEqual([]);
  });

  it("is refused before anything is made when nothing stands in for a secret", async () => {
    rig = await environmentRig({ variables: { SMTP: { secret: "smtp/password" } } });
    await expect(create("review", { secrets: [{ ...GIVEN, key: "user" }] })).rejects.toThrow(
      "none of production's secrets, and nothing stands in for smtp/password",
    );
    expect(await left()).toEqual(nothing);
    await create("review", { secrets: [GIVEN] });
    expect(rig.secrets.get("shop--review/smtp/password")?.reveal()).toBe("given");
  });

  it("has a name of its own among those of its site, of which there are so many", async () => {
    await create("one");
    await expect(create("one")).rejects.toMatchObject({ code: "environment/exists" });
    await expect(create("a--b")).rejects.toMatchObject({ code: "usage/invalid" });
    await create("two");
    await expect(create("three")).rejects.toMatchObject({ code: "environment/limit" });
    expect((await requireEnvironment("two", "shop", rig.ports)).namespace).toBe("shop--two");
    expect((await requireEnvironment("shop--two", undefined, rig.ports)).name).toBe("two");
    await expect(requireEnvironment("four", undefined, rig.ports)).rejects.toThrow("no environment");
  });

  it("is a copy of another environment of its site, and of nothing else", async () => {
    await create("one");
    const copies: string[] = [];
    const clone = (of: string) => create("two", { data: { kind: "clone", of } }, { ...rig.ports, datasetStorage: storageOf(copies) });
    await rig.ports.records.put("other--site", { ...rig.production, namespace: "other--site" });
    for (const stranger of ["other--site", "shop", "three"])
      await expect(clone(stranger)).rejects.toMatchObject({ code: "environment/unknown", hint: "There are: shop--one." });
    expect((await rig.ports.environments?.list())?.map(({ name }) => name)).toEqual(["one"]);
    expect((await clone("one")).environment.data).toEqual({ kind: "clone", of: "shop--one" });
    expect(copies.every((source) => source.startsWith("env.shop--one."))).toBe(true);
    expect(copies).toContain("env.shop--one.environment-database-files");
  });

  it("waits for memory and says why, until its patience ends", async () => {
    rig.memory.free = 300 * 1024 ** 2;
    await expect(create("review")).rejects.toThrow(/no room for shop--review within 60 s: 0\.3 GiB of memory are needed, 0\.0 are free/);
    expect(rig.notices).toContain("waits: 0.3 GiB of memory are needed, 0.0 are free");
    expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([{ name: "review", state: "failed" }]);
    rig.memory.free = 2 * 1024 ** 3;
    await create("review"); // the same command again goes on
    expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([{ name: "review", state: "running" }]);
  });

  it("counts what others that are being made will take, and lets those go first that wait longer", async () => {
    await create("one");
    const one = await rig.ports.environments?.get("shop--one");
    if (one === undefined) throw new TypeError("nothing was made");
    rig.alive.add("7-7");
    const work = { verb: "create", since: "2026-11-22T11:00:00Z", by: "7-7" } as const;
    await rig.ports.environments?.put("shop--one", { ...one, work: { ...work, needsBytes: 8 * 1024 ** 3 } });
    await expect(create("two", { patienceMs: 5000 })).rejects.toThrow("0.0 are free");
    await rig.ports.environments?.put("shop--one", { ...one, work: { ...work, waits: "memory" } });
    await expect(create("two", { patienceMs: 5000 })).rejects.toThrow("shop--one waits longer");
    rig.alive.delete("7-7"); // nobody waits for the dead
    await create("two");
  });

  it("is made anew by a reset, and by a sync with the release that serves then", async () => {
    const before = await create("review");
    const { record } = await resetEnvironment("shop--review", AS_BEGAN, rig.ports, rig.context);
    expect(record.database).toEqual(before.record.database);
    const [first] = await rig.ports.releases.list("shop.");
    if (first === undefined) throw new TypeError("no release");
    await rig.ports.releases.put("shop.r2", {
      ...first,
      id: "r2",
      input: { ...first.input, images: { web: "web2", php: "php2" } },
      images: { web: { reference: "web2", digest: "d" }, php: { reference: "php2", digest: "d" } },
    });
    await rig.ports.outcomes.put("shop.r1", { namespace: "shop", release: "r1", at: "", state: "superseded" });
    await rig.ports.outcomes.put("shop.r2", { namespace: "shop", release: "r2", at: "", state: "serving" });
    expect((await resetEnvironment("shop--review", AS_BEGAN, rig.ports, rig.context)).record.images.web).toBe("web");
    const synced = await resetEnvironment("shop--review", { generation: null, newestRelease: true }, rig.ports, rig.context);
    expect([synced.record.images.web, synced.environment.code]).toEqual(["web2", { kind: "release", release: "r2" }]);
  });

  it("is made anew of the generation that it holds, also after a sync that failed", async () => {
    const ports: Ports = { ...rig.ports, datasets: await generationsOf(["g1", "g2"]) };
    const databaseOf = async () => (await rig.ports.records.get("shop--review"))?.site.preview?.data.database;
    await create("review", { data: { kind: "dataset", generation: undefined } }, ports);
    expect(await databaseOf()).toBe("shop.g1.database");
    const broken: Ports = { ...ports, engine: { ...rig.engine, apply: async () => Promise.reject(new Error("no disk")) } };
    const target = { generation: "g2", newestRelease: false };
    await expect(resetEnvironment("shop--review", target, broken, rig.context)).rejects.toThrow("no disk");
    await sweepEnvironments(ports);
    expect((await ports.datasets?.leases.list())?.map(({ generation }) => generation)).toEqual(["g2"]);
    await resetEnvironment("shop--review", AS_BEGAN, ports, rig.context);
    expect(await databaseOf()).toBe("shop.g2.database");
    await ports.datasets?.current.put("shop", { site: "shop", generation: "g1", since: "" });
    await resetEnvironment("shop--review", AS_BEGAN, ports, rig.context);
    expect(await databaseOf()).toBe("shop.g2.database");
  });

  it("that failed before its data and code were pinned is made by a reset, or says what would make it", async () => {
    const ports: Ports = { ...rig.ports, datasets: await generationsOf(["g1"]) };
    rig.memory.free = 0;
    const data = { kind: "dataset", generation: undefined } as const;
    await expect(create("review", { data }, ports)).rejects.toMatchObject({ code: "environment/limit" });
    rig.memory.free = 8 * 1024 ** 3;
    const { environment } = await resetEnvironment("shop--review", AS_BEGAN, ports, rig.context);
    expect([environment.data, environment.code]).toEqual([
      { kind: "dataset", generation: "g1" },
      { kind: "release", release: "r1" },
    ]);
    expect((await ports.datasets?.leases.list())?.map(({ generation }) => generation)).toEqual(["g1"]);
    await expect(create("two", { code: { branch: "search" } }, ports)).rejects.toThrow("Branches are built on the machine");
    await expect(resetEnvironment("shop--two", AS_BEGAN, ports, rig.context)).rejects.toMatchObject({
      message: "shop--two never ran, so there are no images to make it anew of",
      hint: "`howdah env create two shop --from-branch search` builds them.",
    });
  });

  it("names the commit that serves after a newer one failed, and says so beside, until one serves", async () => {
    await create("review");
    const made = await rig.ports.environments?.get("shop--review");
    if (made === undefined) throw new TypeError("nothing was made");
    const serves = { kind: "commit", commit: "a".repeat(40), branch: "search" } as const;
    await rig.ports.environments?.put("shop--review", { ...made, code: serves });
    const tree = await treeOf({ runtime: { php: "8.4" } });
    const ports: Ports = {
      ...rig.ports,
      files: { ...rig.ports.files, kind: async (path) => (path.endsWith(".yaml") ? "file" : "directory"), realpath: async (path) => path },
      worktrees: {
        find: async () => ({ top: "/shop", commit: "b".repeat(40), branch: "search" }),
        within: (_found, work) => work(tree),
        sweep: async () => 0,
      },
      git: async () => null,
      machine: { ...rig.ports.machine, check: () => Promise.reject(new Error("it does not build")) },
    };
    const follow = () => create("review", { code: { branch: "search" } }, ports);
    const listed = { code: serves, state: "running", because: "search could not be brought into service: it does not build" };
    for (const _ of ["once", "again"]) {
      await expect(follow()).rejects.toThrow("it does not build");
      expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([listed]);
    }
    await resetEnvironment("shop--review", AS_BEGAN, rig.ports, rig.context);
    expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([{ ...listed, because: null }]);
  });

  it("goes when its time and the grace are over, unless somebody extends it", async () => {
    await create("review", { ttl: "12h" });
    rig.clock.now += 13 * 3_600_000;
    expect(await expireEnvironments(rig.ports, rig.context)).toEqual({ did: [], failed: [] });
    expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([{ lifetime: { state: "over" } }]);
    await extendEnvironment("shop--review", "1h", rig.ports);
    rig.clock.now += 3_600_000 + GRACE_MS + 1000;
    await rig.engine.scaleUp("shop--review", rig.context);
    const used: Ports = { ...rig.ports, engine: { ...rig.engine, sleep: async () => "a cron runs" } };
    expect(await expireEnvironments(used, rig.context)).toEqual({ did: [], failed: [] });
    expect((await expireEnvironments(rig.ports, rig.context)).did).toEqual(["shop--review is deleted: its time was over"]);
    expect(await left()).toEqual(nothing);
  });

  it("leaves nothing when it is deleted", async () => {
    await create("review", { password: true });
    expect(await deleteEnvironment("shop--review", rig.ports, rig.context)).toBe(true);
    expect(await left()).toEqual(nothing);
    expect(await deleteEnvironment("shop--review", rig.ports, rig.context)).toBe(false);
  });
});

/** A directory with a site's file, which goes with the test. */
async function treeOf(spec: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-tree-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const site = { apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "shop" }, spec };
  await writeFile(join(directory, "howdah.yaml"), JSON.stringify(site));
  return directory;
}

/** Generations of the site that can be leased; the first is current. */
async function generationsOf(ids: readonly string[]): Promise<NonNullable<Ports["datasets"]>> {
  const documents = { generations: memoryDocuments<Generation>(), current: memoryDocuments(), leases: memoryDocuments() };
  for (const id of ids) {
    const volumes = [{ name: "database", path: null, snapshot: `shop.${id}.database`, bytes: 1 }];
    await documents.generations.put(`shop.${id}`, { site: "shop", id, state: "current", volumes } as unknown as Generation);
  }
  await documents.current.put("shop", { site: "shop", generation: ids[0], since: "" });
  return documents as unknown as NonNullable<Ports["datasets"]>;
}

/** Notes what snapshots are taken of. */
function storageOf(copies: string[]): NonNullable<Ports["datasetStorage"]> {
  const storage = {
    probe: async () => ({ atomicSnapshot: true }),
    list: async () => [],
    snapshot: async (volume: string) => {
      copies.push(volume);
      return "/nowhere";
    },
  };
  return { open: async () => storage, existing: async () => storage } as unknown as NonNullable<Ports["datasetStorage"]>;
}

const ACTS = {
  engine: ["prepare", "apply", "putSecret", "remove", "deleteVolume", "forget", "settle", "scaleUp"],
  environments: ["put", "remove"],
  ...{ records: ["put", "remove"], releases: ["put", "remove"], outcomes: ["put", "remove"], rollouts: ["put", "remove"] },
  secrets: ["getOrGenerate", "set", "remove"],
} as const;

/** Runs a command that dies at one act. Answers whether it died. */
async function dies(act: number, when: "before" | "after", command: (ports: Ports) => Promise<unknown>): Promise<boolean> {
  const one = life({ act, when });
  const mortal = Object.fromEntries(
    Object.entries(ACTS).map(([name, counted]) => [
      name,
      one.mortal(name, rig.ports[name as keyof Ports] as object, counted as unknown as readonly never[]),
    ]),
  );
  try {
    await command({ ...rig.ports, ...mortal });
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  }
}

describe.each(["before", "after"] as const)("killed %s any write", (when) => {
  it("a creation is taken away by the agent, or was whole", async () => {
    for (let act = 1; ; act++) {
      rig = await environmentRig(SPEC);
      const died = await dies(act, when, (ports) => create("review", { secrets: [GIVEN] }, ports));
      await recoverEnvironments(rig.ports, rig.context);
      const [known] = (await rig.ports.environments?.list()) ?? [];
      if (known === undefined) expect(await left(), `act ${String(act)}`).toEqual(nothing);
      else expect([known.work, rig.engine.ask("review.shop.localhost")]).toEqual([null, ""]);
      await create("review").catch((error: unknown) => expect(error).toMatchObject({ code: "environment/exists" }));
      if (!died) break;
    }
  });

  it("a reset is finished by the agent", async () => {
    for (let act = 1; ; act++) {
      rig = await environmentRig(SPEC);
      await create("review");
      const died = await dies(act, when, (ports) => resetEnvironment("shop--review", AS_BEGAN, ports, rig.context));
      expect((await recoverEnvironments(rig.ports, rig.context)).failed, `act ${String(act)}`).toEqual([]);
      expect(await listEnvironments("shop", { sizes: false }, rig.ports)).toMatchObject([{ state: "running", because: null }]);
      expect(rig.engine.ask("review.shop.localhost")).toBe("");
      if (!died) break;
    }
  });

  it("a deletion is finished by the agent", async () => {
    for (let act = 1; ; act++) {
      rig = await environmentRig(SPEC);
      await create("review");
      const died = await dies(act, when, (ports) => deleteEnvironment("shop--review", ports, rig.context));
      const [known] = (await rig.ports.environments?.list()) ?? [];
      await recoverEnvironments(rig.ports, rig.context);
      if (act > 1 || known?.work !== null) expect(await left(), `act ${String(act)}`).toEqual(nothing);
      if (!died) break;
    }
  });
});
