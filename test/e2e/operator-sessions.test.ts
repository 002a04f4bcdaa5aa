import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countingPage } from "../support/counting-page.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type Deployed, type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-sessions.test.ts is skipped: ${why}\n`);

const NAME = "t-logins";
const HOST = "t-logins.howdah.test";
const siteFile = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${NAME}}
spec:
  runtime: {php: "8.4"}
  web: {microcache: false}
  hostnames: [${HOST}]
  scale: {memory: 128Mi}
`;

/** One-machine's test has more: test/e2e/shared-sessions.test.ts. */
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("logins at a site of two pods on a cluster", () => {
  let rig: OperatorRig;
  let code: string;
  /** As a browser has it: every cookie that comes is taken, so that a session that is replaced by another is lost. */
  let cookie = "";
  let visits = 0;

  const show = (words: string): Promise<void> => writeFile(join(code, "index.php"), countingPage(words));
  const deploy = (): Promise<Deployed> => rig.deploy(code);
  const get = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, "get", ...argv);

  /** The words of a page: visits of this browser's session, code, pod. */
  const visit = async (): Promise<readonly string[]> => {
    const answer = await rig.get(HOST, "/", { cookie }).catch(() => undefined);
    cookie = answer?.headers["set-cookie"]?.[0]?.split(";")[0] ?? cookie;
    return (answer?.body ?? "").trim().split(" ");
  };
  /** Comes back until `words` of the page's code are there, from a session that counts on: a visitor who is a stranger now stays one. */
  const countsOn = async (words: string): Promise<void> => {
    let seen: readonly string[] = [];
    await expect.poll(async () => (seen = await visit())[1], { timeout: 120_000, interval: 250 }).toBe(words);
    expect(Number(seen[0])).toBeGreaterThan(visits);
    visits = Number(seen[0]);
  };
  const podsOf = async (component: string): Promise<readonly Pod[]> =>
    (JSON.parse(await get("pod", `--selector=app.kubernetes.io/component=${component}`, "--output=json")) as { items: Pod[] }).items;
  /** Ends all pods of a component, which hardly get time for it, and waits until as many others are ready. Two servers never share a volume. */
  const replace = async (component: string): Promise<void> => {
    const former = (await podsOf(component)).map(({ metadata }) => metadata.uid);
    await rig.kubectl(
      ...["--namespace", NAME, "delete", "pod", `--selector=app.kubernetes.io/component=${component}`],
      ...["--grace-period=1", "--wait=true", "--timeout=120s"],
    );
    const others = async (): Promise<number> =>
      (await podsOf(component)).filter((pod) => !former.includes(pod.metadata.uid) && isReady(pod)).length;
    await expect.poll(others, { timeout: 180_000 }).toBe(former.length);
  };

  beforeAll(async () => {
    rig = await operatorRig("loginsc", 18_782);
    code = join(rig.directory, "logins");
    await mkdir(code);
    await writeFile(join(code, "howdah.yaml"), siteFile);
    await show("one");
    await rig.operator();
    await rig.tenant(NAME);
    await deploy();
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("have no server while one pod answers, and one as soon as a person asks for two", async () => {
    expect(await get("statefulset", "--output=name")).toBe("");
    await rig.kubectl("scale", "environment", "production", "--replicas=2", "--namespace", NAME);
    const ready = "--output=jsonpath={.status.readyReplicas}/{.spec.replicas}";
    await expect.poll(() => get("deployment", "web", ready), { timeout: 120_000 }).toBe("2/2");
    await expect.poll(() => get("statefulset", "sessions", "--ignore-not-found", ready), { timeout: 120_000 }).toBe("1/1");
    // PHP's pods are others now, which ask the server; those that kept sessions by themselves may answer for a while.
    const settings = async (): Promise<number> =>
      (await podsOf("web")).filter(({ metadata }) => metadata.annotations["howdah.dev/sessions"] !== undefined).length;
    await expect.poll(settings, { timeout: 120_000 }).toBe(2);
    await rig.formerGone(NAME);
  });

  it("are known to both pods", async () => {
    await countsOn("one");
    const pods = new Set<string | undefined>();
    await expect
      .poll(
        async () => {
          const [count, , pod] = await visit();
          if (Number(count) > visits) pods.add(pod);
          return pods.size;
        },
        { timeout: 180_000 },
      )
      .toBe(2);
    await countsOn("one");
  });

  it("outlive the loss of all pods that serve, of the server of sessions, and a release, which does not restart that", async () => {
    await replace("web");
    await countsOn("one");
    await replace("sessions");
    await countsOn("one");
    const server = await get("pod", "sessions-0", "--output=jsonpath={.metadata.uid}");
    await show("two");
    await deploy();
    await countsOn("two");
    expect(await get("pod", "sessions-0", "--output=jsonpath={.metadata.uid}")).toBe(server);
  });

  it("are on a server that the network lets PHP alone reach", async () => {
    const address = await get("pod", "sessions-0", "--output=jsonpath={.status.podIP}");
    expect(await rig.kubectl("--namespace", NAME, "exec", "sessions-0", "--", "valkey-cli", "-h", address, "ping")).toContain("PONG");
    const reached = new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port: 6379, timeout: 3_000 });
      const end = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      socket
        .once("connect", () => end(true))
        .once("error", () => end(false))
        .once("timeout", () => end(false));
    });
    expect(await reached).toBe(false);
  });
});

interface Pod {
  readonly metadata: { readonly uid: string; readonly annotations: Readonly<Record<string, string>> };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
}
