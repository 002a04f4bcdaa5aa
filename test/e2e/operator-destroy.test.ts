import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Behaviour, faultSite, type TestSite } from "../support/fault-site.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-destroy.test.ts is skipped: ${why}\n`);

/** Another one each time: what this test leaves on the shared server when it fails is nobody else's. */
const NAME = `t-destroy-${randomBytes(3).toString("hex")}`;
const WHERE = ["--context", ".", "--namespace", NAME, "--output", "json"] as const;

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site with a database, on a cluster", () => {
  let rig: OperatorRig;
  let site: TestSite & { behave(behaviour: Behaviour): Promise<void> };

  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, ...argv);
  const deployed = async (): Promise<void> => {
    const said = await rig.howdah(...rig.deployArguments(site.directory));
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
  };
  const php = (code: string): Promise<string> =>
    kubectl("exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r", `require 'database.php'; ${code}`);
  const mark = (word: string): Promise<string> =>
    php(`database()->query('CREATE TABLE kept (word VARCHAR(40))'); database()->query("INSERT INTO kept VALUES ('${word}')");`);
  const marked = (): Promise<string> => php("echo database()->query('SELECT word FROM kept')->fetch_row()[0];");
  const destroy = (...flags: readonly string[]) => rig.howdah("destroy", NAME, ...WHERE, "--yes", ...flags);
  const kept = async (): Promise<string> =>
    rig.kubectl(
      ...["--namespace=howdah-system", "get", "configmap", "howdah-kept-databases", "--ignore-not-found"],
      `--output=jsonpath={.data.${NAME}}`,
    );

  beforeAll(async () => {
    rig = await operatorRig("destr", 18_796);
    site = await faultSite(rig, NAME);
    await site.behave({ release: "one" });
    await rig.operator();
    await rig.tenant(NAME);
    await deployed();
    await mark("first");
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("has its database back when its namespace was deleted and made again", async () => {
    await rig.kubectl("delete", "tenant", NAME, "--wait=false");
    await rig.kubectl("delete", "namespace", NAME, "--wait=false");
    // Nobody visits them any more. Not before: whoever misses a pod of a site that stays waits for another.
    await kubectl("delete", "pods", "--all", "--grace-period=1", "--wait=false");
    await rig.kubectl("wait", "--for=delete", `namespace/${NAME}`, "--timeout=180s");
    const database = { name: NAME.replaceAll("-", "_"), tenant: NAME, keptUntil: expect.any(String) };
    expect(JSON.parse(await kept())).toMatchObject({ namespace: NAME, databases: [database] });
    await rig.kubectl("wait", "--for=delete", `tenant/${NAME}`, "--timeout=60s");
    await rig.tenant(NAME);
    await deployed();
    expect([await marked(), await kept()]).toEqual(["first", ""]);
  });

  it("keeps its data when it is destroyed, until a person says otherwise", async () => {
    expect((await destroy("--purge")).code).toBe(75);
    const said = await destroy();
    expect([said.code, said.stderr]).toEqual([0, expect.stringContaining(`Site ${NAME}`)]);
    expect(JSON.parse(said.stdout)).toMatchObject({
      namespace: NAME,
      keeps: expect.arrayContaining([`database ${NAME.replaceAll("-", "_")}`]),
    });
    expect(await kubectl("get", "sites,environments,deployments,pods", "--output=name")).not.toMatch(/site|environment|deployment/);
    expect(JSON.parse(await kept())).toMatchObject({ databases: [{ tenant: NAME, keptUntil: null }] });
    const purged = await destroy("--purge");
    expect([purged.code, purged.stderr]).toEqual([0, expect.any(String)]);
    expect(await kubectl("get", "releases,persistentvolumeclaims", "--output=name")).toBe("");
    expect(await kept()).toBe("");
    const gone = await destroy("--purge");
    expect(JSON.parse(gone.stdout)).toMatchObject({ error: { code: "site/unknown" } });
  });
});
