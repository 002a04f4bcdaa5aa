import { createHmac, hash } from "node:crypto";
import type { Secret } from "../../kernel/secret.ts";
import { Sql, sql, text } from "../../kernel/sql.ts";

/** Bytes that HMAC-SHA256 fills a key up to. */
const BLOCK = 64;

/** The secret of a site's masks: who has it can find out which fake stands for a value that he guesses; nobody else can. 32 random bytes. */
export interface MaskKey {
  /** HMAC-SHA256 of `domain:seed` in hexadecimal: the same in SQL (`digestSql`). */
  digest(domain: string, seed: string | Uint8Array): string;
  /** How a connection gets the key. */
  session(): MaskSession;
}

/** A statement to run as a prepared one, with values for its question marks. */
export interface MaskSession {
  readonly statement: Sql;
  readonly values: readonly Buffer[];
}

/** The masks' key from a secret of at least 32 characters. */
export function maskKey(secret: Secret): MaskKey {
  const key = createHmac("sha256", "howdah dataset masks").update(secret.reveal()).digest();
  const [inner, outer] = [padded(key, 0x36), padded(key, 0x5c)];
  return {
    // HMAC by hand: two plain hashes are three times faster than an object for each value.
    digest(domain, seed) {
      const message = Buffer.concat([inner, Buffer.from(`${domain}:`), typeof seed === "string" ? Buffer.from(seed) : seed]);
      return hash("sha256", Buffer.concat([outer, hash("sha256", message, "buffer")]), "hex");
    },
    session: () => ({ statement: SESSION, values: [inner, outer] }),
  };
}

/** Inner and outer padding of HMAC (RFC 2104). */
function padded(key: Buffer, byte: number): Buffer {
  return Buffer.alloc(BLOCK, byte).map((pad, index) => pad ^ (key[index] ?? 0)) as Buffer;
}

/**
 * The key goes into two variables of the session through a prepared statement: it stands in no statement's text, hence in no log and no list of
 * processes, and is gone with the connection. Modes: rows with the id 0 stay what they are (Drupal's guest is user 0), dates such as 0000-00-00 as
 * well, and a byte that is no UTF-8 becomes `?` (warning 1300) instead of an error; whoever runs masks looks for warnings 1264, 1265 and 1406.
 */
const SESSION = sql`SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', SESSION foreign_key_checks = 0, SESSION group_concat_max_len = 1048576, @howdah_inner = ?, @howdah_outer = ?`;

/** HMAC-SHA256 of `domain:seed` in hexadecimal; `seed` is an expression in utf8mb4. NULL of NULL. */
export function digestSql(domain: string, seed: Sql): Sql {
  const message = sql`@howdah_inner, ${text(`${domain}:`)}, ${seed}`;
  return sql`SHA2(CONCAT(@howdah_outer, UNHEX(SHA2(CONCAT(${message}), 256))), 256)`;
}
