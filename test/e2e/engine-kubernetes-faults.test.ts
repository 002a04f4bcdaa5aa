import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tinyDeployment, tinySurroundings, type TinySite } from "../../src/engine/contract-objects.ts";
import type { Engine, EngineContext, LogLine, Target } from "../../src/engine/engine.ts";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import type { Deployment, Rendered } from "../../src/render/objects.ts";
import { rendered } from "../../src/render/rendered.ts";
import { type ClusterUnderTest, clusterUnderTest, gatewayAnswer } from "../support/engine/cluster-under-test.ts";
import { fastClock } from "../support/system-clock.ts";

/** A run that was killed, or another one, has its own. */
const NAME = `t-faults-${randomBytes(3).toString("hex")}`;
const HOST = `${NAME}.localhost`;
/** Of the loaded test machine. */
const PATIENCE = { timeout: 120_000, interval: 250 };

let cluster: ClusterUnderTest;
const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const led: EngineContext = { ...context, reached: () => Promise.resolve() };
const tiny: Target = { namespace: "alpha", workload: "tiny", container: "main" };

/** The contract's Deployment with what sites have: time to leave the way in before they end. */
function site(change: Partial<TinySite> & { readonly memory?: string } = {}): Rendered<Deployment> {
  const { object } = tinyDeployment({ image: cluster.image, behave: ["serve", "one"], preStop: 5, ...change });
  const { spec } = object.spec.template;
  const containers = spec.containers.map((one) =>
    change.memory === undefined ? one : { ...one, resources: { limits: { memory: change.memory } } },
  );
  const template = { ...object.spec.template, spec: { ...spec, containers, terminationGracePeriodSeconds: 15 } };
  return rendered({ ...object, spec: { ...object.spec, template } });
}

const apply = (desired: Rendered, how: EngineContext = context, engine: Engine = cluster.engine): Promise<void> =>
  engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, how);

async function failureOf(work: Promise<unknown>): Promise<HowdahError> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HowdahError);
  return error as HowdahError;
}

beforeAll(async () => {
  cluster = await clusterUnderTest(`${NAME}-`);
  await cluster.engine.prepare("alpha", context);
  for (const object of tinySurroundings(HOST)) await apply(object);
  await apply(site());
  await vi.waitFor(async () => expect(await cluster.ask(HOST)).toBe("one"), PATIENCE);
});
afterAll(async () => cluster?.stop());

describe("a release that the cluster can't run", () => {
  it.each<{ what: string; change: () => Parameters<typeof site>[0]; says: RegExp }>([
    {
      what: "has an image that nobody has",
      change: () => ({ image: "10.99.0.5:5000/howdah.test/nobody/has:1" }),
      says: /main: its image .* can't be pulled/,
    },
    {
      what: "wants more memory than any node has",
      change: () => ({ memory: "900Gi" }),
      says: /no node takes the pod: Unschedulable: .*memory/,
    },
  ])("$what: its words are told, and the former serves", async ({ change, says }) => {
    // Nothing comes of it however long it is looked at: the engine's five minutes may be short ones.
    const failure = await failureOf(apply(site(change()), context, cluster.engineBy(fastClock(15))));
    expect(failure.code).toBe("engine/not-ready");
    expect(failure.message).toMatch(says);
    expect(await cluster.ask(HOST)).toBe("one");
  });
});

describe("a site that visitors use", () => {
  it("fails no request while releases are replaced, and is held and let go without one that is cut", async () => {
    const seen = new Map<string, number>();
    const end = new AbortController();
    const visit = async (): Promise<void> => {
      while (!end.signal.aborted) {
        const what = await cluster.ask(HOST).then((answer) => (/^(one|r\d)$/.test(answer) ? "served" : answer), String);
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    };
    const visitors = [visit(), visit(), visit()];
    try {
      for (const says of ["r1", "r2", "r3"]) {
        await apply(site({ behave: ["serve", says], replicas: 2 }), led);
        await cluster.engine.settle("alpha", context);
      }
      expect([...seen.keys()]).toEqual(["served"]);
      await cluster.engine.hold("alpha", { page: { text: "Back at noon", retryAfter: 60 }, stop: [] }, context);
      await expect
        .poll(() => gatewayAnswer(HOST), PATIENCE)
        .toMatchObject({ status: 503, body: "Back at noon\n", headers: { "retry-after": "60" } });
      await cluster.engine.hold("alpha", null, context);
      await expect.poll(() => cluster.ask(HOST), PATIENCE).toBe("r3");
    } finally {
      end.abort();
      await Promise.all(visitors);
    }
    expect([...seen.keys()].toSorted()).toEqual(["503", "served"]);
  });
});

describe("programs", () => {
  it("that run as jobs are ended when somebody says so, and say why", async () => {
    // A pod's first program hears no signal that it does not ask for: a plain sleep would wait for its grace of 30 s.
    const argv = ["sh", "-c", "trap 'exit 143' TERM; sleep 3000 & wait"];
    const job = { id: "stopped1", name: "long", argv, env: {}, timeoutSeconds: 3600, planned: 1234 };
    await cluster.engine.jobs.start(tiny, job, context);
    const running = async () => (await cluster.engine.jobs.list("alpha")).find(({ id }) => id === job.id);
    await expect.poll(async () => (await running())?.pod, PATIENCE).toMatch(/^run-stopped1/);
    expect(await running()).toMatchObject({ name: "long", timeoutSeconds: 3600, planned: 1234, state: { is: "running" } });
    await cluster.engine.jobs.stop(job.id, "enough");
    expect(await running()).toMatchObject({ state: { is: "ended", stopped: "enough" } });
    await cluster.engine.jobs.forget(job.id);
    expect(await running()).toBeUndefined();
  });

  it("that run once leave no pod, and their pod has all that the target has but its visitors", async () => {
    const output = new PassThrough();
    const said = text(output);
    const argv = ["sh", "-c", "echo begun; behave write /data/proof done; behave cat /data/proof; sleep 2; echo; echo ended; exit 4"];
    expect(await cluster.engine.runOnce(tiny, { argv, stdin: "none", stdout: output, stderr: output }, context)).toBe(4);
    output.end();
    expect(await said).toBe("begun\ndone\nended\n");
    const left = { namespace: `${cluster.prefix}alpha`, labelSelector: "howdah.dev/role=once" };
    await expect.poll(async () => (await cluster.api.list(resources.Pod, left)).items.length, PATIENCE).toBe(0);
  });
});

it("logs are followed into the pods of the next release", async () => {
  const end = new AbortController();
  const lines: LogLine[] = [];
  const following = (async () => {
    for await (const line of cluster.engine.logs("alpha", { follow: true, tail: 0 }, { ...context, signal: end.signal })) lines.push(line);
  })();
  await apply(site({ behave: ["serve", "followed"] }), led);
  await expect.poll(() => lines.map(({ text }) => text), PATIENCE).toContain("serving followed");
  end.abort();
  await following;
  expect(lines.filter(({ text }) => text === "serving followed")).toHaveLength(1);
});
