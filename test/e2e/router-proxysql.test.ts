import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import type { RouterPod, RouterUser } from "../../src/providers/router/database-router.ts";
import { nativePasswordHash } from "../../src/providers/database/mariadb/native-password.ts";
import { databaseRouterContract } from "../../src/providers/router/database-router-contract.ts";
import { withAdmin } from "../../src/providers/router/proxysql/admin-connection.ts";
import { type AdminSql, adminSql, adminText } from "../../src/providers/router/proxysql/admin-sql.ts";
import { memoryDatabaseServer } from "../../src/providers/database/memory/memory-database-server.ts";
import { proxysqlRouter } from "../../src/providers/router/proxysql/proxysql-router.ts";
import { fileSecretStore } from "../../src/providers/secrets/file-secret-store.ts";
import { databaseServerSpec } from "../../src/resources/schema/database-server.ts";
import { keepRouters, toldRouters } from "../../src/workflows/database-server/keep-routers.ts";
import { proxysqlArguments, renderProxysql } from "../../src/render/router/proxysql/render-proxysql.ts";
import { hostileStrings } from "../support/hostile-strings.ts";
import { ProxysqlEmulator } from "../support/proxysql-emulator.ts";

/** The real one, where there is a binary; else the emulator of its admin. Both run all of this. */
const binary = process.env["HOWDAH_PROXYSQL_BIN"] ?? "";
const ADDRESS = "127.0.0.1";
const BASE = 21_400;
const admin = { user: "howdah", password: new Secret("Zq7pM2vX9sKd4TfW", "test") };
const router = proxysqlRouter(admin);
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
  ...{
    name,
    hash: new Secret(nativePasswordHash(new Secret("p'w\\ \u{1f511}", "test")), "test"),
    maxConnections: 20,
    active: true,
    readSplit: false,
  },
  ...more,
});

describe(`ProxySQL (${binary === "" ? "an emulator of its admin" : "the real one"})`, () => {
  const pods = [new Pod(), new Pod()] as const;
  const nodes = ["n1", "n2", "n3"].map((name, index) => ({ name, host: `10.0.0.${index + 1}`, port: 3306 }));
  const writer = "n1";
  const told = async (users: readonly RouterUser[], to: readonly RouterPod[] = [pod(0), pod(1)], by = router) =>
    await by.reconcile({ nodes, writer, users }, to);

  beforeAll(async () => {
    for (const index of pods.keys()) await begin(index);
  });
  afterAll(async () => {
    for (const one of pods) await one.stop();
  });

  const asked = async (statement: AdminSql, index = 0) => await withAdmin(pod(index), admin, (one) => one.query(statement));

  /** As the program beside ProxySQL leads it: the writer open, the others closed softly. */
  const follows = async (index: number, to: string): Promise<void> => {
    await asked(adminSql`DELETE FROM mysql_servers`, index);
    for (const { name, host } of nodes) {
      const status = adminText(name === to ? "ONLINE" : "OFFLINE_SOFT");
      const place = adminSql`INSERT INTO mysql_servers (hostgroup_id, hostname, port, status) VALUES (10, ${adminText(host)}, 3306, ${status})`;
      await asked(place, index);
    }
    await asked(adminSql`LOAD MYSQL SERVERS TO RUNTIME`, index);
  };
  const begin = async (index: number): Promise<void> => {
    await pods[index]?.start(index);
    await follows(index, writer);
  };

  it("is told hostile names as words, and nothing else happens", async () => {
    const names = hostileStrings(200)
      .filter((name) => name !== "" && !/[\0;\r\n]/.test(name) && name.isWellFormed())
      .slice(0, 60);
    const users = [...new Set(names)].map((name) => user(name));
    for (const { state, detail } of await told(users)) expect(state, detail).toBe("changed");
    const found = await asked(adminSql`SELECT username FROM mysql_users`);
    expect(found.map((row) => String(row["username"])).sort()).toEqual(users.map(({ name }) => name).sort());
  });

  it.each(["a\0b", "a;b", "a\nb", "\ud800"])("refuses %j", (name) => {
    expect(() => adminText(name)).toThrow("can't be a text");
  });

  it("never tries writes again, and reads elsewhere only for who asked, after what was acknowledged", async () => {
    await told([user("plain"), user("split", { readSplit: true }), user("gone", { active: false })]);
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
    expect(() => proxysqlRouter({ user: "admin", password: admin.password })).toThrow("must not be");
    expect(() => proxysqlRouter({ user: "howdah", password: new Secret("admin", "test") })).toThrow("must not be");
    const other = new Secret("Lw3nB8cR5yHj1GtV", "test");
    const [report] = await told([], [pod(0)], proxysqlRouter({ user: "howdah", password: other }));
    expect(report).toMatchObject({ state: "unreachable", detail: expect.not.stringContaining(other.reveal()) as string });
  });

  it("writes nothing to pods that run what they were told, and says so", async () => {
    await told([user("one")]);
    const before = pods[0].emulator?.statements.length ?? 0;
    expect((await told([user("one")])).map(({ state }) => state)).toEqual(["in-step", "in-step"]);
    const since = pods[0].emulator?.statements.slice(before) ?? [];
    expect(since.filter((text) => !text.startsWith("SELECT"))).toEqual([]);
  });

  it("says which pod leads elsewhere, or nobody anywhere, and leaves that to what follows the writer beside it", async () => {
    const writers = async (one: RouterPod) =>
      (await router.look({ nodes, users: [] }, one)).flatMap(({ node, state }) => (state === "writer" ? [node] : []));
    const look = async (to: string | undefined) =>
      (await router.reconcile({ nodes, writer: to, users: [] }, [pod(0), pod(1)])).map(({ state, detail }) => `${state}: ${detail}`);
    await follows(1, "n3");
    await told([]);
    expect(await look("n3")).toEqual(["drifted: it leads to n1, and the nodes name n3", "in-step: nothing to do"]);
    await asked(adminSql`UPDATE mysql_servers SET status = 'OFFLINE_SOFT'`);
    await asked(adminSql`LOAD MYSQL SERVERS TO RUNTIME`);
    expect(await look("n3")).toEqual([
      "drifted: it leads nobody to n3, which the nodes name: it may not reach it",
      "in-step: nothing to do",
    ]);
    expect([await writers(pod(0)), await writers(pod(1)), await look(undefined)]).toEqual([
      [],
      ["n3"],
      ["in-step: nothing to do", "in-step: nothing to do"],
    ]);
    for (const index of [0, 1]) await follows(index, "n1");
  });

  it.runIf(binary === "")("tells a pod that comes back empty everything, and cares for the others while one is away", async () => {
    await told([user("one"), user("two")]);
    await pods[1].stop();
    expect((await told([user("one"), user("two"), user("three")])).map(({ state }) => state)).toEqual(["changed", "unreachable"]);
    await begin(1);
    expect((await told([user("one"), user("two"), user("three")])).map(({ state }) => state)).toEqual(["in-step", "changed"]);
    expect(pods[1].emulator?.rows("SELECT username FROM runtime_mysql_users ORDER BY 1")).toMatchObject(
      ["one", "three", "two"].map((username) => ({ username })),
    );
    expect((await router.look({ nodes, writer, users: [] }, pod(1)))[0]).toMatchObject({ node: "n1", state: "writer" });
  });

  it.runIf(binary === "")("puts on the disk what it was killed before", async () => {
    await told([user("one")]);
    if (pods[0].emulator !== undefined) pods[0].emulator.endsAt = "SAVE MYSQL USERS TO DISK";
    expect((await told([user("one"), user("late")]))[0]?.state).toBe("unreachable");
    expect(pods[0].emulator?.rows("SELECT username FROM disk.mysql_users")).toMatchObject([{ username: "one" }]);
    // Another operator, which remembers nothing: what runs is right already.
    await told([user("one"), user("late")], [pod(0)], proxysqlRouter(admin));
    expect(pods[0].emulator?.rows("SELECT username FROM disk.mysql_users ORDER BY 1")).toMatchObject([
      { username: "late" },
      { username: "one" },
    ]);
  });

  it.runIf(binary === "")("cuts the sessions of who may not be there, and of nobody else", async () => {
    await told([user("one"), user("two")]);
    for (const [id, name] of ["one", "two", "removed", "one"].entries())
      pods[0].emulator?.run(`INSERT INTO stats_mysql_processlist VALUES (${String(id)}, '${name}')`);
    await told([user("one"), user("two", { active: false })]);
    expect(pods[0].emulator?.rows("SELECT SessionID AS id FROM stats_mysql_processlist")).toMatchObject([{ id: 0 }, { id: 3 }]);
    expect(await asked(adminSql`SELECT active FROM runtime_mysql_users WHERE username = 'two'`)).toMatchObject([{ active: "0" }]);
  });

  it("holds two thousand users, whole, each time", { timeout: 300_000 }, async () => {
    const users = Array.from({ length: 2000 }, (_, index) => user(`tenant_${index}`));
    const reports = await told(users);
    expect(reports.map(({ state }) => state)).toEqual(["changed", "changed"]);
    expect(await asked(adminSql`SELECT COUNT(*) AS n FROM mysql_users`, 1)).toMatchObject([{ n: expect.anything() as unknown }]);
    expect((await told(users.slice(1), [pod(0)]))[0]?.state).toBe("changed");
    expect(await asked(adminSql`SELECT username FROM mysql_users WHERE username = 'tenant_0'`)).toEqual([]);
  });

  describe.runIf(binary === "")("behind a cluster's server", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const galera = { image: `r.example/node@${digest}`, router: { kind: "proxysql", image: `r.example/proxysql@${digest}` } };
    const document = { name: "main", spec: databaseServerSpec.parse({ kind: "galera", galera }) };
    const password = admin.password;
    const owner = { site: "acme", environment: "production", namespace: "acme", charset: "utf8mb4", collation: "utf8mb4_general_ci" };
    const server = { name: "main", locate: async () => undefined };

    let directory = "";
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "t-routers-"));
    });
    afterAll(() => rm(directory, { recursive: true, force: true }));

    it("knows a user before he proves himself, and forgets him when he is locked or gone", async () => {
      for (const one of pods) {
        await one.stop();
        one.emulator = new ProxysqlEmulator({ user: "howdah-router", password: password.reveal() });
      }
      for (const [index, one] of pods.entries()) await one.emulator?.start(ADDRESS, BASE + index);
      const raw = memoryDatabaseServer(fileSecretStore(directory));
      const kept = keepRouters({
        databases: raw,
        secrets: { getOrGenerate: async () => password },
        connect: async ({ name }) => connect(BASE + Number(name.at(-1)), ADDRESS),
        api: {
          list: async () => ({
            items: ["r-0", "r-1"].map((name) => ({ apiVersion: "v1", kind: "Pod", metadata: { name }, status: { podIP: "10.9.9.9" } })),
            resourceVersion: "1",
          }),
          askPod: async ({ name }) => ({ status: name === "main-node-1" ? 200 : 404, headers: {}, body: "" }),
        },
      });
      const databases = toldRouters(raw, async () => void (await kept.tell(document)));
      const known = () =>
        pods.map((one) => one.emulator?.rows("SELECT username, active FROM runtime_mysql_users").map((row) => Object.values(row)));
      const access = await databases.ensureDatabase({ ...owner, server });
      expect(known()).toEqual([[[access.user, 1]], [[access.user, 1]]]);
      const greeting = "SELECT variable_value AS v FROM runtime_global_variables WHERE variable_name = 'mysql-server_version'";
      expect(pods[0].emulator?.rows(greeting)).toMatchObject([{ v: "11.8.0-MariaDB" }]);
      await databases.suspendUser({ server, user: access.user }, true);
      expect(known()).toEqual([[[access.user, 0]], [[access.user, 0]]]);
      await databases.dropDatabase({ server, name: access.name, user: access.user, uid: access.uid });
      expect(known()).toEqual([[], []]);
      for (const [index, one] of pods.entries()) {
        await one.stop();
        await begin(index);
      }
    });
  });

  describe("keeps the contract of routers:", () => {
    databaseRouterContract(() => ({
      router,
      pods: [pod(0), pod(1)],
      wish: { nodes, writer, users: [user("one"), user("two", { readSplit: true })] },
      drift: async () => {
        await asked(adminSql`DELETE FROM mysql_users`);
        await asked(adminSql`INSERT INTO mysql_users (username, password) VALUES ('intruder', 'x')`);
        await asked(adminSql`LOAD MYSQL USERS TO RUNTIME`);
      },
      end: () => pods[1].stop(),
    }));
  });
});
