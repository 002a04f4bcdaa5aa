import type { Ports } from "../ports.ts";

/** What backups of sites and of whole servers have in common. */
interface Begun {
  readonly startedAt: string;
  readonly state: "running" | "done" | "failed";
  readonly runner: string;
  readonly reason: string | null;
}

/** Backups newest first; one whose command died is shown as failed: nobody was left to write that down. */
export async function judged<T extends Begun>(known: readonly T[], { machine }: Pick<Ports, "machine">): Promise<readonly T[]> {
  const all = known.map(async (one): Promise<T> => {
    if (one.state !== "running" || (await machine.isProcessAlive(one.runner))) return one;
    return { ...one, state: "failed", reason: "it was cut off" };
  });
  return (await Promise.all(all)).toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}
