import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOptionFile, printOptionFile } from "./option-file.ts";
import { databaseMemory, databaseServerOptions } from "./server-options.ts";

describe("option file", () => {
  it("prints groups, switches and values", () => {
    const text = printOptionFile([
      {
        name: "mariadbd",
        options: [
          { key: "skip-name-resolve", value: null },
          { key: "port", value: 3306 },
        ],
      },
    ]);
    expect(text).toBe("[mariadbd]\nskip-name-resolve\nport=3306\n");
  });

  it("reads back every value it prints, and refuses the rest", () => {
    assert(
      property(string({ unit: "binary" }), (value) => {
        let text: string;
        try {
          text = printOptionFile([{ name: "mariadbd", options: [{ key: "tmpdir", value }] }]);
        } catch {
          return;
        }
        expect(parseOptionFile(text)).toEqual([{ name: "mariadbd", options: [{ key: "tmpdir", value }] }]);
        expect(text.split("\n")).toHaveLength(3);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["a\nplugin-load=evil", "a\u0000", "a\rb"])("refuses a control character in %j", (value) => {
    expect(() => printOptionFile([{ name: "mariadbd", options: [{ key: "tmpdir", value }] }])).toThrow("control character");
  });

  it.each(["a b", "!include", "", "a=b", "[x]"])("refuses %j as a key", (key) => {
    expect(() => printOptionFile([{ name: "mariadbd", options: [{ key, value: 1 }] }])).toThrow("no option name");
  });
});

describe("server options", () => {
  it.each([
    { mib: 256, pool: 40, connections: 51, one: 20 },
    { mib: 512, pool: 168, connections: 102, one: 40 },
    { mib: 2048, pool: 904, connections: 409, one: 163 },
    { mib: 128, pool: 16, connections: 40, one: 16 },
  ])("divides $mib MiB: pool $pool MiB, $connections connections, $one for one site", ({ mib, pool, connections, one }) => {
    expect(databaseMemory(mib * 1024 * 1024)).toEqual({
      poolBytes: pool * 1024 * 1024,
      maxConnections: connections,
      connectionsOfOne: one,
    });
  });

  it("lets no session take the server's memory for itself", () => {
    const options = new Map(databaseServerOptions(2 ** 30)[0]?.options.map(({ key, value }) => [key, value]));
    expect(options.get("max-session-mem-used")).toBe(2 ** 28);
    expect(options.get("maximum-max-session-mem-used")).toBe(2 ** 28);
    expect(options.get("maximum-max-heap-table-size")).toBe(2 ** 26);
  });

  it("never weakens durability and never touches files", () => {
    const options = new Map(databaseServerOptions(2 ** 29)[0]?.options.map(({ key, value }) => [key, value]));
    expect(options.get("innodb-flush-log-at-trx-commit")).toBe(1);
    expect(options.get("local-infile")).toBe(0);
    expect(options.get("secure-file-priv")).toBe("/run/mysqld/no-files");
    expect(options.has("skip-name-resolve")).toBe(true);
    expect(options.get("sync-binlog")).toBe(1);
  });

  it("keeps a binlog of rows that is bounded in days and in bytes", () => {
    const options = new Map(databaseServerOptions(2 ** 29)[0]?.options.map(({ key, value }) => [key, value]));
    expect(options.get("log-bin")).toBe("binlog");
    expect(options.get("binlog-format")).toBe("ROW");
    expect(options.get("expire-logs-days")).toBe(2);
    expect(options.get("loose-max-binlog-total-size")).toBe(2 ** 31);
    expect(options.get("loose-slave-connections-needed-for-purge")).toBe(0); // from 11.4 on nothing is purged without a replica else
    expect(options.get("log-bin-trust-function-creators")).toBe(1);
    expect(options.get("secure-timestamp")).toBe("SUPER"); // a neighbour's time would end everybody's restore to a second
  });
});
