import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativePasswordHash } from "./mariadb/native-password.ts";
import type { DatabaseAccess, DatabaseRequest, DatabaseServer, ServerReference } from "./database-server.ts";

/** What a test does as a site. Each call rejects when the server refuses. */
export interface SiteSession {
  /** Makes a table of that name in a database, with one row. */
  readonly makeTable: (database: string, table: string) => Promise<void>;
  /** Reads the tables' names of a database. */
  readonly tables: (database: string) => Promise<readonly string[]>;
}

/** A server and the hands that a test needs beside it. */
export interface DatabaseServerUnderTest {
  readonly databases: DatabaseServer;
  readonly server: ServerReference;
  /** Logs in with what a site was given, at the server's own address. */
  readonly as: (access: Pick<DatabaseAccess, "user" | "password">) => SiteSession;
  readonly stop: () => Promise<void>;
}

/** What every server of databases promises, whoever runs it. Names begin with `contract`: on a server that exists nothing else is touched. */
export function databaseServerContract(name: string, start: () => Promise<DatabaseServerUnderTest>): void {
  describe(`${name} keeps the contract of database servers`, () => {
    let under: DatabaseServerUnderTest;
    beforeAll(async () => {
      under = await start();
    }, 120_000);
    afterAll(() => under.stop());
    const request = (site: string, more: Partial<DatabaseRequest> = {}): DatabaseRequest => ({
      ...{ server: under.server, site: `contract-${site}`, environment: "production", namespace: `contract-${site}` },
      ...{ charset: "utf8mb4", collation: "utf8mb4_unicode_ci", ...more },
    });
    const ensure = (site: string, more: Partial<DatabaseRequest> = {}): Promise<DatabaseAccess> =>
      under.databases.ensureDatabase(request(site, more));
    const of = ({ name: database }: DatabaseAccess) => ({ server: under.server, name: database });

    it("answers its administrator", async () => {
      await under.databases.waitReady(under.server, { timeoutMs: 30_000, signal: AbortSignal.timeout(60_000) });
    });

    it("makes a database once, also for several callers at once, and a repeated call writes nothing", async () => {
      const made = await Promise.all([ensure("one"), ensure("one"), ensure("one")]);
      expect(new Set(made.map(({ uid, password }) => `${uid} ${password.reveal()}`)).size).toBe(1);
      const again = await ensure("one");
      expect(again).toMatchObject({ name: "contract_one", user: "contract_one", port: 3306, changed: false, uid: made[0]?.uid });
      expect(again.url.reveal()).toBe(
        `mysql://contract_one:${encodeURIComponent(again.password.reveal())}@${again.host}:3306/contract_one`,
      );
    });

    it("lets a site into its own database and into no other, a look-alike of its name included", async () => {
      const [own, other] = [await ensure("one"), await ensure("onex")];
      await under.as(own).makeTable(own.name, "visits");
      expect(await under.as(own).tables(own.name)).toEqual(["visits"]);
      await expect(under.as(own).makeTable(other.name, "mine")).rejects.toThrow();
      await expect(under.as(other).makeTable(own.name, "mine")).rejects.toThrow();
      await expect(under.as({ user: own.user, password: other.password }).tables(own.name)).rejects.toThrow();
    });

    it("knows what is in a database, and what is not there", async () => {
      const own = await ensure("counted");
      await under.as(own).makeTable(own.name, "a");
      expect([await under.databases.tableCount(of(own)), await under.databases.databaseExists(of(own))]).toEqual([1, true]);
      const nothing = { server: under.server, name: "contract_nothing" };
      expect([await under.databases.tableCount(nothing), await under.databases.databaseExists(nothing)]).toEqual([0, false]);
      expect(await under.databases.sizeBytes(nothing)).toBe(0);
      expect([await under.databases.ledger(of(own)), await under.databases.brokenViews(of(own))]).toEqual([null, []]);
    });

    it("empties a database, which stays the same one with the same user", async () => {
      const own = await ensure("emptied");
      await under.as(own).makeTable(own.name, "a");
      await under.databases.emptyDatabase(of(own));
      expect(await under.databases.tableCount(of(own))).toBe(0);
      expect(await ensure("emptied")).toMatchObject({ uid: own.uid, changed: false });
      await under.as(own).makeTable(own.name, "b");
    });

    it("suspends a user and lets it in again", async () => {
      const own = await ensure("held");
      const who = { server: under.server, user: own.user };
      await under.databases.suspendUser(who, true);
      await expect(under.as(own).tables(own.name)).rejects.toThrow();
      await under.databases.suspendUser(who, false);
      expect(await under.as(own).tables(own.name)).toEqual([]);
      await under.databases.suspendUser({ ...who, user: "contract_nobody" }, true);
    });

    it("tells routers a user by the hash of its password, and whether it may log in", async () => {
      const own = await ensure("routed");
      const known = async () => {
        const found = (await under.databases.routerUsers(under.server)).find(({ name }) => name === own.user);
        return found === undefined ? undefined : { active: found.active, hash: found.hash.reveal() };
      };
      const hash = nativePasswordHash(own.password);
      expect(await known()).toEqual({ active: true, hash });
      await under.databases.suspendUser({ server: under.server, user: own.user }, true);
      expect(await known()).toEqual({ active: false, hash });
      await under.databases.dropDatabase({ ...of(own), user: own.user, uid: own.uid });
      expect(await known()).toBeUndefined();
    });

    it("takes writing from a user and gives it back; what it has it may still read", async () => {
      const own = await ensure("blocked");
      await under.as(own).makeTable(own.name, "a");
      await under.databases.blockWrites(of(own));
      expect(await under.databases.blockedDatabases(under.server)).toContain(own.name);
      await expect(under.as(own).makeTable(own.name, "b")).rejects.toThrow();
      expect(await under.as(own).tables(own.name)).toEqual(["a"]);
      await ensure("blocked");
      await expect(under.as(own).makeTable(own.name, "b")).rejects.toThrow();
      await under.databases.allowWrites(of(own));
      await under.as(own).makeTable(own.name, "b");
      expect(await under.databases.blockedDatabases(under.server)).not.toContain(own.name);
    });

    it("drops the database of an identity with its user, and no other of that name", async () => {
      const own = await ensure("dropped");
      const found = { name: own.name, user: own.user, uid: own.uid };
      const owner = { site: "contract-dropped", environment: "production" };
      expect(await under.databases.findDatabase(under.server, owner)).toEqual(found);
      expect(await under.databases.findDatabase(under.server, { ...owner, environment: "stage" })).toBeUndefined();
      expect(await under.databases.dropDatabase({ server: under.server, ...found, uid: "0".repeat(32) })).toBe(false);
      expect(await under.databases.dropDatabase({ server: under.server, ...found })).toBe(true);
      expect(await under.databases.dropDatabase({ server: under.server, ...found })).toBe(false);
      expect(await under.databases.databaseExists(of(own))).toBe(false);
      await expect(under.as(own).tables(own.name)).rejects.toThrow();
    });

    it("gives nobody what was made for another", async () => {
      await ensure("taken");
      await expect(ensure("taken", { namespace: "contract-somebody-else" })).rejects.toMatchObject({ code: "database/failed" });
    });
  });
}
