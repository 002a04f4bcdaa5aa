import type { LockPort } from "./ports.ts";

/** Locks for steps of work that holds a namespace's already: they would wait for themselves. */
export function alreadyHeld(mine: string, locks: LockPort): LockPort {
  return { hold: (namespace, command, work) => (namespace === mine ? work() : locks.hold(namespace, command, work)) };
}
