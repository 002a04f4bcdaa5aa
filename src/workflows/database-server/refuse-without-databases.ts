import { HowdahError } from "../../kernel/howdah-error.ts";
import { addressText, type ProbedAddress } from "../../providers/database/external/probe-address.ts";
import type { ServerAddress } from "./server-address.ts";
import { type DatabaseOn, sitesOf } from "./sites-on.ts";

/** An external server whose addresses are asked anew. */
export interface ReaddressedServer {
  readonly former: { readonly name: string; readonly writer?: string };
  readonly now: readonly ServerAddress[];
  readonly writer: string;
}

/** Names to ask an address for. */
export function namesOf(databases: readonly DatabaseOn[]): readonly string[] {
  return [...new Set(databases.flatMap(({ name }) => name ?? []))].toSorted();
}

/**
 * Whether the writer is of another group than sites were led to before: the one that was is no address any more. Of the same group another one may write
 * after a failover, and is followed without a question: nobody is served by a dead one. Where none was known, it may be.
 */
export function isOtherGroup({ former, now }: Pick<ReaddressedServer, "former" | "now">): boolean {
  return former.writer === undefined || !now.some((address) => addressText(address) === former.writer);
}

/** Sites that are led to a server without their data would see an empty database, or none. Error: `database/not-there`. */
export function refuseWithoutDatabases(
  server: ReaddressedServer,
  databases: readonly DatabaseOn[],
  probed: readonly ProbedAddress[],
): void {
  if (databases.length === 0 || !isOtherGroup(server)) return;
  const lacks = new Set(probed.find(({ address }) => address === server.writer)?.lacks ?? []);
  const missing = databases.filter(({ name }) => name !== null && lacks.has(name));
  // None was known: a copy that was chosen after a failover may lack the newest one, an empty server lacks all.
  if (missing.length === 0 || (server.former.writer === undefined && missing.length < databases.length)) return;
  throw new HowdahError(
    "database/not-there",
    `${server.writer} lacks databases that are on ${server.former.name}: ${[...lacks].join(", ")} (of ${sitesOf(missing).join(", ")})`,
  );
}
