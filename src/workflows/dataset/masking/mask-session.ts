import { identifier, sql } from "../../../kernel/sql.ts";
import type { MaskKey } from "../../../anonymize/masks/mask-key.ts";
import type { PrivateConnection, PrivateServer } from "../../../providers/dataset/private-server.ts";
import { RAW } from "./private-breeder.ts";

/** A connection that can mask: with the site's key in two variables, which are gone with it. */
export async function maskSession(breeder: PrivateServer, key: MaskKey): Promise<PrivateConnection> {
  const connection = await breeder.connect();
  await connection.query(sql`USE ${identifier(RAW)}`); // conditions that follow other tables name them without a schema
  await connection.query(sql`SET SESSION max_error_count = 1024, innodb_lock_wait_timeout = 3600`);
  const { statement, values } = key.session();
  await connection.prepared(statement, values);
  return connection;
}
