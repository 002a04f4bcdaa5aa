import { access, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RUN_AS } from "../../kernel/label.ts";
import type { PodSpec } from "../../render/objects.ts";
import { namesOf } from "./names.ts";
import { type PodVolumes, podVolumes } from "./pod-volumes.ts";
import { podmanCli } from "./podman-cli.ts";
import { secretStore } from "./secret-store.ts";
import { stateStore } from "./state-store.ts";

const POD = "howdah.blog.web.12345678.0";
const spec: PodSpec = {
  initContainers: [],
  containers: [],
  volumes: [
    { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
  ],
  terminationGracePeriodSeconds: 1,
  restartPolicy: "Always",
  automountServiceAccountToken: false,
};

describe.runIf(getuid?.() === 0)("a pod's empty directories", () => {
  let root = "";
  let volumes: PodVolumes;
  const prepare = (pod: string) => volumes.prepare("blog", pod, spec, { version: 1, down: false, objects: {} });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-volumes-"));
    const [stateDir, runDir] = [join(root, "state"), join(root, "run")];
    const done = { code: 0, stdout: "", stderr: "", lastLines: [] };
    const names = namesOf("howdah");
    const store = stateStore(stateDir);
    const secrets = secretStore(
      stateDir,
      store,
      names,
      podmanCli(async () => done),
    );
    const system = async () => done; // mounts nothing
    volumes = podVolumes({ names, store, secrets, stateDir, runDir, system, volumePath: async () => undefined });
  });
  afterEach(() => rm(root, { recursive: true }));

  it("lie below the state directory when they are on disk, since /run is memory", async () => {
    const sources = await prepare(POD);
    expect(sources.get("tmp")?.path).toBe(join(root, "state/pods", POD, "tmp"));
    expect(sources.get("run")?.path).toBe(join(root, "run/pods", POD, "run"));
    expect(await stat(join(root, "state/pods", POD, "tmp"))).toMatchObject({ uid: RUN_AS });
  });

  it("go with the pod", async () => {
    await prepare(POD);
    await writeFile(join(root, "state/pods", POD, "tmp/upload"), "x");
    await volumes.discard(POD);
    for (const directory of ["state/pods", "run/pods"]) expect(await readdir(join(root, directory))).toEqual([]);
  });

  it("go with pods that a reboot left nothing else of", async () => {
    await prepare(POD);
    await prepare("howdah.other.web.12345678.0");
    await prepare(`${POD}.once-12345678`);
    await rm(join(root, "run"), { recursive: true });
    await volumes.discardOthers("howdah.blog.", new Set());
    expect(await readdir(join(root, "state/pods"))).toEqual([`${POD}.once-12345678`, "howdah.other.web.12345678.0"]);
    await volumes.discardOthers("howdah.blog.", new Set(), 0);
    expect(await readdir(join(root, "state/pods"))).toEqual(["howdah.other.web.12345678.0"]);
  });

  it.each([
    ["blog", 'howdah.blog.data is gone, and with it the files of blog in "data"'],
    ["howdah-system", "howdah.howdah-system.data is gone, and with it the databases of every site on data"],
  ])("are not made when a volume of %s with data is missing, which is named", async (namespace, words) => {
    const claim = { ...spec, volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] };
    await expect(volumes.prepare(namespace, POD, claim, { version: 1, down: false, objects: {} })).rejects.toMatchObject({
      code: "data/volume-missing",
      message: expect.stringContaining(words) as string,
    });
  });

  it("leave the mounted copies of a namespace's secrets to be deleted by its name", async () => {
    for (const one of ["blog.1", "blog-two.1"]) await mkdir(join(root, "run/secrets", one), { recursive: true });
    await volumes.discardSecrets("blog");
    await expect(access(join(root, "run/secrets/blog.1"))).rejects.toThrow();
    await access(join(root, "run/secrets/blog-two.1"));
  });
});
