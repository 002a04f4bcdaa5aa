import { describe, expect, it } from "vitest";
import { compareVersions, judgeMove, type MoveFacts } from "./judge-move.ts";

const server: MoveFacts["from"] = {
  ...{ name: "mariadb-10-11", version: "10.11.14-MariaDB-0+deb12u2", engines: ["innodb", "memory"] },
  ...{ collations: ["utf8mb4_unicode_ci", "latin1_swedish_ci"], binlog: "rows", mayReplay: true, freeBytes: 50e9 },
};
const facts: MoveFacts = {
  from: server,
  to: { ...server, name: "mariadb-11-8", version: "11.8.3-MariaDB" },
  database: { tables: 3, bytes: 100e6, engines: ["InnoDB"], collations: ["utf8mb4_unicode_ci"], versioned: [] },
};
const changed = (change: { from?: Partial<MoveFacts["from"]>; to?: Partial<MoveFacts["to"]>; database?: Partial<MoveFacts["database"]> }) =>
  judgeMove({
    from: { ...facts.from, ...change.from },
    to: { ...facts.to, ...change.to },
    database: { ...facts.database, ...change.database },
  });

describe("whether a database can move", () => {
  it("lets an upgrade go with what is written meanwhile", () => {
    expect(judgeMove(facts)).toEqual({ problems: [], notices: [], noCatchUp: null });
  });

  it.each([
    { what: "too old a server", change: { to: { version: "10.3.39-MariaDB" } }, says: /10\.5 or later/ },
    { what: "a server that is not MariaDB", change: { to: { version: "8.0.36" } }, says: /10\.5 or later/ },
    { what: "an unknown engine", change: { database: { engines: ["InnoDB", "RocksDB"] } }, says: /no storage engine RocksDB/ },
    { what: "an unknown collation", change: { database: { collations: ["utf8mb4_uca1400_ai_ci"] } }, says: /utf8mb4_uca1400_ai_ci/ },
    { what: "history that a dump lacks", change: { database: { versioned: ["prices"] } }, says: /prices keep their former rows/ },
    { what: "too little room", change: { to: { freeBytes: 300e6 } }, says: /takes 100 MB; its copy may need 468 MB/ },
  ])("refuses $what", ({ change, says }) => {
    const { problems } = changed(change);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(says)]);
  });

  it.each([
    { what: "engines in other letters", change: { to: { engines: ["innodb"] } } },
    { what: "a disk that nobody knows", change: { to: { freeBytes: null } } },
    { what: "an old client's version", change: { to: { version: "5.5.5-10.11.2-MariaDB" } } },
  ])("does not stumble over $what", ({ change }) => {
    expect(changed(change).problems).toEqual([]);
  });

  it.each([
    { what: "no log", change: { from: { binlog: "off" as const } }, says: /keeps no log/ },
    { what: "a log of statements", change: { from: { binlog: "other" as const } }, says: /not of rows/ },
    { what: "an image without the program", change: { from: { binlog: "no-program" as const } }, says: /no mariadb-binlog/ },
    { what: "a log that may not be read", change: { from: { binlog: "unreadable" as const } }, says: /may not read its log/ },
    { what: "a right that is missing", change: { to: { mayReplay: false } }, says: /BINLOG REPLAY/ },
    { what: "tables without transactions", change: { database: { engines: ["InnoDB", "MEMORY"] } }, says: /tables of MEMORY/ },
    { what: "a step back", change: { to: { version: "10.5.29-MariaDB" } }, says: /older/ },
  ])("copies under the hold with $what", ({ change, says }) => {
    const judged = changed(change);
    expect(judged.noCatchUp).toMatch(says);
    expect(judged.problems).toEqual([]);
  });

  it("tells a step back", () => {
    expect(changed({ to: { version: "10.5.29-MariaDB" } }).notices[0]).toMatch(
      /mariadb-11-8 \(10\.5\) is older than mariadb-10-11 \(10\.11\)/,
    );
  });
});

it.each([
  ["10.11.2", "11.8.1", -1],
  ["10.11.2", "10.5.9", 1],
  ["11.8.1", "11.8.3", 0],
])("of %s and %s the older is known", (one, other, sign) => {
  expect(Math.sign(compareVersions(one, other))).toBe(sign);
});
