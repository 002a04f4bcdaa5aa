import { parseJson } from "../../kernel/parse-json.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { SiteRecord } from "../../workflows/ports.ts";
import type { OperatorPorts } from "../operator-ports.ts";

/** What workflows remember of a namespace. */
const STATE = "app.kubernetes.io/managed-by=howdah,app.kubernetes.io/component=state";

/** Namespaces whose sites have a database on a server, those included whose database is kept after their end. */
export async function databasesOn(
  server: string,
  { api, portsFor, ownNamespace }: OperatorPorts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { items } = await api.list(resources.ConfigMap, { labelSelector: STATE }, signal);
  const sites = items.flatMap(({ data, metadata }) => {
    const { site } = (data ?? {}) as Readonly<Record<string, string>>;
    const record = parseJson(site ?? "null") as SiteRecord | null | undefined;
    return record?.database?.server === server ? [metadata.namespace ?? ""] : [];
  });
  const kept = (await portsFor(ownNamespace).keptDatabases?.list()) ?? [];
  const ended = kept.filter(({ databases }) => databases.some((one) => one.server === server)).map(({ namespace }) => namespace);
  return [...new Set([...sites, ...ended])].toSorted();
}
