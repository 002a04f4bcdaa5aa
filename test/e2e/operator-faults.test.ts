import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { kubeconfigOf } from "../cluster/cluster.ts";
import { settingsOf } from "../cluster/settings.ts";
import { adminTarget } from "../support/fault-api/admin-target.ts";
import { type FaultApiProxy, faultApiProxy } from "../support/fault-api/fault-api-proxy.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorProcess, type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { randomFrom } from "../support/seeded-random.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-faults.test.ts is skipped: ${why}\n`);

const NAME = "t-faults";
const HOST = "t-faults.howdah.test";
/** So long the API server is away, and so long it fails. */
const TROUBLE_MS = 25_000;

/** Rows B1, B6, B7 and B8 of the reliability list, on the real API server. */
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("an operator under faults of its API", () => {
  let rig: OperatorRig;
  let code: string;
  const running: OperatorProcess[] = [];
  const proxies: FaultApiProxy[] = [];

  const begin = async (): Promise<{ readonly proxy: FaultApiProxy; readonly operator: OperatorProcess }> => {
    const proxy = await faultApiProxy(await adminTarget(kubeconfigOf(settingsOf())));
    proxies.push(proxy);
    const operator = await rig.operator(proxy.server);
    running.push(operator);
    return { proxy, operator };
  };
  const show = (text: string): Promise<void> => writeFile(join(code, "public/index.html"), text);
  const deploy = (): Promise<unknown> =>
    rig.ok("deploy", code, "--context", ".", "--to", `${rig.registry}/test/${NAME}`, "--output", "json");
  const page = async (): Promise<string> => {
    const { status, body } = await rig.get(HOST, "/").catch(() => ({ status: 0, body: "" }));
    return status === 200 ? body : String(status);
  };
  const replicas = (): Promise<string> =>
    rig.kubectl("get", "deployment", "web", "--namespace", NAME, "--output=jsonpath={.spec.replicas}");
  const scale = (count: number): Promise<string> =>
    rig.kubectl("scale", "environment", "production", `--replicas=${String(count)}`, "--namespace", NAME);
  const trials = async (): Promise<string> => {
    const pods = await rig.kubectl("get", "pods", "--namespace", NAME, "--output=name");
    return pods
      .split("\n")
      .filter((pod) => pod.includes("trial"))
      .join(" ");
  };

  beforeAll(async () => {
    rig = await operatorRig("opf", 18_748);
    code = join(rig.directory, "faults");
    await mkdir(join(code, "public"), { recursive: true });
    await show("zero");
    await writeFile(
      join(code, "howdah.yaml"),
      `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: { name: ${NAME} }\nspec:\n  web: { root: public }\n  hostnames: [${HOST}]\n`,
    );
    const { operator } = await begin();
    await rig.tenant(NAME);
    await deploy();
    for (let look = 0; look < 120 && (await page()) !== "zero"; look++) await sleep(500);
    await operator.stop();
  });
  afterEach(async () => {
    for (const operator of running.splice(0)) await operator.stop();
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });
  afterAll(async () => {
    await rig?.operator();
    expect(await rig?.close()).toEqual([]);
  });

  // B1; every write, in memory, is in killed-anywhere.test.ts.
  it.each([
    [2, "before"],
    [5, "after"],
    [9, "before"],
  ] as const)("is killed at write %d, %s it, and the next one brings the release into service all the same", async (number, when) => {
    const { proxy, operator } = await begin();
    await operator.says('"synced"');
    let writes = 0;
    let killed = false;
    const isTheOne = (asked: { readonly writes: boolean; readonly resource: string }): boolean => {
      if (!asked.writes || asked.resource === "coordination.k8s.io/leases" || killed) return false;
      writes += 1;
      return writes === number;
    };
    const kill = (): void => {
      killed = true;
      operator.signal("SIGKILL");
    };
    const text = `after ${String(number)}`;
    await show(text);
    if (when === "before") {
      proxy.before = (asked) => {
        if (!isTheOne(asked)) return undefined;
        kill();
        return { kind: "reset" };
      };
    } else {
      const counted = new Set<number>();
      proxy.before = (asked) => {
        if (isTheOne(asked)) counted.add(asked.number);
        return undefined;
      };
      proxy.after = (asked) => {
        if (counted.has(asked.number)) kill();
      };
    }
    const deploying = deploy();
    await expect.poll(() => killed, { timeout: 120_000 }).toBe(true);
    expect(await page()).toMatch(/zero|after/);
    await begin();
    await deploying;
    await expect.poll(page, { timeout: 180_000 }).toBe(text);
    await expect.poll(trials, { timeout: 180_000 }).toBe("");
  });

  /** Storms and outages of ten minutes are played in memory: src/operator/storms.test.ts. */
  it.each<{ name: string; begin: (proxy: FaultApiProxy) => void; end: (proxy: FaultApiProxy) => void }>([
    {
      name: "is away",
      begin: (proxy) => {
        proxy.down();
      },
      end: (proxy) => {
        proxy.up();
      },
    },
    {
      name: "answers 429, 500 and 503 seven times of ten",
      begin: (proxy) => {
        const random = randomFrom(1);
        proxy.before = () => {
          const status = [429, 500, 503][Math.floor(random() * 3)] ?? 500;
          return random() < 0.7 ? { kind: "answer", status, reason: "Injected", ...(status === 500 ? {} : { retryAfter: 1 }) } : undefined;
        };
      },
      end: (proxy) => {
        proxy.before = () => undefined;
      },
    },
  ])("outlives an API server that $name, and converges after it without a rush (B7)", async ({ name, begin: disturb, end }) => {
    const { proxy, operator } = await begin();
    await operator.says('"synced"');
    await rig.formerGone(NAME);
    const before = await page();
    disturb(proxy);
    await scale(3);
    await sleep(TROUBLE_MS);
    expect([operator.ended(), await page()]).toEqual([undefined, before]);
    const [seen, ended] = [proxy.seen.length, Date.now()];
    end(proxy);
    await expect.poll(replicas, { timeout: 180_000 }).toBe("3");
    const inAll = proxy.seen.length - seen;
    console.log(
      `after an API server that ${name}: ${String(inAll)} requests and ${((Date.now() - ended) / 1000).toFixed(1)} s until it had converged`,
    );
    expect(inAll).toBeLessThan(200);
    await scale(1);
    await expect.poll(replicas, { timeout: 180_000 }).toBe("1");
  });

  it("notices a watch that says nothing any more (B6)", async () => {
    const { proxy, operator } = await begin();
    await operator.says('"synced"');
    const last = proxy.seen.length;
    proxy.event = ({ number }) => (number <= last ? "drop" : "pass");
    await scale(2);
    await expect.poll(replicas, { timeout: 120_000 }).toBe("2");
    await scale(1);
    await expect.poll(replicas, { timeout: 180_000 }).toBe("1");
  });

  it("writes nothing after it was frozen past its lease (B8)", async () => {
    const first = await begin();
    await first.operator.says('"synced"');
    const second = await begin();
    first.operator.signal("SIGSTOP");
    await second.operator.says('"synced"');
    await scale(2);
    await expect.poll(replicas, { timeout: 180_000 }).toBe("2");
    const seen = first.proxy.seen.length;
    first.operator.signal("SIGCONT");
    await scale(1);
    await expect.poll(replicas, { timeout: 180_000 }).toBe("1");
    await sleep(5000);
    const written = first.proxy.seen.slice(seen).filter(({ writes, resource }) => writes && resource !== "coordination.k8s.io/leases");
    expect(written).toEqual([]);
    expect(first.operator.ended()).toBeUndefined();
  });
});
