import { setImmediate as turn } from "node:timers/promises";

/** A process that can be killed before any of its deeds. From then on nothing of it has an effect, and no code of it runs: its promises never settle. */
export interface MortalProcess {
  readonly identity: string;
  isAlive(): boolean;
  deeds(): number;
  /** Before everything that changes the world. Others have their turn as chance wills. */
  deed(): Promise<void>;
  /** Its end: `done` with what it answered or failed with, or `killed`. */
  run<T>(
    work: () => Promise<T>,
  ): Promise<
    { readonly end: "done"; readonly value: T } | { readonly end: "failed"; readonly error: unknown } | { readonly end: "killed" }
  >;
}

/** Starts one. `killAt`: the deed that it is killed before, counted from 1. */
export function mortalProcess(identity: string, random: () => number, killAt = Number.POSITIVE_INFINITY): MortalProcess {
  let deeds = 0;
  let state: "alive" | "ended" | "dead" = "alive";
  let die: () => void = () => undefined;
  const death = new Promise<{ readonly end: "killed" }>((resolve) => {
    die = () => resolve({ end: "killed" });
  });
  const never = new Promise<never>(() => undefined);
  return {
    identity,
    isAlive: () => state === "alive",
    deeds: () => deeds,
    deed: async () => {
      await pause(pauseOf(random));
      deeds += 1;
      if (state === "alive" && deeds >= killAt) {
        state = "dead";
        die();
      }
      if (state === "dead") await never;
    },
    run: async (work) => {
      // Who began first is nothing to rely on.
      const ended = pause(Math.floor(random() * 300))
        .then(work)
        .then(
          (value) => ({ end: "done", value }) as const,
          (error: unknown) => ({ end: "failed", error }) as const,
        );
      const end = await Promise.race([ended, death]);
      if (state === "alive") state = "ended";
      return end;
    },
  };
}

/** Turns that others have before a deed: mostly hardly any; now and then so many that they come far. */
function pauseOf(random: () => number): number {
  return random() < 0.1 ? Math.floor(random() * 300) : Math.floor(random() * 3);
}

async function pause(turns: number): Promise<void> {
  for (let left = turns; left > 0; left -= 1) await turn();
}
