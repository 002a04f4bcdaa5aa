import type { Ports, SiteRecord } from "../../workflows/ports.ts";
import { recordsOf, type Tenant } from "../../workflows/tenant/tenant.ts";
import type { Listed } from "../../workflows/tenant/tenant-list.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { CliContext } from "../context.ts";
import { plural } from "./plural.ts";
import { table } from "./table.ts";

/** What a tenant is doing, in a few words. */
export function tenantState({ suspended, work }: Tenant): string {
  const waits = work?.waits === undefined ? "" : `; waits: ${work.waits}`;
  if (work?.verb === "create") return "being created: run the command again if it was cut off";
  if (work !== null)
    return `${{ suspend: "being suspended", resume: "being resumed", profile: "getting another profile", delete: "being deleted" }[work.verb]}${waits}`;
  return suspended === null ? "active" : `suspended since ${suspended.since.slice(0, 10)}`;
}

/** The answer of `tenant ls`. */
export function printTenants(tenants: readonly Tenant[], context: CliContext): number {
  if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(tenants, null, 2)}\n`);
  else if (tenants.length === 0) context.terminal.out("There is no tenant here: `howdah tenant create NAME` makes one.\n");
  else {
    const rows = tenants.map((tenant) => [
      tenant.name,
      tenant.profile,
      tenant.sites.map(({ site }) => site).join(", "),
      tenantState(tenant),
    ]);
    context.terminal.out(table([["TENANT", "PROFILE", "SITES", "STATE"], ...rows]));
  }
  return 0;
}

/** The answer of `tenant show`: one tenant, with where its sites are. */
export async function printTenant(tenant: Tenant, ports: Pick<Ports, "records" | "retained">, context: CliContext): Promise<number> {
  const records = new Map((await recordsOf(tenant, ports)).map((record) => [record.namespace, record]));
  const sites = await Promise.all(tenant.sites.map(async (site) => ({ ...site, ...(await whereIs(site.namespace, records, ports)) })));
  if (context.terminal.output === "json") {
    context.terminal.out(`${JSON.stringify({ ...tenant, state: tenantState(tenant), sites }, null, 2)}\n`);
    return 0;
  }
  const { bounds } = tenant;
  const given = (value: number | null, words: (value: number) => string): string =>
    value === null || value === 0 ? "as the site says" : words(value);
  context.terminal.out(
    table([
      ["tenant", tenant.name],
      ["state", tenantState(tenant)],
      ["profile", tenant.profile],
      ["replicas", given(bounds.replicas, String)],
      ["workers of a pod", given(bounds.workers, String)],
      ["memory of a pod", given(bounds.memoryBytes, readableBytes)],
      ["connections of a site", bounds.connections === 0 ? "no bound" : String(bounds.connections)],
      ["a statement's time", bounds.statementSeconds === 0 ? "no bound" : `${String(bounds.statementSeconds)} s`],
      ["disk of a site", bounds.diskBytes === null ? "no bound" : readableBytes(bounds.diskBytes)],
      ...sites.map(({ site, state, url }) => [`site ${site}`, url === null ? state : `${state} at ${url}`]),
    ]),
  );
  return 0;
}

async function whereIs(
  namespace: string,
  records: ReadonlyMap<string, SiteRecord>,
  { retained }: Pick<Ports, "retained">,
): Promise<{ readonly state: string; readonly url: string | null }> {
  const record = records.get(namespace);
  if (record !== undefined) return { state: record.serving === null ? "never served yet" : "in place", url: record.url };
  const kept = await retained.get(namespace);
  return { state: kept === undefined ? "not there" : `destroyed, data kept until ${kept.keptUntil.slice(0, 10)}`, url: null };
}

/** The answer of `tenant create --from`: what became of each, and the sum. Exit code 75 when one failed. */
export function printListed(listed: readonly Listed[], context: CliContext): number {
  const failed = listed.filter(({ outcome }) => outcome === "failed");
  if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(listed, null, 2)}\n`);
  else {
    const created = listed.filter(({ outcome }) => outcome === "created");
    const seconds = created.reduce((sum, one) => sum + one.seconds, 0);
    const each = created.length === 0 ? "" : ` (${(seconds / created.length).toFixed(1)} s each)`;
    const there = listed.length - created.length - failed.length;
    context.terminal.out(
      `${plural(created.length, "tenant")} created${each}, ${String(there)} there already, ${String(failed.length)} failed\n`,
    );
    for (const { name, error = "" } of failed) context.terminal.out(`  ${name}: ${error}\n`);
    if (failed.length > 0) context.terminal.err("Mend what is named, then run the same command again: it goes on with what is missing.\n");
  }
  return failed.length === 0 ? 0 : 75;
}
