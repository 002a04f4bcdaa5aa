import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { pageOf } from "../support/http-answer.ts";
import { type Deployed, type OperatorProcess, type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-deploy.test.ts is skipped: ${why}\n`);

const NAME = "t-hello";
const HOST = "t-hello.howdah.test";

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site on a cluster", () => {
  let rig: OperatorRig;
  let operator: OperatorProcess;
  let code: string;

  const show = (text: string): Promise<void> => writeFile(join(code, "public/index.html"), text);
  const site = (more = ""): Promise<void> =>
    writeFile(
      join(code, "howdah.yaml"),
      `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: { name: ${NAME} }\nspec:\n  web: { root: public }\n  hostnames: [${HOST}]\n  scale: { replicas: 2 }\n${more}`,
    );
  const deploy = (): Promise<Deployed> => rig.deploy(code);
  const page = (): Promise<string> => pageOf(rig.get(HOST, "/"));
  const shows = async (text: string): Promise<void> => {
    await rig.formerGone(NAME);
    await expect.poll(page, { timeout: 180_000 }).toBe(text);
  };
  const states = async (): Promise<string[]> => {
    const said = await rig.ok("releases", NAME, "--context", ".", "--output", "json");
    const { releases } = JSON.parse(said.stdout) as { releases: { id: string; outcome: { state?: string } }[] };
    return releases.map(({ id, outcome }) => `${id} ${outcome.state ?? "new"}`);
  };

  beforeAll(async () => {
    rig = await operatorRig("onc", 18_740);
    code = join(rig.directory, "hello");
    await mkdir(join(code, "public"), { recursive: true });
    await show("one");
    await site();
    operator = await rig.operator();
    await rig.tenant(NAME);
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("is there after one command, behind the Gateway, in two pods", async () => {
    expect(await deploy()).toMatchObject({ release: "r1", released: true, url: `http://${HOST}` });
    await shows("one");
    const sites = (): Promise<string> => rig.kubectl("get", "sites", "--namespace", NAME);
    await expect.poll(sites, { timeout: 180_000 }).toMatch(new RegExp(`${NAME}\\s+http://${HOST}\\s+r1\\s+True`));
    expect(await sites()).toMatch(/NAME\s+URL\s+RELEASE\s+READY\s+AGE\n/);
    const pods = JSON.parse(await rig.kubectl("get", "pods", "--namespace", NAME, "--output=json")) as {
      items: { spec: { nodeName: string } }[];
    };
    expect(new Set(pods.items.map(({ spec }) => spec.nodeName)).size).toBe(2);
  });

  it("makes no release when nothing changed", async () => {
    expect(await deploy()).toMatchObject({ release: "r1", released: false });
  });

  it("shows a change, and goes back without a build", async () => {
    await show("two");
    expect(await deploy()).toMatchObject({ release: "r2", released: true });
    await shows("two");
    await rig.ok("rollback", "--site", NAME, "--context", ".");
    await shows("one");
    expect(await states()).toEqual(["r3 serving", "r2 superseded", "r1 superseded"]);
  });

  it("keeps what serves when the next release answers with an error, says why, and takes the one after that", async () => {
    await writeFile(
      join(code, "howdah.yaml"),
      `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: { name: ${NAME} }\nspec:\n  web: { root: public, healthPath: /missing.html }\n  hostnames: [${HOST}]\n  scale: { replicas: 2 }\n  rollout: { timeout: 60s }\n`,
    );
    const failed = await rig.howdah(...rig.deployArguments(code));
    expect(failed.code).not.toBe(0);
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { message: expect.stringContaining("r4 was not taken into service") } });
    await shows("one");
    await site();
    await show("five");
    expect(await deploy()).toMatchObject({ release: "r5" });
    await shows("five");
  });

  it("goes on serving while no operator is there, and a deploy that nobody performs is taken up by the next one", async () => {
    await operator.stop("SIGKILL");
    expect(await page()).toBe("five");
    await show("six");
    const deploying = deploy();
    await expect.poll(states, { timeout: 120_000 }).toContain("r6 new");
    expect(await page()).toBe("five");
    await rig.operator();
    expect(await deploying).toMatchObject({ release: "r6", released: true });
    await shows("six");
  });

  it("puts back what somebody took away", async () => {
    await rig.kubectl("delete", "service", "web", "--namespace", NAME);
    await expect
      .poll(() => rig.kubectl("get", "service", "--namespace", NAME, "--output=name"), { timeout: 180_000 })
      .toContain("service/web");
    const uid = (): Promise<string> =>
      rig.kubectl("get", "deployment", "web", "--namespace", NAME, "--ignore-not-found", "--output=jsonpath={.metadata.uid}");
    const former = await uid();
    await rig.kubectl("delete", "deployment", "web", "--namespace", NAME);
    await expect.poll(async () => ["", former].includes(await uid()), { timeout: 120_000 }).toBe(false);
    await shows("six");
  });
});
