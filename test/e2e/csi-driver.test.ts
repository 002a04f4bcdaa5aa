import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESERVE } from "../../src/kernel/storage-driver.ts";
import type { Step } from "../../src/csi/steps.ts";
import { steps } from "../../src/csi/steps.ts";
import { run } from "../../src/providers/process.ts";
import { csiProgram } from "../cluster/csi/csi-program.ts";
import { settingsOf } from "../cluster/settings.ts";
import { fuzzDriver } from "../support/csi-fuzz.ts";
import { type CsiRig, csiRig } from "../support/csi-rig.ts";

const MIB = 1024 ** 2;
const mode = (name: string): object => ({ mount: {}, access_mode: { mode: name } });
const capability = mode("SINGLE_NODE_WRITER");

/** What the driver answers of volumes and snapshots. */
interface Answer {
  readonly volume: {
    readonly volume_id: string;
    readonly capacity_bytes: number;
    readonly volume_context: Readonly<Record<string, string>>;
  };
  readonly snapshot: { readonly snapshot_id: string };
}

/** The calls of CSI in short. */
function callsOf(rig: CsiRig) {
  const create = async (name: string, more: object = {}): Promise<string> => {
    const request = { name, volume_capabilities: [capability], capacity_range: { required_bytes: 64 * MIB }, ...more };
    return (await rig.call<Answer>("Controller", "CreateVolume", request)).volume.volume_id;
  };
  return {
    create,
    copyOfVolume: (name: string, volume_id: string) => create(name, { volume_content_source: { volume: { volume_id } } }),
    copyOfSnapshot: (name: string, snapshot_id: string) => create(name, { volume_content_source: { snapshot: { snapshot_id } } }),
    remove: (volume_id: string) => rig.call("Controller", "DeleteVolume", { volume_id }),
    snapshot: async (name: string, source_volume_id: string): Promise<string> =>
      (await rig.call<Answer>("Controller", "CreateSnapshot", { name, source_volume_id })).snapshot.snapshot_id,
    removeSnapshot: (snapshot_id: string) => rig.call("Controller", "DeleteSnapshot", { snapshot_id }),
    grow: (volume_id: string, mebibytes: number) =>
      rig.call("Node", "NodeExpandVolume", { volume_id, volume_path: "/x", capacity_range: { required_bytes: mebibytes * MIB } }),
    publish: async (volume_id: string, name: string, readonly = false): Promise<string> => {
      const target_path = rig.target(name);
      await rig.call("Node", "NodePublishVolume", { volume_id, target_path, volume_capability: capability, readonly });
      return target_path;
    },
    unpublish: (volume_id: string, name: string) => rig.call("Node", "NodeUnpublishVolume", { volume_id, target_path: rig.target(name) }),
  };
}

/** csi-sanity's last line, without colours. */
async function sanity({ socket }: CsiRig): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "t-sanity-"));
  const parameters = join(directory, "parameters.yaml");
  await writeFile(parameters, `${RESERVE}: "false"\n`);
  const program = await csiProgram("csi-sanity", settingsOf().cache, () => undefined);
  const options = {
    endpoint: socket,
    mountdir: join(directory, "target"),
    stagingdir: join(directory, "staging"),
    testvolumeparameters: parameters,
  };
  const sizes = { testvolumesize: String(64 * MIB), testvolumeexpandsize: String(128 * MIB) };
  const argv = Object.entries({ ...options, ...sizes }).map(([name, value]) => `--csi.${name}=${value}`);
  const ran = await run([program, ...argv, "--ginkgo.no-color"], { accept: "any" });
  await rm(directory, { recursive: true, force: true });
  return ran.code === 0 ? (/\d+ Passed .*/.exec(ran.stdout)?.[0] ?? "nothing") : ran.lastLines.join("\n");
}

describe("csi-sanity, the conformance suite of CSI", () => {
  it("passes on btrfs, and leaves nothing", async () => {
    const rig = await csiRig();
    await rig.start();
    try {
      expect(await sanity(rig)).toMatch(/^60 Passed \| 0 Failed/);
      expect(await rig.stored()).toEqual([]);
    } finally {
      await rig.remove();
    }
  });

  it("passes on XFS with reflinks", async () => {
    const directory = await mkdtemp(join(tmpdir(), "t-csi-xfs-"));
    const [image, mount] = [join(directory, "image"), join(directory, "mount")];
    await mkdir(mount);
    await run(["truncate", "-s", "1G", image]);
    await run(["mkfs.xfs", "-q", image]);
    await run(["mount", "-o", "loop", image, mount]);
    const rig = await csiRig(mount);
    try {
      await rig.start();
      expect(await sanity(rig)).toMatch(/^60 Passed \| 0 Failed/);
      const { volume } = await rig.call<Answer>("Controller", "CreateVolume", {
        name: "v",
        volume_capabilities: [capability],
        capacity_range: { required_bytes: 64 * MIB },
      });
      expect(volume.volume_context).toEqual({ "csi.howdah.dev/size-limit": "none" });
      await callsOf(rig).publish(volume.volume_id, "v");
      // Files of different moments would be no database: it says so instead of copying them.
      await expect(callsOf(rig).snapshot("s", volume.volume_id)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    } finally {
      await rig.remove();
      await run(["umount", mount]);
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe("volumes of a node", () => {
  let rig: CsiRig;
  let calls: ReturnType<typeof callsOf>;
  beforeAll(async () => {
    rig = await csiRig();
    calls = callsOf(rig);
    await rig.start();
  });
  afterAll(() => rig.remove());

  it("shows a copy of a snapshot what was there when it was taken, and neither what the other writes", async () => {
    const source = await calls.create("source");
    const at = await calls.publish(source, "source");
    await writeFile(join(at, "file"), "then");
    const taken = await calls.snapshot("taken", source);
    await writeFile(join(at, "file"), "later");
    const copied = await calls.publish(await calls.copyOfSnapshot("copy", taken), "copy");
    expect(await readFile(join(copied, "file"), "utf8")).toBe("then");
    await writeFile(join(copied, "file"), "the copy's");
    expect(await readFile(join(at, "file"), "utf8")).toBe("later");
    const twin = await calls.publish(await calls.copyOfVolume("twin", source), "twin");
    expect(await readFile(join(twin, "file"), "utf8")).toBe("later");
  });

  it("can't be filled beyond its size, and further when it has grown", async () => {
    const volume = await calls.create("small", { capacity_range: { required_bytes: 8 * MIB } });
    const at = await calls.publish(volume, "small");
    const fill = (name: string) =>
      run(["dd", "if=/dev/zero", `of=${join(at, name)}`, "bs=1M", "count=12", "conv=fsync"], { accept: "any" });
    const refused = await fill("a");
    expect(refused.stderr).toMatch(/quota/i);
    await rm(join(at, "a"));
    await calls.grow(volume, 64);
    expect((await fill("b")).code).toBe(0);
    await run(["btrfs", "filesystem", "sync", at]); // it counts when it commits
    const { usage } = await rig.call<{ usage: readonly { total: number; used: number }[] }>("Node", "NodeGetVolumeStats", {
      volume_id: volume,
      volume_path: at,
    });
    expect(usage[0]?.total).toBe(64 * MIB);
    expect(usage[0]?.used).toBeGreaterThan(12 * MIB);
  });

  it("is read-only where that is asked for, and elsewhere not", async () => {
    const volume = await calls.create("both");
    const writable = await calls.publish(volume, "writable");
    const readable = await calls.publish(volume, "readable", true);
    await writeFile(join(writable, "file"), "seen");
    expect(await readFile(join(readable, "file"), "utf8")).toBe("seen");
    await expect(writeFile(join(readable, "file"), "no")).rejects.toMatchObject({ code: "EROFS" });
  });

  it("stays while a pod has it, and is not called gone on a node that never had it", async () => {
    const volume = await calls.create("used");
    await calls.publish(volume, "used");
    await expect(calls.remove(volume)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    await calls.unpublish(volume, "used");
    await calls.remove(volume);
    await expect(calls.remove(volume.replace(/^v-[0-9a-f]{8}/, "v-00000000"))).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    const elsewhere = { volume_content_source: { snapshot: { snapshot_id: `s-00000000-${"0".repeat(32)}` } } };
    await expect(calls.create("of-another-node", elsewhere)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it("is promised no room that another one was promised", async () => {
    const capacity = async (): Promise<number> =>
      (await rig.call<{ available_capacity: number }>("Controller", "GetCapacity", {})).available_capacity;
    const before = await capacity();
    await calls.create("large", { capacity_range: { required_bytes: before - 100 * MIB } });
    expect(await capacity()).toBeLessThanOrEqual(100 * MIB);
    await expect(calls.create("too-large", { capacity_range: { required_bytes: 200 * MIB } })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    // A copy shares nearly everything: its class promises nothing.
    await calls.create("thin", { capacity_range: { required_bytes: 200 * MIB }, parameters: { [RESERVE]: "false" } });
  });
});

/** HOWDAH_FUZZ_OPERATIONS=2000 is the long form (C8), HOWDAH_FUZZ_SEED another run. */
const fuzzed = {
  operations: Number(process.env["HOWDAH_FUZZ_OPERATIONS"] ?? "40"),
  seed: Number(process.env["HOWDAH_FUZZ_SEED"] ?? "7"),
  killed: 0.25,
};

describe("volumes that come and go at random while the driver is killed", () => {
  it("are never lost, swapped or left behind", { timeout: 3_600_000 }, async () => {
    const rig = await csiRig();
    try {
      const report = await fuzzDriver(rig, fuzzed);
      process.stderr.write(`${report.operations} operations, ${report.kills} kills\n`);
      expect(report.wrong).toEqual([]);
      expect(report.kills).toBeGreaterThan(0);
    } finally {
      await rig.remove();
    }
  });
});

/** A call that comes by a step, made ready; what must be true when it has been repeated. */
interface Case {
  readonly call: () => Promise<unknown>;
  readonly holds: () => Promise<void>;
}

describe("a driver that is killed between any two steps", () => {
  let rig: CsiRig;
  let calls: ReturnType<typeof callsOf>;
  beforeAll(async () => {
    rig = await csiRig();
    calls = callsOf(rig);
    await rig.start();
  });
  afterAll(() => rig.remove());

  const there = async (at: string): Promise<string> => readFile(join(at, "file"), "utf8");

  /** A volume with words in it, published nowhere. */
  const written = async (name: string): Promise<string> => {
    const volume = await calls.create(name);
    await writeFile(join(await calls.publish(volume, name), "file"), name);
    await calls.unpublish(volume, name);
    return volume;
  };
  const holdsWords = async (volume: string, words: string): Promise<void> => {
    expect(await there(await calls.publish(volume, words))).toBe(words);
    await calls.unpublish(volume, words);
  };

  const cases: Readonly<Record<string, (name: string) => Promise<Case>>> = {
    create: async (name) => {
      const source = await written(name);
      let copy = "";
      return {
        call: async () => (copy = await calls.copyOfVolume(`copy-${name}`, source)),
        holds: async () => {
          expect(await there(await calls.publish(copy, `copy-${name}`))).toBe(name);
          await calls.unpublish(copy, `copy-${name}`);
          await holdsWords(source, name);
          expect((await rig.stored()).filter((id) => id.endsWith(".moment"))).toEqual([]);
        },
      };
    },
    delete: async (name) => {
      const [gone, kept] = [await written(name), await written(`kept-${name}`)];
      return {
        call: () => calls.remove(gone),
        holds: async () => {
          expect(await rig.stored()).not.toContain(gone);
          await holdsWords(kept, `kept-${name}`);
        },
      };
    },
    snapshot: async (name) => {
      const volume = await written(name);
      let taken = "";
      return {
        call: async () => (taken = await calls.snapshot(`of-${name}`, volume)),
        holds: async () => {
          const copy = await calls.copyOfSnapshot(`from-${name}`, taken);
          expect(await there(await calls.publish(copy, `from-${name}`))).toBe(name);
          await calls.unpublish(copy, `from-${name}`);
        },
      };
    },
    grow: async (name) => {
      const volume = await written(name);
      return {
        call: () => calls.grow(volume, 96),
        holds: async () => {
          const { usage } = await rig.call<{ usage: readonly { total: number }[] }>("Node", "NodeGetVolumeStats", {
            ...{ volume_id: volume, volume_path: await calls.publish(volume, name) },
          });
          expect(usage[0]?.total).toBe(96 * MIB);
          await calls.unpublish(volume, name);
        },
      };
    },
    publish: async (name) => {
      const volume = await written(name);
      return {
        call: () => calls.publish(volume, name, true),
        holds: async () => {
          expect(await there(rig.target(name))).toBe(name);
          await expect(writeFile(join(rig.target(name), "file"), "no")).rejects.toMatchObject({ code: "EROFS" });
          await calls.unpublish(volume, name);
        },
      };
    },
    unpublish: async (name) => {
      const volume = await written(name);
      await calls.publish(volume, name);
      return {
        call: () => calls.unpublish(volume, name),
        holds: async () => {
          await expect(stat(rig.target(name))).rejects.toMatchObject({ code: "ENOENT" });
          await holdsWords(volume, name);
        },
      };
    },
  };

  it.each(steps)("does what is asked for again after %s, and loses and leaves nothing", async (step: Step) => {
    const [verb = ""] = step.split("/");
    const made = await cases[verb]?.(step.replace("/", "-"));
    if (made === undefined) throw new TypeError(`no case for ${step}`);
    await rig.dieAt(step);
    await expect(made.call()).rejects.toMatchObject({ code: expect.any(Number) });
    expect(await rig.died()).toBe("SIGKILL");
    await rig.dieAt(undefined);
    expect(await rig.start()).not.toContainEqual(expect.stringContaining('"level":"error"'));
    await made.call();
    await made.holds();
  });

  it("keeps nothing on the disk that nobody was told of", async () => {
    const { entries: volumes } = await rig.call<{ entries: readonly Answer[] }>("Controller", "ListVolumes", {});
    const { entries: snapshots } = await rig.call<{ entries: readonly Answer[] }>("Controller", "ListSnapshots", {});
    const told = [...volumes.map(({ volume }) => volume.volume_id), ...snapshots.map(({ snapshot }) => snapshot.snapshot_id)];
    expect(await rig.stored()).toEqual(told.toSorted());
  });
});
