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
 * The row is read without `wsrep_sync_wait`: a long ALTER TABLE would make every node's answer late, and routers would cut all of them.
 */
export const NODE_CHECK = {
  port: 9200,
  ready: "/ready",
  writer: "/writer",
} as const;

/** Makes the row; any number of nodes may do it at any time. */
export const WRITER_TABLE = [
  "CREATE DATABASE IF NOT EXISTS howdah_cluster",
  "CREATE TABLE IF NOT EXISTS howdah_cluster.writer (id TINYINT PRIMARY KEY, node VARCHAR(64) NOT NULL, epoch BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB",
  "INSERT IGNORE INTO howdah_cluster.writer VALUES (1, '', 0)",
] as const;

/** One row of what a node knows: itself, the writer, the term, and whether that writer is in the primary component. */
export const READ_WRITER =
  "SELECT @@GLOBAL.wsrep_node_name AS me, @@GLOBAL.wsrep_desync AS desync, w.node AS writer, w.epoch AS epoch, " +
  "EXISTS (SELECT 1 FROM mysql.wsrep_cluster_members m WHERE m.node_name = w.node) AS present FROM howdah_cluster.writer w WHERE w.id = 1";

/**
 * Takes the place, unless somebody did since it was read: `epoch` is the one that was seen, a number. Run again by Galera after a conflict
 * (`wsrep_retry_autocommit`), it changes nothing.
 */
export function takeWriter(epoch: number): string {
  return `UPDATE howdah_cluster.writer SET node = @@GLOBAL.wsrep_node_name, epoch = epoch + 1 WHERE id = 1 AND epoch = ${epoch}`;
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
  /** Whether the writer is in the primary component. */
  readonly present: boolean;
}

/** What a node does when it is asked for /writer, and answers after it: a table that every implementation of the check must follow. */
export function judgeWriter(facts: WriterFacts): { readonly status: 200 | 404 | 503; readonly act: "nothing" | "take" | "leave" } {
  const mine = facts.writer === facts.me;
  if (!facts.serves) return { status: 503, act: "nothing" };
  if (facts.desync) return { status: mine || facts.writer === `-${facts.me}` ? 200 : 404, act: mine ? "leave" : "nothing" };
  if (mine) return { status: 200, act: "nothing" };
  // Who took it reads again, and is the writer if the row says so.
  return { status: 404, act: facts.writer === "" || !facts.present ? "take" : "nothing" };
}
