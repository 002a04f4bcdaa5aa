import { HowdahError } from "../kernel/howdah-error.ts";

/** What every engine says when a hostname is another site's: who has it, and the two ways out. `owner` is the engine's name of that namespace. */
export function hostnameTaken(hostname: string, owner: string): HowdahError {
  return new HowdahError("config/rejected", `${hostname} belongs to "${owner}" already`, {
    hint: "Choose another in `spec.hostnames`, or take it out of that site's file and bring that site up first. What ran before goes on running.",
  });
}
