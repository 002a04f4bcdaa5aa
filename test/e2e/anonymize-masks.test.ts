import fc from "fast-check";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskKey } from "../../src/anonymize/masks/mask-key.ts";
import { normalised, normalisedSql } from "../../src/anonymize/masks/normalise.ts";
import { maskSql, maskText, shiftSql, type ValueMask } from "../../src/anonymize/masks/value-masks.ts";
import { datasetLanguages, fakes } from "../../src/catalog/dataset-presets/dataset-rules.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { type Sql, Sql as Piece, sql, text } from "../../src/kernel/sql.ts";
import { type SocketMariadb, socketMariadb, whyNoSocketMariadb } from "../support/socket-mariadb.ts";

const key = maskKey(new Secret("a key of thirty-two characters..", "test"));
const why = await whyNoSocketMariadb();

describe.skipIf(why !== undefined)(`masks in SQL and in TypeScript${why === undefined ? "" : ` (${why})`}`, () => {
  let server: SocketMariadb;
  let client: Connection;

  beforeAll(async () => {
    server = await socketMariadb();
    client = await server.connect();
    const { statement, values } = key.session();
    await client.execute(statement.text, [...values]);
    await client.query("CREATE DATABASE t");
    await client.query(
      "CREATE TABLE t.v (n INT PRIMARY KEY, person INT NULL, v LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)",
    );
  });
  afterAll(() => server.remove());

  /** What an expression makes of all values that were put into the table. */
  async function answers(expression: Sql): Promise<(string | null)[]> {
    const [rows] = await client.query({ sql: `SELECT CAST(${expression.text} AS CHAR) AS a FROM t.v r ORDER BY n`, rowsAsArray: true });
    return (rows as unknown as (string | null)[][]).map(([a]) => a ?? null);
  }

  async function fill(values: readonly { readonly v: string | null; readonly person: number | null }[]): Promise<void> {
    await client.query("TRUNCATE t.v");
    const rows = values.map(
      ({ v, person }, n) => `(${String(n)}, ${person === null ? "NULL" : String(person)}, ${v === null ? "NULL" : text(v).text})`,
    );
    await client.query(`INSERT INTO t.v VALUES ${rows.join(",")}`);
  }

  const value = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.emailAddress(),
    fc.constantFrom(
      "",
      "  ",
      " Anna ",
      "ANNA@Example.ORG",
      "2001:db8::1",
      "192.0.2.7",
      "ΟΔΟΣ",
      "İstanbul",
      "ß",
      "\t\n",
      "'\\",
      "\u0001",
      "\u00ad",
      "\u200b",
    ),
    fc.string({ unit: "binary", maxLength: 12 }).filter((word) => word.isWellFormed()),
  );
  const rows = fc.sample(fc.record({ v: fc.option(value), person: fc.option(fc.nat(1000)) }), { numRuns: 600, seed: 7 });
  const masks: readonly ValueMask[] = [
    ...datasetLanguages.flatMap((language) => fakes.map((fake): ValueMask => ({ mask: "fake", fake, language }))),
    { mask: "email", digits: 20 },
    { mask: "hash", length: 32, seeding: "exact" },
    { mask: "hash", length: 64, seeding: "same-when-equal" },
  ];

  it("knows what each letter of Unicode is in lower case", async () => {
    const letters = Array.from({ length: 0x20000 }, (_, code) => code).filter((code) => code > 0 && (code < 0xd800 || code > 0xdfff));
    const texts = letters.map((code) => String.fromCodePoint(code));
    await fill(texts.map((v) => ({ v, person: null })));
    const lower = await answers(normalisedSql(sql`r.v`));
    expect(texts.filter((letter, index) => normalised(letter) !== lower[index])).toEqual([]);
  });

  it("makes the same fakes of the same values, of every kind and in every language", async () => {
    await fill(rows);
    for (const mask of masks) {
      const got = await answers(maskSql(mask, sql`r.v`, { room: null }));
      const want = rows.map(({ v }) => (v === null ? null : maskText(mask, key, v)));
      expect(got, JSON.stringify(mask)).toEqual(want);
    }
  });

  it("makes the same fakes of the same persons, cut to the column's room", async () => {
    await fill(rows);
    const person = sql`CONVERT(r.person USING utf8mb4)`;
    for (const mask of masks.slice(0, 13)) {
      const got = await answers(maskSql(mask, sql`r.v`, { room: 9, person }));
      const want = rows.map(({ v, person: id }) =>
        v === null ? null : maskText(mask, key, v, { room: 9, person: id === null ? null : String(id) }),
      );
      expect(got, JSON.stringify(mask)).toEqual(want);
    }
  });

  it("shifts by whole days, never by none", async () => {
    await fill(Array.from({ length: 500 }, (_, n) => ({ v: String(n), person: null })));
    const days = (await answers(shiftSql(sql`r.v`, 3))).map(Number);
    expect(new Set(days)).toEqual(new Set([-3, -2, -1, 1, 2, 3]));
  });

  it("shows the key in no statement", async () => {
    const [seen] = await client.query("SHOW FULL PROCESSLIST");
    expect(JSON.stringify(seen)).not.toContain("@howdah_inner = '");
    expect(key.session().statement).toBeInstanceOf(Piece);
    expect(key.session().statement.text).not.toMatch(/x'|0x|[0-9a-f]{32}/i);
  });
});
