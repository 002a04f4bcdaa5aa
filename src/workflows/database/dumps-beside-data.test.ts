import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExecRequest } from "../../engine/engine.ts";
import type { SiteRecord } from "../ports.ts";
import type { DumpPorts } from "./dump-database.ts";
import {
  dropDumpsBesideData,
  dumpBesideData,
  dumpDirectory,
  dumpsBesideData,
  openDumpBesideData,
  takeBackOnCluster,
} from "./dumps-beside-data.ts";

const record = {
  namespace: "acme",
  site: { name: "blog" },
  database: { server: "mariadb-11-8", name: "blog", user: "blog" },
} as unknown as SiteRecord;
const context = { emit: () => undefined, signal: new AbortController().signal };
const WHOLE = "CREATE TABLE t (a INT);\n-- Dump completed on 2026-11-22\n";

let volume: string;
beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), "howdah-dumps-"));
});
afterEach(() => rm(volume, { recursive: true }));

/** The server's container: programs run here, with its volume elsewhere and a mariadb-dump that says these words. */
async function server(sql: string, code = 0): Promise<DumpPorts> {
  await writeFile(join(volume, "said"), sql);
  const program = join(volume, "mariadb-dump");
  await writeFile(program, `#!/bin/sh\ncat ${join(volume, "said")}\nexit ${String(code)}\n`);
  await chmod(program, 0o755);
  const exec = (_target: unknown, { argv, stdout, stderr }: ExecRequest): Promise<number> =>
    new Promise((resolve, reject) => {
      const [name = "", ...words] = argv.map((word) => word.replace(dumpDirectory(record), join(volume, "dumps")));
      const child = spawn(name === "sh" ? "bash" : name, words, { env: { PATH: `${volume}:${process.env["PATH"] ?? ""}` } });
      child.stdout.pipe(stdout as Writable, { end: false });
      child.stderr.pipe(stderr as Writable, { end: false });
      child.once("error", reject);
      child.once("close", (exit) => {
        resolve(exit ?? 137);
      });
    });
  return { engine: { kind: "kubernetes", exec }, databases: { brokenViews: () => Promise.resolve([]) } } as unknown as DumpPorts;
}
const dump = (ports: DumpPorts, neededBytes = 1024): Promise<string> =>
  dumpBesideData(record, { name: "a.sql.gz", neededBytes }, ports, context);

describe("dumps on the database's own volume", () => {
  it("are whole files, which read back as they were dumped", async () => {
    const ports = await server(WHOLE);
    const path = await dump(ports);
    expect(path).toBe("/var/lib/mysql/dumps/acme/a.sql.gz");
    expect(await dumpsBesideData(record, ports, context)).toEqual(["a.sql.gz"]);
    expect(await text(openDumpBesideData(record, path, ports, context))).toBe(WHOLE);
  });

  it.each<{ name: string; sql: string; code: number; bytes?: number; failure: string; says: RegExp }>([
    { name: "the program fails", sql: WHOLE, code: 2, failure: "database/failed", says: /exit code 2/ },
    { name: "the last line is missing", sql: "CREATE TABLE t (a INT);\n", code: 0, failure: "database/failed", says: /last line/ },
    { name: "the volume is too full", sql: WHOLE, code: 0, bytes: 2 ** 60, failure: "machine/disk-full", says: /volume of mariadb-11-8/ },
  ])("are not there when $name", async ({ sql, code, bytes, failure, says }) => {
    const ports = await server(sql, code);
    await expect(dump(ports, bytes)).rejects.toMatchObject({ code: failure, message: expect.stringMatching(says) as string });
    expect(await readdir(join(volume, "dumps"))).toEqual([]);
  });

  it("leave nothing of one that was killed", async () => {
    const ports = await server(WHOLE);
    await dump(ports);
    await writeFile(join(volume, "dumps/b.sql.gz.partial"), "half");
    await dumpBesideData(record, { name: "c.sql.gz", neededBytes: 1 }, ports, context);
    expect(await dumpsBesideData(record, ports, context)).toEqual(["a.sql.gz", "c.sql.gz"]);
  });

  it("go when they are no longer kept, and are none where no migration ran", async () => {
    const ports = await server(WHOLE);
    expect(await dumpsBesideData(record, ports, context)).toEqual([]);
    await dump(ports);
    await dropDumpsBesideData(record, ["a.sql.gz"], ports, context);
    expect(await dumpsBesideData(record, ports, context)).toEqual([]);
  });

  it("that can't be read end as an error, not as an empty database", async () => {
    await expect(text(openDumpBesideData(record, "/not/there.gz", await server(WHOLE), context))).rejects.toThrow("can't be read");
  });

  it("come back by a command that names the server's pod", () => {
    expect(takeBackOnCluster(record, "/var/lib/mysql/dumps/acme/a.sql.gz")).toBe(
      `kubectl --namespace howdah-system exec mariadb-11-8-0 -- sh -c 'gzip -dc "$1" | mariadb --defaults-file=/run/secrets/database/client.cnf "$2"' sh /var/lib/mysql/dumps/acme/a.sql.gz blog`,
    );
  });
});
