import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubeconfigOf } from "../cluster/cluster.ts";
import { settingsOf } from "../cluster/settings.ts";
import { type FaultApiProxy, faultApiProxy } from "../support/fault-api/fault-api-proxy.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorProcess, type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-faults.test.ts is skipped: ${why}\n`);

const NAME = "t-faults";
const HOST = "t-faults.howdah.test";

/** The administrator's access to the test cluster, for a proxy. */
async function apiTarget(): Promise<Parameters<typeof faultApiProxy>[0]> {
  const { clusters, users } = parse(await readFile(kubeconfigOf(settingsOf()), "utf8")) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { cluster } = clusters[0] ?? {};
  const { user } = users[0] ?? {};
  const pem = async (data: string | undefined, file: string | undefined): Promise<string> =>
    data === undefined ? readFile(file ?? "", "utf8") : Buffer.from(data, "base64").toString("utf8");
  return {
    server: cluster?.["server"] ?? "",
    ca: await pem(cluster?.["certificate-authority-data"], cluster?.["certificate-authority"]),
    cert: await pem(user?.["client-certificate-data"], user?.["client-certificate"]),
    key: await pem(user?.["client-key-data"], user?.["client-key"]),
  };
}

/** Rows B1, B6, B7 and B8 of the reliability list, on the real API server. */
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("an operator under faults of its API", () => {
  let rig: OperatorRig;
  let code: string;
  const running: OperatorProcess[] = [];
  const proxies: FaultApiProxy[] = [];

  const begin = async (): Promise<{ readonly proxy: FaultApiProxy; readonly operator: OperatorProcess }> => {
    const proxy = await faultApiProxy(await apiTarget());
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
    await expect.poll(page, { timeout: 60_000 }).toBe(text);
    await expect.poll(trials, { timeout: 60_000 }).toBe("");
  });

  it("outlives an API server that is away, touches nothing, and converges when it is back without a rush (B7)", async () => {
    const { proxy, operator } = await begin();
    await operator.says('"synced"');
    await rig.formerGone(NAME);
    const before = await page();
    proxy.down();
    await scale(3);
    await sleep(45_000);
    expect([operator.ended(), await page(), await replicas()]).toEqual([undefined, before, "1"]);
    const seen = proxy.seen.length;
    proxy.up();
    await expect.poll(replicas, { timeout: 30_000 }).toBe("3");
    const inAll = proxy.seen.length - seen;
    console.log(`${String(inAll)} requests until it had converged`);
    expect(inAll).toBeLessThan(200);
    await scale(1);
    await expect.poll(replicas, { timeout: 30_000 }).toBe("1");
  });

  it("notices a watch that says nothing any more (B6)", async () => {
    const { proxy, operator } = await begin();
    await operator.says('"synced"');
    const last = proxy.seen.length;
    proxy.event = ({ number }) => (number <= last ? "drop" : "pass");
    await scale(2);
    await expect.poll(replicas, { timeout: 120_000 }).toBe("2");
    await scale(1);
    await expect.poll(replicas, { timeout: 60_000 }).toBe("1");
  });

  it("writes nothing after it was frozen past its lease (B8)", async () => {
    const first = await begin();
    await first.operator.says('"synced"');
    const second = await begin();
    first.operator.signal("SIGSTOP");
    await second.operator.says('"synced"');
    await scale(2);
    await expect.poll(replicas, { timeout: 60_000 }).toBe("2");
    const seen = first.proxy.seen.length;
    first.operator.signal("SIGCONT");
    await scale(1);
    await expect.poll(replicas, { timeout: 60_000 }).toBe("1");
    await sleep(5000);
    const written = first.proxy.seen.slice(seen).filter(({ writes, resource }) => writes && resource !== "coordination.k8s.io/leases");
    expect(written).toEqual([]);
    expect(first.operator.ended()).toBeUndefined();
  });
});
