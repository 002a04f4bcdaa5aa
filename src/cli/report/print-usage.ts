import type { SiteUsage, TenantUsage } from "../../workflows/tenant/tenant-usage.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { CliContext } from "../context.ts";
import { table } from "./table.ts";

/** The answer of `usage`: a table, all of it as JSON, or metrics for Prometheus. */
export function printUsage(usage: readonly TenantUsage[], prometheus: boolean, context: CliContext): number {
  if (prometheus) context.terminal.out(usageMetrics(usage));
  else if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(usage, null, 2)}\n`);
  else if (usage.length === 0) context.terminal.out("There is no tenant here: `howdah tenant create NAME` makes one.\n");
  else context.terminal.out(table([HEAD, ...usage.map(row)]));
  return 0;
}

const HEAD = ["TENANT", "PROFILE", "SITES", "STORAGE", "CONNECTIONS", "QUERIES", "DB CPU", "MEMORY", "CPU"] as const;

function row(one: TenantUsage): readonly string[] {
  const share =
    one.storageBound === null || one.storageBound === 0 ? "" : ` (${String(Math.round((one.storageBytes / one.storageBound) * 100))} %)`;
  return [
    ...[one.tenant, `${one.profile}${one.suspended ? ", suspended" : ""}`, String(one.sites.length)],
    ...[`${readableBytes(one.storageBytes)}${share}`, String(one.connections), String(one.queries)],
    ...[`${one.databaseCpuSeconds.toFixed(1)} s`, readableBytes(one.memoryBytes), `${one.cpuSeconds.toFixed(1)} s`],
  ];
}

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** Undefined: the site has none. */
  readonly value: (site: SiteUsage) => number | undefined;
}

const metrics: readonly Metric[] = [
  { name: "howdah_site_volume_bytes", type: "gauge", help: "Bytes in a site's volumes.", value: (site) => site.volumeBytes },
  {
    name: "howdah_site_database_bytes",
    type: "gauge",
    help: "Bytes of data and indexes, as the server estimates them.",
    value: (site) => site.database?.bytes,
  },
  {
    name: "howdah_site_database_connections",
    type: "gauge",
    help: "Open connections of a site's database user.",
    value: (site) => site.database?.connections,
  },
  {
    name: "howdah_site_database_connections_total",
    type: "counter",
    help: "Connections since the server counts.",
    value: (site) => site.database?.connectionsSince,
  },
  {
    name: "howdah_site_database_queries_total",
    type: "counter",
    help: "Statements since the server counts.",
    value: (site) => site.database?.queries,
  },
  {
    name: "howdah_site_database_cpu_seconds_total",
    type: "counter",
    help: "CPU time of a site's statements.",
    value: (site) => site.database?.cpuSeconds,
  },
  { name: "howdah_site_memory_bytes", type: "gauge", help: "Memory of a site's pods.", value: (site) => site.memoryBytes },
  { name: "howdah_site_cpu_seconds_total", type: "counter", help: "CPU time of a site's pods that run.", value: (site) => site.cpuSeconds },
];

/** Prometheus' text format. Names of tenants and sites have grammars without anything that a label would escape. */
export function usageMetrics(usage: readonly TenantUsage[]): string {
  const sites = usage.flatMap(({ tenant, sites: own }) => own.map((site) => ({ tenant, site })));
  const states = usage.map(({ tenant, suspended }) => `howdah_tenant_suspended{tenant="${tenant}"} ${suspended ? "1" : "0"}\n`);
  const lines = metrics.map(({ name, type, help, value }) => {
    const values = sites.flatMap(({ tenant, site }) => {
      const number = value(site);
      return number === undefined ? [] : [`${name}{tenant="${tenant}",site="${site.site}"} ${String(number)}\n`];
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${values.join("")}`;
  });
  const head = "# HELP howdah_tenant_suspended Whether a tenant is suspended.\n# TYPE howdah_tenant_suspended gauge\n";
  return `${lines.join("")}${head}${states.join("")}`;
}
