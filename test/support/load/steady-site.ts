import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HowdahMachine } from "../howdah-machine.ts";
import type { Target } from "./checked-request.ts";

/** The site that a load can judge: test/fixtures/steady-app, running. */
export interface SteadySite {
  readonly target: Target;
  readonly directory: string;
  /** Changes the one line; nothing is deployed. */
  change(word: string): Promise<void>;
  /** The word of the release that answers now. */
  release(): Promise<string>;
  /** How many bodies it has stored: each once, or the request had failed. */
  rows(): Promise<number>;
}

/** A copy of the fixture, up on the machine. */
export async function steadySite(machine: HowdahMachine): Promise<SteadySite> {
  const directory = join(machine.directory, "steady");
  await cp(join(import.meta.dirname, "../../fixtures/steady-app"), directory, { recursive: true });
  await machine.ok("up", directory);
  const host = "steady.localhost";
  // No page is asked for twice: none comes from a cache.
  const ask = () => machine.get(host, `/echo.php?n=${Math.random()}`);
  return {
    target: { port: machine.port, host },
    directory,
    change: (word) =>
      writeFile(join(directory, "release.php"), `<?php\n// The line that a deploy changes.\nreturn ${JSON.stringify(word)};\n`),
    release: async () => String((await ask()).headers["x-release"]),
    rows: async () => Number((await ask()).body.replace("rows ", "")),
  };
}
