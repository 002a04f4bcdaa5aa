import { randomBytes } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { READ_PHP, SETUP_PHP, WRITE_PHP, type WrittenRows } from "../support/acknowledged-writer.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { VisitorsThatWrite } from "../support/visitors-that-write.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-galera.test.ts is skipped: ${why}\n`);

/** Another one each time: volumes of nodes stay when a test is cut off. */
const NAME = `t-galera-${randomBytes(3).toString("hex")}`;
const HOST = `${NAME}.localhost`;
const WAIT = { timeout: 240_000, interval: 1_000 };
const SYSTEM = "--namespace=howdah-system";
const HTTP_PORT = 18_812;

describe.skipIf(why !== undefined && process.env["CI"] === undefined)(
  "a site whose database is on three nodes",
  { timeout: 400_000 },
  () => {
    let rig: OperatorRig;
    let directory: string;

    const read = (what: string): Promise<string> => rig.kubectl("get", `databaseserver/${NAME}`, `--output=jsonpath=${what}`);
    const writer = (): Promise<string> => read("{.status.writer}");
    const ready = (): Promise<string> => read('{.status.conditions[?(@.type=="Ready")].reason}');
    const made = async (part: string): Promise<string> => {
      const { stdout } = await rig.ok("operator", "database-image", part, "--mariadb", "10.11", "--to", `${rig.registry}/test/${part}`);
      return stdout.trim();
    };
    const rows = async (): Promise<WrittenRows> => JSON.parse((await rig.get(HOST, "/read.php")).body) as WrittenRows;

    beforeAll(async () => {
      rig = await operatorRig("galer", HTTP_PORT);
      const spec = { kind: "galera", version: "10.11", memory: "512Mi", storage: "1Gi" };
      const galera = { image: await made("galera"), router: { image: await made("haproxy") } };
      const object = { apiVersion: "howdah.dev/v1alpha1", kind: "DatabaseServer", metadata: { name: NAME }, spec: { ...spec, galera } };
      const file = join(rig.directory, "server.json");
      await writeFile(file, JSON.stringify(object));
      await rig.kubectl("apply", `--filename=${file}`);
      await rig.operator();
      await rig.tenant(NAME);
      directory = join(rig.directory, NAME);
      await cp(join(import.meta.dirname, "../fixtures/steady-app"), directory, { recursive: true });
      const site = join(directory, "howdah.yaml");
      const text = (await readFile(site, "utf8")).replace("name: steady", `name: ${NAME}`);
      await writeFile(site, text.replace("database: {}", `database: { server: ${NAME} }`));
      for (const [page, php] of Object.entries({ write: WRITE_PHP, setup: SETUP_PHP, read: READ_PHP }))
        await writeFile(join(directory, "public", `${page}.php`), php);
    }, 400_000);
    afterAll(async () => {
      const left = await rig?.close();
      const kinds = "statefulset,deployment,service,configmap,poddisruptionbudget,networkpolicy";
      await rig?.kubectl("delete", `databaseserver/${NAME}`, "--ignore-not-found", "--wait=false");
      await rig?.kubectl("patch", `databaseserver/${NAME}`, "--type=merge", '--patch={"metadata":{"finalizers":null}}').catch(() => ""); // it has gone
      await rig?.kubectl("delete", kinds, SYSTEM, `--selector=howdah.dev/database-server=${NAME}`, "--wait=false");
      await rig?.kubectl(
        "delete",
        "configmap,pvc,pod",
        SYSTEM,
        `--selector=app.kubernetes.io/instance=${NAME}`,
        "--grace-period=1",
        "--wait=false",
      );
      expect(left).toEqual([]);
    }, 120_000);

    it("gets its database through the routers, which know the writer", async () => {
      await expect.poll(ready, WAIT).toMatch(/^(Healthy|Degraded)$/);
      await rig.deploy(directory);
      // A gateway may take a moment to follow its route on a busy machine.
      await expect.poll(async () => (await rig.get(HOST, "/echo.php")).status, WAIT).toBe(200);
      expect((await rig.get(HOST, "/setup.php")).body).toBe("made");
      await expect.poll(writer, WAIT).toMatch(new RegExp(`^${NAME}-node-[012]$`));
      const env = await rig.kubectl(
        "exec",
        "deployment/web",
        `--namespace=${NAME}`,
        "--container=php",
        "--",
        "/usr/bin/php",
        "-r",
        "echo getenv('DB_HOST');",
      );
      expect(env).toBe(`${NAME}.howdah-system.svc`);
      // Only this namespace is let in, and to the routers only.
      const policies = await rig.kubectl("get", "networkpolicy", SYSTEM, "--output=name");
      expect(policies).toContain(`/${NAME}-from-${NAME}\n`);
    });

    it("loses no row that a visitor was told of when the writer is killed, and serves on", async () => {
      await expect.poll(ready, WAIT).toBe("Healthy");
      const before = await writer();
      const visitors = new VisitorsThatWrite((path) => rig.get(HOST, path));
      await expect.poll(() => visitors.acknowledged.size, WAIT).toBeGreaterThan(50);
      await rig.kubectl("exec", before, SYSTEM, "--", "sh", "-c", "kill -9 $(cat /run/mysqld/mysqld.pid)");
      const then = visitors.acknowledged.size;
      await expect.poll(() => visitors.acknowledged.size, WAIT).toBeGreaterThan(then + 50);
      await visitors.stop();
      process.stdout.write(`visitors while the writer was killed: ${visitors.words()}\n`);
      const { ids, counted, seen } = await rows();
      expect([...visitors.acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
      expect([new Set(ids).size, counted, seen]).toEqual([ids.length, ids.length, ids.length]);
      // The same one, when its server was back before the others had agreed that it is gone.
      await expect.poll(writer, WAIT).toMatch(new RegExp(`^${NAME}-node-[012]$`));
      await expect.poll(ready, WAIT).toBe("Healthy");
    });

    it("is dumped before a migration by a pod of the site's own, to a volume of its namespace", async () => {
      const file = join(directory, "howdah.yaml");
      const hook = "install: php install.php";
      await writeFile(file, (await readFile(file, "utf8")).replace(hook, `${hook}\n    migrate: {run: php migrate.php}`));
      await writeFile(join(directory, "migrate.php"), "<?php echo 'migrated', PHP_EOL;");
      await rig.deploy(directory);
      const state = await rig.kubectl("get", "configmap", "howdah-state", `--namespace=${NAME}`, "--output=jsonpath={.data.migration}");
      expect(JSON.parse(state)).toMatchObject({ state: "done", dump: expect.stringMatching(/^\/dumps\/before-migration-/) as string });
    });

    it("stays while the site's data is on it, and goes after that", async () => {
      await rig.kubectl("delete", `databaseserver/${NAME}`, "--wait=false");
      await expect.poll(ready, WAIT).toBe("DatabaseServerInUse");
      expect((await rig.get(HOST, "/read.php")).status).toBe(200);
      await rig.ok("destroy", NAME, "--context", ".", "--namespace", NAME, "--yes");
      await rig.ok("destroy", NAME, "--context", ".", "--namespace", NAME, "--yes", "--purge");
      await rig.kubectl("wait", "--for=delete", `databaseserver/${NAME}`, "--timeout=180s");
      expect(await rig.kubectl("get", "networkpolicy", SYSTEM, "--output=name")).not.toContain(`-from-${NAME}\n`);
    });
  },
);
