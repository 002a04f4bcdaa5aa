import type { Ports, SiteRecord } from "../ports.ts";

/** Steps of a rollout in their order; rollout.ts draws them. */
export const ROLLOUT_STEPS = ["build", "check", "migrate", "start", "ask", "switch", "answer", "drain"] as const;

export type RolloutStep = (typeof ROLLOUT_STEPS)[number];

/** What a rollout has begun, written before it begins it: whoever comes after a killed command reads here how to go on. Holds no secret. */
export interface RolloutJournal {
  readonly namespace: string;
  readonly step: RolloutStep;
  /** Null while images are built: nothing is released yet. */
  readonly release: string | null;
  /** The release that served before and would again; null for the first, or when an older Howdah started the site. */
  readonly former: string | null;
  /** The records of both, to be put in place by whoever finishes or undoes. */
  readonly wanted: SiteRecord | null;
  readonly formerRecord: SiteRecord | null;
  /** The edge answers for the site (strategy `exclusive`). */
  readonly held: boolean;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** True from the moment on at which new pods may have answered visitors: going on is nearer than going back. */
export function isPastSwitch(step: RolloutStep): boolean {
  return ROLLOUT_STEPS.indexOf(step) >= ROLLOUT_STEPS.indexOf("switch");
}

/** A journal that is being written. */
export interface OpenJournal {
  readonly now: () => RolloutJournal;
  /** Writes the step down before it begins; a rollout of several workloads comes by `start` again. */
  readonly at: (step: RolloutStep, change?: Partial<RolloutJournal>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Begins a journal; it is on disk when this is done. */
export async function openJournal(begin: RolloutJournal, ports: Pick<Ports, "rollouts">): Promise<OpenJournal> {
  let journal = begin;
  const at: OpenJournal["at"] = async (step, change = {}) => {
    journal = { ...journal, ...change, step };
    await ports.rollouts.put(journal.namespace, journal);
  };
  await at(begin.step);
  return { now: () => journal, at, close: () => ports.rollouts.remove(journal.namespace) };
}
