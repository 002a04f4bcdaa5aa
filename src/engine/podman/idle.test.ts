import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { rendered } from "../../render/rendered.ts";
import { tinyDeployment, tinySurroundings } from "../contract-objects.ts";
import { ensureAwake, goBackToSleep } from "./idle.ts";
import type { Machine } from "./machine.ts";
import { namesOf } from "./names.ts";
import { type FoundPod, podNames } from "./pods.ts";
import type { ReadyMark } from "./ready-marks.ts";
import { type NamespaceState, withObject } from "./state-store.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };

describe("a namespace that sleeps", () => {
  let pod: Server;
  let state: NamespaceState;
  let done: string[];
  let machine: Machine;
  const lock = () => {
    done.push("lock");
    return Promise.resolve({ release: async () => void done.push("unlock") });
  };
  const wake = () => ensureAwake({ machine, lock }, "blog", context, { serving: (where) => void done.push(`serving ${where.join()}`) });

  beforeEach(async () => {
    pod = createServer((_request, response) => response.end("ready"));
    await new Promise<void>((resolve) => {
      pod.listen(0, "127.0.0.1", resolve);
    });
    const { port } = pod.address() as AddressInfo;
    const tiny = structuredClone(tinyDeployment({ image: "behave", behave: ["serve", "one"] }).object);
    const [main] = tiny.spec.template.spec.containers;
    Object.assign(main?.readinessProbe ?? {}, { httpGet: { path: "/", port } });
    state = [...tinySurroundings("blog.localhost"), rendered(tiny)].reduce((before, one) => withObject(before, one, true), {
      version: 1,
      down: false,
      idle: { since: "2026-01-01T00:00:00Z" },
      objects: {},
    } as NamespaceState);
    done = [];
    const names = namesOf("t");
    const mark = (name: string): ReadyMark => ({
      ...{ namespace: "blog", pod: name, labels: tiny.spec.template.metadata.labels, address: "127.0.0.1", pid: 1 },
    });
    machine = {
      names,
      podman: {
        run: async (argv: readonly string[]) => {
          done.push(argv.join(" "));
          return { code: 0, stdout: "", stderr: "", lastLines: [] };
        },
        inspect: () => Promise.resolve([]),
      },
      store: {
        read: () => Promise.resolve(state),
        change: async (_namespace: string, change: (before: NamespaceState) => NamespaceState) => {
          state = change(state);
          done.push(state.idle === undefined ? "awake" : "asleep");
          return state;
        },
      },
      marks: { all: () => Promise.resolve(new Map(podNames({ names } as Machine, "blog", tiny).map((name) => [name, mark(name)]))) },
      visits: { touch: () => Promise.resolve() },
      volumes: { empty: async (name: string) => void done.push(`empty ${name}`) },
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      refreshEdge: () => Promise.resolve([]).finally(() => done.push("edge")),
    } as unknown as Machine;
  });
  afterEach(() => new Promise((resolve) => pod.close(resolve)));

  it("is woken by starting what is there; who waits is told before the way in follows, and only then it is no longer asleep", async () => {
    expect(await wake()).toEqual(["127.0.0.1:8080"]);
    const [name] = podNames(machine, "blog", tinyOf(state));
    expect(done).toEqual(["lock", `start ${name}.main`, "awake", "serving 127.0.0.1:8080", "edge", "unlock"]);
  });

  it("goes on sleeping with the reason when it can't be woken", async () => {
    const broken = new HowdahError("machine/tool-failed", "podman create failed", { output: ["Error: image not known", ""] });
    machine = { ...machine, marks: { ...machine.marks, all: () => Promise.reject(broken) } };
    await expect(wake()).rejects.toThrow("podman create failed");
    expect(state.idle).toEqual({ since: "2026-01-01T00:00:00Z", failure: "podman create failed: Error: image not known" });
    expect(done).toEqual(["lock", "asleep", "unlock"]);
  });

  it.each<[string, Partial<NamespaceState>]>([
    ["was stopped by a person", { down: true }],
    ["is held by a rollout", { held: { page: { text: "", retryAfter: 1 }, stop: [] } }],
  ])("is not woken when it %s", async (_when, change) => {
    state = { ...state, ...change };
    await expect(wake()).rejects.toMatchObject({ code: "site/down" });
    expect(done).toEqual([]);
  });

  it("is left by a command that woke it while this one waited for the lock", async () => {
    const slow = () => {
      state = { ...state };
      delete (state as { idle?: unknown }).idle;
      return lock();
    };
    expect(await ensureAwake({ machine, lock: slow }, "blog", context)).toEqual(["127.0.0.1:8080"]);
    expect(done).toEqual(["lock", "unlock"]);
  });

  it("loses what still runs of it, and what its pods kept in memory", async () => {
    const container = (name: string, running: string) => ({ name, state: running }) as unknown as FoundPod["containers"][number];
    const found = { name: "p", containers: [container("p.php", "running"), container("p.web", "exited")] } as unknown as FoundPod;
    expect(await goBackToSleep(machine, [found])).toEqual(["stopped p.php, which sleeps"]);
    expect(done).toEqual(["stop --ignore p.php", "empty p"]);
  });
});

function tinyOf(state: NamespaceState) {
  const found = state.objects["Deployment/tiny"]?.object;
  if (found?.kind !== "Deployment") throw new Error("no Deployment");
  return found;
}
