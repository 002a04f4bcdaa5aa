import type { Connection, RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DatabaseSchema, TableSchema } from "../../src/anonymize/database-schema.ts";
import { canarySamples, chooseCanaries } from "../../src/anonymize/hunt/choose-canaries.ts";
import { canarySet } from "../../src/anonymize/hunt/canary-set.ts";
import { personalHunt } from "../../src/anonymize/hunt/find-personal.ts";
import { maskKey } from "../../src/anonymize/masks/mask-key.ts";
import type { MaskPlan, TablePlan } from "../../src/anonymize/plan.ts";
import { databaseSchemaFrom, schemaQueries } from "../../src/anonymize/schema-queries.ts";
import { type PeopleBook, peopleBook, peopleQueries, type PersonEntry } from "../../src/anonymize/stream/people-book.ts";
import { hasStreams, rowTransformer } from "../../src/anonymize/stream/transform-row.ts";
import { fixtureSchema, planOf } from "../../src/anonymize/testing/compile-fixture.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { identifier, list, sql } from "../../src/kernel/sql.ts";
import { type SocketMariadb, socketMariadb, whyNoSocketMariadb } from "../support/socket-mariadb.ts";

const key = maskKey(new Secret("a key of thirty-two characters..", "test"));
const why = await whyNoSocketMariadb();

/** Fills a table of the dataset as the breeder does. */
async function rebuild(table: TablePlan, client: Connection, people: PeopleBook): Promise<void> {
  const [from, to] = [sql`raw.${identifier(table.name)}`, sql`dataset.${identifier(table.name)}`];
  await client.query(sql`CREATE TABLE ${to} LIKE ${from}`.text);
  if (table.action === "drop-rows") return;
  const where = table.where === undefined ? sql`` : sql`WHERE ${table.where}`;
  const rows = sql`FROM ${from} AS r ${where} ${table.limit ?? sql``}`;
  const columns = list(table.columns.map(({ name }) => identifier(name)));
  if (!hasStreams(table)) {
    await client.query(sql`INSERT INTO ${to} (${columns}) SELECT ${list(table.columns.map(({ expression }) => expression))} ${rows}`.text);
    return;
  }
  const { select, places, transform } = rowTransformer(table, key, people);
  const [read] = await client.query<RowDataPacket[]>({
    sql: sql`SELECT ${list(select)} ${rows}`.text,
    rowsAsArray: true,
    typeCast: (field: { buffer(): Buffer | null }) => field.buffer(),
  });
  const insert = sql`INSERT INTO ${to} (${columns}) VALUES (${list(places)})`.text;
  for (const row of read as unknown as (Buffer | null)[][]) await client.execute(insert, [...transform(row)]);
}

describe.skipIf(why !== undefined)(`plans on a real server${why === undefined ? "" : ` (${why})`}`, () => {
  let server: SocketMariadb;
  let client: Connection;

  beforeAll(async () => {
    server = await socketMariadb();
    client = await server.connect();
    const { statement, values } = key.session();
    await client.execute(statement.text, [...values]);
  });
  afterAll(() => server.remove());

  async function begin(): Promise<void> {
    await client.query("DROP DATABASE IF EXISTS raw");
    await client.query("DROP DATABASE IF EXISTS dataset");
    await client.query("CREATE DATABASE raw CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
    await client.query("CREATE DATABASE dataset CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
    await client.query("USE raw");
  }

  async function schema(): Promise<DatabaseSchema> {
    const answers: RowDataPacket[][] = [];
    for (const query of schemaQueries("raw")) answers.push((await client.query<RowDataPacket[]>(query.text))[0]);
    return databaseSchemaFrom(answers as unknown as Parameters<typeof databaseSchemaFrom>[0]);
  }

  async function perform(plan: MaskPlan): Promise<void> {
    expect([plan.unknown, plan.problems]).toEqual([[], []]);
    const entries: PersonEntry[] = [];
    for (const query of peopleQueries(plan))
      entries.push(...((await client.query<RowDataPacket[]>(query.text))[0] as unknown as PersonEntry[]));
    const people = peopleBook(entries);
    for (const table of plan.tables) if (table.action === "rebuild" || table.action === "drop-rows") await rebuild(table, client, people);
  }

  async function values(database: string): Promise<string[]> {
    const [tables] = await client.query<RowDataPacket[]>(
      `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${database}'`,
    );
    const found: string[] = [];
    for (const { name } of tables as unknown as { name: string }[]) {
      const [rows] = await client.query<RowDataPacket[]>(sql`SELECT * FROM ${identifier(database)}.${identifier(name)}`.text);
      for (const row of rows)
        for (const value of Object.values(row)) if (value !== null) found.push(Buffer.isBuffer(value) ? value.toString() : String(value));
    }
    return found;
  }

  it("masks what a shop has: joins hold, keys stay unique, structures can be read, nobody is left", async () => {
    await begin();
    await client.query(
      "CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, login VARCHAR(40) CHARACTER SET ascii NOT NULL UNIQUE, first VARCHAR(30) CHARACTER SET latin1, last VARCHAR(30), phone VARCHAR(20), born DATE, iban CHAR(34), ip VARBINARY(40), pass CHAR(60) CHARACTER SET latin1, note TEXT, data LONGTEXT, prefs BLOB, full_name VARCHAR(70) AS (CONCAT(first, ' ', last)) STORED, FULLTEXT KEY words (note)) ENGINE=InnoDB",
    );
    await client.query(
      "CREATE TABLE orders (id INT PRIMARY KEY, customer INT, mail VARCHAR(60), paid DATETIME, KEY (mail), FOREIGN KEY (customer) REFERENCES customers (id))",
    );
    await client.query("CREATE TABLE sessions (id CHAR(32) PRIMARY KEY, data TEXT)");
    const people = Array.from({ length: 250 }, (_, n) => ({
      n,
      first: `Zéb${String(n)}ulon`,
      last: `Querfürth${String(n)}`,
      mail: `Z.Quer${String(n)}@Mail.example.org`,
    }));
    for (const { n, first, last, mail } of people) {
      const php = `a:2:{s:4:"mail";s:${String(mail.length)}:"${mail}";s:9:"last_name";s:${String(Buffer.byteLength(last))}:"${last}";}`;
      await client.execute(
        "INSERT INTO customers (id, email, login, first, last, phone, born, iban, ip, pass, note, data, prefs) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
          n,
          mail,
          `zquer${String(n)}`,
          first,
          last,
          `+49 30 901${String(10_000 + n)}`,
          "1970-05-17",
          "DE89370400440532013000",
          Buffer.from(`93.184.216.${String(n + 1)}`),
          "$2y$10$abcdefghijklmnopqrstuuZ5dJ4bJ2q0y8mC3uC1mVdWc7gq5n5yG",
          `${first} ${last} called from +49 30 901${String(10_000 + n)}, write to ${mail}`,
          JSON.stringify({ contact: { mail, last_name: last }, total: 1.5, raw: php }),
          Buffer.from(php),
        ],
      );
      await client.execute("INSERT INTO orders VALUES (?,?,?,?)", [n, n, mail.toLowerCase(), "2026-03-29 02:30:00"]);
    }
    await client.query("CREATE TABLE posts (id INT PRIMARY KEY, body LONGTEXT)");
    for (const { n, first, last } of people)
      await client.execute("INSERT INTO posts VALUES (?,?)", [
        n,
        JSON.stringify({ html: `<p>By ${first} ${last} (zquer${String(n)})</p>`, by: `${last}, ${first}` }),
      ]);
    await client.query("INSERT INTO sessions VALUES ('x', 'Z.Quer1@Mail.example.org')");
    const plan = planOf(
      {
        language: "de",
        tables: {
          customers: {
            columns: {
              id: "keep",
              email: "email",
              login: "user-name",
              first: { use: "first-name", per: "id" },
              last: { use: "last-name", per: "id" },
              phone: "phone",
              born: { use: "shift-date", per: "id" },
              iban: "iban",
              ip: "ip",
              pass: "password",
              note: "text",
              data: { use: "json", paths: { "contact.mail": "email" } },
              prefs: { use: "serialized", otherwise: "text" },
            },
          },
          orders: { columns: { id: "keep", customer: "keep", mail: "email", paid: "shift-date" } },
          sessions: "empty",
          posts: { columns: { id: "keep", body: "text" } },
        },
      },
      await schema(),
    );
    const sampled: { strategy: string; values: string[] }[] = [];
    for (const { strategy, query } of canarySamples(plan, new Map(), 1000)) {
      const [rows] = await client.query<RowDataPacket[]>(query.text);
      sampled.push({ strategy, values: rows.map(({ value }) => String(value)) });
    }
    const canaries = canarySet([
      ...chooseCanaries(sampled, 1000),
      ...people.flatMap(({ first, last, mail }) => [`${first} ${last}`, last, mail]),
    ]);
    expect(canaries.size).toBeGreaterThan(1000);
    await perform(plan);

    const [[joined]] = await client.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS n FROM dataset.customers c JOIN dataset.orders o ON o.mail = c.email AND o.customer = c.id",
    );
    expect(joined?.["n"]).toBe(250);
    const [rows] = await client.query<RowDataPacket[]>("SELECT * FROM dataset.customers ORDER BY id");
    const [first] = rows;
    expect(first?.["full_name"]).toBe(`${String(first?.["first"])} ${String(first?.["last"])}`);
    expect(String(first?.["note"])).toContain(`${String(first?.["first"])} ${String(first?.["last"])} called from +49 `);
    expect(JSON.parse(String(first?.["data"]))).toMatchObject({ contact: { mail: first?.["email"] }, total: 1.5 });
    expect(String(first?.["prefs"])).toContain(`"${String(first?.["email"])}"`);
    const [[post]] = await client.query<RowDataPacket[]>("SELECT body FROM dataset.posts WHERE id = 0");
    expect(JSON.parse(String(post?.["body"]))).toMatchObject({
      html: expect.stringContaining(`By ${String(first?.["full_name"])} (`) as string,
    });
    const hunt = personalHunt(canaries);
    for (const value of await values("dataset")) hunt.look(value);
    expect(hunt.found()).toEqual([]);
    const control = personalHunt(canaries);
    for (const value of await values("raw")) control.look(value);
    expect(
      control
        .found()
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(["canary", "email", "iban", "ip", "password-hash", "phone"]);
  });

  it.each(["wordpress", "mediawiki"] as const)("performs every expression of the preset of %s", async (name) => {
    await begin();
    const tables = fixtureSchema(name).tables;
    for (const table of tables) await client.query(createTable(table));
    const plan = planOf({ presets: [name], language: "de" }, await schema());
    for (const table of tables) await insertSomebody(table, client);
    await perform(plan);
    const hunt = personalHunt();
    for (const value of await values("dataset")) hunt.look(value);
    expect(hunt.found()).toEqual([]);
  });
});

function createTable({ name, columns, uniqueKeys }: TableSchema): string {
  const lines = [
    ...columns.map((column) => {
      const charset = column.charset === null ? "" : ` CHARACTER SET ${column.charset} COLLATE ${String(column.collation)}`;
      return `${identifier(column.name).text} ${column.columnType}${charset}${column.nullable ? "" : " NOT NULL"}`;
    }),
    ...uniqueKeys.map((key) => {
      const parts = key.columns.map(
        (column, index) => `${identifier(column).text}${key.prefixes[index] === null ? "" : `(${String(key.prefixes[index])})`}`,
      );
      return `${key.name === "PRIMARY" ? "PRIMARY KEY" : `UNIQUE KEY ${identifier(key.name).text}`} (${parts.join(", ")})`;
    }),
  ];
  return `CREATE TABLE ${identifier(name).text} (${lines.join(", ")})`;
}

/** A row with something personal in every text that has room for it. */
async function insertSomebody({ name, columns }: TableSchema, client: Connection): Promise<void> {
  const inserted = columns.filter(({ generated }) => !generated);
  const cells = inserted.map((column) => {
    const textual = /char|text|blob|binary/.test(column.type);
    if (!textual) return /date|time/.test(column.type) ? "2020-01-02 03:04:05" : column.type === "enum" || column.type === "set" ? 1 : 1;
    const personal = /mail$|content$|text$|value$|excerpt$|comment$|data$/.test(column.name) ? "anna@example.org" : "anna";
    return personal.slice(0, column.length ?? 0);
  });
  await client.execute(
    `INSERT INTO ${identifier(name).text} (${inserted.map((column) => identifier(column.name).text).join(", ")}) VALUES (${inserted.map(() => "?").join(", ")})`,
    cells,
  );
}
