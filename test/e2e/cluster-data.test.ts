import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFile,
  chmod,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MovedData } from "../../src/workflows/data-move/move-data.ts";
import { type HowdahMachine, howdahMachine, type Said, whyNoMachine } from "../support/howdah-machine.ts";
import { removeNamespaces, runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const NAMESPACE = "howdah-e2e-data";
const NODE = "node-1";
/** The node's directory that is sent from. */
const ON_NODE = "/var/lib/howdah-e2e-data";
const MB = 1_000_000;
/** A line of progress of a copy. */
const COPYING = '"task-progress","id":"data/copy"';
const skip = (await whyNoCluster()) ?? (await whyNoMachine());

// Real pods, a real volume, rsync on both sides. Namespaces are as Tenants have them: Pod Security restricted, all traffic denied.
describe.skipIf(skip !== undefined)(`data into a cluster${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  const kubectl = (...argv: readonly string[]) => cluster.kubectl(["--namespace", NAMESPACE, ...argv]);
  let machine: HowdahMachine;
  let directory: string;
  let source: string;
  let file: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-data-e2e-"));
    source = join(directory, "old site");
    file = join(directory, "howdah.yaml");
    await writeFile(join(directory, "index.php"), "<?php");
    await writeFile(file, siteFile);
    await plant(source);
    const trusted = join(directory, "trusted.crt");
    await copyFile("/etc/ssl/certs/ca-certificates.crt", trusted);
    await appendFile(trusted, await readFile(join(cluster.settings.directory, "pki/ca.crt")));
    machine = await howdahMachine("data", 18_870, {
      KUBECONFIG: cluster.kubeconfig,
      SSL_CERT_FILE: trusted,
      REGISTRY_AUTH_FILE: join(cluster.settings.directory, "registry/auth.json"),
    });
    await removeNamespaces(cluster, NAMESPACE);
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels } }]);
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s");
    const auth = await readFile(join(cluster.settings.directory, "registry/auth.json"), "utf8");
    await cluster.apply([
      claim("uploads"),
      object("networking.k8s.io/v1", "NetworkPolicy", "default-deny", { spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } }),
      object("v1", "Secret", "registry", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": auth } }),
      object("v1", "ServiceAccount", "default", { imagePullSecrets: [{ name: "registry" }] }),
    ]);
  });
  afterAll(async () => {
    await removeNamespaces(cluster, NAMESPACE);
    await cluster.enter(NODE, ["rm", "-rf", "--", ON_NODE]);
    await rm(directory, { recursive: true, force: true });
    expect(await machine.remove()).toEqual([]);
  });

  const argv = (...more: readonly string[]): readonly string[] => [
    ...["migrate-data", file, "--context", ".", "--namespace", NAMESPACE, "--output", "json"],
    ...["--to", `${cluster.settings.registryHost}/e2e/data`, ...more],
  ];
  const migrate = async (...more: readonly string[]): Promise<Moved> => answer(await machine.howdah(...argv(...more)));

  /** The volume's directory, as its node has it. */
  async function volume(): Promise<{ readonly node: string; readonly path: string }> {
    const { stdout } = await cluster.kubectl(["get", "pv", "--output=json"]);
    const { items } = JSON.parse(stdout) as { items: readonly PersistentVolume[] };
    const found = items.find(({ spec }) => spec.claimRef?.namespace === NAMESPACE && spec.claimRef.name === "uploads")?.spec;
    const node = found?.nodeAffinity?.required.nodeSelectorTerms[0]?.matchExpressions[0]?.values[0] ?? "";
    return { node, path: found?.local?.path ?? found?.hostPath?.path ?? "" };
  }

  /** What is in a tree, as its machine's own programs see it: everything but owners. */
  async function look(at: string, node?: string): Promise<readonly string[]> {
    const ask = async (...words: readonly string[]): Promise<readonly string[]> => {
      const [program = "", ...rest] = words;
      const stdout = node === undefined ? spawnSync(program, rest, { encoding: "utf8" }).stdout : (await cluster.enter(node, words)).stdout;
      return stdout.split("\0").filter((line) => line !== "");
    };
    const listed = await ask("find", at, "-mindepth", "1", "-printf", "%P %y %m %n %s %T@ %l\\0");
    const attributes = await ask(
      "find",
      at,
      "-name",
      "linked",
      "-exec",
      "getfattr",
      "--only-values",
      "--absolute-names",
      "-n",
      "user.note",
      "{}",
      ";",
    );
    const sums = await ask("find", at, "-type", "f", "-exec", "sha256sum", "--zero", "{}", ";");
    const cut = sums.map((line) => line.replace(`${at}/`, ""));
    // Directories' sizes are the file system's business.
    return [...listed.map((line) => line.replace(/ d (\d+) \d+ \d+ /, " d $1 ")), ...attributes, ...cut].sort();
  }

  it("arrives as it is: times, modes, hard links, holes, attributes and odd names; what leads out is named", async () => {
    const moved = await migrate("--from", source);
    expect(moved).toMatchObject({ same: true, verified: "checksum", differences: [], errors: [], owner: "50000:50000", path: "uploads" });
    expect(moved.leftOut.map(({ path, why }) => `${why} ${path}`).sort()).toEqual(["link absolute", "link up"]);
    const there = await volume();
    const left = (line: string): boolean => !/^(absolute|up) /.test(line);
    expect(await look(there.path, there.node)).toEqual((await look(source)).filter(left));
    const { stdout } = await cluster.enter(there.node, ["find", there.path, "-mindepth", "1", "-printf", "%U:%G\\n"]);
    expect([...new Set(stdout.trim().split("\n"))]).toEqual(["50000:50000"]);
    const holes = await cluster.enter(there.node, ["du", "--block-size=1", `${there.path}/holes`]);
    expect(Number.parseInt(holes.stdout, 10)).toBeLessThan(MB);
    const again = await migrate("--from", source, "--verify", "quick");
    expect(again).toMatchObject({ transferred: 0, same: true });
    expect(again.sent).toBeLessThan(20_000);
    await rm(join(source, "holes")); // the others need not read it
    expect(await migrate("--from", source, "--verify", "quick", "--delete")).toMatchObject({ same: true, deleted: 1 });
    expect(await leftovers()).toEqual([]);
  });

  it("goes on after a kill without sending twice, and takes away what the killed command left", async () => {
    const big = join(source, "big");
    await writeFile(big, randomBytes(100 * MB));
    const run = machine.start(...argv("--from", source, "--rate", "10M", "--verify", "quick"));
    await run.says(COPYING);
    const there = await volume();
    const size = async (): Promise<number> =>
      Number((await cluster.enter(there.node, ["stat", "--format=%s", `${there.path}/big`], { accept: "any" })).stdout);
    await expect.poll(size, { timeout: 120_000, interval: 500 }).toBeGreaterThan(10 * MB);
    process.kill(run.pid, "SIGKILL");
    expect((await run.done).code).toBe(137);
    const arrived = await size();
    const moved = await migrate("--from", source);
    expect(moved).toMatchObject({ same: true, transferred: 1 });
    expect(moved.sent).toBeLessThan(100 * MB - arrived + 3 * MB);
    expect((await cluster.enter(there.node, ["sha256sum", `${there.path}/big`])).stdout.slice(0, 64)).toBe(
      spawnSync("sha256sum", [big], { encoding: "utf8" }).stdout.slice(0, 64),
    );
    expect(await leftovers()).toEqual([]);
  });

  it("goes on by itself when the receiving pod is killed", async () => {
    await writeFile(join(source, "second"), randomBytes(60 * MB));
    const run = machine.start(...argv("--from", source, "--rate", "10M", "--verify", "quick"));
    await run.says(COPYING);
    await sleep(3000);
    await kubectl("delete", "pod", "--selector", "howdah.dev/data=receiver", "--grace-period=0", "--force");
    const moved = answer(await run.done);
    expect(moved).toMatchObject({ same: true });
    expect(await leftovers()).toEqual([]);
  });

  it("finds one changed byte under the same size and time, and copies it with --checksum", async () => {
    const path = join(source, "a dir/ü/page");
    const { atime, mtime } = await stat(path);
    const handle = await open(path, "r+");
    await handle.write(Buffer.of(0x21), 0, 1, 1234);
    await handle.close();
    await utimes(path, atime, mtime);
    const found = await machine.howdah(...argv("--from", source));
    expect(found.code).toBe(65);
    expect(answer(found)).toMatchObject({ same: false, differences: [{ path: "a dir/ü/page", what: "content" }] });
    expect(await migrate("--from", source, "--checksum")).toMatchObject({ same: true, transferred: 1 });
  });

  it("keeps to a rate", async () => {
    await writeFile(join(source, "third"), randomBytes(30 * MB));
    const said = await machine.howdah(...argv("--from", source, "--rate", "5M", "--verify", "quick"));
    expect(answer(said)).toMatchObject({ same: true, transferred: 1 });
    const seconds = copySeconds(said);
    expect(30 / seconds).toBeLessThan(5.5); // how fast it comes near that is the machine's matter
  });

  it("deletes only when told", async () => {
    await rm(join(source, "third"));
    const there = await volume();
    expect(await migrate("--from", source, "--verify", "quick")).toMatchObject({ same: true, deleted: 0 });
    await cluster.enter(there.node, ["test", "-e", `${there.path}/third`]);
    expect(await migrate("--from", source, "--verify", "quick", "--delete")).toMatchObject({ same: true, deleted: 1 });
    await expect(cluster.enter(there.node, ["test", "-e", `${there.path}/third`])).rejects.toThrow();
  });

  it("copies from a directory of a node, by a pod there", async () => {
    await cluster.enter(NODE, ["rm", "-rf", "--", ON_NODE]); // what a killed run left
    await cluster.enter(NODE, ["cp", "--archive", "--sparse=always", "--", source, ON_NODE]);
    const moved = await migrate("uploads/from-node", "--from-node", `${NODE}:${ON_NODE}`);
    expect(moved).toMatchObject({ same: true, path: "uploads/from-node", differences: [], errors: [] });
    const there = await volume();
    const left = (line: string): boolean => !/^(absolute|up) /.test(line);
    expect(await look(`${there.path}/from-node`, there.node)).toEqual((await look(source)).filter(left));
    expect(await leftovers()).toEqual([]);
    const missing = await machine.howdah(...argv("--from-node", "node-9:/var/lib"));
    expect(missing.code).toBe(64);
  });

  it("pushes into a directory that serves: whole files", async () => {
    const push = join(directory, "push");
    await mkdir(push);
    await writeFile(join(push, "new"), "hello");
    const words = ["files", "push", file, push, "uploads/pushed", "--context", ".", "--namespace", NAMESPACE, "--output", "json"];
    const said = await machine.howdah(...words, "--to", `${cluster.settings.registryHost}/e2e/data`);
    expect(answer(said)).toMatchObject({ same: true, files: 1, path: "uploads/pushed" });
  });

  it.each(["index.php", "uploads/../index.php", "cache", "/etc"])("refuses %s, which is no shared mount", async (path) => {
    const said = await machine.howdah("migrate-data", file, path, "--from", source, "--context", ".", "--namespace", NAMESPACE);
    expect(said.code).toBe(77);
  });

  /** Everything of our moves that is still in the cluster. Others may move data meanwhile. */
  async function leftovers(): Promise<readonly string[]> {
    const wanted = ["get", "job,pod,secret,networkpolicy", "--selector", "howdah.dev/data", "--output=name"];
    const here = (await kubectl(...wanted)).stdout.split("\n").filter((line) => line !== "");
    const { stdout } = await cluster.kubectl(["get", "job", "--namespace", "howdah-data", "--output=json"]);
    const senders = (JSON.parse(stdout) as { readonly items: readonly object[] }).items.filter((job) =>
      JSON.stringify(job).includes(ON_NODE),
    );
    return [...here, ...senders.map(() => "a sender")];
  }
});

type Moved = MovedData & { readonly same: boolean };

interface PersistentVolume {
  readonly spec: {
    readonly claimRef?: { readonly namespace: string; readonly name: string };
    readonly local?: { readonly path: string };
    readonly hostPath?: { readonly path: string };
    readonly nodeAffinity?: {
      readonly required: {
        readonly nodeSelectorTerms: readonly { readonly matchExpressions: readonly { readonly values: readonly string[] }[] }[];
      };
    };
  };
}

const siteFile = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata:
  name: moved
spec:
  runtime: { php: "8.4" }
  mounts:
    uploads: { size: 5Gi }
    cache: { storage: local }
`;

function object(apiVersion: string, kind: string, name: string, more: object): object {
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, ...more };
}

function claim(name: string): object {
  return object("v1", "PersistentVolumeClaim", name, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
  });
}

/** A tree with what copies get wrong. */
async function plant(root: string): Promise<void> {
  const old = new Date("2014-05-06T07:08:09Z");
  await mkdir(join(root, "a dir/ü"), { recursive: true });
  await mkdir(join(root, "-empty"));
  await writeFile(join(root, "a dir/ü/page"), randomBytes(50_000));
  await writeFile(join(root, "new\nline"), "one");
  await writeFile(join(root, "-rf $HOME; 'x' \"y\" `z` *?["), "two");
  await writeFile(join(root, "back\\#101slash"), "three");
  await writeFile(join(root, "linked"), "four");
  await link(join(root, "linked"), join(root, "a dir/also linked"));
  expect(spawnSync("setfattr", ["--name=user.note", "--value=kept", join(root, "linked")]).status).toBe(0);
  await writeFile(join(root, "holes"), "");
  await truncate(join(root, "holes"), 256 * 1024 ** 2);
  const handle = await open(join(root, "holes"), "r+");
  await handle.write(Buffer.from("in the middle"), 0, 13, 100_000_000);
  await handle.close();
  await writeFile(join(root, "private"), "five", { mode: 0o400 });
  await symlink("private", join(root, "inside"));
  await symlink("/etc/passwd", join(root, "absolute"));
  await symlink("../../outside", join(root, "up"));
  for (const name of ["holes", "private", "a dir/ü/page"]) await utimes(join(root, name), old, old);
  await chmod(join(root, "a dir/ü"), 0o555);
  await cp(join(root, "private"), join(root, "copy"), { preserveTimestamps: true });
}

function answer({ stdout, stderr, code }: Said): Moved {
  if (code !== 0 && code !== 65) throw new Error(`exit ${String(code)}\n${stderr}\n${stdout}`);
  return JSON.parse(stdout) as Moved;
}

/** From the events of a run: how long the copy took. */
function copySeconds({ stderr }: Said): number {
  const events = stderr
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly type: string; readonly id?: string; readonly time: string });
  const at = (type: string): number => Date.parse(events.find((event) => event.type === type && event.id === "data/copy")?.time ?? "");
  return (at("task-done") - at("task-started")) / 1000;
}
