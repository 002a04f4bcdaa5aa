import { randomBytes } from "node:crypto";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EnvironmentStatus } from "../../src/resources/schema/environment.ts";
import { COPIES_CLASS } from "../../src/resources/install/storage-objects.ts";
import { faultSite } from "../support/fault-site.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { removeNamespaces, runningCluster } from "../support/test-cluster.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-environments.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted. */
const NAME = `t-env-${randomBytes(3).toString("hex")}`;
const [SEED, TWIN, REVIEW] = ["seed", "twin", "review"].map((name) => `${NAME}--${name}`) as [string, string, string];
const DATABASE = "environment-database-files";
const UPLOADS = "public-uploads-74892485";
const PATIENCE = { timeout: 240_000, interval: 300 };
/** Of contents of a driver with a sidecar on each node. */
const MANAGED_BY = "snapshot.storage.kubernetes.io/managed-by";
const KEY = "production's own key";

const page = `<?php
require dirname(__DIR__) . '/database.php';
echo database()->query('SELECT word FROM kept')->fetch_row()[0], ' ', file_get_contents('uploads/picture');
`;
const more = `  variables:
    KEY: {secret: shop/key}
  environments:
    secrets: {shop/key: {generate: true}}
`;

// Our own storage driver, real pods, an operator from this checkout with the rights that it has there.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("environments on a cluster", () => {
  const cluster = runningCluster();
  let rig: OperatorRig;

  const json = async <T>(...argv: readonly string[]): Promise<T> => JSON.parse(await rig.kubectl(...argv, "--output=json")) as T;
  async function apply(object: object): Promise<void> {
    const file = join(rig.directory, "of-environments.json");
    await writeFile(file, JSON.stringify(object));
    await rig.kubectl("apply", "--server-side", "--force-conflicts", `--filename=${file}`);
  }
  const make = (name: string, data: object): Promise<void> =>
    apply({
      ...{ apiVersion: "howdah.dev/v1alpha1", kind: "Environment", metadata: { name, namespace: NAME } },
      spec: { site: NAME, data },
    });
  const status = async (name: string): Promise<EnvironmentStatus> =>
    (await json<{ readonly status?: EnvironmentStatus }>("get", "environment", name, "--namespace", NAME)).status ?? {};
  const conditions = async (name: string): Promise<readonly string[]> =>
    ((await status(name)).conditions ?? []).map(({ type, status: is, reason, message }) => `${type}=${is} ${reason}: ${message}`);
  const serves = (name: string) => expect.poll(() => conditions(name), PATIENCE).toEqual([expect.stringMatching(/^Ready=True/)]);
  const php = (namespace: string, code: string): Promise<string> =>
    rig.kubectl(
      ...["exec", "deployment/web", "--namespace", namespace, "--container=php", "--", "/usr/bin/php", "-r"],
      `require 'database.php'; ${code}`,
    );
  const kept = async (name: string): Promise<string> => (await rig.get(`${name}.${NAME}.localhost`, "/kept.php")).body;
  const handleOf = (content: string): Promise<string> =>
    rig.kubectl("get", "volumesnapshotcontent", content, "--output=jsonpath={.spec.source.snapshotHandle}");

  beforeAll(async () => {
    rig = await operatorRig("envc", 18_791);
    const settings = JSON.parse(
      await rig.kubectl("get", "configmap", "howdah-settings", "--namespace=howdah-system", "--output=jsonpath={.data.settings}"),
    ) as {
      readonly storage?: object;
    };
    const chosen = JSON.stringify({ ...settings, storage: { ...settings.storage, copies: COPIES_CLASS } });
    await rig.kubectl(
      "patch",
      "configmap",
      "howdah-settings",
      "--namespace=howdah-system",
      "--type=merge",
      "--patch",
      JSON.stringify({ data: { settings: chosen } }),
    );
    await rig.operator();
    const site = await faultSite(rig, NAME);
    await writeFile(join(site.directory, "public/kept.php"), page);
    await appendFile(join(site.directory, "howdah.yaml"), more);
    await rig.tenant(NAME);
    await rig.kubectl("create", "secret", "generic", "shop", "--namespace", NAME, `--from-literal=key=${KEY}`);
    await rig.deploy(site.directory);
  });
  afterAll(async () => {
    await rig?.kubectl("delete", "environments", "--all", "--namespace", NAME, "--ignore-not-found", "--wait=false");
    for (const name of ["seed", "twin", "review"])
      await rig?.kubectl("wait", "--for=delete", "--timeout=120s", `environment/${name}`, "--namespace", NAME).catch(() => undefined);
    await removeNamespaces(cluster, SEED, TWIN, REVIEW);
    expect(await rig?.close()).toEqual([]);
  });

  it("begin fresh: the install hook makes the database, on a server of their own", async () => {
    await make("seed", { fresh: {} });
    await serves("seed");
    expect((await rig.get(`seed.${NAME}.localhost`, "/")).body).toContain("installs 1");
    await php(SEED, "database()->query('CREATE TABLE kept (word VARCHAR(20))'); database()->query(\"INSERT INTO kept VALUES ('sea')\");");
    await php(SEED, "file_put_contents('public/uploads/picture', 'waves');");
    expect(await kept("seed")).toBe("sea waves");
    await sleep(3000); // such a server writes what was committed once a second, and a copy is of what is written
  });

  it("are copies of others, and neither sees what the other writes", async () => {
    await make("twin", { clone: { of: "seed" } });
    await serves("twin");
    await php(SEED, "database()->query(\"UPDATE kept SET word = 'land'\");");
    expect([await kept("twin"), await kept("seed")]).toEqual(["sea waves", "land waves"]);
  });

  it("are copies of a generation of the dataset, with nothing of production's", async () => {
    await publish();
    const before = Date.now();
    await make("review", { dataset: {} });
    await expect.poll(() => kept("review"), { ...PATIENCE, interval: 100 }).toBe("sea waves");
    process.stdout.write(`a copy of a generation answers ${String(Date.now() - before)} ms after it was asked for\n`);
    await serves("review");
    expect(await status("review")).toMatchObject({ namespace: REVIEW, generation: "g1", release: "r1" });
    const { items } = await json<{ readonly items: readonly { readonly data?: Readonly<Record<string, string>> }[] }>(
      "get",
      "secrets",
      "--namespace",
      REVIEW,
    );
    const values = items.flatMap(({ data = {} }) => Object.values(data).map((value) => Buffer.from(value, "base64").toString()));
    const own = await php(NAME, "echo getenv('DB_PASSWORD');");
    expect(own.length).toBeGreaterThan(10);
    expect(values.filter((value) => value.includes(KEY) || value.includes(own))).toEqual([]);
    expect((await php(REVIEW, "echo getenv('KEY');")).length).toBeGreaterThan(10);
  });

  it("reach their own database, and nobody outside", async () => {
    const reaches = (namespace: string, host: string, port: number): Promise<string> =>
      php(namespace, `echo @fsockopen('${host}', ${String(port)}, $code, $words, 3) === false ? 'no' : 'yes';`);
    const [address = "", port = ""] = rig.registry.split(":");
    expect(await reaches(REVIEW, "database", 3306)).toBe("yes");
    expect(await reaches(REVIEW, `web.${NAME}.svc`, 8080)).toBe("no");
    expect(await reaches(REVIEW, `database.${TWIN}.svc`, 3306)).toBe("no");
    expect(await reaches(REVIEW, address, Number(port))).toBe("no");
    const { items } = await json<{ readonly items: readonly { readonly spec: object }[] }>("get", "networkpolicies", "--namespace", REVIEW);
    expect(items.filter(({ spec }) => JSON.stringify(spec).includes("ipBlock"))).toEqual([]);
  });

  it("come back on a fresh copy when they are reset", async () => {
    await php(REVIEW, "database()->query('DROP TABLE kept');");
    await rig.kubectl("annotate", "environment", "review", "--namespace", NAME, "howdah.dev/reset=1");
    await expect.poll(async () => (await status("review")).reset, PATIENCE).toBe("1");
    await serves("review");
    expect(await kept("review")).toBe("sea waves");
  });

  it("leave nothing behind, and the dataset as it was", async () => {
    for (const name of ["review", "twin"]) await rig.kubectl("delete", "environment", name, "--namespace", NAME, "--wait=false");
    const left = async (): Promise<readonly string[]> => {
      const names = await rig.kubectl("get", "namespaces,persistentvolumes,volumesnapshotcontents", "--output=json");
      const { items } = JSON.parse(names) as { readonly items: readonly object[] };
      return items.map((item) => JSON.stringify(item)).filter((text) => text.includes(REVIEW) || text.includes(TWIN));
    };
    await expect.poll(async () => (await left()).length, PATIENCE).toBe(0);
    const path = "--output=jsonpath={.items[*].status.readyToUse}";
    expect(await rig.kubectl("get", "volumesnapshots", "--namespace", NAME, path)).toBe("true true");
    const data = await rig.kubectl("get", "configmap", "howdah-dataset", "--namespace", NAME, "--output=jsonpath={.data}");
    expect(data).not.toContain("lease.");
  });

  /** A generation as a breed leaves it: snapshots in the site's namespace (of the twin's data), and what is remembered of them. */
  async function publish(): Promise<void> {
    const volumes = [];
    for (const [name, claim, directory] of [
      ["database", DATABASE, null],
      ["files-public-uploads", UPLOADS, "public/uploads"],
    ] as const) {
      const handle = await handleOf(`${TWIN}.${claim}-clone`);
      const path = `--output=jsonpath={.metadata.labels.${MANAGED_BY.replaceAll(".", "\\.")}}`;
      const node = await rig.kubectl("get", "volumesnapshotcontent", `${TWIN}.${claim}-clone`, path);
      const snapshot = `g1-${name}`;
      const kind = { apiVersion: "snapshot.storage.k8s.io/v1" };
      const reference = { ...kind, kind: "VolumeSnapshot", namespace: NAME, name: snapshot };
      const content = {
        deletionPolicy: "Retain",
        driver: "csi.howdah.dev",
        source: { snapshotHandle: handle },
        volumeSnapshotRef: reference,
      };
      await apply({
        ...kind,
        kind: "VolumeSnapshotContent",
        metadata: { name: `${NAME}.${snapshot}`, labels: { [MANAGED_BY]: node } },
        spec: content,
      });
      const spec = { source: { volumeSnapshotContentName: `${NAME}.${snapshot}` } };
      await apply({ ...kind, kind: "VolumeSnapshot", metadata: { name: snapshot, namespace: NAME }, spec });
      await rig.kubectl(
        "wait",
        "--for=jsonpath={.status.readyToUse}=true",
        `volumesnapshot/${snapshot}`,
        "--namespace",
        NAME,
        "--timeout=120s",
      );
      volumes.push({ name, path: directory, snapshot, bytes: 1 });
    }
    const data = {
      [`generation.${NAME}.g1`]: JSON.stringify({ site: NAME, id: "g1", state: "current", volumes }),
      [`current.${NAME}`]: JSON.stringify({ site: NAME, generation: "g1", since: "2026-11-23T00:00:00Z" }),
    };
    await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "howdah-dataset", namespace: NAME }, data });
  }
});
