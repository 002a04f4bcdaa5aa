import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { changeEnvironment, type EnvironmentRecord, environmentsOf } from "./environment.ts";

const MIB = 1024 ** 2;
/** nginx, and what holds the pods' networks. */
const BESIDE_BYTES = 48 * MIB;
/** Of the containers' limits so much is taken soon after the start: PHP's workers come with visitors, a server's pool with queries. */
const TAKEN = 0.5;
/** The machine keeps so much for everything else. */
const KEPT_BYTES = 256 * MIB;
const POLL_MS = 1000;

export type MemoryPorts = Pick<Ports, "environments" | "machine" | "clock">;

/** Bytes that an environment is expected to take. */
export function neededBytes(site: Pick<Site, "scale" | "preview" | "database" | "runtime">): number {
  const php = site.runtime === null ? 0 : site.scale.memoryBytes;
  const database = site.database === null ? 0 : (site.preview?.databaseBytes ?? 0);
  return BESIDE_BYTES + Math.round((php + database) * TAKEN);
}

/** `waits: 3.1 GiB of memory are needed, 0.9 are free`; undefined: there is enough. */
export function shortOf(needed: number, free: number): string | undefined {
  const left = Math.max(0, free - KEPT_BYTES);
  if (needed <= left) return undefined;
  return `${gib(needed)} GiB of memory are needed, ${gib(left)} are free`;
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

/**
 * Waits until the machine has memory for an environment. Who asked first comes first: environments that are being made count as if they had what they need, and
 * those that wait longer go before. Error: `environment/limit` when the patience ends.
 */
export async function awaitMemory(
  record: EnvironmentRecord,
  { needed, patienceMs }: { readonly needed: number; readonly patienceMs: number },
  ports: MemoryPorts,
  context: EngineContext,
): Promise<void> {
  const until = ports.clock.now() + patienceMs;
  let said: string | undefined;
  for (;;) {
    const why = await whyWait(record, needed, ports);
    if (why !== said) await note(record.namespace, { needed, waits: why }, ports);
    if (why === undefined) return;
    if (ports.clock.now() >= until)
      throw new HowdahError(
        "environment/limit",
        `There was no room for ${record.namespace} within ${String(patienceMs / 1000)} s: ${why}`,
        {
          hint: "`howdah env ls` shows what runs; `howdah env delete` or `howdah idle` free memory.",
        },
      );
    if (why !== said) context.emit({ type: "notice", level: "info", message: `waits: ${why}` });
    said = why;
    await ports.clock.sleep(POLL_MS, context.signal);
  }
}

async function whyWait({ namespace, work }: EnvironmentRecord, needed: number, ports: MemoryPorts): Promise<string | undefined> {
  const free = ports.machine.freeMemory?.();
  if (free === undefined) return undefined;
  const others = (await environmentsOf(undefined, ports)).filter((one) => one.namespace !== namespace && one.work !== null);
  const alive = await Promise.all(others.map((one) => ports.machine.isProcessAlive(one.work?.by ?? "")));
  const atWork = others.filter((_, index) => alive[index]);
  // Those that are at it have taken a part of it already: counting all of it is the careful side.
  const coming = atWork.filter((one) => one.work?.waits === undefined).reduce((sum, one) => sum + (one.work?.needsBytes ?? 0), 0);
  const why = shortOf(needed, free - coming);
  if (why !== undefined) return why;
  const before = atWork.find((one) => one.work?.waits !== undefined && one.work.since < (work?.since ?? ""));
  return before === undefined ? undefined : `${before.namespace} waits longer`;
}

async function note(
  namespace: string,
  { needed, waits }: { readonly needed: number; readonly waits: string | undefined },
  ports: MemoryPorts,
): Promise<void> {
  await changeEnvironment(
    namespace,
    (now) => {
      if (now.work === null) return now;
      const { waits: _former, ...work } = now.work;
      return { ...now, work: { ...work, needsBytes: needed, ...(waits === undefined ? {} : { waits }) } };
    },
    ports,
  );
}
