import { spawn } from "node:child_process";
import type { HowdahMachine } from "./howdah-machine.ts";

/** When to stop a command: at its so-many-th event, or at the first that holds these words. */
export interface Moment {
  readonly event?: number;
  readonly containing?: string;
  /** Told the exit code; 137 when it was killed. */
  readonly ended?: (code: number) => void;
}

/** Runs a command with `--output json` and sends it a signal at an event of its own. Answers whether it came that far before it ended. */
export function stopAtEvent(machine: HowdahMachine, signal: NodeJS.Signals, moment: Moment, ...argv: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["bin/howdah", ...argv, "--output", "json"], {
      env: { ...machine.environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let rest = "";
    let events = 0;
    let sent = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        events++;
        if (sent || (events !== moment.event && (moment.containing === undefined || !line.includes(moment.containing)))) continue;
        sent = child.kill(signal);
      }
    });
    child.once("error", reject);
    child.once("close", (code) => {
      moment.ended?.(code ?? 137);
      resolve(sent);
    });
  });
}
