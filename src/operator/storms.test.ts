import { describe, expect, it } from "vitest";
import { randomFrom } from "../../test/support/seeded-random.ts";
import type { ErrorCode } from "../kernel/error-catalog.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import { resources } from "../kubernetes/resources.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { type Fleet, fleet } from "./testing/fleet.ts";

const NAMESPACE = "site-1";
const STORM_MS = 600_000;
/** B7: within so long after its return all is as it should be. */
const RETURN_MS = 30_000;
const SEED = Number(process.env["HOWDAH_SEED"] ?? 1);

const environment = { resource: resources.Environment, namespace: NAMESPACE, name: PRODUCTION };
const service = { resource: resources.Service, namespace: NAMESPACE, name: "web" };

async function pass(one: Fleet, ms: number, stepMs: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await one.rest();
    await one.clock.advance(stepMs);
  }
  await one.rest();
}

async function stateOf({ api }: Fleet): Promise<unknown> {
  const status = (await api.get(environment))?.["status"] as { release?: string; conditions?: { type: string; status: string }[] };
  const [web] = api.all("Deployment") as (KubeObject & {
    spec: { replicas?: number; template: { spec: { containers: { image: string }[] } } };
  })[];
  return {
    release: status.release,
    conditions: status.conditions?.map(({ type, status: holds }) => `${type}=${holds}`),
    replicas: web?.spec.replicas,
    image: web?.spec.template.spec.containers[0]?.image.slice(-2),
    service: (await api.get(service)) !== undefined,
  };
}

describe("ten minutes of trouble with the API server (B7)", () => {
  it.each<{ name: string; share: number; codes: readonly ErrorCode[] }>([
    { name: "it is away", share: 1, codes: ["cluster/unreachable"] },
    { name: "it fails, or has too much to do, seven times of ten", share: 0.7, codes: ["cluster/failed"] },
    { name: "somebody else is faster, every second time", share: 0.5, codes: ["cluster/conflict"] },
    { name: "it fails in any way, once in ten", share: 0.1, codes: ["cluster/unreachable", "cluster/failed", "cluster/expired"] },
  ])("when $name: half a minute after its end all that people asked for is done", { timeout: 600_000 }, async ({ share, codes }) => {
    const random = randomFrom(SEED);
    let storm = false;
    const trouble = (): HowdahError | undefined => {
      const code = codes[Math.floor(random() * codes.length)] ?? "cluster/failed";
      return storm && random() < share ? new HowdahError(code, "injected") : undefined;
    };
    const one = await fleet({ trouble });
    await one.makeSites([NAMESPACE]);
    await one.rest();
    storm = true;
    await pass(one, 60_000, 5000);
    await one.deploy(NAMESPACE, "r2");
    await one.api.mergePatch(environment, { spec: { replicas: 3 } });
    await one.api.delete(service, { preconditions: { uid: (await one.api.get(service))?.metadata.uid ?? "" } });
    await pass(one, STORM_MS, 5000);
    storm = false;
    await pass(one, RETURN_MS, 1000);
    const state = await stateOf(one);
    const bugs = one.complaints.filter((line) => line.startsWith("a bug"));
    await one.stop();
    expect([state, bugs]).toEqual([{ release: "r2", conditions: ["Ready=True"], replicas: 3, image: "02", service: true }, []]);
  });
});
