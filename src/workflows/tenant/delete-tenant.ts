import { HowdahError } from "../../kernel/howdah-error.ts";
import { destroySite } from "../lifecycle/destroy-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { exportTenant } from "./export-tenant.ts";
import { asTask, lockUser, resumeTenant, SUSPENDED_WORDS, suspendTenant } from "./suspend-tenant.ts";
import { forgetKeys } from "./tenant-keys.ts";
import { changeTenant, recordsOf, requireTenant, settledRecordsOf, type Tenant, tenantStore } from "./tenant.ts";

/** What deleting a tenant does, for people, before they say yes. */
export interface DeletionPlan {
  readonly tenant: Tenant;
  readonly deletes: readonly string[];
  readonly keeps: readonly string[];
  readonly keptUntil: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Names everything before anything happens. */
export async function planDeletion(name: string, ports: Ports): Promise<DeletionPlan> {
  const tenant = await requireTenant(name, ports);
  const records = await recordsOf(tenant, ports);
  return {
    tenant,
    deletes: [...records.map(({ namespace, url }) => `site ${namespace} (${url})`), `tenant ${name} with its key pair`],
    keeps: records.flatMap(({ namespace, database }) => [
      `volumes and secrets of ${namespace}`,
      ...(database === null ? [] : [`database ${database.name}, its user locked`]),
    ]),
    keptUntil: new Date(ports.clock.now() + ports.settings.retentionDays * DAY_MS).toISOString(),
  };
}

/**
 * Deletes a tenant: its data is handed over first (to `exportTo`; null: nobody wants it), then its sites go, and their data is kept for the retention
 * period. Killed anywhere, the agent or the same command goes on; what was handed over is not made twice. Where a server can't be reached it waits.
 * Errors: those of the export, after which nothing is deleted; `database/unreachable`; `usage/invalid` for another file than it was begun with.
 */
export async function deleteTenant(name: string, exportTo: string | null, ports: Ports, context: EngineContext): Promise<void> {
  const tenant = await requireTenant(name, ports);
  const handedOver = tenant.work?.verb === "delete" ? tenant.work.exported : undefined;
  if (handedOver === undefined) await handOver(tenant, exportTo, ports, context);
  else if (exportTo !== null && exportTo !== handedOver) throw begun(name, handedOver);
  await carryOutDeletion(name, ports, context);
}

/** Sites of it may be gone by now: a file that is written now would not hold everything. */
function begun(name: string, handedOver: string | null): HowdahError {
  const what = handedOver === null ? "without handing its data over" : `with its data in ${handedOver}`;
  return new HowdahError("usage/invalid", `The deletion of ${name} was begun ${what}, and goes on so`, {
    hint: `\`howdah tenant delete ${name}\` goes on. What its sites leave is kept for the retention period.`,
  });
}

/** Nothing is written into what is handed over: the tenant is suspended before. When the export fails it works again as it did. */
async function handOver({ name, suspended }: Tenant, exportTo: string | null, ports: Ports, context: EngineContext): Promise<void> {
  await suspendTenant(name, suspended?.message ?? SUSPENDED_WORDS, ports, context);
  if (exportTo !== null) {
    await exportTenant(name, { file: exportTo, overwrite: true }, ports, context).catch(async (error: unknown) => {
      if (suspended === null && !context.signal.aborted) await resumeTenant(name, ports, context);
      throw error;
    });
  }
  const since = new Date(ports.clock.now()).toISOString();
  const by = await ports.machine.processIdentity();
  await changeTenant(name, (now) => ({ ...now, work: { verb: "delete", since, by, exported: exportTo } }), ports);
}

/** What is written down, done. */
export async function carryOutDeletion(name: string, ports: Ports, context: EngineContext): Promise<void> {
  const tenant = await requireTenant(name, ports);
  if (tenant.work?.verb !== "delete") throw new HowdahError("bug", `Nobody asked for the end of ${name}`);
  for (const record of await settledRecordsOf(tenant, ports)) {
    await asTask(record, "Taking away", context, async () => {
      await lockUser(record, true, ports);
      await destroySite(record, ports, context);
    });
  }
  await forgetKeys(name, ports);
  await tenantStore(ports).remove(name);
}
