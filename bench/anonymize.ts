import { randomBytes } from "node:crypto";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { canarySet } from "../src/anonymize/hunt/canary-set.ts";
import { maskKey } from "../src/anonymize/masks/mask-key.ts";
import { maskText } from "../src/anonymize/masks/value-masks.ts";
import type { MaskPlan, TablePlan } from "../src/anonymize/plan.ts";
import { databaseSchemaFrom, schemaQueries } from "../src/anonymize/schema-queries.ts";
import { rowTransformer } from "../src/anonymize/stream/transform-row.ts";
import { planOf } from "../src/anonymize/testing/compile-fixture.ts";
import { Secret } from "../src/kernel/secret.ts";
import { identifier, list } from "../src/kernel/sql.ts";
import { maskedByPynonymizer } from "./anonymize-tools/pynonymizer.ts";
import { socketMariadb } from "../test/support/socket-mariadb.ts";

/**
 * How many rows a second are masked: by SQL in bulk, by rows that pass through TypeScript, and row by row as tools without a plan do it; and how fast
 * files are searched for a thousand real values. `node bench/anonymize.ts [ROWS]`, with mariadb-server-core; with `HOWDAH_PYNONYMIZER=/path/of/it` beside
 * another tool.
 */
const ROWS = Number(process.argv[2] ?? 200_000);
const ONE_BY_ONE = Math.min(ROWS, 5_000);

const key = maskKey(new Secret("a key of thirty-two characters..", "bench"));
/** Another tool speaks TCP alone. */
const tool = process.env["HOWDAH_PYNONYMIZER"];
const port = 20_000 + (process.pid % 10_000);
const listening = tool === undefined ? [] : ["--skip-networking=0", "--bind-address=127.0.0.1", `--port=${String(port)}`];
const server = await socketMariadb([
  "--innodb-buffer-pool-size=512M",
  "--innodb-log-file-size=256M",
  "--max-allowed-packet=64M",
  ...listening,
]);

function say(what: string, count: number, unit: string, milliseconds: number): void {
  process.stdout.write(
    `${what.padEnd(44)} ${Math.round((1000 * count) / milliseconds)
      .toLocaleString("en")
      .padStart(10)} ${unit}/s\n`,
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const columns = {
  id: "keep",
  mail: "email",
  login: "user-name",
  first: { use: "first-name", per: "id" },
  last: { use: "last-name", per: "id" },
  phone: "phone",
  street: "street",
  city: "city",
  ip: "ip",
  born: { use: "shift-date", per: "id" },
  note: "clear",
};

async function planned(client: Connection, note: string): Promise<TablePlan> {
  const answers: RowDataPacket[][] = [];
  for (const query of schemaQueries("raw")) answers.push((await client.query<RowDataPacket[]>(query.text))[0]);
  const schema = databaseSchemaFrom(answers as unknown as Parameters<typeof databaseSchemaFrom>[0]);
  const plan: MaskPlan = planOf({ language: "de", tables: { people: { columns: { ...columns, note } } } }, schema);
  const [table] = plan.tables;
  if (table === undefined || plan.problems.length + plan.unknown.length > 0) throw new Error("the plan of the bench does not fit");
  return table;
}

try {
  const client = await server.connect();
  const { statement, values } = key.session();
  await client.execute(statement.text, [...values]);
  for (const name of ["raw", "dataset"]) await client.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await client.query("USE raw");
  await client.query(
    `CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(100), login VARCHAR(60), first VARCHAR(60), last VARCHAR(60), phone VARCHAR(30), street VARCHAR(80), city VARCHAR(60), ip VARCHAR(45), born DATE, note TEXT)
     SELECT seq id, CONCAT('person', seq, '@example.org') mail, CONCAT('login', seq) login, CONCAT('First', seq) first, CONCAT('Last', seq) last, CONCAT('+49 30 9', seq) phone, CONCAT('Street ', seq) street, 'Berlin' city, '93.184.216.34' ip, '1980-01-02' born,
     CONCAT('{"mail":"person', seq, '@example.org","about":"Lorem ipsum dolor sit amet, consectetur adipiscing elit","n":', seq, '}') note FROM seq_1_to_${String(ROWS)}`,
  );
  const target = (table: TablePlan) => list(table.columns.map(({ name }) => identifier(name))).text;

  const bulk = await planned(client, "clear");
  await client.query("CREATE TABLE dataset.people LIKE raw.people");
  const sqlTime = await timed(() =>
    client.query(
      `INSERT INTO dataset.people (${target(bulk)}) SELECT ${list(bulk.columns.map(({ expression }) => expression)).text} FROM raw.people AS r`,
    ),
  );
  say("SQL in bulk, 10 masked columns", ROWS, "rows", sqlTime);

  const streamed = await planned(client, "text");
  const { select, places, transform } = rowTransformer(streamed, key);
  await client.query("TRUNCATE dataset.people");
  const streamTime = await timed(async () => {
    for (let from = 1; from <= ROWS; from += 200) {
      const [rows] = await client.query<RowDataPacket[]>({
        sql: `SELECT ${list(select).text} FROM raw.people AS r WHERE id BETWEEN ${String(from)} AND ${String(from + 199)}`,
        rowsAsArray: true,
        typeCast: (field: { buffer(): Buffer | null }) => field.buffer(),
      });
      const masked = (rows as unknown as (Buffer | null)[][]).map(transform);
      const row = `(${list(places).text})`;
      await client.execute(`INSERT INTO dataset.people (${target(streamed)}) VALUES ${masked.map(() => row).join(",")}`, masked.flat());
    }
  });
  say("the same with JSON through TypeScript", ROWS, "rows", streamTime);

  const single = await timed(async () => {
    const [rows] = await client.query<RowDataPacket[]>(`SELECT * FROM raw.people LIMIT ${String(ONE_BY_ONE)}`);
    for (const row of rows) {
      const fake = (name: "full-name" | "phone" | "street" | "city" | "ip", value: unknown): string =>
        maskText({ mask: "fake", fake: name, language: "de" }, key, String(value));
      await client.execute(
        "UPDATE raw.people SET mail = ?, login = ?, first = ?, last = ?, phone = ?, street = ?, city = ?, ip = ?, born = ?, note = NULL WHERE id = ?",
        [
          maskText({ mask: "email", digits: 20 }, key, String(row["mail"])),
          ...[row["login"], row["first"], row["last"]].map((value) => fake("full-name", value)),
          fake("phone", row["phone"]),
          fake("street", row["street"]),
          fake("city", row["city"]),
          fake("ip", row["ip"]),
          "1980-02-03",
          row["id"],
        ],
      );
    }
  });
  say("row by row, UPDATE", ONE_BY_ONE, "rows", single);

  if (tool !== undefined) {
    await client.query("CREATE DATABASE other");
    await client.query("CREATE TABLE other.people LIKE raw.people");
    await client.query("INSERT INTO other.people SELECT * FROM raw.people");
    say("pynonymizer, UPDATE in place", ROWS, "rows", 1000 * (await maskedByPynonymizer(tool, { ...server, port, client }, "other")));
  }

  const scan = canarySet(Array.from({ length: 1000 }, (_, n) => `person${String(n)}.${randomBytes(4).toString("hex")}@example.org`)).scan();
  const chunk = Buffer.from(
    Array.from({ length: 60_000 }, (_, n) => `u${String(n)}abcdef@example.invalid Greta Wolf ${String(n)} lorem ipsum`).join("\0"),
  );
  const searched = await timed(async () => {
    for (let turn = 0; turn < 100; turn += 1) scan.push(chunk);
  });
  say("files searched for 1,000 values in 10 forms", (100 * chunk.length) / 1e6, "MB", searched);
} finally {
  await server.remove();
}
