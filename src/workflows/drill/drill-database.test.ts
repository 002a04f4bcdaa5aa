import { describe, expect, it } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import type { LoadConnection, ScratchDatabase } from "../../providers/database/load-connection.ts";
import type { Row } from "../../providers/database/mariadb/sql-client.ts";
import { drillDatabase } from "./drill-database.ts";
import type { DrillPlace, Fault } from "./drill-place.ts";

/** A server in memory that loses, doubles and refuses as it is told. Each statement takes a millisecond of a clock that nobody waits for. */
class FakeServer {
  readonly rows: Row[] = [];
  readonly counters = new Map<number, number>();
  now = 0;
  down = false;
  doublesNext = 0;
  losesNext = 0;
  dropped = false;

  readonly clock: Clock = {
    now: () => this.now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      this.now += ms;
      await new Promise((wake) => setImmediate(wake));
    },
  };

  readonly scratch: ScratchDatabase = {
    connect: async () => await this.#connect(),
    drop: () => Promise.resolve(void (this.dropped = true)),
  };

  async #connect(): Promise<LoadConnection> {
    await this.#answer();
    return { close: () => undefined, query: async ({ text }) => await this.#query(text) };
  }

  async #answer(): Promise<void> {
    this.now += 1;
    await new Promise((wake) => setImmediate(wake));
    if (this.down) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  }

  async #query(text: string): Promise<readonly Row[]> {
    await this.#answer();
    const [client = 0, n = 0] = [...text.matchAll(/'(\d+)'/g)].map(([, digits]) => Number(digits));
    if (text.startsWith("INSERT INTO written")) {
      if (this.losesNext > 0) this.losesNext -= 1;
      else this.rows.push({ client, n });
    } else if (text.startsWith("UPDATE")) {
      const twice = this.doublesNext > 0;
      if (twice) this.doublesNext -= 1;
      this.counters.set(client, (this.counters.get(client) ?? 0) + (twice ? 2 : 1));
    } else if (text.startsWith("SELECT client, n FROM written")) return this.rows;
    else if (text.startsWith("SELECT client, n FROM counted")) return [...this.counters].map(([client, n]) => ({ client, n }));
    return [];
  }
}

const clients = { persistent: 2, short: 2 };

async function drill(server: FakeServer, strike: () => void, faults: readonly Fault[] = ["kill"], limits = {}) {
  const place: DrillPlace = {
    name: "a server",
    faults: ["kill", "freeze"],
    strike: (fault) => {
      strike();
      return Promise.resolve({ hit: "it", ...(fault === "freeze" ? { undo: () => Promise.resolve(void (server.down = false)) } : {}) });
    },
    whole: () => Promise.resolve(),
  };
  const options = { faults, holdMs: 500, limits: { gapMs: undefined, errors: undefined, ...limits }, clients };
  const context = { emit: () => undefined, signal: new AbortController().signal, clock: server.clock };
  return await drillDatabase(place, () => Promise.resolve(server.scratch), options, context);
}

describe("a drill of a database", () => {
  it("passes a server that keeps what it acknowledged, and drops its database", async () => {
    const server = new FakeServer();
    const found = await drill(server, () => undefined);
    expect(found).toMatchObject({ lost: 0, doubled: 0, exceeded: [], errors: {}, faults: [{ fault: "kill", hit: "it" }] });
    expect(found.acknowledged).toBeGreaterThan(20);
    expect(server.dropped).toBe(true);
  });

  it("finds what was acknowledged and is lost", async () => {
    const server = new FakeServer();
    expect(await drill(server, () => void (server.losesNext = 3))).toMatchObject({
      lost: 3,
      doubled: 0,
      exceeded: ["3 acknowledged writes are lost"],
    });
  });

  it("finds what was applied twice without an error", async () => {
    const server = new FakeServer();
    expect(await drill(server, () => void (server.doublesNext = 5))).toMatchObject({
      lost: 0,
      doubled: 5,
      errors: {},
      exceeded: ["5 writes were applied twice"],
    });
  });

  it("measures the silence, counts the errors, and holds both against limits", async () => {
    const server = new FakeServer();
    const found = await drill(server, () => void (server.down = true), ["freeze"], { gapMs: 400, errors: 0 });
    expect(found.longestGapMs).toBeGreaterThanOrEqual(500);
    expect(found.errors["ECONNREFUSED"]).toBeGreaterThan(0);
    expect(found.exceeded).toHaveLength(2);
  });

  it("refuses a fault that the place does not have, before anything is made", async () => {
    const server = new FakeServer();
    await expect(drill(server, () => undefined, ["move"])).rejects.toMatchObject({ code: "usage/invalid" });
    expect(server.now).toBe(0);
  });

  it("gives up on a server that does not come back, and still drops its database when it can", async () => {
    const server = new FakeServer();
    const work = drill(server, () => void (server.down = true));
    await expect(work).rejects.toMatchObject({ code: "drill/not-back" });
    expect(server.dropped).toBe(true);
  });
});
