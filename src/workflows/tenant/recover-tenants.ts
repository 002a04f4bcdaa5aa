import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { carryOutDeletion } from "./delete-tenant.ts";
import { carryOutResumption, carryOutSuspension } from "./suspend-tenant.ts";
import { changeTenant, type Tenant, tenantStore } from "./tenant.ts";

/** The agent's pass: suspensions, resumptions and deletions that were cut off, or had to wait, are finished. A creation waits for its command: it needs the code. */
export async function recoverTenants(
  ports: Ports,
  context: EngineContext,
): Promise<{ readonly did: readonly string[]; readonly failed: readonly { readonly name: string; readonly error: string }[] }> {
  const did: string[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const tenant of ports.tenants === undefined ? [] : await tenantStore(ports).list()) {
    if (!(await isDue(tenant, ports))) continue;
    try {
      await goOn(tenant, ports, context);
      did.push(`the ${tenant.work?.verb ?? ""} of the tenant ${tenant.name} was cut off and is finished now`);
    } catch (error) {
      if (error instanceof HowdahError && error.code === "machine/busy") continue;
      const why = error instanceof Error ? error.message : String(error);
      failed.push({ name: tenant.name, error: why });
      await changeTenant(tenant.name, (now) => (now.work === null ? now : { ...now, work: { ...now.work, waits: why } }), ports);
    }
  }
  return { did, failed };
}

/** A command that is at work is left alone; so is a deletion whose data nobody has taken yet. */
async function isDue({ work }: Tenant, { machine }: Pick<Ports, "machine">): Promise<boolean> {
  if (work === null || work.verb === "create" || work.verb === "profile") return false;
  if (work.verb === "delete" && work.exported === undefined) return false;
  return work.by === undefined || !(await machine.isProcessAlive(work.by));
}

async function goOn({ name, work }: Tenant, ports: Ports, context: EngineContext): Promise<void> {
  if (work?.verb === "suspend") await carryOutSuspension(name, ports, context);
  if (work?.verb === "resume") await carryOutResumption(name, ports, context);
  if (work?.verb === "delete") await carryOutDeletion(name, ports, context);
}
