import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Sql, sql } from "../../kernel/sql.ts";
import { refusalWithoutValues } from "./refusal-without-values.ts";
import type { PrivateConnection, RawCell } from "./private-server.ts";

/** Rows that wait between the server and who reads them. */
const HELD_ROWS = 500;

/** What mysql2's promises hide: only the connection below them answers with a stream. */
interface Streaming {
  readonly connection: { query(options: object): { stream(options: { readonly highWaterMark: number }): AsyncIterable<unknown> } };
}

/** Connects to a private server's socket. mysql2 is loaded only here. */
export async function socketConnection(socketPath: string): Promise<PrivateConnection> {
  const { default: mysql } = await import("mysql2/promise");
  const connection = await mysql
    .createConnection({
      socketPath,
      user: "howdah",
      charset: "utf8mb4",
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    })
    .catch((error: unknown) => {
      throw named(error);
    });
  connection.on("error", () => {}); // it also reaches the query that waits
  const streaming = connection as unknown as Streaming;
  const ask = async (statement: Sql): Promise<unknown> => {
    try {
      const [answer] = await connection.query({ sql: statement.text });
      return answer;
    } catch (error) {
      throw named(error);
    }
  };
  return {
    query: async (statement) => {
      const answer = await ask(statement);
      return Array.isArray(answer) ? (answer as Awaited<ReturnType<PrivateConnection["query"]>>) : [];
    },
    execute: async (statement) => {
      const answer = await ask(statement);
      return Array.isArray(answer) ? 0 : ((answer as { affectedRows?: number }).affectedRows ?? 0);
    },
    prepared: async (statement, values) => {
      await connection.execute(statement.text, [...values]).catch((error: unknown) => {
        throw named(error);
      });
    },
    async *rows(statement) {
      const options = { sql: statement.text, rowsAsArray: true, typeCast: (field: { buffer(): Buffer | null }) => field.buffer() };
      const stream = streaming.connection.query(options).stream({ highWaterMark: HELD_ROWS });
      try {
        for await (const row of stream) yield row as readonly RawCell[];
      } catch (error) {
        throw named(error);
      }
    },
    close: async () => {
      await ask(sql`DO 0`).catch(() => undefined);
      connection.destroy();
    },
  };
}

/** The server's words without what it quotes: a duplicate key's or a wrong value's message holds the value. */
function named(error: unknown): unknown {
  const { errno, sqlMessage, message, code } = error as { errno?: number; sqlMessage?: string; message?: string; code?: string };
  if (error instanceof HowdahError || (code === undefined && sqlMessage === undefined)) return error;
  if (sqlMessage === undefined) return new HowdahError("dataset/failed", `The private database server does not answer: ${message ?? ""}`);
  const words = refusalWithoutValues(errno ?? 0, sqlMessage);
  return new HowdahError("dataset/failed", `The private database server refused: ${words} (error ${String(errno)})`);
}
