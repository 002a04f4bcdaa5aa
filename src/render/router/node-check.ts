/**
 * What each node of a Galera cluster answers to routers over HTTP, and how all routers come to the same writer: the nodes themselves name it,
 * in one replicated row. A router only asks, so that any number of them agree without knowing of one another (ADR 27).
 *
 *   GET /ready   200: sites may be sent here for reading; 503: they may not.
 *   GET /writer  200: this node is the writer.
 *                404: it is not, but it serves: finish what you have here, send nothing new (HAProxy's `disable-on-404`).
 *                503: it does not serve: cut what you have here.
 *
 * A node serves when it is in the primary component, ready, and synced or a donor. `wsrep_desync=ON` is the one sign for leaving: /ready is 503, and
 * the writer offers its place (a hyphen before its name) but answers 200 until another one has it, so that nobody is refused meanwhile. The place is
 * taken in the same request that finds it free: its row names nobody, or what is no member of the primary component. Two nodes that take it at once
 * conflict in Galera's certification, and one of them gets it.
 *
 * A node's name is the same after its server died and came back. So who takes the place signs it with what the group calls this one start of the
 * server (`wsrep_gcomm_uuid`): one that is a member again before the others have agreed that it was gone is another one, and not the writer.
 * A signature holds for one epoch only. Nodes of an older Howdah don't sign and don't look at it: what they write is unsigned, and means any
 * start of the node that it names, as before.
 *
 * The row is read without `wsrep_sync_wait`: a long ALTER TABLE would make every node's answer late, and routers would cut all of them.
 */
export const NODE_CHECK = {
  port: 9200,
  ready: "/ready",
  writer: "/writer",
} as const;

/** Makes the row, or gives it what rows of an older Howdah lack; any number of nodes may do it at any time. */
export const WRITER_TABLE = [
  "CREATE DATABASE IF NOT EXISTS howdah_cluster",
  "CREATE TABLE IF NOT EXISTS howdah_cluster.writer (id TINYINT PRIMARY KEY, node VARCHAR(64) NOT NULL, epoch BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB",
  "ALTER TABLE howdah_cluster.writer ADD COLUMN IF NOT EXISTS incarnation VARCHAR(64) NOT NULL DEFAULT ''",
  "INSERT IGNORE INTO howdah_cluster.writer (id, node, epoch) VALUES (1, '', 0)",
] as const;

/** What the group calls this start of this node's server. */
const THIS_START = "(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_gcomm_uuid')";
const SIGNED = "w.incarnation LIKE CONCAT(w.epoch, ':%')";
const signedBy = (start: string): string => `(NOT (${SIGNED}) OR w.incarnation = CONCAT(w.epoch, ':', ${start}))`;

/**
 * One row of what a node knows: itself, the term, whether the writer is in the primary component, whether that is this very start of this node,
 * whether the row is signed, and the writer's name, which may be empty and so comes last for who reads words.
 */
export const READ_WRITER =
  "SELECT @@GLOBAL.wsrep_node_name AS me, @@GLOBAL.wsrep_desync AS desync, w.epoch AS epoch, " +
  `EXISTS (SELECT 1 FROM mysql.wsrep_cluster_members m WHERE m.node_name = w.node AND ${signedBy("m.node_uuid")}) AS present, ` +
  `(w.node = @@GLOBAL.wsrep_node_name AND ${signedBy(THIS_START)}) AS mine, ${SIGNED} AS signed, w.node AS writer ` +
  "FROM howdah_cluster.writer w WHERE w.id = 1";

/**
 * Takes the place, unless somebody did since it was read: `epoch` is the one that was seen, a number. Run again by Galera after a conflict
 * (`wsrep_retry_autocommit`), it changes nothing.
 */
export function takeWriter(epoch: number): string {
  const signature = `CONCAT(epoch + 1, ':', ${THIS_START})`;
  return `UPDATE howdah_cluster.writer SET incarnation = ${signature}, node = @@GLOBAL.wsrep_node_name, epoch = epoch + 1 WHERE id = 1 AND epoch = ${epoch}`;
}

/** Signs the place that this node has and an older Howdah wrote. */
export function signWriter(epoch: number): string {
  return `UPDATE howdah_cluster.writer SET incarnation = CONCAT(epoch, ':', ${THIS_START}) WHERE id = 1 AND node = @@GLOBAL.wsrep_node_name AND epoch = ${epoch}`;
}

/** Offers the place, for a node that leaves. No node's name begins with a hyphen. */
export const LEAVE_WRITER =
  "UPDATE howdah_cluster.writer SET node = CONCAT('-', @@GLOBAL.wsrep_node_name), epoch = epoch + 1 WHERE id = 1 AND node = @@GLOBAL.wsrep_node_name";

/** What a node knows when it is asked. */
export interface WriterFacts {
  /** In the primary component, ready, synced or a donor. */
  readonly serves: boolean;
  readonly desync: boolean;
  readonly me: string;
  /** Empty: nobody. */
  readonly writer: string;
  /** Whether the writer, that start of it that signed, is in the primary component. */
  readonly present: boolean;
  /** Whether the writer is this node, in this start of its server. */
  readonly mine: boolean;
  readonly signed: boolean;
}

/** A row of `READ_WRITER`, and the term that it is of. */
export function readWriterRow(
  row: Readonly<Record<string, unknown>> | undefined,
  serves: boolean,
): { readonly facts: WriterFacts; readonly epoch: number } {
  const yes = (key: string): boolean => Number(row?.[key]) === 1;
  const facts = {
    me: String(row?.["me"]),
    writer: String(row?.["writer"]),
    present: yes("present"),
    mine: yes("mine"),
    signed: yes("signed"),
  };
  return { facts: { ...facts, serves, desync: yes("desync") }, epoch: Number(row?.["epoch"]) };
}

/** What a node does when it is asked for /writer, and answers after it: a table that every implementation of the check must follow. */
export function judgeWriter(facts: WriterFacts): { readonly status: 200 | 404 | 503; readonly act: "nothing" | "take" | "sign" | "leave" } {
  const { mine } = facts;
  if (!facts.serves) return { status: 503, act: "nothing" };
  if (facts.desync) return { status: mine || facts.writer === `-${facts.me}` ? 200 : 404, act: mine ? "leave" : "nothing" };
  if (mine) return { status: 200, act: facts.signed ? "nothing" : "sign" };
  // Who took it reads again, and is the writer if the row says so.
  return { status: 404, act: facts.writer === "" || !facts.present ? "take" : "nothing" };
}
