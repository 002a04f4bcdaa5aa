import { HowdahError } from "../../kernel/howdah-error.ts";

/** What a drill does to something. */
export const FAULTS = ["kill", "freeze", "cut", "move", "reload"] as const;
export type Fault = (typeof FAULTS)[number];

/** Something that a drill can harm, and see become whole again. */
export interface DrillPlace {
  /** For people: `the server mariadb-11-8`. */
  readonly name: string;
  readonly faults: readonly Fault[];
  /** Harms it; answers what was hit, and how to take back what does not end by itself. */
  strike(fault: Fault): Promise<{ readonly hit: string; readonly undo?: () => Promise<void> }>;
  /** Resolves when everything is there again that was there before. */
  whole(signal: AbortSignal): Promise<void>;
}

/** What a drill asks for. */
export interface DrillOptions {
  /** One after the other. */
  readonly faults: readonly Fault[];
  /** How long what is frozen or cut stays so. */
  readonly holdMs: number;
  /** What it must not exceed; undefined: anything goes. */
  readonly limits: DrillLimits;
}

/** What a drill must not exceed. Nothing lost and nothing twice is not a matter of choice. */
export interface DrillLimits {
  readonly gapMs: number | undefined;
  readonly errors: number | undefined;
}

/** One fault and what it did. */
export interface StruckFault {
  readonly fault: Fault;
  readonly hit: string;
  /** The longest time without success around it. */
  readonly gapMs: number;
  readonly errors: Readonly<Record<string, number>>;
  /** How long until everything was there again. */
  readonly wholeAfterMs: number;
}

/** Error: `usage/invalid` for a fault that a place does not have, before anything is harmed. */
export function refuseUnknown(place: DrillPlace, faults: readonly Fault[]): void {
  const unknown = faults.find((fault) => !place.faults.includes(fault));
  if (unknown === undefined) return;
  throw new HowdahError("usage/invalid", `${place.name} can't be drilled with \`${unknown}\``, {
    hint: `It takes: ${place.faults.join(", ")}.`,
  });
}
