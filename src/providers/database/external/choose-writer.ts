/** What one address of an external server says of itself. */
export type AddressFacts = {
  /** `10.0.0.5:3306`. */
  readonly address: string;
} & (
  | {
      readonly answers: false;
      /** Why not, in a few words. */
      readonly because: string;
    }
  | AnsweringFacts
);

/** Of a server that lets the administrator in. */
export interface AnsweringFacts {
  readonly answers: true;
  /** `11.8.3-MariaDB`. */
  readonly version: string;
  /** `read_only`, or MySQL's `super_read_only`. */
  readonly readOnly: boolean;
  /** Of a Galera node; null of a server without Galera. */
  readonly wsrep: { readonly ready: boolean; readonly status: string; readonly localState: number } | null;
  /** Of a server that replicates from another; null of one that does not, or of whose replication the administrator may not know. */
  readonly replica: { readonly running: boolean; readonly lagSeconds: number | null } | null;
  /** Replicas that are connected to it and wait for nothing (`asynchronous`), or that a commit waits for (`semiSync`). */
  readonly replicas: { readonly connected: number; readonly semiSync: boolean } | null;
}

/** Why nobody of a group is the writer. CamelCase: reasons of conditions. */
export type NoWriterReason = "NobodyAnswers" | "AllReadOnly" | "NotPrimary" | "SeveralWriters";

/** What becomes of a group: one writer, or the reason why there is none; and what each address is. */
export type WriterChoice = {
  /** In the order of the facts. */
  readonly roles: readonly { readonly address: string; readonly role: string }[];
} & (
  | { readonly writer: string; readonly version: string; readonly warning?: string }
  | { readonly writer: null; readonly reason: NoWriterReason; readonly message: string }
);

/** Galera's number for a node that has all there is and serves. */
const SYNCED = 4;

/** What a pair without semi-synchronous replication lost in a measured failover (docs/how-to/use-a-database-that-exists.md). */
const CAN_LOSE =
  "its replicas are asynchronous: what was acknowledged in the last moments is lost when the writer dies (1,210 of 7,039 rows in our measurement). Semi-synchronous replication (rpl_semi_sync_master_enabled, AFTER_SYNC) prevents it";

/**
 * Which address sites may write to: a server that answers, is not read-only and follows nobody; of a Galera cluster any node takes writes, and the one
 * that was the writer so far stays it, else the first in order. Two servers that would both take writes and don't know of each other are a split
 * brain: then nobody is chosen. Pure, so that the machine's agent, the operator and `howdah db server check` say the same.
 */
export function chooseWriter(facts: readonly AddressFacts[], former: string | undefined): WriterChoice {
  const roles = facts.map((one) => ({ address: one.address, role: roleOf(one) }));
  const candidates = facts.filter((one) => roleOf(one) === "writer") as readonly (AddressFacts & AnsweringFacts)[];
  const ofCluster = candidates.length > 0 && candidates.every(({ wsrep }) => wsrep !== null);
  const chosen = ofCluster ? (candidates.find(({ address }) => address === former) ?? candidates[0]) : candidates[0];
  if (chosen === undefined) return { roles, ...nobody(facts) };
  if (candidates.length > 1 && !ofCluster) return { roles, ...several(candidates) };
  const warning = warningFor(chosen, facts);
  return {
    roles: roles.map(({ address, role }) => ({
      address,
      role: role === "writer" && address !== chosen.address ? "could be the writer" : role,
    })),
    ...{ writer: chosen.address, version: chosen.version },
    ...(warning === undefined ? {} : { warning }),
  };
}

function roleOf(one: AddressFacts): string {
  if (!one.answers) return one.because;
  const { wsrep, replica } = one;
  if (wsrep !== null && (!wsrep.ready || wsrep.status !== "Primary" || wsrep.localState !== SYNCED))
    return `not part of the cluster (${wsrep.status})`;
  if (one.readOnly) return replica === null ? "read-only" : replicaRole(replica);
  // A replica that can be written to is a mistake of its setting, not a writer: what is written there reaches nobody.
  if (wsrep === null && replica !== null) return `${replicaRole(replica)}, and not read-only`;
  return "writer";
}

/** In words that stay: the operator writes roles into a status, and looks every ten seconds. */
function replicaRole({ running, lagSeconds }: { readonly running: boolean; readonly lagSeconds: number | null }): string {
  if (!running) return "replica that has stopped";
  if (lagSeconds === null || lagSeconds < 10) return "replica";
  return `replica, ${lagSeconds < 60 ? "seconds" : lagSeconds < 3600 ? "minutes" : "hours"} behind`;
}

function nobody(facts: readonly AddressFacts[]): { readonly writer: null; readonly reason: NoWriterReason; readonly message: string } {
  const answering = facts.filter((one) => one.answers);
  const list = facts.map((one) => `${one.address}: ${roleOf(one)}`).join("; ");
  if (answering.length === 0) return { writer: null, reason: "NobodyAnswers", message: `no address answers (${list})` };
  if (answering.some(({ wsrep, readOnly }) => wsrep !== null && !readOnly))
    return { writer: null, reason: "NotPrimary", message: `no node is in the primary part of the cluster (${list})` };
  return { writer: null, reason: "AllReadOnly", message: `no address takes writes (${list})` };
}

function several(candidates: readonly AddressFacts[]): {
  readonly writer: null;
  readonly reason: NoWriterReason;
  readonly message: string;
} {
  const names = candidates.map(({ address }) => address).join(" and ");
  return { writer: null, reason: "SeveralWriters", message: `${names} would each take writes, and what one gets the other does not have` };
}

function warningFor(writer: AnsweringFacts, facts: readonly AddressFacts[]): string | undefined {
  if (writer.wsrep !== null || writer.replicas?.semiSync === true) return undefined;
  const follows = facts.some((one) => one.answers && one.replica !== null) || (writer.replicas?.connected ?? 0) > 0;
  return follows ? CAN_LOSE : undefined;
}
