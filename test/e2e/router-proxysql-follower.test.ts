import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { proxysqlRouter } from "../../src/providers/router/proxysql/proxysql-router.ts";
import { FOLLOW_WRITER, FOLLOW_WRITER_ENV } from "../../src/render/router/proxysql/follow-writer.ts";
import { ProxysqlEmulator } from "../support/proxysql-emulator.ts";

/** Figures and facts of this file come from the emulator of ProxySQL's admin; the program beside it is the real one, with the real client. */
const [ADDRESS, ADMIN_PORT, CHECK_PORT, SQL_PORT] = ["127.0.0.1", 21_450, 21_451, 3306];
const admin = { user: "howdah", password: new Secret("Zq7pM2vX9sKd4TfW", "test") };
const nodes = ["n1", "n2", "n3"].map((name, index) => ({ name, host: `127.0.0.${String(31 + index)}`, port: SQL_PORT }));
const PATIENCE = { timeout: 60_000, interval: 200 };

describe("a pod of ProxySQL with what leads it to the writer (an emulator of its admin)", { timeout: 240_000 }, () => {
  const emulator = new ProxysqlEmulator({ user: admin.user, password: admin.password.reveal() });
  const router = proxysqlRouter(admin);
  const checks = new Map<string, Server>();
  let directory = "";
  let follower: ChildProcess | undefined;

  /** What a node says of itself when it is asked whether it writes; undefined: nothing comes through to it. */
  const says = async (name: string, status: number | undefined): Promise<void> => {
    const former = checks.get(name);
    if (former !== undefined) {
      const closed = once(former, "close");
      former.close();
      await closed;
    }
    checks.delete(name);
    if (status === undefined) return;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(`HTTP/1.0 ${String(status)} as it says\r\n\r\n`));
    });
    checks.set(name, server);
    const listening = once(server, "listening");
    server.listen(CHECK_PORT, nodes.find((one) => one.name === name)?.host);
    await listening;
  };
  const open = () =>
    emulator
      .rows("SELECT hostname AS h FROM runtime_mysql_servers WHERE hostgroup_id = 10 AND status = 'ONLINE'")
      .map((row) => nodes.find(({ host }) => host === (row as { h: string }).h)?.name);
  const look = async (writer: string | undefined) => {
    const [report] = await router.reconcile({ nodes, writer, users: [] }, [{ name: "pod", address: ADDRESS, port: ADMIN_PORT }]);
    return { state: report?.state, detail: report?.detail };
  };
  /** Every change of what leads writers, whoever makes it. */
  const written = () =>
    emulator.statements.filter((text) => /^(DELETE|INSERT|UPDATE|LOAD|SAVE)\b.*\bmysql[_ ](servers|hostgroup)/i.test(text));

  beforeAll(async () => {
    await emulator.start(ADDRESS, ADMIN_PORT);
    for (const { name } of nodes) await says(name, name === "n1" ? 200 : 404);
    directory = await mkdtemp(join(tmpdir(), "t-proxysql-follower-"));
    const login = [`host=${ADDRESS}`, `port=${String(ADMIN_PORT)}`, `user=${admin.user}`, `password=${admin.password.reveal()}`];
    await writeFile(join(directory, "client.cnf"), `${["[client]", "protocol=tcp", "skip-ssl", ...login].join("\n")}\n`, { mode: 0o600 });
    await writeFile(join(directory, "follow.sh"), FOLLOW_WRITER);
    follower = spawn("/bin/sh", [join(directory, "follow.sh")], {
      stdio: "ignore",
      env: {
        ...{ PATH: process.env["PATH"], HOWDAH_ROUTER_RUN: directory, HOWDAH_ROUTER_CLIENT: join(directory, "client.cnf") },
        [FOLLOW_WRITER_ENV.nodes]: nodes.map(({ host }) => host).join(" "),
        ...{ [FOLLOW_WRITER_ENV.checkPort]: String(CHECK_PORT), [FOLLOW_WRITER_ENV.sqlPort]: String(SQL_PORT) },
        [FOLLOW_WRITER_ENV.connections]: "50",
      },
    });
  }, 120_000);
  afterAll(async () => {
    if (follower !== undefined && follower.exitCode === null && follower.signalCode === null) {
      const ended = once(follower, "exit");
      follower.kill("SIGKILL");
      await ended;
    }
    for (const { name } of nodes) await says(name, undefined);
    await emulator.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }, 60_000);

  it("leads to the node that the nodes name; reads that go elsewhere first wait for what was acknowledged", async () => {
    await expect.poll(open, PATIENCE).toEqual(["n1"]);
    expect(emulator.rows("SELECT hostgroup_id AS g, init_connect AS i FROM runtime_mysql_hostgroup_attributes")).toMatchObject([
      { g: 30, i: "SET SESSION wsrep_sync_wait=1" },
    ]);
  });

  it("is told users by the operator, which says who leads elsewhere and writes nothing of it", async () => {
    await look("n1");
    expect(await look("n1")).toEqual({ state: "in-step", detail: "nothing to do" });
    const before = written().length;
    const elsewhere = { state: "drifted", detail: "it leads to n1, and the nodes name n2" };
    expect([await look("n2"), await look("n2"), await look(undefined)]).toEqual([
      ...[elsewhere, elsewhere],
      { state: "in-step", detail: "nothing to do" },
    ]);
    expect([written().length, open()]).toEqual([before, ["n1"]]);
    await says("n2", 200);
    await says("n1", 404);
    await expect.poll(open, PATIENCE).toEqual(["n2"]);
    expect(await look("n2")).toEqual({ state: "in-step", detail: "nothing to do" });
  });

  it("stays as it is while nothing comes through to any node, and is told to be so in the same words at every look", async () => {
    for (const { name } of nodes) await says(name, undefined);
    await expect.poll(() => emulator.rows("SELECT 1 FROM runtime_mysql_servers").length, PATIENCE).toBe(0);
    const before = written().length;
    const cutOff = { state: "drifted", detail: "it leads nobody to n2, which the nodes name: it may not reach it" };
    for (let times = 0; times < 5; times += 1) expect(await look("n2")).toEqual(cutOff);
    expect([written().length, emulator.rows("SELECT 1 FROM mysql_servers")]).toEqual([before, []]);
    await says("n2", 200);
    await expect.poll(open, PATIENCE).toEqual(["n2"]);
    expect(await look("n2")).toMatchObject({ state: "in-step" });
  });
});
