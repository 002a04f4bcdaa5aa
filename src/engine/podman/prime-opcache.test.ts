import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deployment } from "../../render/objects.ts";
import { OPCACHE_DRIVER } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import { tinyDeployment } from "../contract-objects.ts";
import type { ProcessResult } from "../process-port.ts";
import type { Machine } from "./machine.ts";
import { namesOf } from "./names.ts";
import { podmanCli } from "./podman-cli.ts";
import { templateDigest } from "./pods.ts";
import { primer } from "./prime-opcache.ts";
import type { ReadyMark } from "./ready-marks.ts";
import { stateStore, withObject } from "./state-store.ts";

const SYSTEM = "0123456789abcdef0123456789abcdef";
const ANSWER = '{"scripts":3,"refused":0,"bytes":9000,"stopped":null}';

function withOpcache(plain: Deployment): Deployment {
  const { template } = plain.spec;
  const volume = {
    name: "opcache",
    csi: { driver: OPCACHE_DRIVER, readOnly: true, volumeAttributes: { image: "i", settings: "s", timestamps: "checked" } },
  } as const;
  const containers = template.spec.containers.map((one) => ({
    ...one,
    command: ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php"],
    volumeMounts: [...one.volumeMounts, { name: "opcache", mountPath: "/opcache", readOnly: true }],
  }));
  return {
    ...plain,
    spec: { ...plain.spec, template: { ...template, spec: { ...template.spec, containers, volumes: [...template.spec.volumes, volume] } } },
  };
}

describe.runIf(getuid?.() === 0)("priming", () => {
  let root = "";
  let now = 0;
  let runs: readonly string[][] = [];
  let podman: (argv: readonly string[], signal?: AbortSignal) => Promise<Partial<ProcessResult>>;
  let machine: Machine;
  let marks: Map<string, ReadyMark>;
  const deployment = withOpcache(tinyDeployment({ image: "i", behave: ["serve", "x"], preStop: 1 }).object);
  const signal = new AbortController().signal;
  const below = async (): Promise<string[]> => (await readdir(join(root, "namespaces/blog/opcache"), { recursive: true })).toSorted();

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-prime-"));
    now = 0;
    runs = [];
    const store = stateStore(root);
    const names = namesOf("howdah");
    const pod = names.pod("blog", deployment.metadata.name, templateDigest(deployment.spec.template), 0);
    marks = new Map([[pod, { namespace: "blog", pod, labels: {}, address: "10.0.0.2", pid: 1 }]]);
    // What the machine is, as far as priming asks.
    machine = {
      names,
      store,
      clock: { now: () => now, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) },
      marks: { all: async () => marks },
      volumes: { prepare: async () => new Map() },
      podman: podmanCli(async (argv, options) => {
        runs = [...runs, [...argv]];
        return { code: 0, stdout: "", stderr: "", lastLines: [], ...(argv[1] === "run" ? await podman(argv, options?.signal) : {}) };
      }),
    } as unknown as Machine;
    await store.change("blog", (state) => withObject(state, rendered(deployment), true));
    podman = async (argv) => {
      const work =
        argv
          .find((one) => one.endsWith(":/run/opcache:rw,nosuid,nodev,noexec"))
          ?.slice("--volume=".length)
          .split(":")[0] ?? "";
      await writeFile(join(work, SYSTEM), "compiled");
      return { stdout: ANSWER };
    };
  });
  afterEach(() => rm(root, { recursive: true }));

  it("ends with the pods that it is for, and begins again with them", async () => {
    const prime = primer(machine);
    const compile = podman;
    const serving = new Map(marks);
    podman = (_argv, ends) => {
      marks.clear();
      return new Promise((_resolve, reject) => {
        ends?.addEventListener("abort", () => reject(new Error("ended")));
      });
    };
    expect(await prime(signal)).toBeUndefined();
    expect(runs.at(-1)?.slice(0, 3)).toEqual(["podman", "rm", "--force"]);
    podman = compile;
    expect(await prime(signal)).toBeUndefined();
    marks = serving;
    expect(await prime(signal)).toMatchObject({ scripts: 3 });
  });

  it("goes on while its pods are in doubt", async () => {
    const compile = podman;
    podman = async (argv) => {
      marks = new Map([...marks].map(([pod, mark]) => [pod, { ...mark, doubt: "late" }]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return compile(argv);
    };
    expect(await primer(machine)(signal)).toMatchObject({ scripts: 3 });
  });

  it("keeps what was compiled, once", async () => {
    const prime = primer(machine);
    expect(await prime(signal)).toMatchObject({ what: `blog/${deployment.metadata.name}`, scripts: 3 });
    const [directory = "", ...files] = await below();
    expect(files).toEqual([`${directory}/${SYSTEM}`, `${directory}/primed.json`]);
    expect(await readFile(join(root, "namespaces/blog/opcache", directory, "primed.json"), "utf8")).toBe(`${ANSWER}\n`);
    expect(await prime(signal)).toBeUndefined();
  });

  it("runs no code of the site, and gives it neither network nor secrets", async () => {
    await primer(machine)(signal);
    const argv = runs.find((one) => one[1] === "run") ?? [];
    for (const words of ["--network=none", "--read-only", "--cap-drop=all", "auto_prepend_file="]) {
      expect(argv).toContain(words);
    }
    expect(argv.filter((one) => one.startsWith("--secret"))).toEqual([]);
  });

  it("waits until the release serves", async () => {
    marks = new Map();
    expect(await primer(machine)(signal)).toBeUndefined();
  });

  it("leaves a site alone that was stopped", async () => {
    await machine.store.change("blog", (state) => ({ ...state, down: true }));
    expect(await primer(machine)(signal)).toBeUndefined();
  });

  it.each<[string, Partial<ProcessResult>]>([
    ["was killed", { code: 137 }],
    ["had no room", { code: 74, lastLines: ["None of 3 scripts could be compiled"] }],
    ["says something else", { stdout: "PHP Warning" }],
  ])("leaves nothing when the compiling %s, and tries again ten minutes later", async (_name, said) => {
    const whole = podman;
    podman = async (argv) => {
      await whole(argv);
      return said;
    };
    const prime = primer(machine);
    await expect(prime(signal)).rejects.toMatchObject({ code: "engine/crashed" });
    expect(await below()).toHaveLength(1); // the directory that pods mount
    expect(await prime(signal)).toBeUndefined();
    now = 11 * 60_000;
    podman = whole;
    expect(await prime(signal)).toMatchObject({ scripts: 3 });
  });
});
