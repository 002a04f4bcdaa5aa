import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { wireFiles } from "../../files-wiring.ts";
import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type ClusterRig, clusterRig, siteOf } from "../../workflows/cluster/testing/cluster-rig.ts";
import type { Ports, SiteRecord } from "../../workflows/ports.ts";
import { runCli } from "../run-cli.ts";

const name = { resource: resources.Environment, namespace: "shop", name: "review" };
let rig: ClusterRig;
/** What the operator does between two looks. */
let operator: () => Promise<unknown>;

beforeEach(async () => {
  rig = clusterRig();
  const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "releases.howdah.dev" } };
  await rig.api.create(resources.CustomResourceDefinition, definition);
  await rig.ports.records.put("shop", { site: siteOf("shop"), namespace: "shop" } as unknown as SiteRecord);
  operator = async () => {
    const object = await rig.api.get(name);
    if (object === undefined) return;
    const { generation, annotations } = object.metadata;
    const ready = { type: "Ready", status: "True", reason: "Serving", message: "it serves", lastTransitionTime: "" };
    const facts = { namespace: "shop--review", url: "http://review.shop.localhost", release: "r3", generation: "g2" };
    const reset = annotations?.["howdah.dev/reset"];
    await rig.api.mergePatch(
      name,
      { status: { observedGeneration: generation, conditions: [ready], ...facts, reset } },
      { subresource: "status" },
    );
  };
});

async function howdah(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err, now] = ["", "", Date.parse("2026-11-23T12:00:00Z")];
  const sleep = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    await operator();
  };
  const clusters = {
    connect: async () => ({ api: rig.api, context: "prod" }),
    ports: async () => rig.ports,
  } as unknown as Ports["clusters"];
  const settings = { ...rig.ports.settings, who: "ann" };
  const ports = { ...rig.ports, clusters, settings, clock: { now: () => now, sleep }, files: wireFiles(), close: async () => undefined };
  const code = await runCli(["env", ...argv, "--context", "prod"], {
    terminal: {
      ...{ out: (text) => (out += text), err: (text) => (err += text) },
      ...{ color: false, live: false, interactive: false, columns: 80, output: "text" },
    },
    ...{ signal: new AbortController().signal, directory: "/", stdin: new PassThrough(), stdout: new PassThrough() },
    variable: () => undefined,
    wire: async () => ports,
    wireFiles: async () => wireFiles(),
  });
  return { code, out, err };
}

const answer = async (...argv: string[]): Promise<unknown> => JSON.parse((await howdah(...argv, "--output", "json")).out);

describe("env --context", () => {
  it("makes, lists, shows, changes and deletes an environment with the words and answers of one machine", async () => {
    const created = await howdah("create", "review", "shop", "--ttl", "never", "--password", "--dataset", "g2");
    expect(created).toMatchObject({ code: 0, out: "\n✓ shop--review is at http://review.shop.localhost\n" });
    expect(created.err).toContain("g2 · r3 · stays");
    expect(created.err).toContain("howdah env show shop--review --context prod");
    expect(await answer("ls")).toEqual([
      {
        ...{ namespace: "shop--review", name: "review", of: "shop", owner: "ann", until: null, url: "http://review.shop.localhost" },
        ...{ state: "running", because: null, ownBytes: null, lifetime: { state: "alive", leftMs: null } },
        ...{ code: { kind: "release", release: "r3" }, data: { kind: "dataset", generation: "g2" }, createdAt: "2026-11-21T12:00:00Z" },
      },
    ]);
    await rig.ports.secrets.set("shop--review", ACCESS_SECRET, { password: new Secret("open-sesame", "test") });
    expect(await answer("open", "shop--review")).toEqual({ url: "http://review.shop.localhost", user: "preview", password: "open-sesame" });
    expect(await answer("show", "review", "shop")).toMatchObject({ namespace: "shop--review", password: "open-sesame" });
    expect(await answer("reset", "review", "--yes")).toMatchObject({
      ...{ environment: "shop--review", url: "http://review.shop.localhost", data: { kind: "dataset", generation: "g2" }, until: null },
      ...{ code: { kind: "release", release: "r3" }, release: "r3", released: true, health: null, timings: [] },
    });
    expect(await answer("extend", "review", "--ttl", "1d")).toEqual({ environment: "shop--review", until: "2026-11-24T12:00:00.000Z" });
    expect(await howdah("delete", "review", "shop", "--yes")).toMatchObject({ code: 0, out: "shop--review is deleted\n" });
    expect(rig.api.all("Environment")).toEqual([]);
  });

  it("has the exit codes of one machine", async () => {
    expect(await howdah("show", "review")).toMatchObject({ code: 66 });
    expect(await howdah("delete", "review", "shop", "--yes")).toMatchObject({ code: 66 });
    expect(await howdah("delete", "review", "shop", "--yes", "--if-exists")).toMatchObject({ code: 0, out: "review is not there\n" });
    expect(await howdah("create", "review", "nowhere")).toMatchObject({ code: 66 });
    expect(await howdah("create", "review", "shop", "--from-branch", "search")).toMatchObject({
      code: 64,
      err: expect.stringContaining("howdah deploy --context prod --namespace shop-BRANCH"),
    });
    await howdah("create", "review", "shop", "--fresh");
    const [again, reset] = [
      await howdah("create", "review", "shop", "--fresh"),
      await howdah("reset", "review", "--wait", "soon", "--yes"),
    ];
    expect([again.code, reset.code]).toEqual([73, 64]);
  });
});
