import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Behaviour, faultSite, migrationHook, type TestSite } from "../support/fault-site.ts";
import { type Said, whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-migrations.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAME = `t-migrate-${randomBytes(3).toString("hex")}`;
const HOST = `${NAME}.localhost`;
const MESSAGE = "The shop counts its stock.";

/** Counts its runs in the database; then waits until it may go on, if behave.json says so, and ends as it says. */
const hook = migrationHook(`for ($until = time() + 120; (behave()['waits'] ?? false) && time() < $until; usleep(200000)) {
    if ($database->query("SHOW TABLES LIKE 'go'")->num_rows > 0) {
        $database->query('DROP TABLE go');
        break;
    }
}`);

interface Failure {
  readonly code: string;
  readonly message: string;
}

// The site file and its application are those of migrations.test.ts, on one machine.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("migrations on a cluster", () => {
  let rig: OperatorRig;
  let site: TestSite & { behave(behaviour: Behaviour & { waits?: boolean }): Promise<void> };

  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, ...argv);
  const deploy = () => rig.howdah(...rig.deployArguments(site.directory));
  const deployed = async (): Promise<void> => {
    const said = await deploy();
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
  };
  /** In a container that serves, whatever visitors may see: how often the hook was begun, and the word that it may go on. */
  const php = (code: string): Promise<string> =>
    kubectl("exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r", `require 'database.php'; ${code}`);
  const runs = async (): Promise<number> => Number(await php("echo database()->query('SELECT COUNT(*) FROM runs')->fetch_row()[0];"));
  const goOn = (): Promise<string> => php("database()->query('CREATE TABLE go (id INT)');");
  const step = (): Promise<string> => kubectl("get", "environment", "production", "--output=jsonpath={.status.rollout.step}");
  /** What the operator remembers of the last migration. */
  const record = async (): Promise<{ readonly state: string; readonly dump: string | null }> => {
    const text = await kubectl("get", "configmap", "howdah-state", "--output=jsonpath={.data.migration}");
    return JSON.parse(text) as { state: string; dump: string | null };
  };
  const shows = async (words: string): Promise<void> => {
    await rig.formerGone(NAME);
    await expect.poll(() => site.page(), { timeout: 180_000 }).toContain(words);
  };
  /** A new migration file: what `watch` names. */
  const migration = async (name: string): Promise<void> => {
    await mkdir(join(site.directory, "migrations"), { recursive: true });
    await writeFile(join(site.directory, "migrations", `${name}.txt`), name);
  };

  beforeAll(async () => {
    rig = await operatorRig("migc", 18_768);
    site = await faultSite(rig, NAME);
    await change("migrate: php migrate.php", "migrate: {run: php migrate.php, watch: [migrations]}");
    await writeFile(join(site.directory, "migrate.php"), hook);
    await migration("one");
    await site.behave({ release: "one" });
    await rig.operator();
    await rig.tenant(NAME);
    await deployed();
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  async function change(from: string, to: string): Promise<void> {
    const file = join(site.directory, "howdah.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
  }

  it("a new one runs once, in a pod of its own, after a dump and before its release serves anybody", async () => {
    await shows("release one");
    expect(await runs()).toBe(1);
    await migration("two");
    await site.behave({ release: "two", waits: true });
    const deploying = deployed();
    await expect.poll(runs, { timeout: 120_000 }).toBe(2);
    expect([await step(), await site.page()]).toEqual(["migrate", expect.stringContaining("release one")]);
    expect(await kubectl("get", "pods", "--selector=howdah.dev/role=once", "--output=name")).toMatch(/^pod\/web-once-\w+\n$/);
    expect(await record()).toMatchObject({ state: "running", dump: expect.stringContaining("before-migration-") });
    await goOn();
    await deploying;
    await shows("release two");
    expect([await runs(), (await record()).state]).toEqual([2, "done"]);
  });

  it("one that fails leaves the former release, and its reason where everybody looks", async () => {
    await migration("three");
    await site.behave({ release: "three", migrate: 9 });
    const said = await deploy();
    const { error } = JSON.parse(said.stdout) as { error: Failure };
    expect(error).toMatchObject({ code: "site/migrate-failed", message: expect.stringContaining("exit code 9") });
    const status = JSON.parse(await kubectl("get", "release", "r3", "--output=json")) as { status: object };
    expect(status.status).toMatchObject({ state: "failed", step: "migrate", reason: expect.stringContaining("exit code 9") });
    const { items } = JSON.parse(await kubectl("get", "environments,sites", "--output=json")) as {
      items: { kind: string; status: { release?: string; conditions: { type: string; status: string; message: string }[] } }[];
    };
    expect(items.find(({ kind }) => kind === "Environment")?.status).toMatchObject({ release: "r2" });
    expect(JSON.stringify(items)).toContain("exit code 9");
    expect(await site.page()).toContain("release two");
    expect(await runs()).toBe(3);
  });

  it("one that is cut off waits for a person, who decides from the command line", async () => {
    await migration("four");
    await site.behave({ release: "four", waits: true });
    const deploying = deploy();
    await expect.poll(runs, { timeout: 120_000 }).toBe(4);
    await kubectl("delete", "pod", "--selector=howdah.dev/role=once", "--grace-period=1");
    expect(JSON.parse((await deploying).stdout)).toMatchObject({ error: { code: "site/migration-interrupted" } });
    expect(await site.page()).toContain("release two");
    const migrate = (...flags: readonly string[]): Promise<Said> => rig.ok("migrate", NAME, "--context", ".", ...flags);
    expect((await migrate()).stdout).toMatch(/migrate:[0-9a-f]{12}\s+(started|interrupted)\s+1/);
    expect((await migrate("--mark-done")).stdout).toMatch(/migrate:[0-9a-f]{12}.* counts as done/);
    await shows("release four");
    expect(await runs()).toBe(4);
  });

  it("while an exclusive one runs, visitors read its page; then the release serves", async () => {
    await change("spec:\n", `spec:\n  rollout: {strategy: exclusive, message: "${MESSAGE}"}\n`);
    await migration("five");
    await site.behave({ release: "five", waits: true });
    const deploying = deployed();
    await expect.poll(runs, { timeout: 120_000 }).toBe(5);
    const page = async (): Promise<string> => {
      const { status, headers, body } = await rig.get(HOST, "/");
      return `${String(status)} ${headers["retry-after"] === undefined ? "" : "again later"} ${body}`;
    };
    await expect.poll(page, { timeout: 180_000 }).toMatch(new RegExp(`^503 again later [\\s\\S]*${MESSAGE}`));
    await goOn();
    await deploying;
    await shows("release five");
    expect([await runs(), (await record()).state]).toEqual([5, "done"]);
  });
});
