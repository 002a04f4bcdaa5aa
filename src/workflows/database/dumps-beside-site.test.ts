import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExecRequest, Target } from "../../engine/engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Deployment } from "../../render/objects.ts";
import { siteOf } from "../cluster/testing/cluster-rig.ts";
import type { SiteDatabase, SiteRecord } from "../ports.ts";
import type { DumpPorts } from "./dump-database.ts";
import { bringFromBesideSite, dumpBesideSite, isBesideSite, requireReadable } from "./dumps-beside-site.ts";
import { dumpsToDrop } from "./migration-dumps.ts";

const database = { server: "main", host: "main.howdah-system.svc", port: 3306, name: "acme_blog", user: "acme_blog", uid: "u" };
const recordWith = (more: Partial<SiteDatabase>): SiteRecord =>
  ({ namespace: "acme", site: siteOf("blog", { runtime: { php: "8.4" } }), database: { ...database, ...more } }) as unknown as SiteRecord;
const record = recordWith({ routed: true, programs: "registry.test/mariadb@sha256:1" });
const context = { emit: () => undefined, signal: new AbortController().signal };
const WHOLE = "CREATE TABLE t (a INT);\n-- Dump completed\n";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-dumps-"));
  await mkdir(join(directory, "dumps"));
});
afterEach(() => rm(directory, { recursive: true }));

/** The site's namespace: pods run here, with the volume elsewhere, a mariadb-dump that says these words and a client that keeps what it gets. */
async function cluster({ sql = WHOLE, code = 0, client = 0, canGrow = true } = {}) {
  const program = async (name: string, lines: readonly string[]): Promise<void> => {
    await writeFile(join(directory, name), ["#!/bin/sh", `echo "$@" >>${directory}/${name}.words`, ...lines, ""].join("\n"));
    await chmod(join(directory, name), 0o755);
  };
  await writeFile(join(directory, "said"), sql);
  await program("mariadb-dump", [`cat ${directory}/said`, `exit ${String(code)}`]);
  await program("mariadb", [`case "$*" in *execute*) ;; *) cat >${directory}/brought ;; esac`, `exit ${String(client)}`]);
  const targets: Target[] = [];
  const claims: string[] = [];
  const runOnce = (target: Target, { argv, stdout, stderr }: ExecRequest): Promise<number> =>
    new Promise((resolve, reject) => {
      targets.push(target);
      const [, ...words] = argv.map((word) => word.replace(/^\/dumps/, join(directory, "dumps")));
      const child = spawn("bash", words, { env: { PATH: `${directory}:${process.env["PATH"] ?? ""}` } });
      child.stdout.pipe(stdout as Writable, { end: false });
      child.stderr.pipe(stderr as Writable, { end: false });
      child.once("error", reject);
      child.once("close", (exit) => {
        resolve(exit ?? 137);
      });
    });
  const objects = new Map<string, string>();
  const apply = async (_namespace: string, { key, desired }: { readonly key: string; readonly desired: { readonly object: object } }) => {
    if (objects.has(key) && !canGrow) throw new HowdahError("cluster/rejected", "only dynamically provisioned pvc can be resized");
    claims.push((desired.object as { spec: { resources: { requests: { storage: string } } } }).spec.resources.requests.storage);
    objects.set(key, "there");
  };
  const inventory = async () => ({ namespace: "acme", objects });
  const ports = { engine: { kind: "kubernetes", runOnce, apply, inventory }, databases: { brokenViews: async () => ["gone"] } };
  const dump = (name: string, { of = record, neededBytes = 1024, dataBytes = 1024 } = {}): Promise<string> =>
    dumpBesideSite(of, { name, neededBytes, dataBytes, drops: dumpsToDrop }, ports as unknown as DumpPorts, context);
  const words = (name: string): Promise<string> => readFile(join(directory, `${name}.words`), "utf8");
  return { ports: ports as unknown as DumpPorts, dump, targets, claims, words };
}
const named = (step: string, minute: number): string => `before-migration-${step}-2026-11-22T12-${String(minute)}-00-000Z.sql.gz`;
const there = (): Promise<readonly string[]> => readdir(join(directory, "dumps"));

describe("dumps of a database that no pod of its server can dump", () => {
  it("are of servers outside of a cluster and of several nodes", () => {
    expect([{ routed: true as const }, { behind: ["10.0.0.5:3306"] }, {}].map((more) => isBesideSite(recordWith(more)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("are made over the network by the site's own user, in a pod of the site's, and come back", async () => {
    const { dump, ports, targets, words, claims } = await cluster();
    const file = await dump(named("aa", 10));
    expect([file, await there(), claims]).toEqual([`/dumps/${named("aa", 10)}`, [named("aa", 10)], ["2Gi"]]);
    expect(await words("mariadb-dump")).toMatch(
      /^--no-defaults --host=main\.howdah-system\.svc --port=3306 --user=acme_blog .*--single-transaction .*--ignore-table=acme_blog\.gone -- acme_blog\n$/,
    );
    const { template } = targets[0]?.desired?.spec ?? ({} as Deployment["spec"]);
    expect(template.metadata.labels).toMatchObject({ "howdah.dev/site": "blog", "app.kubernetes.io/component": "dumps" });
    expect(JSON.stringify(template)).not.toContain("password-value");
    await requireReadable(record, file, ports, context);
    await bringFromBesideSite(record, file, ports, context);
    expect(await readFile(join(directory, "brought"), "utf8")).toBe(WHOLE);
  });

  it.each<{ name: string; sql?: string; code?: number; neededBytes?: number; failure: string; says: RegExp }>([
    { name: "the program fails", code: 2, failure: "database/failed", says: /exit code 2/ },
    { name: "the last line is missing", sql: "CREATE TABLE t (a INT);\n", failure: "database/failed", says: /last line/ },
    { name: "the volume is too full", neededBytes: 2 ** 60, failure: "machine/disk-full", says: /volume howdah-dumps of acme/ },
  ])("are not there when $name", async ({ failure, says, neededBytes = 1024, ...how }) => {
    const { dump } = await cluster(how);
    await expect(dump(named("aa", 10), { neededBytes })).rejects.toMatchObject({
      code: failure,
      message: expect.stringMatching(says) as string,
    });
    expect(await there()).toEqual([]);
  });

  it("go when they are no longer kept", async () => {
    const { dump } = await cluster();
    for (const [index, step] of ["aa", "bb", "cc", "dd"].entries()) await dump(named(step, 10 + index));
    expect([...(await there())].toSorted()).toEqual([named("bb", 11), named("cc", 12), named("dd", 13)]);
  });

  it("are made though their volume can't grow, as long as there is room", async () => {
    const { dump } = await cluster({ canGrow: false });
    await dump(named("aa", 10));
    await dump(named("bb", 11), { dataBytes: 5 * 1024 ** 3 });
    expect(await there()).toHaveLength(2);
  });

  it("empty nothing when they can't be read or nobody may log in", async () => {
    const { dump, ports } = await cluster({ client: 1 });
    const file = await dump(named("aa", 10));
    await expect(requireReadable(record, file, ports, context)).rejects.toMatchObject({ code: "database/failed" });
    await writeFile(join(directory, "dumps", "half.sql.gz"), "no gzip");
    await expect(requireReadable(record, "/dumps/half.sql.gz", (await cluster()).ports, context)).rejects.toThrow("can't be read");
  });

  it("are refused where the release brought no programs, before anything is made", async () => {
    const { dump, claims } = await cluster();
    await expect(dump(named("aa", 10), { of: recordWith({ routed: true }) })).rejects.toMatchObject({ code: "database/no-image" });
    expect(claims).toEqual([]);
  });
});
