import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskGuardLoop } from "../../src/agent/disk-guard-loop.ts";
import { defaultMariadb, isMariadbVersion } from "../../src/catalog/mariadb-versions.ts";
import { Sql, sql } from "../../src/kernel/sql.ts";
import { documentStore } from "../../src/providers/state/document-store.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import type { DiskGuardRecord } from "../../src/workflows/disk-guard/disk-guard-record.ts";
import { serverOnVolume } from "../../src/workflows/disk-guard/guarded-servers.ts";
import { diskWatch } from "../../src/workflows/disk-guard/watch-disk.ts";
import { type SqlTenants, sqlTenants } from "../support/isolation/sql-tenants.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

/** HOWDAH_TEST_MARIADB=10.5 tries another version. */
const asked = process.env["HOWDAH_TEST_MARIADB"] ?? "";
const version = isMariadbVersion(asked) ? asked : defaultMariadb;
const image = await mariadbImage(version);

const PATIENCE = { timeout: 180_000, interval: 200 };
const ROW = new Sql(`INSERT INTO filled (v) VALUES ('${"x".repeat(200_000)}')`);

describe.skipIf(image === undefined)("a database server's disk that a tenant fills", () => {
  let server: MariadbContainer;
  let tenants: SqlTenants;
  let guard: Promise<void>;
  let startedAt = "";
  const ended = new AbortController();
  const log: Readonly<Record<string, unknown>>[] = [];
  const started = async (): Promise<string> => /"StartedAt": "[^"]+"/.exec(await server.inspect())?.[0] ?? "";
  const acts = (act: string): unknown[] => log.filter((line) => line["act"] === act).map((line) => line["database"]);

  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", version, { inMemory: "640m" });
    await server.start();
    await server.ready();
    tenants = sqlTenants(server);
    for (const site of ["loud", "quiet", "still"]) await tenants.ensure(site);
    for (const site of ["loud", "quiet"]) {
      const { client, close } = await tenants.asTenant(site);
      await client.query(sql`CREATE TABLE filled (id INT AUTO_INCREMENT PRIMARY KEY, v LONGTEXT)`);
      await close();
    }
    startedAt = await started();
    const diskGuards = documentStore<DiskGuardRecord>(server.directory);
    const look = diskWatch(
      serverOnVolume(server.volumePath, server.reference, async () => new Map()),
      {
        clock: systemClock,
        databases: server.databases,
        diskGuards,
      },
    );
    const disk = { server: server.reference.name, look };
    guard = diskGuardLoop({ disks: async () => [disk], clock: systemClock, signal: ended.signal, log: (line) => log.push(line) });
  });
  afterAll(async () => {
    ended.abort();
    await guard;
    await server.remove();
  });

  /** Writes rows until it is told to stop; answers how many were taken and what refused the others. A cut connection is opened again. */
  function writing(site: string, pauseMs: number) {
    const stop = new AbortController();
    const refusals: string[] = [];
    let rows = 0;
    const statement = pauseMs === 0 ? ROW : sql`INSERT INTO filled (v) VALUES ('small')`;
    const run = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const held = await tenants.asTenant(site);
        try {
          for (; !stop.signal.aborted; rows++) {
            await held.client.query(statement);
            await sleep(pauseMs);
          }
        } catch (error) {
          refusals.push(error instanceof Error ? error.message : String(error));
          await sleep(200);
        } finally {
          await held.close();
        }
      }
    };
    const running = run();
    const told = { rows: () => rows, refusals, stop: async () => (stop.abort(), await running) };
    return told;
  }

  it("is kept from being filled: that one may not write, its neighbours go on, and the server lives", async () => {
    const loud = writing("loud", 0);
    const quiet = writing("quiet", 20);
    await expect.poll(() => acts("blocked"), PATIENCE).toEqual(["loud"]);
    await expect.poll(() => loud.refusals.filter((one) => one.includes("denied")).length, PATIENCE).toBeGreaterThan(2);
    const taken = quiet.rows();
    await expect.poll(() => quiet.rows(), PATIENCE).toBeGreaterThan(taken + 50);
    await loud.stop();
    await quiet.stop();
    expect(quiet.refusals).toEqual([]);
    expect(acts("blocked")).toEqual(["loud"]);
    expect(await started()).toBe(startedAt);
    expect(loud.refusals.join()).toMatch(/INSERT command denied to user 'loud'/);
    expect(loud.rows()).toBeGreaterThan(100);
  });

  it("takes writes again when its owner has made room", async () => {
    const { client, close } = await tenants.asTenant("loud");
    expect(await client.query(sql`SELECT COUNT(*) > 0 AS n FROM filled`)).toEqual([{ n: 1 }]);
    expect((await tenants.ensure("loud")).changed).toBe(false); // no deploy meanwhile gives it back
    await client.query(sql`TRUNCATE TABLE filled`);
    await close();
    await expect.poll(() => acts("allowed"), PATIENCE).toEqual(["loud"]);
    const again = await tenants.asTenant("loud");
    await again.client.query(sql`INSERT INTO filled (v) VALUES ('again')`);
    await again.close();
    expect(await started()).toBe(startedAt);
  });
});
