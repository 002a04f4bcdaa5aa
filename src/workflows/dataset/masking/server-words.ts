import { Sql } from "../../../kernel/sql.ts";

/**
 * A definition as SHOW CREATE printed it, to be run again: the server's own words of its own dictionary, on a server that nobody else reaches and that has
 * no network. Nothing that a person or a row says ever comes this way.
 */
export function serverWords(definition: string): Sql {
  return new Sql(definition);
}
