import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";
import type { EngineContext } from "../../workflows/ports.ts";
import { recoverRollout } from "../../workflows/rollout/recover-rollout.ts";
import { lockUser, SUSPENDED_WORDS } from "../../workflows/tenant/suspend-tenant.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import type { Verdict } from "../status.ts";
import { type DatabaseLimits, databaseLimits } from "./database-limits.ts";
import { TENANT_LABEL } from "./tenant-objects.ts";

const REASON = "TenantSuspended";

/** What an environment has to know of its tenant. */
export interface TenantOfNamespace {
  readonly name: string;
  readonly suspended: boolean;
  /** Of database users of its sites. */
  readonly limits: DatabaseLimits;
}

/** The tenant that a namespace belongs to; undefined for one of nobody. */
export async function tenantOf(
  namespace: KubeObject | undefined,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<TenantOfNamespace | undefined> {
  const name = namespace?.metadata.labels?.[TENANT_LABEL];
  if (name === undefined) return undefined;
  const tenant = await api.get({ resource: resources.Tenant, namespace: undefined, name }, signal);
  if (tenant === undefined) return undefined;
  const spec = (tenant["spec"] ?? {}) as Partial<TenantSpec>;
  return { name, suspended: spec.suspended === true, limits: databaseLimits(spec) };
}

/** What an environment of a suspended tenant says of itself; also the mark by which the next look knows that it rests. */
export function suspendedVerdict(tenant: string): Verdict {
  return {
    type: "Ready",
    status: "False",
    reason: REASON,
    message: `The tenant ${tenant} is suspended: visitors read a page, nothing runs`,
  };
}

/** Whether it was suspended to the end. */
export function rests({ conditions = [] }: Partial<EnvironmentStatus>): boolean {
  return conditions.some(({ type, reason }) => type === "Ready" && reason === REASON);
}

/** As on one machine: visitors read a page, pods and runs of crons end, the database's user is locked and its sessions end. May be called again. */
export async function suspendEnvironment(namespace: string, { portsFor }: OperatorPorts, context: EngineContext): Promise<void> {
  const ports = portsFor(namespace);
  await ports.locks.hold(namespace, "suspend", async () => {
    await recoverRollout(namespace, ports, context);
    const stop = (await ports.engine.observe(namespace)).workloads.map(({ name }) => name);
    const page = { title: "Not available", text: SUSPENDED_WORDS, retryAfter: 3600 };
    const record = await ports.records.get(namespace);
    await Promise.all([
      ports.engine.hold(namespace, { page, stop }, context),
      record === undefined ? Promise.resolve() : lockUser(record, true, ports),
    ]);
  });
}

/** Lets it work again; may be called again. What serves is put right by the look that follows. */
export async function resumeEnvironment(namespace: string, { portsFor }: OperatorPorts, context: EngineContext): Promise<void> {
  const ports = portsFor(namespace);
  await ports.locks.hold(namespace, "resume", async () => {
    const record = await ports.records.get(namespace);
    if (record !== undefined) await lockUser(record, false, ports);
    const { down } = await ports.engine.inventory(namespace);
    await ports.engine.hold(namespace, null, context);
    if (down !== true) await ports.engine.scaleUp(namespace, context);
  });
}
