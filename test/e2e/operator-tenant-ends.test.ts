import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TenantUsage } from "../../src/workflows/tenant/tenant-usage.ts";
import { type Behaviour, faultSite, type TestSite } from "../support/fault-site.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-tenant-ends.test.ts is skipped: ${why}\n`);

/** Another one each time: what this test leaves on the shared server when it fails is nobody else's. */
const NAME = `t-ends-${randomBytes(3).toString("hex")}`;
const USER = NAME.replaceAll("-", "_");

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a tenant of a cluster", () => {
  let rig: OperatorRig;
  let site: TestSite & { behave(behaviour: Behaviour): Promise<void> };
  const file = join(tmpdir(), `${NAME}.tar`);

  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, ...argv);
  const tenant = (...argv: readonly string[]) => rig.howdah("tenant", ...argv, "--context", ".", "--output", "json");
  const database = (statement: string): Promise<string> =>
    rig.kubectl(
      ...["--namespace=howdah-system", "exec", "statefulset/mariadb-11-8", "--"],
      ...[
        "mariadb",
        "--defaults-file=/run/secrets/database/client.cnf",
        "--socket=/run/mysqld/mysqld.sock",
        "--skip-column-names",
        "--batch",
        "--execute",
        statement,
      ],
    );

  beforeAll(async () => {
    rig = await operatorRig("tends", 18_797);
    site = await faultSite(rig, NAME);
    await site.behave({ release: "one" });
    await rig.operator();
    await rig.tenant(NAME);
    const said = await rig.howdah(...rig.deployArguments(site.directory));
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
    await kubectl(
      ...["exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r"],
      `require 'database.php'; database()->query('CREATE TABLE owed (word VARCHAR(40))'); database()->query("INSERT INTO owed VALUES ('theirs')");`,
    );
  });
  afterAll(async () => {
    await rm(file, { force: true });
    expect(await rig?.close()).toEqual([]);
  });

  it("gives its database users the bounds of its profile, and others when that changes", async () => {
    expect((await tenant("profile", NAME, "small")).code).toBe(0);
    const bounds = () =>
      database(`SELECT max_user_connections FROM mysql.user WHERE User = '${USER}'`).then((text) => text.trim().split("\n").at(-1));
    await expect.poll(bounds, { timeout: 180_000, interval: 1000 }).toBe("12");
    expect((await tenant("profile", NAME, "large")).code).toBe(0);
    await expect.poll(bounds, { timeout: 180_000, interval: 1000 }).toBe("72");
  });

  it("has a key pair in its namespaces, and another one when somebody asks for it", async () => {
    const first = await keys();
    expect(first).toHaveLength(1);
    const rotated = await tenant("rotate-key", NAME);
    expect([rotated.code, rotated.stderr]).toEqual([0, expect.any(String)]);
    const { keyId } = JSON.parse(rotated.stdout) as { readonly keyId: string };
    expect(await keys()).toEqual([keyId, ...first]);
    expect((await tenant("rotate-key", NAME, "--finish")).code).toBe(0);
    expect(await keys()).toEqual([keyId]);
  });

  it("writes no more when its database is larger than its storage, is measured, and writes again when it is smaller", async () => {
    await sql("CREATE TABLE big (content LONGBLOB)");
    for (let megabytes = 0; megabytes < 40; megabytes += 8) await sql("INSERT INTO big VALUES (REPEAT('x', 8000000))");
    await rig.kubectl("patch", "tenant", NAME, "--type=merge", '--patch={"spec":{"storage":"16Mi"}}');
    const condition = (of: string) =>
      kubectl("get", "environment", "production", `--output=jsonpath={.status.conditions[?(@.type=="DatabaseWritable")].${of}}`);
    await expect.poll(() => condition("reason"), { timeout: 180_000, interval: 1000 }).toBe("AboveItsProfile");
    expect(await sql("INSERT INTO owed VALUES ('more')")).toContain("denied");
    // The server's own statistics of sizes come some seconds after the rows; it counts queries from the first time that somebody asks.
    const measured = async (): Promise<unknown> => {
      const usage = await rig.howdah("usage", NAME, "--context", ".", "--output", "json");
      const [used] = JSON.parse(usage.stdout) as readonly TenantUsage[];
      expect(used).toMatchObject({ tenant: NAME, storageBound: 16 * 1024 ** 2, sites: [{ namespace: NAME }] });
      const { storageBytes = 0, memoryBytes = 0, cpuSeconds = 0 } = used ?? {};
      return [usage.code, storageBytes > 16 * 1024 ** 2, memoryBytes > 0, cpuSeconds > 0];
    };
    await expect.poll(measured, { timeout: 180_000, interval: 2000 }).toEqual([0, true, true, true]);
    await sql("DROP TABLE big");
    await expect.poll(() => condition("reason"), { timeout: 180_000, interval: 1000 }).toBe("");
    expect(await sql("INSERT INTO owed VALUES ('more')")).toBe("");
    await rig.kubectl("patch", "tenant", NAME, "--type=merge", '--patch={"spec":{"storage":null}}');
  });

  it("hands its data over when it is deleted, lets nothing run, and leaves nothing when the time has come", async () => {
    const said = await tenant("delete", NAME, "--export", file, "--yes");
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
    expect(await kubectl("get", "sites,environments,deployments", "--output=name")).toBe("");
    // Files were read through pods of the tenant's: none may start from then on.
    const pods = () => kubectl("get", "resourcequota", "howdah-suspended", "--output=jsonpath={.spec.hard.pods}").catch(String);
    await expect.poll(pods, { timeout: 120_000, interval: 500 }).toMatch(/^[01]$/);
    expect(await owed()).toMatchObject({
      "manifest.json": expect.stringContaining("howdah-tenant-export/1"),
      [`sites/${NAME}/howdah.yaml`]: expect.stringContaining("kind: Site"),
      [`sites/${NAME}/database.sql.gz`]: expect.stringContaining("theirs"),
    });
    expect(JSON.parse((await tenant("show", NAME)).stdout)).toMatchObject({ condition: { reason: "DataKept" } });
    const past = new Date(Date.now() - 60_000).toISOString();
    await rig.kubectl("annotate", "tenant", NAME, "--overwrite", `howdah.dev/delete-data-after=${past}`);
    await rig.kubectl("wait", "--for=delete", `tenant/${NAME}`, "--timeout=240s");
    expect(await rig.kubectl("get", "namespace", NAME, "--ignore-not-found", "--output=name")).toBe("");
    expect((await database(`SHOW DATABASES LIKE '${USER}'`)).trim()).toBe("");
  });

  /** Names of the keys that are valid, the one that signs first. */
  async function keys(): Promise<readonly string[]> {
    const found = await kubectl("get", "secret", "tenant-keys", "--output=jsonpath={.data['jwks\\.json']}");
    return (JSON.parse(Buffer.from(found, "base64").toString()) as { readonly keys: readonly { readonly kid: string }[] }).keys.map(
      ({ kid }) => kid,
    );
  }

  /** A statement of the site's own user; what the server refuses is said. Its pods may be on their way to other keys: one that goes is no answer. */
  async function sql(statement: string): Promise<string> {
    const code = `require 'database.php'; try { database()->query(${JSON.stringify(statement)}); } catch (Throwable $refused) { echo $refused->getMessage(); }`;
    const said = () => kubectl("exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r", code);
    for (let tries = 0; ; tries += 1) {
      await kubectl("rollout", "status", "deployment/web", "--timeout=180s");
      try {
        return await said();
      } catch (error) {
        if (tries === 10) throw error;
      }
    }
  }

  /** The export's texts, by name; dumps are unpacked. */
  async function owed(): Promise<Readonly<Record<string, string>>> {
    const archive = extract();
    createReadStream(file).pipe(archive);
    const found: Record<string, string> = {};
    for await (const entry of archive) {
      const { name } = (entry as unknown as { header: { name: string } }).header;
      const content = await buffer(entry);
      found[name] = (name.endsWith(".gz") ? gunzipSync(content) : content).toString();
    }
    return found;
  }
});
