import { applyPlan } from "../../apply/apply-plan.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Inventory } from "../../plan/inventory.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import type { Rendered } from "../../render/objects.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { serverReference } from "./database-server.ts";

/** A server as it should be, and one site's way to it. */
export interface WantedServer {
  /** Of its objects. */
  readonly name: string;
  /** The site's. */
  readonly namespace: string;
  /** Puts the server's secret in its place, too. */
  readonly desired: () => Promise<readonly Rendered[]>;
  /** It is not Howdah's: a writer that died is not waited for, and no start of ours takes half an hour. */
  readonly isExternal?: true;
}

type EnsurePorts = Pick<Ports, "engine" | "databases" | "locks"> & Partial<Pick<Ports, "databaseServers">>;

/** A server starts in seconds, but its first start makes the data directory, and recovery after a crash takes its time. */
const SERVER_PATIENCE_MS = 300_000;

/** A server that is well answers in milliseconds. */
const FIRST_ANSWER_MS = 5000;

/** How long a server that was ready already may be silent. */
const ANSWER_PATIENCE_MS = 45_000;

/** Makes sure that a server's objects are what they should be, that a site gets in, and that it answers. */
export async function ensureServer(wanted: WantedServer, ports: EnsurePorts, context: EngineContext): Promise<void> {
  if (!(await isInPlace(wanted, ports))) await bringUpServer(wanted, ports, context);
  const timeoutMs = wanted.isExternal === true ? ANSWER_PATIENCE_MS : SERVER_PATIENCE_MS;
  await ports.databases.waitReady(serverReference(wanted.name, ports), { timeoutMs, signal: context.signal });
}

/**
 * The same for a server whose pods are somebody else's business: only this site's way to it is made. Who has it already is told of a server that does
 * not answer when the site's database is looked at.
 */
export async function ensureAccess(wanted: WantedServer, ports: EnsurePorts, context: EngineContext): Promise<void> {
  if ((await serverSteps(wanted, await wanted.desired(), ports)).length === 0) return;
  await applyServer(wanted, ports, context);
  await ports.databases.waitReady(serverReference(wanted.name, ports), { timeoutMs: ANSWER_PATIENCE_MS, signal: context.signal });
}

/** Objects of one server and this site's way to it: other servers, and the ways of other sites, are not this plan's business. */
function ofServer(inventory: Inventory, server: string, namespace: string): Inventory {
  const own = [...inventory.objects].filter(([key]) => {
    const name = key.slice(key.indexOf("/") + 1);
    return name === server || name === `${server}-from-${namespace}`;
  });
  return { namespace: inventory.namespace, objects: new Map(own), ...(inventory.edited === undefined ? {} : { edited: inventory.edited }) };
}

async function serverSteps({ name, namespace }: WantedServer, desired: readonly Rendered[], ports: EnsurePorts): Promise<readonly Step[]> {
  return planObjects(desired, ofServer(await ports.engine.inventory(SYSTEM_NAMESPACE, desired), name, namespace));
}

/** True when nothing of the server is to be changed and it answers: an ordinary deploy. Asked without a lock, since nothing is done. */
async function isInPlace(wanted: WantedServer, ports: EnsurePorts): Promise<boolean> {
  const { name } = wanted;
  const [steps, inventory, address] = [
    await serverSteps(wanted, await wanted.desired(), ports),
    await ports.engine.inventory(SYSTEM_NAMESPACE),
    await ports.engine.locate(SYSTEM_NAMESPACE, name),
  ];
  if (steps.length > 0 || inventory.down === true || address === undefined) return false;
  const asked = ports.databases.waitReady(serverReference(name, ports), { timeoutMs: 0, signal: AbortSignal.timeout(FIRST_ANSWER_MS) });
  return asked.then(
    () => true,
    () => false,
  );
}

async function bringUpServer(wanted: WantedServer, ports: EnsurePorts, context: EngineContext): Promise<void> {
  const { name, isExternal } = wanted;
  // One that was ready and answers nobody now won't by being waited for: said in a minute, not after the half hour that a start may take.
  const { pods } = await ports.engine.observe(SYSTEM_NAMESPACE);
  if (isExternal !== true && pods.some((pod) => pod.workload === name && pod.ready))
    await ports.databases.waitReady(serverReference(name, ports), { timeoutMs: ANSWER_PATIENCE_MS, signal: context.signal });
  await applyServer(wanted, ports, context, () => ports.engine.scaleUp(SYSTEM_NAMESPACE, context));
}

async function applyServer(wanted: WantedServer, ports: EnsurePorts, context: EngineContext, then?: () => Promise<unknown>): Promise<void> {
  await ports.locks.hold(SYSTEM_NAMESPACE, "up", async () => {
    await ports.engine.prepare(SYSTEM_NAMESPACE, context);
    const steps = await serverSteps(wanted, await wanted.desired(), ports);
    await applyPlan(SYSTEM_NAMESPACE, steps, ports.engine, context);
    await then?.();
  });
}
