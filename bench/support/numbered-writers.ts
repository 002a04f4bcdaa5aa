import type mysql from "mysql2/promise";
import { systemClock } from "../../src/providers/system-clock.ts";
import { SuccessJournal } from "../../src/workflows/drill/success-journal.ts";

const PAUSE_MS = 50;

/** Clients that write numbers, each another one, until they are stopped, and remember which were acknowledged, and when. */
export class NumberedWriters {
  readonly journal = new SuccessJournal(systemClock);
  readonly rows: number[] = [];
  /** When the last one was acknowledged. */
  lastAt = 0;
  /** When the server itself said no, other than by silence. */
  readonly refusedAt: number[] = [];
  readonly #over = new AbortController();
  readonly #work: readonly Promise<void>[];

  constructor(clients: number, first: number, connect: () => Promise<mysql.Connection>) {
    this.#work = Array.from({ length: clients }, async (_, client) => await this.#write(first + client, clients, connect));
  }

  async #write(first: number, step: number, connect: () => Promise<mysql.Connection>): Promise<void> {
    let connection: mysql.Connection | undefined;
    for (let id = first; !this.#over.signal.aborted; id += step) {
      try {
        connection ??= await connect();
        await connection.query({ sql: "INSERT INTO bench.written VALUES (?)", timeout: 20_000 }, [id]);
        this.rows.push(id);
        this.lastAt = Date.now();
        this.journal.succeeded();
      } catch (error) {
        if ((error as { errno?: number }).errno !== undefined && (error as { sqlState?: string }).sqlState !== undefined)
          this.refusedAt.push(Date.now());
        this.journal.failed(error);
        connection?.destroy();
        connection = undefined;
        await new Promise((wake) => setTimeout(wake, PAUSE_MS));
      }
    }
    connection?.destroy();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#work);
  }
}
