import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { connectCluster } from "./create-kubernetes-api.ts";
import { connectFake, type FakeRig, fakeRig, named } from "./testing/fake-client.ts";

let rig: FakeRig;
let fake: FakeRig["fake"];
let clock: FakeRig["clock"];
let api: FakeRig["api"];
beforeEach(async () => {
  rig = await fakeRig();
  ({ fake, clock, api } = rig);
});
afterEach(() => rig.close());

describe("contexts and credentials", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "howdah-kubeconfig-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function write(name: string, content: unknown): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o700 });
    return file;
  }

  function config(server: string, user: object) {
    return {
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
    };
  }

  it("runs a credential plugin beside the file once, tells it what it may know, and runs it again when the server refuses", async () => {
    const plugin = [
      "#!/bin/sh",
      `printf x >> ${folder}/runs`,
      `printf '%s' "$KUBERNETES_EXEC_INFO" > ${folder}/info`,
      `printf '{"status":{"token":"token-%s"}}' "$(wc -c < ${folder}/runs)"`,
    ].join("\n");
    await write("plugin", plugin);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", provideClusterInfo: true };
    const file = await write("config", config(fake.url, { exec }));
    const { api: other } = await connectFake(clock, file, "one");
    await other.get(named("a"));
    await other.get(named("a"));
    let refuse = true;
    fake.fault = () => {
      const now = refuse;
      refuse = false;
      return now ? { kind: "answer", status: 401 } : undefined;
    };
    await other.get(named("a"));
    other.close();
    expect(fake.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer token-1",
      "Bearer token-1",
      "Bearer token-1",
      "Bearer token-2",
    ]);
    expect(JSON.parse(await readFile(join(folder, "info"), "utf8"))).toMatchObject({
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: false, cluster: { server: fake.url } },
    });
  });

  it("says the words of a plugin that fails", async () => {
    await write("plugin", "#!/bin/sh\necho 'your session has ended' >&2\nexit 1\n");
    const { api: other } = await connectFake(clock, await write("config", config(fake.url, { exec: { command: "./plugin" } })), "one");
    await expect(other.get(named("a"))).rejects.toMatchObject({
      code: "cluster/unauthorized",
      message: expect.stringContaining("your session has ended"),
    });
  });

  it("says that credentials are refused when new ones are, too", async () => {
    fake.fault = () => ({ kind: "answer", status: 401 });
    await expect(api.get(named("a"))).rejects.toMatchObject({ code: "cluster/unauthorized" });
    expect(fake.seen).toHaveLength(2);
  });

  it("takes what two files name alike from the first, and the context's namespace", async () => {
    const first = await write("first", { ...config(fake.url, { token: "first" }), "current-context": "one" });
    const second = await write("second", config("https://192.0.2.1", { token: "second" }));
    const connected = await connectCluster({
      access: { kind: "kubeconfig", files: [join(folder, "not-there"), first, second, fake.kubeconfig], context: undefined },
      clock,
      random: () => 1,
      userAgent: "howdah/test",
    });
    expect([connected.context, connected.namespace, connected.api.server]).toEqual(["one", undefined, fake.url]);
    await connected.api.get(named("a"));
    connected.api.close();
    expect(fake.seen[0]?.headers.authorization).toBe("Bearer first");
  });

  it.each([
    ["an unknown context, with those that there are", "fake-config", "two", 'no context "two"'],
    ["a missing file", "nowhere", undefined, "There is no kubeconfig"],
    ["a file that is none", "broken", undefined, "is no kubeconfig"],
    ["plain http over a network", "plain", "one", "unencrypted"],
  ])("refuses %s", async (_name, file, context, message) => {
    await write("broken", "{{{");
    await write("plain", config("http://192.0.2.1:8080", {}));
    const path = file === "fake-config" ? fake.kubeconfig : join(folder, file);
    await expect(connectFake(clock, path, context)).rejects.toMatchObject({
      code: "usage/invalid",
      message: expect.stringContaining(message),
    });
  });
});
