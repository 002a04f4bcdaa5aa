import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import type { RouterUser, RouterWish } from "../../src/providers/router/database-router.ts";
import { databaseRouterContract } from "../../src/providers/router/database-router-contract.ts";
import { withAdmin } from "../../src/providers/router/proxysql/admin-connection.ts";
import { type AdminSql, adminSql, adminText } from "../../src/providers/router/proxysql/admin-sql.ts";
import { proxysqlRouter } from "../../src/providers/router/proxysql/proxysql-router.ts";
import { proxysqlArguments, renderProxysql } from "../../src/render/router/proxysql/render-proxysql.ts";
import { hostileStrings } from "../support/hostile-strings.ts";
import { GaleraLoopback, LOOPBACK_NODES } from "../support/galera-loopback.ts";
import { ProxysqlEmulator } from "../support/proxysql-emulator.ts";

/** The real one, where there is a binary; else the emulator of its admin. Both run all of this. */
const binary = process.env["HOWDAH_PROXYSQL_BIN"] ?? "";
const ADDRESS = "127.0.0.1";
const BASE = 21_400;
const admin = { user: "howdah", password: new Secret("Zq7pM2vX9sKd4TfW", "test") };
const monitor = { user: "monitor", password: new Secret("Lw3nB8cR5yHj1GtV", "test") };
const router = proxysqlRouter(admin, monitor);
const pod = (index: number) => ({ name: `pod-${index}`, address: ADDRESS, port: BASE + index });

/** A pod: starts the one or the other. */
class Pod {
  #child: ChildProcess | undefined;
  #directory = "";
  emulator: ProxysqlEmulator | undefined;

  async start(index: number): Promise<void> {
    if (binary === "") {
      this.emulator = new ProxysqlEmulator({ user: admin.user, password: admin.password.reveal() });
      await this.emulator.start(ADDRESS, BASE + index);
      return;
    }
    this.#directory = await mkdtemp(join(tmpdir(), "t-proxysql-"));
    const config = join(this.#directory, "proxysql.cnf");
    const plan = {
      listen: { address: ADDRESS, port: BASE + 20 + index },
      health: { address: ADDRESS, port: BASE + index },
      maxConnections: 100,
    };
    await writeFile(config, renderProxysql(plan, admin, this.#directory).reveal(), { mode: 0o600 });
    this.#child = spawn(binary, [...proxysqlArguments(config)], { stdio: "ignore" });
    await expect
      .poll(
        () =>
          withAdmin(pod(index), admin, (one) => one.query(adminSql`SELECT 1`)).then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
  }

  async stop(): Promise<void> {
    await this.emulator?.stop();
    if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    if (this.#directory !== "") await rm(this.#directory, { recursive: true, force: true });
  }
}

const user = (name: string, more: Partial<RouterUser> = {}): RouterUser => ({
  ...{ name, password: new Secret("p'w", "test"), maxConnections: 20, active: true, readSplit: false },
  ...more,
});

describe(`ProxySQL (${binary === "" ? "an emulator of its admin" : "the real one"})`, () => {
  const pods = [new Pod(), new Pod()] as const;
  const galera = binary === "" ? undefined : new GaleraLoopback();
  let nodes: RouterWish["nodes"] = LOOPBACK_NODES.map((name, index) => ({ name, host: `10.0.0.${index + 1}`, port: 3306 }));

  beforeAll(async () => {
    await galera?.start();
    await galera?.query("n1", `CREATE USER '${monitor.user}'@'%' IDENTIFIED BY '${monitor.password.reveal()}'`);
    if (galera !== undefined) nodes = LOOPBACK_NODES.map((name) => ({ name, host: galera.address(name), port: galera.port }));
    for (const [index, one] of pods.entries()) await one.start(index);
  });
  afterAll(async () => {
    for (const one of pods) await one.stop();
    await galera?.remove();
  });

  const asked = async (statement: AdminSql, index = 0) => await withAdmin(pod(index), admin, (one) => one.query(statement));

  it("is told hostile names as words, and nothing else happens", async () => {
    const names = hostileStrings(200)
      .filter((name) => name !== "" && !/[\0;\r\n]/.test(name) && name.isWellFormed())
      .slice(0, 60);
    const users = [...new Set(names)].map((name) => user(name));
    for (const { state, detail } of await router.reconcile({ nodes, users }, [pod(0), pod(1)])) expect(state, detail).toBe("changed");
    const found = await asked(adminSql`SELECT username FROM mysql_users`);
    expect(found.map((row) => String(row["username"])).sort()).toEqual(users.map(({ name }) => name).sort());
  });

  it.each(["a\0b", "a;b", "a\nb", "\ud800"])("refuses %j", (name) => {
    expect(() => adminText(name)).toThrow("can't be a text");
  });

  it("never tries writes again, and reads elsewhere only for who asked, after what was acknowledged", async () => {
    await router.reconcile({ nodes, users: [user("plain"), user("split", { readSplit: true }), user("gone", { active: false })] }, [
      pod(0),
    ]);
    const value = await asked(
      adminSql`SELECT variable_value AS v FROM runtime_global_variables WHERE variable_name = 'mysql-query_retries_on_failure'`,
    );
    expect(value).toEqual([{ v: "0" }]);
    const rules = await asked(
      adminSql`SELECT username, match_pattern, destination_hostgroup AS g, retries FROM runtime_mysql_query_rules ORDER BY rule_id`,
    );
    expect(rules.map(({ username, g, retries }) => [username, Number(g), Number(retries)])).toEqual([
      [null, 10, 0],
      ["split", 30, 2],
      [null, 10, 2],
    ]);
    const twice = new RegExp((rules[0]?.["match_pattern"] ?? "").replaceAll("\\\\", "\\"), "i");
    expect(["SELECT n FROM t FOR UPDATE", "select get_lock('a', 1)", "SELECT NEXTVAL(s)"].filter((text) => !twice.test(text))).toEqual([]);
    expect(twice.test("SELECT a FROM t")).toBe(false);
    expect(await asked(adminSql`SELECT init_connect AS i FROM mysql_hostgroup_attributes WHERE hostgroup_id = 30`)).toEqual([
      { i: "SET SESSION wsrep_sync_wait=1" },
    ]);
    const active = await asked(adminSql`SELECT username, active FROM mysql_users ORDER BY username`);
    expect(active.map(({ username, active: is }) => [username, Number(is)])).toEqual([
      ["gone", 0],
      ["plain", 1],
      ["split", 1],
    ]);
  });

  it("keeps hashes of passwords, never passwords, and takes no default administrator", async () => {
    const [row] = await asked(adminSql`SELECT password AS p FROM mysql_users WHERE username = 'plain'`);
    expect(row?.["p"]).toMatch(/^\*[0-9A-F]{40}$/);
    expect(() => proxysqlRouter({ user: "admin", password: admin.password }, monitor)).toThrow("must not be");
    expect(() => proxysqlRouter({ user: "howdah", password: new Secret("admin", "test") }, monitor)).toThrow("must not be");
    const [report] = await proxysqlRouter({ user: "howdah", password: monitor.password }, monitor).reconcile({ nodes, users: [] }, [
      pod(0),
    ]);
    expect(report).toMatchObject({ state: "unreachable", detail: expect.not.stringContaining(monitor.password.reveal()) as string });
  });

  it("holds two thousand users, whole, each time", { timeout: 300_000 }, async () => {
    const users = Array.from({ length: 2000 }, (_, index) => user(`tenant_${index}`));
    const reports = await router.reconcile({ nodes, users }, [pod(0), pod(1)]);
    expect(reports.map(({ state }) => state)).toEqual(["changed", "changed"]);
    expect(await asked(adminSql`SELECT COUNT(*) AS n FROM mysql_users`, 1)).toMatchObject([{ n: expect.anything() as unknown }]);
    expect((await router.reconcile({ nodes, users: users.slice(1) }, [pod(0)]))[0]?.state).toBe("changed");
    expect(await asked(adminSql`SELECT username FROM mysql_users WHERE username = 'tenant_0'`)).toEqual([]);
  });

  describe("keeps the contract of routers:", () => {
    databaseRouterContract(() => ({
      router,
      pods: [pod(0), pod(1)],
      wish: { nodes, users: [user("one"), user("two", { readSplit: true })] },
      drift: async () => {
        await asked(adminSql`DELETE FROM mysql_users`);
        await asked(adminSql`INSERT INTO mysql_users (username, password) VALUES ('intruder', 'x')`);
        await asked(adminSql`LOAD MYSQL USERS TO RUNTIME`);
      },
      end: () => pods[1].stop(),
    }));
  });
});
