import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";

const AGAIN_MS = 10_000;

/**
 * Waits until no command works on a site: a backup that begins while an import, a restore or a migration fills the database would be half of it, whole as
 * it looks. One that begins later breaks the dump, which says so. Error: `machine/busy` when it takes longer than `patienceMs`.
 */
export async function onceNobodyWorks(
  namespace: string,
  patienceMs: number,
  ports: Pick<Ports, "locks" | "clock">,
  signal: AbortSignal,
): Promise<void> {
  const end = ports.clock.now() + patienceMs;
  for (;;) {
    try {
      await ports.locks.hold(namespace, "backup", () => Promise.resolve());
      return;
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "machine/busy") || ports.clock.now() >= end) throw error;
      await ports.clock.sleep(AGAIN_MS, signal);
    }
  }
}
