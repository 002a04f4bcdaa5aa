import { parseJson } from "../../kernel/parse-json.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type DatabaseOn, sitesOf } from "../../workflows/database-server/sites-on.ts";
import type { SiteRecord } from "../../workflows/ports.ts";
import type { OperatorPorts } from "../operator-ports.ts";

/** What workflows remember of a namespace. */
const STATE = "app.kubernetes.io/managed-by=howdah,app.kubernetes.io/component=state";

/** Namespaces whose sites have a database on a server, those included whose database is kept after their end. */
export async function sitesOn(server: string, ports: OperatorPorts, signal: AbortSignal): Promise<readonly string[]> {
  return sitesOf(await databasesOn(server, ports, signal));
}

/** A database of a site that is there. */
export interface SiteDatabaseOn {
  readonly namespace: string;
  readonly server: string;
  readonly name: string;
  readonly user: string;
}

/** The databases of all sites, as workflows remember them. */
export async function siteDatabases({ api }: Pick<OperatorPorts, "api">, signal: AbortSignal): Promise<readonly SiteDatabaseOn[]> {
  const { items } = await api.list(resources.ConfigMap, { labelSelector: STATE }, signal);
  return items.flatMap(({ data, metadata }) => {
    const { site } = (data ?? {}) as Readonly<Record<string, string>>;
    const database = (parseJson(site ?? "null") as SiteRecord | null | undefined)?.database ?? null;
    return database === null
      ? []
      : [{ namespace: metadata.namespace ?? "", server: database.server, name: database.name, user: database.user }];
  });
}

/** The databases of these. */
export async function databasesOn(server: string, ports: OperatorPorts, signal: AbortSignal): Promise<readonly DatabaseOn[]> {
  const { portsFor, ownNamespace } = ports;
  const sites = (await siteDatabases(ports, signal)).filter((one) => one.server === server);
  const kept = (await portsFor(ownNamespace).keptDatabases?.list()) ?? [];
  const ended = kept.flatMap(({ namespace, databases }) =>
    databases.filter((one) => one.server === server).map(({ name }) => ({ namespace, name })),
  );
  return [...sites.map(({ namespace, name }) => ({ namespace, name })), ...ended];
}
