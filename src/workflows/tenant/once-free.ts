import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";

const AGAIN_MS = 1000;

/**
 * Works on what another command may be working on just now, once that has ended: a restore that lost the site's database user in its middle would leave half
 * of what was there. Error: `machine/busy` when it takes longer than `patienceMs`; the wish is written down, so the agent goes on.
 */
export async function onceFree<T>(
  patienceMs: number,
  { clock }: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
  work: () => Promise<T>,
): Promise<T> {
  const end = clock.now() + patienceMs;
  let told = "";
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "machine/busy")) throw error;
      if (clock.now() >= end)
        throw new HowdahError("machine/busy", error.message, {
          hint: "It is written down: the agent goes on with it as soon as that has ended.",
        });
      const message = `${error.message}: waiting for its end. Stop this command, and the agent goes on with it`;
      if (told !== message) emit({ type: "notice", level: "info", message });
      told = message;
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}

/** Those that nobody works on go first: they need not wait for the others. */
export async function freeFirst<T extends { readonly namespace: string }>(
  sites: readonly T[],
  { locks }: Pick<Ports, "locks">,
): Promise<readonly T[]> {
  const free = new Set<T>();
  for (const site of sites) {
    try {
      await locks.hold(site.namespace, "tenant", () => Promise.resolve(free.add(site)));
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "machine/busy")) throw error;
    }
  }
  return [...sites.filter((site) => free.has(site)), ...sites.filter((site) => !free.has(site))];
}
