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

/** The databases of these. */
export async function databasesOn(
  server: string,
  { api, portsFor, ownNamespace }: OperatorPorts,
  signal: AbortSignal,
): Promise<readonly DatabaseOn[]> {
  const { items } = await api.list(resources.ConfigMap, { labelSelector: STATE }, signal);
  const sites = items.flatMap(({ data, metadata }) => {
    const { site } = (data ?? {}) as Readonly<Record<string, string>>;
    const record = parseJson(site ?? "null") as SiteRecord | null | undefined;
    return record?.database?.server === server ? [{ namespace: metadata.namespace ?? "", name: record.database.name }] : [];
  });
  const kept = (await portsFor(ownNamespace).keptDatabases?.list()) ?? [];
  const ended = kept.flatMap(({ namespace, databases }) =>
    databases.filter((one) => one.server === server).map(({ name }) => ({ namespace, name })),
  );
  return [...sites, ...ended];
}
