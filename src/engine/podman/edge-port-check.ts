import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Prepared } from "./edge-files.ts";
import { portHolder } from "./port-holder.ts";

/** Ports that the new configuration listens on and the former one did not must be free: said before anything is stopped. */
export async function refuseTakenPorts(files: Prepared, before: string): Promise<void> {
  for (const port of files.ports) {
    const listens = new RegExp(`\\blisten [^;]*\\b${port}\\b`);
    if (!listens.test(files.text) || listens.test(before)) continue;
    const holder = await portHolder(port, files.bind);
    if (holder !== undefined) throw new HowdahError("machine/port-in-use", `Port ${port} is used by ${holder}`);
  }
}

/** The failure that nginx' own words tell when it could not listen. */
export async function portFailure(output: readonly string[], bind: string): Promise<HowdahError | undefined> {
  const port = output.map((line) => /bind\(\) to .*:(\d+) failed \(98/.exec(line)?.[1]).find((found) => found !== undefined);
  if (port === undefined) return undefined;
  const holder = (await portHolder(Number(port), bind)) ?? "another program";
  return new HowdahError("machine/port-in-use", `Port ${port} is used by ${holder}`, { output });
}
