import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GaleraCluster, galeraImage } from "../support/galera-cluster.ts";
import { GaleraWriters } from "../support/galera-writers.ts";

const image = await galeraImage("10.11");
const newer = (await galeraImage("11.8")) ?? "";
const WAIT = { timeout: 180_000, interval: 500 };

describe.skipIf(image === undefined)("three nodes of a Galera cluster, in containers of the real image", { timeout: 240_000 }, () => {
  const cluster = new GaleraCluster(image ?? "");
  const [first, second, third] = cluster.names;
  const state = () => cluster.last?.decision.state;
  const healthy = () => expect.poll(state, WAIT).toBe("Healthy");

  beforeAll(async () => {
    await cluster.prepare();
    for (const name of cluster.names) await cluster.start(name);
    cluster.heal();
  }, 120_000);
  afterAll(async () => {
    await cluster.remove();
  }, 60_000);

  it("begins once, on one node, by an order; the others get their data from it", async () => {
    await healthy();
    expect(cluster.done).toEqual([`initialise ${first}`]);
    await cluster.query(first, "CREATE DATABASE shop");
    await cluster.query(first, "CREATE TABLE shop.orders (id VARCHAR(40) PRIMARY KEY, node VARCHAR(10) NOT NULL) ENGINE=InnoDB");
    expect(await cluster.query(third, "SHOW TABLES FROM shop")).toHaveLength(1);
  });

  it("tells routers which node is the writer, one and the same", async () => {
    const asked = async () => (await Promise.all(cluster.names.map((name) => cluster.check(name, "/writer")))).toSorted((a, b) => a - b);
    await expect.poll(asked, WAIT).toEqual([200, 404, 404]);
    for (const name of cluster.names) expect(await cluster.check(name, "/ready")).toBe(200);
  });

  it("takes a writer whose server died and came back before it was missed for another node; a row of an older Howdah stays as it is", async () => {
    const asked = async () => await Promise.all(cluster.names.map((name) => cluster.check(name, "/writer")));
    const row = async () => (await cluster.query(first, "SELECT node, epoch, incarnation FROM howdah_cluster.writer"))[0];
    const holder = cluster.names[(await asked()).indexOf(200)] ?? "";
    await cluster.query(first, "ALTER TABLE howdah_cluster.writer DROP COLUMN incarnation");
    await expect
      .poll(async () => [...(await asked()), (await row())?.["node"]], WAIT)
      .toEqual([...cluster.names.map((name) => (name === holder ? 200 : 404)), holder]);
    await expect.poll(row, WAIT).toMatchObject({ incarnation: expect.stringMatching(/^[0-9]+:[0-9a-f-]{36}$/) });
    const before = await row();
    const [other = ""] = cluster.names.filter((name) => name !== holder);
    await cluster.query(first, "UPDATE howdah_cluster.writer SET incarnation = CONCAT(epoch, ':aaaaaaaa-bbbb-11f0-8000-000000000000')");
    await expect.poll(() => cluster.check(other, "/writer"), WAIT).toBe(200);
    expect(await row()).toMatchObject({ node: other, epoch: Number(before?.["epoch"]) + 1 });
    expect(await cluster.check(holder, "/writer")).toBe(404);
  });

  it("gets back a node whose server was killed, with what it lacks and no more", async () => {
    const writers = new GaleraWriters(cluster, [first, second]);
    const copies = async () =>
      (await Promise.all([first, second].map((name) => cluster.log(name)))).join("").split("Tables flushed").length;
    const before = await copies();
    await cluster.signal(third, "KILL");
    await expect.poll(() => cluster.log(third), WAIT).toContain("the server ended with 137");
    await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(50);
    const since = async () => (await cluster.log(third)).split("the server ended with 137")[1] ?? "";
    await expect.poll(since, WAIT).toMatch(/joining from [0-9a-f-]{36}:[0-9]+[^]*IST received/);
    await healthy();
    await writers.stop();
    expect(await copies()).toBe(before);
    expect(await writers.missingOn(third)).toEqual([]);
  });

  it("loses no acknowledged row when all nodes are killed under load, and comes back without a hand", async () => {
    const writers = new GaleraWriters(cluster, cluster.names);
    await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(200);
    cluster.done.length = 0;
    await cluster.kill(second);
    await new Promise((wake) => setTimeout(wake, 400));
    await cluster.kill(first, third);
    await writers.stop();
    for (const name of cluster.names) await cluster.start(name);
    await healthy();
    expect(cluster.done).toEqual([expect.stringMatching(/^bootstrap /)]);
    for (const name of cluster.names) expect(await writers.missingOn(name)).toEqual([]);
  });

  it("goes on with the survivor of three when the two others are proven dead", async () => {
    const writers = new GaleraWriters(cluster, [first]);
    await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(20);
    cluster.done.length = 0;
    await cluster.kill(second, third);
    await expect.poll(state, WAIT).toBe("AllNonPrimary");
    await expect.poll(() => cluster.done, WAIT).toEqual([`promote ${first}`]);
    const before = writers.acknowledged;
    await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(before + 20);
    await writers.stop();
    await cluster.start(second);
    await cluster.start(third);
    await healthy();
    expect(await writers.missingOn(third)).toEqual([]);
  });

  it("goes on without a frozen node, which comes back by itself when it thaws", async () => {
    const writers = new GaleraWriters(cluster, [first]);
    await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(20);
    await cluster.signal(third, "STOP");
    try {
      await expect.poll(() => cluster.last?.nodes.find(({ name }) => name === third)?.state.kind, WAIT).toBe("silent");
      const before = writers.acknowledged;
      await expect.poll(() => writers.acknowledged, WAIT).toBeGreaterThan(before + 20);
      expect(state()).toBe("Degraded");
    } finally {
      await cluster.signal(third, "CONT");
    }
    await healthy();
    await writers.stop();
    expect(await writers.missingOn(third)).toEqual([]);
  });

  it("never begins from a copy that was cut off, whatever it is told", async () => {
    const writers = new GaleraWriters(cluster, [first]);
    await cluster.stop(third);
    await cluster.onVolume(third, "rm /var/lib/mysql/data/grastate.dat /var/lib/mysql/data/ibdata1");
    await cluster.onVolume(third, "touch /var/lib/mysql/transfer-incomplete"); // no position is left: it needs a whole copy
    await cluster.start(third);
    await expect.poll(() => cluster.log(third), WAIT).toContain("rsync SST started on joiner");
    await cluster.kill(...cluster.names);
    await writers.stop();
    expect(await cluster.onVolume(third, "ls /var/lib/mysql")).toContain("transfer-incomplete");
    cluster.done.length = 0;
    await cluster.start(third);
    const waiting = async () => (await cluster.look()).nodes.find(({ name }) => name === third)?.state;
    await expect.poll(waiting, WAIT).toMatchObject({ kind: "waiting", data: "incomplete" });
    const found = await waiting();
    if (found?.kind !== "waiting") throw new Error("it waits no more");
    await cluster.nodes.bootstrap(third, found, AbortSignal.timeout(10_000));
    await expect.poll(() => cluster.log(third), WAIT).toContain("ordered to begin, but the data directory is incomplete");
    await expect.poll(() => cluster.last?.decision.action, WAIT).toEqual({ do: "refuse", reason: "PositionUnknown" });
    await cluster.start(first);
    await cluster.start(second);
    await healthy();
    expect(cluster.done.filter((one) => one.startsWith("bootstrap"))).toEqual([expect.stringMatching(/^bootstrap g-[01]$/)]);
    expect(await writers.missingOn(third)).toEqual([]);
  });

  it("ends in order when it is told to, and the last one knows its position", async () => {
    expect(await cluster.stop(third)).toBe(0);
    expect(await cluster.log(third)).toContain("draining: routers send nobody here any more");
    await expect.poll(state, WAIT).toBe("Degraded");
  });

  it("moves to a newer MariaDB one node after another, in the order of a StatefulSet, while somebody writes", async () => {
    const writers = new GaleraWriters(cluster, cluster.names);
    cluster.done.length = 0;
    for (const name of [third, second, first]) {
      await cluster.stop(name);
      await cluster.start(name, newer);
      await expect.poll(() => cluster.version(name), WAIT).toMatch(/^11\.8\./);
      await healthy();
    }
    await writers.stop();
    for (const name of cluster.names) expect(await writers.missingOn(name)).toEqual([]);
    expect(await cluster.log(third)).toContain("upgrading the system tables");
    expect(cluster.done).toEqual([]);
  });
});
