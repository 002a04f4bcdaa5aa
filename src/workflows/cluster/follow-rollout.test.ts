import { describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import { followRollout } from "./follow-rollout.ts";

interface Look {
  readonly environment: EnvironmentStatus;
  readonly release: ReleaseStatus;
}

/** Follows r2 through what is seen at each look; the last one stays. */
async function follow(looks: readonly Look[]): Promise<{ readonly said: string[]; readonly outcome: unknown }> {
  let now = 0;
  const at = (): Look => looks[Math.min(Math.trunc(now / 250), looks.length - 1)] as Look;
  const object = (kind: string, status: object): KubeObject => ({ apiVersion: "v1", kind, metadata: { name: "x", generation: 1 }, status });
  const api = {
    get: ({ resource }: { resource: { kind: string } }) =>
      Promise.resolve(resource.kind === "Release" ? object("Release", at().release) : object("Environment", at().environment)),
  } as unknown as KubernetesApi;
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const said: string[] = [];
  const words = (event: Event): string =>
    event.type === "notice"
      ? `${event.level}: ${event.message}`
      : event.type === "output"
        ? event.line
        : `${event.type} ${event.id}${event.type === "task-progress" ? `: ${event.detail}` : ""}`;
  const place = { cluster: { api, context: "prod", namespace: undefined }, namespace: "blog" };
  const ports = { clock } as unknown as Parameters<typeof followRollout>[2];
  const context = { emit: (event: Event) => void said.push(words(event)), signal: new AbortController().signal };
  const outcome: unknown = await followRollout(place, "r2", ports, context).catch((error: unknown) => error);
  return { said, outcome };
}

const seen = { observedGeneration: 1 };
const step = (name: string): EnvironmentStatus => ({ ...seen, rollout: { release: "r2", step: name } });

describe("following a rollout", () => {
  it("shows each step once, and where the site is at the end", async () => {
    const { said, outcome } = await follow([
      { environment: {}, release: {} },
      { environment: step("check"), release: { state: "rolling-out" } },
      { environment: step("start"), release: { state: "rolling-out" } },
      { environment: step("start"), release: { state: "rolling-out" } },
      { environment: seen, release: { state: "serving" } },
      { environment: { ...seen, url: "http://blog.example.org" }, release: { state: "serving" } },
    ]);
    expect(said).toEqual(["task-started check", "task-done check", "task-started start", "task-done start"]);
    expect(outcome).toEqual({ url: "http://blog.example.org", milliseconds: 1000 });
  });

  it("says what a step waits for, once", async () => {
    const going = (message: string): EnvironmentStatus => ({
      ...step("start"),
      conditions: [{ type: "Reconciling", status: "True", lastTransitionTime: "", reason: "RollingOut", message }],
    });
    const looks = ["r2 is taken into service", ...Array<string>(3).fill("r2 is taken into service; web waits: no node takes the pod")];
    const { said } = await follow([
      ...looks.map((message) => ({ environment: going(message), release: { state: "rolling-out" } as const })),
      { environment: { ...seen, url: "http://blog.example.org" }, release: { state: "serving" } },
    ]);
    expect(said).toEqual(["task-started start", "task-progress start: web waits: no node takes the pod", "task-done start"]);
  });

  it("fails as the release failed, by the same name, and marks the step", async () => {
    const { said, outcome } = await follow([
      { environment: step("ask"), release: { state: "rolling-out" } },
      { environment: step("ask"), release: { state: "failed", step: "ask", code: "engine/not-ready", reason: "it answered 500" } },
      { environment: seen, release: { state: "failed", step: "ask", code: "engine/not-ready", reason: "it answered 500" } },
    ]);
    expect(said).toEqual(["task-started ask", "task-failed ask"]);
    expect(outcome).toMatchObject({
      code: "engine/not-ready",
      message: "r2 was not taken into service; it ended at the step ask: it answered 500",
    });
  });

  it("says when nobody takes it up, once", async () => {
    const quiet = Array.from({ length: 200 }, () => ({ environment: {}, release: {} }));
    const { said } = await follow([...quiet, { environment: seen, release: { state: "serving" } }]);
    expect(said).toEqual([expect.stringContaining("warning: nobody has taken up r2 yet")]);
  });

  it("does not ask for the operator while that is at it, though another release is wanted by now", async () => {
    const waits = Array.from({ length: 200 }, () => ({
      environment: { ...step("start"), observedGeneration: 0 },
      release: { state: "rolling-out" } as const,
    }));
    const { said } = await follow([...waits, { environment: seen, release: { state: "interrupted", step: "start" } }]);
    expect(said).toEqual(["task-started start", "task-failed start"]);
  });

  it("gives the operator's reason when a person is needed", async () => {
    const condition = {
      type: "Stalled",
      status: "True" as const,
      lastTransitionTime: "",
      reason: "NamespaceTaken",
      message: "shop is here",
    };
    const { outcome } = await follow([{ environment: { ...seen, conditions: [condition] }, release: {} }]);
    expect(outcome).toMatchObject({ code: "cluster/namespace-taken", message: "shop is here" });
  });
});
