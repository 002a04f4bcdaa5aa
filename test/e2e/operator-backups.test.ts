import { randomBytes } from "node:crypto";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import type { BackupStatus } from "../../src/resources/schema/backup.ts";
import { faultSite } from "../support/fault-site.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-backups.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAME = `t-backup-${randomBytes(3).toString("hex")}`;

// A store on a volume of the cluster, Howdah's own image, the operator from this checkout with the rights that it has there.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("backups on a cluster", () => {
  let rig: OperatorRig;

  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, ...argv);
  const php = (code: string): Promise<string> =>
    kubectl("exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r", `require 'database.php'; ${code}`);
  const status = async (): Promise<BackupStatus & { conditions: { type: string; status: string; reason: string }[] }> =>
    JSON.parse(await kubectl("get", "backup", "site", "--output=jsonpath={.status}")) as never;
  const ready = async (): Promise<string> => {
    const found = (await status()).conditions.find(({ type }) => type === "Ready");
    return `${found?.status ?? ""} ${found?.reason ?? ""}`;
  };
  const backup = (...argv: readonly string[]) => rig.howdah("backup", ...argv, "--context", ".", "--output", "json");

  async function apply(object: object): Promise<void> {
    const file = join(rig.directory, "of-backups.json");
    await writeFile(file, JSON.stringify(object));
    await kubectl("apply", "--server-side", "--force-conflicts", `--filename=${file}`);
  }
  const secret = (password: string): object => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "store" },
    stringData: { password },
  });

  beforeAll(async () => {
    rig = await operatorRig("bakc", 18_779);
    // As npm installs it: its bundle is what runs in the Jobs.
    const installed = join(rig.directory, "package");
    await run([process.execPath, "scripts/bundle.ts", join(installed, "dist")]);
    for (const part of ["bin", "package.json"]) await cp(part, join(installed, part), { recursive: true });
    const argv = ["operator", "image", "--to", `${rig.registry}/test/backup`, "--output", "json"];
    const { stdout } = await run([process.execPath, join(installed, "bin/howdah"), ...argv], { env: rig.environment });
    await rig.operator(undefined, undefined, { HOWDAH_BACKUP_IMAGE: (JSON.parse(stdout) as { reference: string }).reference });
    const site = await faultSite(rig, NAME);
    await rig.tenant(NAME);
    await rig.deploy(site.directory);
    await apply(secret("a password of the test"));
    await apply({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "store" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    await apply({
      apiVersion: "howdah.dev/v1alpha1",
      kind: "BackupStore",
      metadata: { name: "default" },
      spec: { secret: "store", claim: { name: "store" } },
    });
    await apply({ apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata: { name: "site" }, spec: { keep: { last: 5 } } });
    await php(
      "database()->query('CREATE TABLE kept (id INT PRIMARY KEY, word VARCHAR(20))'); database()->query(\"INSERT INTO kept VALUES (1, 'sea')\");",
    );
    await php("file_put_contents('public/uploads/picture', 'waves');");
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("counts as verified when it was restored into a scratch place and is equal", async () => {
    const said = await backup("now", NAME);
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
    const { verified, last } = await status();
    expect(verified).toMatchObject({ id: last?.id, files: expect.any(Number) });
    expect(verified?.rows).toBeGreaterThan(0);
    expect(await ready()).toBe("True Verified");
  });

  it("is restored: a row and a file that were destroyed are back, what came later is gone", async () => {
    const { last } = await status();
    await php("database()->query('DELETE FROM kept'); database()->query('CREATE TABLE later (id INT)');");
    await php("unlink('public/uploads/picture'); file_put_contents('public/uploads/later', 'x');");
    const said = await backup("restore", NAME, last?.id ?? "", "--yes");
    expect([said.code, said.stderr]).toEqual([0, expect.any(String)]);
    const words = await php(
      "echo database()->query('SELECT word FROM kept')->fetch_row()[0], ' ', implode(' ', array_diff(scandir('public/uploads'), ['.', '..', '.howdah']));",
    );
    expect(words).toBe("sea picture");
    expect(await php("echo database()->query(\"SHOW TABLES LIKE 'later'\")->num_rows;")).toBe("0");
    const { restored, backups } = await status();
    expect(restored?.id).toBe(last?.id);
    expect(backups?.find(({ id }) => id === restored?.before)).toMatchObject({ why: "before a restore", verified: expect.any(String) });
  });

  it("is reported as failed with a wrong key, in a condition and an event, and never as verified", async () => {
    const before = (await status()).verified;
    await apply(secret("another password"));
    const said = await backup("now", NAME);
    expect([said.code, said.stdout + said.stderr]).toEqual([77, expect.stringContaining("wrong password")]);
    expect(await ready()).toBe("False BackupStoreRefused");
    expect((await status()).verified).toEqual(before);
    expect(await kubectl("get", "events", "--field-selector=reason=BackupStoreRefused", "--output=name")).toContain("event/site");
  });

  it("is deleted from the store when somebody asks for it, and what is left with its Backup, where that says so", async () => {
    await apply(secret("a password of the test"));
    const [{ id } = { id: "" }] = (await status()).backups ?? [];
    const said = await backup("delete", NAME, id, "--yes");
    expect([said.code, said.stdout + said.stderr]).toEqual([0, expect.any(String)]);
    const left = (await status()).backups ?? [];
    expect([left.length > 0, left.some((one) => one.id === id)]).toEqual([true, false]);
    await kubectl("patch", "backup", "site", "--type=merge", '--patch={"spec":{"whenDeleted":"delete"}}');
    const held = () => kubectl("get", "backup", "site", "--output=jsonpath={.metadata.finalizers}");
    await expect.poll(held, { timeout: 180_000, interval: 500 }).toContain("howdah.dev/stored-backups");
    await kubectl("delete", "backup", "site", "--timeout=300s");
    const events = ["get", "events", "--field-selector=reason=Deleted", "--output=jsonpath={.items[*].message}"] as const;
    expect(await kubectl(...events)).toContain("all: done");
  });
});
