import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ErrorCode } from "../kernel/error-catalog.ts";
import type { Event } from "../kernel/event.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { Secret } from "../kernel/secret.ts";
import type { PodSpec, Rendered } from "../render/objects.ts";
import { letIn, type TinySite, tinyDeployment, tinyStatefulSet, tinySurroundings, WEB_PORT } from "./contract-objects.ts";
import type { JobRun } from "./jobs.ts";
import type { Engine, EngineContext, ExecRequest, Target } from "./engine.ts";

/** An engine and the hands that a test needs beside it. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** An image whose program `behave` does what contract-objects.ts says. */
  readonly image: string;
  /** Asks the way in; the body of what answers, or its status when that isn't 200. */
  readonly ask: (hostname: string) => Promise<string>;
  /** Kills the processes of a workload's containers, as the kernel would. */
  readonly kill: (namespace: string, workload: string) => Promise<void>;
  /** Everything that the engine's own tools show to people about a namespace. */
  readonly show: (namespace: string) => Promise<string>;
  /** Takes everything away, data too. */
  readonly stop: () => Promise<void>;
  /** What is different where pods are on many machines; without it the engine does it all, at once. */
  readonly cluster?: {
    /** Milliseconds after which the way in, names and policies have followed a change on every node. */
    readonly followsMs: number;
    /** The host name of a Service of another namespace. */
    readonly host: (service: string, namespace: string) => string;
  };
}

/** The same pod with another value of the variable PLAIN. */
function withPlain(spec: PodSpec, value: string): PodSpec {
  return {
    ...spec,
    containers: spec.containers.map((one) => ({
      ...one,
      env: [...one.env.filter(({ name }) => name !== "PLAIN"), { name: "PLAIN", value }],
    })),
  };
}

/** What every engine promises. */
export function engineContract(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the contract of engines`, () => {
    let under: EngineUnderTest;
    const events: Event[] = [];
    const context: EngineContext = { emit: (event) => void events.push(event), signal: new AbortController().signal };
    const site = (change: Partial<TinySite> = {}): TinySite => ({ image: under.image, behave: ["serve", "one"], ...change });
    const apply = (namespace: string, desired: Rendered): Promise<void> =>
      under.engine.apply(namespace, { do: "update", key: desired.key, desired, because: "test" }, context);
    const put = async (namespace: string, hostname: string, deployment: Rendered): Promise<void> => {
      await under.engine.prepare(namespace, context);
      for (const object of tinySurroundings(hostname)) await apply(namespace, object);
      await apply(namespace, deployment);
    };
    /** What something becomes: at once on one machine, on a cluster when all nodes have followed. */
    const becomes = async <T>(ask: () => Promise<T>, judge: (seen: T) => void): Promise<void> => {
      const timeout = under.cluster?.followsMs ?? 0;
      if (timeout === 0) judge(await ask());
      else await vi.waitFor(async () => judge(await ask()), { timeout, interval: 250 });
    };
    const answers = (hostname: string, text: string): Promise<void> =>
      becomes(
        () => under.ask(hostname),
        (seen) => expect(seen).toBe(text),
      );
    const run = async (how: "exec" | "runOnce", target: Target, argv: readonly string[], more: Partial<ExecRequest> = {}) => {
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      const said = Promise.all([text(stdout), text(stderr)]);
      const code = await under.engine[how](target, { argv: ["behave", ...argv], stdout, stderr, ...more }, context);
      stdout.end();
      stderr.end();
      const [out] = await said;
      return { code, out: how === "runOnce" && more.stdin === undefined ? out.replace(/\n$/, "") : out };
    };
    const tiny = (namespace: string): Target => ({ namespace, workload: "tiny", container: "main" });
    const host = (service: string, namespace: string): string => under.cluster?.host(service, namespace) ?? `${service}.${namespace}`;
    const podNames = async (namespace: string): Promise<string[]> => (await under.engine.observe(namespace)).pods.map((pod) => pod.name);
    const failureOf = async (work: Promise<unknown>): Promise<HowdahError> => {
      const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HowdahError);
      return error as HowdahError;
    };

    beforeAll(async () => {
      under = await start();
      await put("alpha", "alpha.localhost", tinyDeployment(site()));
    }, 300_000);
    afterAll(async () => under?.stop(), 300_000);

    it("serves what was applied under its hostname", async () => {
      await answers("alpha.localhost", "one");
    });

    it("answers an inventory of what was applied", async () => {
      const { objects } = await under.engine.inventory("alpha");
      const expected = [...tinySurroundings("alpha.localhost"), tinyDeployment(site())].map(({ key, digest }): [string, string] => [
        key,
        digest,
      ]);
      expect(objects).toEqual(new Map(expected));
      expect(await under.engine.namespaces()).toEqual(["alpha"]);
    });

    it("changes nothing when the same is applied again", async () => {
      const before = await podNames("alpha");
      await put("alpha", "alpha.localhost", tinyDeployment(site()));
      expect(await podNames("alpha")).toEqual(before);
    });

    it("locates a pod", async () => {
      const [pod] = (await under.engine.observe("alpha")).pods;
      expect(await under.engine.locate("alpha", "tiny")).toBe(pod?.ip);
      expect(await under.engine.locate("alpha", "other")).toBeUndefined();
    });

    it("observes pods, routes and volumes", async () => {
      const observed = await under.engine.observe("alpha");
      expect(observed.workloads).toEqual([{ name: "tiny", kind: "Deployment", wanted: 1, ready: 1, down: false }]);
      expect(observed.pods).toMatchObject([
        { workload: "tiny", phase: "Running", ready: true, containers: [{ name: "main", running: true }] },
      ]);
      expect(observed.routes).toEqual([{ name: "tiny", hostnames: ["alpha.localhost"], backends: 1 }]);
      expect(observed.volumes).toMatchObject([{ claim: "data", requestedBytes: 10 * 1024 * 1024 }]);
    });

    it("answers a program's exit code, and gives it standard input", async () => {
      expect((await run("exec", tiny("alpha"), ["exit", "7"])).code).toBe(7);
      expect(await run("exec", tiny("alpha"), ["cat"], { stdin: Readable.from(["through\n", "a pipe\n"]) })).toEqual({
        code: 0,
        out: "through\na pipe\n",
      });
      expect((await run("exec", tiny("alpha"), ["env", "EXTRA"], { env: { EXTRA: "more" } })).out).toBe("more");
    });

    it("runs a program once with the same environment and volumes", async () => {
      expect((await run("exec", tiny("alpha"), ["write", "/data/kept", "content"])).code).toBe(0);
      expect(await run("runOnce", tiny("alpha"), ["cat", "/data/kept"])).toEqual({ code: 0, out: "content" });
      expect((await run("runOnce", tiny("alpha"), ["env", "PLAIN"])).out).toBe("plain");
      expect((await run("runOnce", tiny("alpha"), ["cat"], { stdin: Readable.from(["in"]) })).out).toBe("in");
      expect((await run("runOnce", tiny("alpha"), ["exit", "9"])).code).toBe(9);
      const desired = tinyDeployment(site()).object;
      const coming = {
        ...desired,
        spec: { ...desired.spec, template: { ...desired.spec.template, spec: withPlain(desired.spec.template.spec, "coming") } },
      };
      expect((await run("runOnce", { ...tiny("alpha"), desired: coming }, ["env", "PLAIN"])).out).toBe("coming");
      expect(await podNames("alpha")).toHaveLength(1);
    });

    it("mounts files read-only under their names", async () => {
      expect((await run("exec", tiny("alpha"), ["cat", "/srv/web/page--one.txt"])).out).toBe("from the config map\n");
      expect((await run("exec", tiny("alpha"), ["write", "/srv/web/page--one.txt", "x"])).code).not.toBe(0);
    });

    it("reads logs", async () => {
      const lines = [];
      for await (const line of under.engine.logs("alpha", { follow: false, tail: 100 }, context)) lines.push(line);
      expect(lines).toMatchObject([{ namespace: "alpha", workload: "tiny", container: "main", stream: "stdout", text: "serving one" }]);
    });

    it("replaces pods by new ones beside the old, and switches when they are ready", async () => {
      const before = await podNames("alpha");
      await apply("alpha", tinyDeployment(site({ behave: ["serve", "two"] })));
      await answers("alpha.localhost", "two");
      const after = await podNames("alpha");
      expect(after).toHaveLength(1);
      expect(after).not.toEqual(before);
    });

    it.each<{ case: string; behave: string[]; code: ErrorCode; says: RegExp }>([
      { case: "never becomes ready", behave: ["never-ready"], code: "engine/not-ready", says: /never ready/ },
      { case: "crashes", behave: ["crash"], code: "engine/crashed", says: /last words/ },
      { case: "names its failure", behave: ["fail", "site/migrate-failed"], code: "site/migrate-failed", says: /last words/ },
    ])("keeps the former pods serving when the new one $case", async ({ behave, code, says }) => {
      const before = await podNames("alpha");
      const failure = await failureOf(apply("alpha", tinyDeployment(site({ behave, deadline: 3 }))));
      expect(failure.code).toBe(code);
      expect(failure.output.join("\n")).toMatch(says);
      await answers("alpha.localhost", "two");
      expect(await podNames("alpha")).toEqual(before);
      const { objects } = await under.engine.inventory("alpha");
      expect(objects.get("Deployment/tiny")).toBe(tinyDeployment(site({ behave: ["serve", "two"] })).digest);
    });

    it("tells whoever leads a rollout of each phase, leaves the former pods until they are settled, and goes back without a start", async () => {
      const phases: string[] = [];
      const led: EngineContext = { ...context, reached: async (phase) => void phases.push(phase) };
      const lead = (desired: Rendered): Promise<void> =>
        under.engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, led);
      const before = await podNames("alpha");
      await lead(tinyDeployment(site({ behave: ["serve", "led"] })));
      expect(phases).toEqual(["start", "ask", "switch"]);
      await answers("alpha.localhost", "led");
      await lead(tinyDeployment(site({ behave: ["serve", "two"] })));
      await answers("alpha.localhost", "two");
      await under.engine.settle("alpha", context);
      if (under.cluster === undefined) expect(await podNames("alpha")).toEqual(before);
      // A cluster's pods that were told to end take their time, for which nobody waits.
      await expect.poll(() => podNames("alpha"), { timeout: 60_000 }).toHaveLength(before.length);
      expect((await under.engine.inventory("alpha")).objects.get("Deployment/tiny")).toBe(
        tinyDeployment(site({ behave: ["serve", "two"] })).digest,
      );
    });

    it("ends a roll at the phase that its leader refuses, with the former pods serving", async () => {
      const before = await podNames("alpha");
      const led: EngineContext = {
        ...context,
        reached: (phase) => (phase === "switch" ? Promise.reject(new Error("no")) : Promise.resolve()),
      };
      const desired = tinyDeployment(site({ behave: ["serve", "refused"] }));
      await expect(under.engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, led)).rejects.toThrow("no");
      await answers("alpha.localhost", "two");
      expect(await podNames("alpha")).toEqual(before);
    });

    it("holds a site: its way in says so, what has to rest does, and it comes back", async () => {
      await under.engine.hold("alpha", { page: { text: "Back at noon", retryAfter: 60 }, stop: ["tiny"] }, context);
      await answers("alpha.localhost", "503");
      expect(await podNames("alpha")).toEqual([]);
      await under.engine.hold("alpha", null, context);
      await under.engine.scaleUp("alpha", context);
      await answers("alpha.localhost", "two");
    });

    it("scales without touching equal pods", async () => {
      const before = await podNames("alpha");
      await apply("alpha", tinyDeployment(site({ behave: ["serve", "two"], replicas: 2 })));
      const scaled = await podNames("alpha");
      expect(scaled).toEqual(expect.arrayContaining(before));
      expect(scaled).toHaveLength(2);
      expect((await under.engine.observe("alpha")).routes).toMatchObject([{ backends: 2 }]);
      await apply("alpha", tinyDeployment(site({ behave: ["serve", "two"] })));
      const after = await podNames("alpha");
      expect(after).toHaveLength(1);
      expect(under.cluster === undefined ? before : scaled).toEqual(expect.arrayContaining(after)); // a cluster chooses which one goes
    });

    it("heals a killed pod", async () => {
      await under.kill("alpha", "tiny");
      await expect
        .poll(
          async () => {
            await under.engine.heal(context);
            return under.ask("alpha.localhost");
          },
          { timeout: 120_000, interval: 500 },
        )
        .toBe("two");
    });

    it("does nothing when all is well", async () => {
      await expect.poll(async () => under.engine.heal(context), { timeout: 120_000, interval: 500 }).toEqual([]);
      expect(await under.engine.heal(context)).toEqual([]);
    });

    const endOf = async (id: string): Promise<JobRun["state"]> => {
      for (;;) {
        const job = (await under.engine.jobs.list("alpha")).find((one) => one.id === id);
        if (job === undefined) throw new Error(`${id} is not known`);
        if (job.state.is === "ended") return job.state;
        await new Promise((resolve) => setTimeout(resolve, under.cluster === undefined ? 20 : 1000));
      }
    };

    it("runs jobs that outlive their starter, and remembers how they ended until they are forgotten", async () => {
      const job = { id: "job1", name: "jobs", argv: ["behave", "env", "COLOUR"], env: { COLOUR: "blue" }, timeoutSeconds: 10 };
      await under.engine.jobs.start(tiny("alpha"), job, context);
      expect(await endOf("job1")).toMatchObject({ is: "ended", exitCode: 0 });
      await under.engine.jobs.start(tiny("alpha"), { ...job, id: "job2", argv: ["behave", "exit", "3"] }, context);
      expect(await endOf("job2")).toMatchObject({ is: "ended", exitCode: 3 });
      const said: string[] = [];
      for await (const line of under.engine.logs("alpha", { follow: false, tail: 10, container: "cron/jobs" }, context))
        said.push(line.text);
      expect(said).toEqual(["blue"]);
      const many = Array.from({ length: 12 }, (_, index) => `many${index}`);
      await Promise.all(many.map((id) => under.engine.jobs.start(tiny("alpha"), { ...job, id, argv: ["behave", "exit", "0"] }, context)));
      expect(await Promise.all(many.map(endOf))).toMatchObject(many.map(() => ({ exitCode: 0 })));
      for (const id of ["job1", "job2", ...many]) await under.engine.jobs.forget(id);
      expect(await under.engine.jobs.list()).toEqual([]);
    });

    it("stops and starts a namespace, with its data", async () => {
      const inventory = await under.engine.inventory("alpha");
      await under.engine.scaleDown("alpha", context);
      const job = { id: "job3", name: "jobs", argv: ["behave", "exit", "0"], env: {}, timeoutSeconds: 10 };
      expect((await failureOf(under.engine.jobs.start(tiny("alpha"), job, context))).code).toBe("site/down");
      expect((await under.engine.observe("alpha")).workloads).toMatchObject([{ down: true, ready: 0 }]);
      await answers("alpha.localhost", "503");
      await under.engine.heal(context);
      expect((await under.engine.observe("alpha")).pods).toEqual([]);
      await under.engine.scaleUp("alpha", context);
      await answers("alpha.localhost", "two");
      expect(await under.engine.inventory("alpha")).toEqual(inventory);
      expect((await run("exec", tiny("alpha"), ["cat", "/data/kept"])).out).toBe("content");
    });

    it("puts a namespace to sleep, leaves it asleep, and wakes it with its data", async () => {
      const inventory = await under.engine.inventory("alpha");
      if (under.cluster !== undefined) {
        expect(await under.engine.sleep("alpha", { force: true }, context)).toMatch(/on a cluster/);
        expect(await under.engine.use("alpha")).toMatchObject({ idleAfterSeconds: null, state: "running" });
        expect(await under.engine.ensureAwake("alpha", context)).toEqual([expect.stringMatching(new RegExp(`:${String(WEB_PORT)}$`))]);
        return;
      }
      expect(await under.engine.sleep("alpha", { force: true }, context)).toBeUndefined();
      const asleep = await under.engine.observe("alpha");
      expect(asleep.idle?.since).toMatch(/^\d{4}-/);
      expect(asleep.workloads).toMatchObject([{ down: false, ready: 0 }]);
      expect((await under.engine.use("alpha")).state).toBe("asleep");
      expect(await under.engine.heal(context)).toEqual([]);
      expect((await under.engine.observe("alpha")).workloads).toMatchObject([{ ready: 0 }]);
      const told: (readonly string[])[] = [];
      const backends = await under.engine.ensureAwake("alpha", context, { serving: (where) => void told.push(where) });
      expect(told).toEqual([backends]);
      expect(backends).toEqual([expect.stringMatching(new RegExp(`^[0-9.]+:${String(WEB_PORT)}$`))]);
      await answers("alpha.localhost", "two");
      expect((await under.engine.observe("alpha")).idle).toBeUndefined();
      expect(await under.engine.heal(context)).toEqual([]);
      expect(await under.engine.ensureAwake("alpha", context)).toEqual(backends);
      expect(await under.engine.inventory("alpha")).toEqual(inventory);
      expect((await run("exec", tiny("alpha"), ["cat", "/data/kept"])).out).toBe("content");
    });

    it("forgets that a namespace sleeps when it is stopped or started", async () => {
      await under.engine.sleep("alpha", { force: true }, context);
      await under.engine.scaleDown("alpha", context);
      expect((await under.engine.use("alpha")).state).toBe("down");
      expect((await failureOf(under.engine.ensureAwake("alpha", context))).code).toBe("site/down");
      await under.engine.scaleUp("alpha", context);
      await under.engine.sleep("alpha", { force: true }, context);
      await under.engine.scaleUp("alpha", context);
      expect((await under.engine.use("alpha")).state).toBe("running");
      await answers("alpha.localhost", "two");
    });

    it("keeps two namespaces apart though their objects have the same names", async () => {
      await put("beta", "beta.localhost", tinyDeployment(site({ behave: ["serve", "beta"] })));
      await answers("beta.localhost", "beta");
      await answers("alpha.localhost", "two");
      expect((await run("exec", tiny("beta"), ["cat", "/data/kept"])).code).not.toBe(0);
      const [alpha] = (await under.engine.observe("alpha")).pods;
      for (const [from, says] of [
        ["alpha", "two"],
        ["beta", "beta"],
      ] as const) {
        await becomes(
          () => run("exec", tiny(from), ["reach", "tiny", String(WEB_PORT)]),
          ({ out }) => expect(out).toBe(says),
        );
      }
      expect((await run("exec", tiny("beta"), ["reach", alpha?.ip ?? "", String(WEB_PORT)])).code).not.toBe(0);
    });

    it("refuses a hostname that another namespace has", async () => {
      const route = tinySurroundings("alpha.localhost").find((object) => object.key === "HTTPRoute/tiny");
      const failure = await failureOf(apply("beta", route as Rendered));
      expect(failure.code).toBe("config/rejected");
      // Under a test's prefix a namespace of a cluster has another name there than here.
      expect(failure.message).toMatch(/^alpha\.localhost belongs to "[a-z0-9-]*alpha" already$/);
      expect(failure.hint).toContain("spec.hostnames");
      await answers("alpha.localhost", "two");
    });

    it("opens a server to a namespace by policy, and closes it with the policy", async () => {
      await under.engine.prepare("shared", context);
      for (const object of tinySurroundings("shared.localhost", "store")) await apply("shared", object);
      await apply("shared", tinyStatefulSet(site({ behave: ["serve", "shared"] })));
      const reach = (from: string) => run("exec", tiny(from), ["reach", host("store", "shared"), String(WEB_PORT)]);
      const closed = (from: string): Promise<void> =>
        becomes(
          () => reach(from),
          ({ code }) => expect(code).not.toBe(0),
        );
      const open = (from: string, says: string): Promise<void> =>
        becomes(
          () => reach(from),
          ({ out }) => expect(out).toBe(says),
        );
      await closed("alpha");
      await apply("shared", letIn("alpha"));
      await open("alpha", "shared");
      await closed("beta");
      const replaced = tinyStatefulSet(site({ behave: ["serve", "renewed"] }));
      await apply("shared", replaced);
      await open("alpha", "renewed");
      await under.engine.apply("shared", { do: "delete", key: letIn("alpha").key, because: "test" }, context);
      await closed("alpha");
    });

    it("joins a server to a namespace that is made after the policy that lets it in", async () => {
      await apply("shared", letIn("gamma"));
      await under.engine.heal(context);
      expect(await under.engine.namespaces()).not.toContain("gamma");
      await put("gamma", "gamma.localhost", tinyDeployment(site({ behave: ["serve", "gamma"] })));
      await becomes(
        () => run("exec", tiny("gamma"), ["reach", host("store", "shared"), String(WEB_PORT)]),
        ({ out }) => expect(out).toBe("renewed"),
      );
      await under.engine.remove("gamma", context);
      await under.engine.deleteVolume("gamma", "data");
      await under.engine.forget("gamma");
      await apply("shared", letIn("gamma"));
      expect(await under.show("gamma")).not.toContain("gamma"); // its network is not made again
    });

    it("starts a StatefulSet's former pod again when the new one never gets ready", async () => {
      const failure = await failureOf(apply("shared", tinyStatefulSet(site({ behave: ["crash"] }))));
      expect(failure.code).toBe("engine/crashed");
      await answers("shared.localhost", "renewed");
    });

    it("gives secrets to containers and shows them nowhere", async () => {
      const password = "correct-horse-battery";
      const first = await under.engine.putSecret("alpha", "login", { password: new Secret(password, "test") });
      expect(await under.engine.putSecret("alpha", "login", { password: new Secret(password, "test") })).toBe(first);
      await apply("alpha", tinyDeployment(site({ behave: ["serve", "secret"], secret: "login" })));
      expect((await run("exec", tiny("alpha"), ["env", "PASSWORD"])).out).toBe(password);
      expect((await run("exec", tiny("alpha"), ["cat", "/srv/secret/password"])).out).toBe(password);
      expect((await run("runOnce", tiny("alpha"), ["env", "PASSWORD"])).out).toBe(password);
      const shown = [
        await under.engine.observe("alpha"),
        [...(await under.engine.inventory("alpha")).objects],
        events,
        await under.show("alpha"),
      ];
      expect(JSON.stringify(shown)).not.toContain(password);
      expect(await under.engine.putSecret("alpha", "login", { password: new Secret("other", "test") })).not.toBe(first);
    });

    it("deletes only what is named, and never data", async () => {
      await under.engine.apply("alpha", { do: "delete", key: "Deployment/tiny", because: "test" }, context);
      const { objects } = await under.engine.inventory("alpha");
      expect([...objects.keys()].sort()).toEqual(["ConfigMap/files", "HTTPRoute/tiny", "PersistentVolumeClaim/data", "Service/tiny"]);
      expect((await under.engine.observe("alpha")).pods).toEqual([]);
      await answers("beta.localhost", "beta");
      await apply("alpha", tinyDeployment(site()));
      expect((await run("exec", tiny("alpha"), ["cat", "/data/kept"])).out).toBe("content");
    });

    it("removes a namespace but its data, and finds the data again", async () => {
      await under.engine.remove("alpha", context);
      expect([...(await under.engine.inventory("alpha")).objects.keys()]).toEqual(["PersistentVolumeClaim/data"]);
      expect((await under.engine.observe("alpha")).pods).toEqual([]);
      await put("alpha", "alpha.localhost", tinyDeployment(site()));
      expect((await run("exec", tiny("alpha"), ["cat", "/data/kept"])).out).toBe("content");
    });

    it("deletes a volume for good when asked by name", async () => {
      await under.engine.remove("alpha", context);
      await under.engine.deleteVolume("alpha", "data");
      expect([...(await under.engine.inventory("alpha")).objects.keys()]).toEqual([]);
      await put("alpha", "alpha.localhost", tinyDeployment(site()));
      expect((await run("exec", tiny("alpha"), ["cat", "/data/kept"])).code).not.toBe(0);
    });

    it("forgets a namespace only when its workloads and volumes are gone, and then all of it", async () => {
      await under.engine.putSecret("alpha", "login", { password: new Secret("kept", "test") });
      expect((await failureOf(under.engine.forget("alpha"))).code).toBe("bug");
      await under.engine.remove("alpha", context);
      expect((await failureOf(under.engine.forget("alpha"))).message).toContain("PersistentVolumeClaim/data");
      await under.engine.deleteVolume("alpha", "data");
      expect(await under.engine.namespaces()).toContain("alpha"); // its secret is still there
      await under.engine.forget("alpha");
      expect(await under.engine.namespaces()).not.toContain("alpha");
      await under.engine.forget("alpha");
      const needsSecret = put("alpha", "alpha.localhost", tinyDeployment(site({ secret: "login", deadline: 3 })));
      expect((await failureOf(needsSecret)).message).toMatch(/"login" of alpha was never stored/);
    });
  });
}
