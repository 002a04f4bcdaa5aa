import type { BenchServer } from "./bench-server.ts";

const TABLES = 8;
/** Bytes of a row on disk with its keys, roughly. */
const ROW_BYTES = 700;
const AT_ONCE = 100_000;

/** Fills a database `shop` of eight tables with so many bytes of rows that don't compress away. */
export async function fillShop(server: BenchServer, bytes: number, say: (line: string) => void): Promise<void> {
  const rows = Math.ceil(bytes / TABLES / ROW_BYTES);
  await server.query("CREATE DATABASE shop");
  for (let table = 0; table < TABLES; table += 1) {
    const name = `shop.orders_${String(table)}`;
    await server.query(
      `CREATE TABLE ${name} (id INT UNSIGNED PRIMARY KEY, customer INT UNSIGNED NOT NULL, email VARCHAR(120) NOT NULL, street VARCHAR(120) NOT NULL, note TEXT NOT NULL, placed DATETIME NOT NULL, KEY (customer), KEY (email))`,
    );
    for (let from = 1; from <= rows; from += AT_ONCE) {
      const to = Math.min(rows, from + AT_ONCE - 1);
      await server.query(
        `INSERT INTO ${name} SELECT seq, MOD(seq * 7919, 400000), CONCAT('u', MD5(seq), '@example.org'), SHA2(seq, 256), CONCAT(SHA2(seq + 1, 512), SHA2(seq + 2, 512), SHA2(seq + 3, 256)), '2026-01-01' + INTERVAL MOD(seq, 31536000) SECOND FROM shop.seq_${String(from)}_to_${String(to)}`,
      );
    }
    say(`table ${String(table + 1)} of ${String(TABLES)}: ${String(rows)} rows`);
  }
}
