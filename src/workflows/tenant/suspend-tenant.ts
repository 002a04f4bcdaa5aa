import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { serverReference } from "../up/database-server.ts";
import { forgetWatch } from "../watch/watch-record.ts";
import { freeFirst, onceFree } from "./once-free.ts";
import { changeTenant, recordsOf, refuseSuspended, requireTenant, settledRecordsOf, type Tenant } from "./tenant.ts";

/** What visitors read unless somebody says it better. */
export const SUSPENDED_WORDS = "This site is not available at the moment. If it is yours, ask whoever runs it.";

/** A command waits so long for another one that works on a site: for a restore of a large one. */
const PATIENCE_MS = 1_800_000;

/** Browsers ask again after an hour. */
const RETRY_SECONDS = 3600;

/**
 * Suspends a tenant: visitors read a page (503), crons and workers stop, its database users are locked and their sessions end. Data and everything
 * else stays. The wish is written down first, so that nothing of it starts meanwhile; killed anywhere, the agent or the same command goes on.
 */
export async function suspendTenant(name: string, message: string, ports: Ports, context: EngineContext): Promise<Tenant> {
  const { work } = await requireTenant(name, ports);
  if (work?.verb === "delete") throw new HowdahError("tenant/suspended", `The tenant ${name} is being deleted`);
  const since = new Date(ports.clock.now()).toISOString();
  const by = await ports.machine.processIdentity();
  await changeTenant(
    name,
    (now) => ({ ...now, suspended: { since: now.suspended?.since ?? since, message }, work: { verb: "suspend", since, by } }),
    ports,
  );
  return await carryOutSuspension(name, ports, context, PATIENCE_MS);
}

/** Lets a suspended tenant work again. Error: `usage/invalid` when it is not suspended. */
export async function resumeTenant(name: string, ports: Ports, context: EngineContext): Promise<Tenant> {
  const tenant = await requireTenant(name, ports);
  if (tenant.work?.verb === "delete") refuseSuspended(tenant);
  if (tenant.suspended === null && tenant.work?.verb !== "resume")
    throw new HowdahError("usage/invalid", `The tenant ${name} is not suspended`);
  const since = new Date(ports.clock.now()).toISOString();
  const by = await ports.machine.processIdentity();
  await changeTenant(name, (now) => ({ ...now, work: { verb: "resume", since, by } }), ports);
  return await carryOutResumption(name, ports, context);
}

/**
 * What is written down, done: for every site, whatever was done of it before. A command that works on one (a restore, an `up`) is waited for, so long as
 * `patienceMs` says: nothing for the agent, which comes again.
 */
export async function carryOutSuspension(name: string, ports: Ports, context: EngineContext, patienceMs = 0): Promise<Tenant> {
  const tenant = await requireTenant(name, ports);
  const message = tenant.suspended?.message ?? SUSPENDED_WORDS;
  const patiently = <T>(work: () => Promise<T>): Promise<T> => onceFree(patienceMs, ports, context, work);
  const records = await patiently(() => settledRecordsOf(tenant, ports));
  for (const record of await freeFirst(records, ports))
    await asTask(record, "Suspending", context, () => patiently(() => suspendSite(record, message, ports, context)));
  return await changeTenant(name, (now) => (now.work?.verb === "suspend" ? { ...now, work: null } : now), ports);
}

/** The same for a resumption: only when every site is back the tenant counts as resumed. */
export async function carryOutResumption(name: string, ports: Ports, context: EngineContext): Promise<Tenant> {
  const tenant = await requireTenant(name, ports);
  for (const record of await recordsOf(tenant, ports)) await asTask(record, "Resuming", context, () => resumeSite(record, ports, context));
  return await changeTenant(name, (now) => (now.work?.verb === "resume" ? { ...now, suspended: null, work: null } : now), ports);
}

/** A step of a tenant's work, one for each site. */
export async function asTask(record: SiteRecord, verb: string, { emit }: EngineContext, work: () => Promise<unknown>): Promise<void> {
  const id = `tenant/${record.namespace}`;
  emit({ type: "task-started", id, title: `${verb} ${record.namespace}` });
  try {
    await work();
    emit({ type: "task-done", id, outcome: "changed" });
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

async function suspendSite(record: SiteRecord, message: string, ports: Ports, context: EngineContext): Promise<void> {
  const { namespace } = record;
  await ports.locks.hold(namespace, "tenant suspend", async () => {
    await recoverRollout(namespace, ports, context);
    await forgetWatch(namespace, ports);
    const stop = (await ports.engine.observe(namespace)).workloads.map(({ name }) => name);
    const page = { title: "Not available", text: message, retryAfter: RETRY_SECONDS };
    // Together: a session that is cut ends the request that the way in would wait for.
    await Promise.all([ports.engine.hold(namespace, { page, stop }, context), lockUser(record, true, ports)]);
  });
}

async function resumeSite(record: SiteRecord, ports: Ports, context: EngineContext): Promise<void> {
  const { namespace } = record;
  await ports.locks.hold(namespace, "tenant resume", async () => {
    await lockUser(record, false, ports);
    const { down } = await ports.engine.inventory(namespace);
    await ports.engine.hold(namespace, null, context);
    if (down !== true) await ports.engine.scaleUp(namespace, context);
  });
}

/** Locks or unlocks the user of a site's database. Error: `database/unreachable` while the server does not run. */
export async function lockUser({ database }: SiteRecord, locked: boolean, ports: Pick<Ports, "databases" | "engine">): Promise<void> {
  if (database === null) return;
  await ports.databases.suspendUser({ server: serverReference(database.server, ports), user: database.user }, locked);
}
