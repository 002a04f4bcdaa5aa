import { setTimeout as sleep } from "node:timers/promises";
import { account, number, sql, text } from "../../../kernel/sql.ts";
import { refusalNumber, type SqlClient } from "./sql-client.ts";

const NO_SUCH_THREAD = 1094;
const ROUNDS = 5;
const PAUSE_MS = 100;
const PATIENCE_MS = 10_000;

/** Locked first, then killed: no new session comes between the two. A session that is just being opened is found by the next round. */
export async function suspendUser(client: SqlClient, user: string, suspended: boolean): Promise<void> {
  const [found] = await client.query(sql`SELECT 1 AS n FROM mysql.global_priv WHERE User = ${text(user)} AND Host = '%'`);
  if (found === undefined) return;
  if (!suspended) {
    await client.query(sql`ALTER USER ${account(user)} ACCOUNT UNLOCK`);
    return;
  }
  await client.query(sql`ALTER USER ${account(user)} ACCOUNT LOCK`);
  await endSessions(client, user, PATIENCE_MS);
}

/**
 * Ends what a user has open, and waits so long for what can't end at once: a statement that is being committed or taken back goes on after it was killed, and
 * what it commits comes later than who looks at once believes.
 */
export async function endSessions(client: SqlClient, user: string, patienceMs = 0): Promise<void> {
  for (let round = 0; round < ROUNDS + patienceMs / PAUSE_MS; round++) {
    const sessions = await client.query(sql`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ${text(user)}`);
    if (sessions.length === 0) return;
    for (const session of sessions) await kill(client, Number(session["id"]));
    if (round >= ROUNDS) await sleep(PAUSE_MS);
  }
}

async function kill(client: SqlClient, id: number): Promise<void> {
  try {
    await client.query(sql`KILL HARD CONNECTION ${number(id)}`);
  } catch (error) {
    if (refusalNumber(error) !== NO_SUCH_THREAD) throw error; // it ended by itself
  }
}
