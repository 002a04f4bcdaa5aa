import { randomBytes } from "node:crypto";
import { appendFile, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import type { DatasetStatus } from "../../src/resources/schema/dataset.ts";
import { STORAGE_CLASS } from "../../src/resources/install/storage-objects.ts";
import { faultSite } from "../support/fault-site.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-dataset.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAME = `t-dataset-${randomBytes(3).toString("hex")}`;
const DEADLINE_MS = 420_000;
const RULES = `  dataset:
    tables:
      people:
        columns: {id: keep, name: full-name, email: email, words: text}
      installs: keep
      migrations: keep
      howdah_ledger: keep
    files:
      - {match: "**/*.png", action: replace}
      - {match: "**", action: keep, reason: tests}
`;
/** Production's own: nothing of it may be in what is published. */
const REAL = "anna.wunderlich@real-customer.example";

// The breed of one machine, in pods and on claims of our own storage driver: Howdah's own image, the operator from this checkout with the rights that it has.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a golden dataset on a cluster", () => {
  let rig: OperatorRig;
  /** The site's one claim; its files are in a snapshot that is named after it. */
  let uploads = "";

  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAME, ...argv);
  const php = (code: string): Promise<string> =>
    kubectl("exec", "deployment/web", "--container=php", "--", "/usr/bin/php", "-r", `require 'database.php'; ${code}`);
  const status = async (): Promise<Partial<DatasetStatus>> =>
    JSON.parse((await kubectl("get", "dataset", NAME, "--output=jsonpath={.status}")) || "{}") as Partial<DatasetStatus>;
  const ask = (value: string) => kubectl("annotate", "dataset", NAME, `howdah.dev/breed=${value}`, "--overwrite");
  const names = async (kind: string): Promise<readonly string[]> =>
    (await kubectl("get", kind, "--output=jsonpath={.items[*].metadata.name}")).split(" ").filter((name) => name !== "");

  async function apply(object: object): Promise<void> {
    const file = join(rig.directory, "of-datasets.json");
    await writeFile(file, JSON.stringify(object));
    await kubectl("apply", "--server-side", "--force-conflicts", `--filename=${file}`);
  }
  /** Waits until a status is so; what it is instead is told. */
  async function until(what: (status: Partial<DatasetStatus>) => boolean, pause = 300): Promise<Partial<DatasetStatus>> {
    const last = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = await status();
      if (what(found)) return found;
      if (Date.now() > last) throw new Error(`the Dataset does not come there: ${JSON.stringify(found)}`);
      await sleep(pause);
    }
  }

  beforeAll(async () => {
    rig = await operatorRig("datc", 18_781);
    // As npm installs it: its bundle is what runs in the Job.
    const installed = join(rig.directory, "package");
    await run([process.execPath, "scripts/bundle.ts", join(installed, "dist")]);
    for (const part of ["bin", "package.json"]) await cp(part, join(installed, part), { recursive: true });
    const argv = ["operator", "image", "--to", `${rig.registry}/test/dataset`, "--output", "json"];
    const { stdout } = await run([process.execPath, join(installed, "bin/howdah"), ...argv], { env: rig.environment });
    await rig.operator(undefined, undefined, { HOWDAH_BACKUP_IMAGE: (JSON.parse(stdout) as { reference: string }).reference });
    const site = await faultSite(rig, NAME);
    await appendFile(join(site.directory, "howdah.yaml"), RULES);
    await rig.tenant(NAME);
    await rig.deploy(site.directory);
    [uploads = ""] = await names("pvc");
    await php(
      `database()->query('CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(90), email VARCHAR(90), words TEXT)'); foreach (range(1, 50) as $n) database()->query("INSERT INTO people VALUES ($n, 'Anna Wunderlich', '$n.${REAL}', 'Call Anna Wunderlich, $n.${REAL}')");`,
    );
    await php("file_put_contents('public/uploads/face.png', 'the face of Anna'); file_put_contents('public/uploads/page.txt', 'a page');");
    await apply({
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Dataset",
      metadata: { name: NAME, annotations: { "howdah.dev/breed": "first" } },
      spec: { storageClassName: STORAGE_CLASS },
    });
  });
  afterAll(async () => {
    expect(await rig?.close()).toEqual([]);
  });

  it("is bred by a Job and published, and nothing of the Job stays", async () => {
    const { generation, failed } = await until((found) => found.generation !== undefined || found.failed !== undefined);
    expect([generation, failed]).toEqual(["g1", undefined]);
    await until(({ breeding }) => breeding === undefined);
    expect((await names("volumesnapshot")).toSorted()).toEqual([`${NAME}.g1.database`, `${NAME}.g1.files-${uploads}`]);
    await expect.poll(() => names("pvc"), { timeout: 180_000, interval: 500 }).toEqual([uploads]);
    expect(await kubectl("get", "pods", "--selector=howdah.dev/breed-job", "--output=name")).toBe("");
  });

  it("holds made-up rows and pictures, and no byte of production's, in a copy that starts", async () => {
    await apply(lookingPod(await databaseImage(), uploads));
    await kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/look", "--timeout=240s");
    const said = await kubectl("logs", "look");
    expect(said).toContain("rows 50");
    expect(said).toContain("found 0");
    expect(said).toContain("page a page");
    await kubectl("delete", "pod", "look", "--grace-period=1");
  });

  it("stays published when the pod of the next breed is killed, and what that left is gone", async () => {
    await ask("second");
    const { breeding } = await until(({ breeding: now }) => ["raw", "masking", "scrubbing", "verifying"].includes(now?.step ?? ""), 50);
    await kubectl(
      "delete",
      "pod",
      `--selector=howdah.dev/breed-job=${breeding?.job ?? ""},howdah.dev/breed-part=breeder`,
      "--grace-period=0",
      "--force",
    );
    const after = await until((found) => found.breeding === undefined);
    expect([after.generation, after.failed?.generation]).toEqual(["g1", "g2"]);
    await expect
      .poll(() => kubectl("get", "pods", "--selector=howdah.dev/breed-job", "--output=name"), { timeout: 180_000, interval: 500 })
      .toBe("");
    await expect.poll(() => names("pvc"), { timeout: 180_000, interval: 500 }).toEqual([uploads]);
    expect((await names("volumesnapshot")).filter((name) => !name.startsWith(`${NAME}.g1.`))).toEqual([]);
  });

  async function databaseImage(): Promise<string> {
    const found = await rig.kubectl("--namespace=howdah-system", "get", "statefulset,deployment", "--output=json");
    const { items } = JSON.parse(found) as {
      items: { metadata: { name: string }; spec: { template: { spec: { containers: { image: string }[] } } } }[];
    };
    const image = items.find(({ metadata }) => metadata.name.startsWith("mariadb-"))?.spec.template.spec.containers[0]?.image;
    if (image === undefined) throw new Error("no database server runs");
    return image;
  }
});

/** A server on a copy of the database, as small as it can be, and a look at every byte of both copies. */
function lookingPod(image: string, uploads: string): object {
  const copy = (part: string): object => ({
    volumeClaimTemplate: {
      spec: {
        storageClassName: "howdah-copies",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "2Gi" } },
        dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: `${NAME}.g1.${part}` },
      },
    },
  });
  const script = `mariadbd --no-defaults --datadir=/database/data --skip-networking --skip-grant-tables --socket=/tmp/s --innodb-log-file-size=16M &
for _ in $(seq 300); do mariadb --no-defaults --socket=/tmp/s --execute='SELECT 1' >/dev/null 2>&1 && break; sleep 0.3; done
echo rows $(mariadb --no-defaults --socket=/tmp/s --batch --skip-column-names dataset --execute="SELECT COUNT(*) FROM people WHERE name <> 'Anna Wunderlich' AND email NOT LIKE '%real-customer%'")
mariadb --no-defaults --socket=/tmp/s --execute=SHUTDOWN
wait
echo found $(grep -r -l -e real-customer -e Wunderlich -e 'face of Anna' /database /files | wc -l)
echo page $(cat /files/page.txt)
`;
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "look" } },
    spec: {
      ...{ restartPolicy: "Never", automountServiceAccountToken: false },
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 50_000,
        runAsGroup: 50_000,
        fsGroup: 50_000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          ...{ name: "look", image, command: ["sh", "-c", script.replaceAll("$(", "$$(")] },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { limits: { memory: "512Mi" } },
          volumeMounts: [
            { name: "database", mountPath: "/database" },
            { name: "files", mountPath: "/files" },
          ],
        },
      ],
      volumes: [
        { name: "database", ephemeral: copy("database") },
        { name: "files", ephemeral: copy(`files-${uploads}`) },
      ],
    },
  };
}
