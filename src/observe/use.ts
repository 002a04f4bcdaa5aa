/** What is known of the use of a namespace, read without asking a container. */
export interface Use {
  /** Seconds without a visit after which it is put to sleep; null: never. */
  readonly idleAfterSeconds: number | null;
  /** Milliseconds since the epoch of the last visit; where none is known, of the moment from which the engine watches. */
  readonly lastUse: number;
  readonly state: "running" | "changing" | "asleep" | "down";
}

/** True when a namespace has been left alone long enough to be put to sleep. `now` in milliseconds since the epoch; a clock that was set back keeps it awake. */
export function isLeftAlone(use: Use, now: number): boolean {
  return use.state === "running" && use.idleAfterSeconds !== null && now - use.lastUse >= use.idleAfterSeconds * 1000;
}
