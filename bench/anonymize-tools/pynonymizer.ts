import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "mysql2/promise";
import { run } from "../../src/providers/process.ts";

/** The same columns as the bench's own rules, in the tool's words; `clear` is its `empty`. It knows no shifted dates and no addresses of machines. */
const STRATEGY = {
  tables: {
    people: {
      columns: {
        ...{ mail: "unique_email", login: "unique_login", first: "first_name", last: "last_name" },
        ...{ phone: fake("phone_number"), street: fake("street_address"), city: fake("city"), ip: fake("ipv4") },
        ...{ born: fake("date_of_birth"), note: "empty" },
      },
    },
  },
};

function fake(type: string): object {
  return { type: "fake_update", fake_type: type };
}

/**
 * pynonymizer (PyPI), as it is installed by `python3 -m venv DIR && DIR/bin/pip install pynonymizer`: masks a database as it lies, with values of a small
 * table of fakes. Answers the seconds of its step `ANONYMIZE_DB` alone, without restoring and dumping. `program` is its path, it wants `mysql` and `mysqldump` on the path.
 */
export async function maskedByPynonymizer(
  program: string,
  server: { readonly directory: string; readonly port: number; readonly client: Connection },
  database: string,
): Promise<number> {
  const strategy = join(server.directory, "strategy.json");
  await writeFile(strategy, JSON.stringify(STRATEGY));
  for (const host of ["localhost", "127.0.0.1"]) await server.client.query(`GRANT ALL ON *.* TO tool@'${host}' IDENTIFIED BY 'none'`);
  const began = performance.now();
  await run([
    program,
    ...["--db-type", "mysql", "--db-user", "tool", "--db-password", "none", "--db-name", database],
    ...["--db-port", String(server.port), "--strategy", strategy],
    ...["--start-at", "ANONYMIZE_DB", "--stop-at", "ANONYMIZE_DB"],
  ]);
  return (performance.now() - began) / 1000;
}
