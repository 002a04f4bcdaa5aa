import { OWN_SERVERS } from "../up/choose-server.ts";
import type { Ports } from "../ports.ts";
import { addressText } from "../../providers/database/external/probe-address.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";
import { databasesOn, sitesOf } from "./sites-on.ts";

/** A server as lists show it. */
export interface ListedServer {
  readonly name: string;
  readonly kind: "embedded" | "galera" | "external";
  readonly default: boolean;
  readonly addresses: readonly string[];
  readonly writer: string | null;
  /** Null: all. */
  readonly tenants: readonly string[] | null;
  /** Whose databases are on it. */
  readonly sites: readonly string[];
}

type ListPorts = Pick<Ports, "databaseServers" | "records" | "retained" | "databaseMoves">;

/** The servers that Howdah runs because a site asked for their version, by name: those with databases of sites, kept ones included. */
export async function ownServers({ records, retained }: Pick<Ports, "records" | "retained">): Promise<readonly string[]> {
  const known = [...(await records.list()), ...(await retained.list()).map(({ record }) => record)];
  const own = known.flatMap(({ database }) => (database?.server.startsWith(OWN_SERVERS) === true ? [database.server] : []));
  return [...new Set(own)].toSorted();
}

/** Servers that a person named, and those that Howdah runs because a site asked for their version. */
export async function listServers(ports: ListPorts): Promise<readonly ListedServer[]> {
  const named = await ports.databaseServers.list();
  const embedded = (await ownServers(ports)).map((name) => ({ name, spec: { kind: "embedded", default: false } }) as const);
  const servers: readonly DatabaseServerDocument[] = [...embedded, ...named];
  return Promise.all(
    servers
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(async ({ name, spec, writer }) => ({
        ...{ name, kind: spec.kind, default: spec.default, writer: writer ?? null, tenants: spec.tenants ?? null },
        addresses: (spec.external?.addresses ?? []).map(addressText),
        sites: sitesOf(await databasesOn(name, ports)),
      })),
  );
}
