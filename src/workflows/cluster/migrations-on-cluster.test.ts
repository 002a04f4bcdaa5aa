import { describe, expect, it } from "vitest";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import { memoryEngine } from "../../engine/memory/memory-engine.ts";
import { resources } from "../../kubernetes/resources.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { decideOnCluster, ledgerOnCluster } from "./migrations-on-cluster.ts";
import { type ClusterRig, clusterRig } from "./testing/cluster-rig.ts";
import { wantRelease } from "./write-release.ts";

const STEP = "migrate:0123456789ab";
const context = { emit: () => undefined, signal: new AbortController().signal };

/** A site whose ledger knows one migration, in this state. */
async function siteWith(state: string) {
  const asked: string[] = [];
  const engine = memoryEngine({
    start: ({ image }) => ({ state: "ready", serves: image, output: [] }),
    program: (argv, { out }) => {
      asked.push(argv.slice(2).join(" "));
      if (argv.length === 3) out(JSON.stringify({ [STEP]: { state, attempts: 1, runner: "web-once-1", at: "2026-11-21 12:00:00" } }));
      return Promise.resolve(0);
    },
  });
  const rig: ClusterRig = clusterRig(memoryApi(), engine);
  const cluster = { api: rig.api, context: "prod", namespace: undefined } as unknown as ConnectedCluster;
  const place = { cluster, namespace: "acme" };
  await wantRelease(place, "blog", "r1", context.signal);
  await rig.release("r1", "one", { runtime: { php: "8.4" } });
  const ports = { ...rig.ports, clusters: { engine: () => Promise.resolve(engine) } };
  const environment = { resource: resources.Environment, namespace: "acme", name: "production" };
  const annotations = async () => (await rig.api.get(environment))?.metadata.annotations ?? {};
  return { rig, place, ports, asked, environment, annotations };
}

describe("a person's decision about a migration on a cluster", () => {
  it("reads the ledger in a pod like the one that serves", async () => {
    const { rig, place, ports } = await siteWith("interrupted");
    await rig.serve("r1");
    expect(await ledgerOnCluster(place, ports, context)).toMatchObject([{ step: STEP, state: "interrupted", attempts: 1 }]);
  });

  it.each(["retry", "done"] as const)("%s is written down, and the operator is asked for the release once more", async (decision) => {
    const { rig, place, ports, asked, annotations } = await siteWith("interrupted");
    await rig.serve("r1");
    expect(await decideOnCluster(place, decision, ports, context)).toEqual([STEP]);
    expect(asked).toContain(`ledger ${decision} ${STEP}`);
    expect(await annotations()).toHaveProperty([RETRY_ANNOTATION], expect.stringMatching(/^2026-11-21T/));
  });

  it("refuses while a rollout is under way: its migration may be the one that is asked about", async () => {
    const { rig, place, ports, asked, environment } = await siteWith("started");
    await rig.serve("r1");
    await rig.api.mergePatch(environment, { status: { rollout: { release: "r2", step: "migrate" } } }, { subresource: "status" });
    await expect(decideOnCluster(place, "done", ports, context)).rejects.toMatchObject({ code: "machine/busy" });
    expect(asked).toEqual([]);
  });

  it("asks nobody when nothing waits for a decision, or nothing serves", async () => {
    const { rig, place, ports, annotations } = await siteWith("done");
    await expect(decideOnCluster(place, "retry", ports, context)).rejects.toMatchObject({ code: "release/unknown" });
    await rig.serve("r1");
    await expect(decideOnCluster(place, "retry", ports, context)).rejects.toMatchObject({ code: "usage/invalid" });
    expect(await annotations()).not.toHaveProperty([RETRY_ANNOTATION]);
  });
});
