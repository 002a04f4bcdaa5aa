import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import type { HowdahMachine } from "./howdah-machine.ts";

/** Asks a site's database by the real command line, as the site's own user. Answers the client's lines. */
export async function sqlOf(machine: HowdahMachine, site: string, statements: string): Promise<readonly string[]> {
  const { stdout } = await run([process.execPath, "bin/howdah", "db", "shell", site], {
    env: machine.environment,
    input: `${statements}\n`,
  });
  return stdout.trim().split("\n").slice(1);
}

/** Gives a machine a directory as its store of backups. Answers where. */
export async function directoryStore(machine: HowdahMachine): Promise<string> {
  const directory = join(machine.directory, "store");
  await mkdir(directory, { recursive: true });
  await machine.ok("backup", "store", "set", directory);
  return directory;
}

/** The answer of a command as an object. */
export async function answered<T>(machine: HowdahMachine, ...argv: readonly string[]): Promise<T> {
  return JSON.parse((await machine.ok(...argv, "--output", "json")).stdout) as T;
}

/** Nothing happens in the second that is restored to. */
export const A_SECOND_AND_MORE = 2100;

/** A table of numbers in each site, to be lost and restored. */
export function numbers(machine: HowdahMachine) {
  return {
    create: async (...sites: readonly string[]): Promise<void> => {
      for (const site of sites) await sqlOf(machine, site, "CREATE TABLE numbers (n INT PRIMARY KEY);");
    },
    count: (site: string) => sqlOf(machine, site, "SELECT COUNT(*) FROM numbers"),
    insert: async (site: string, from: number, rows: number): Promise<void> => {
      const values = Array.from({ length: rows }, (_, at) => `(${String(from + at)})`).join(",");
      await sqlOf(machine, site, `INSERT INTO numbers VALUES ${values};`);
    },
    /** The server's own second, as `--at` takes it. */
    second: async (site: string): Promise<string> =>
      (await sqlOf(machine, site, "SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')"))[0] ?? "",
  };
}
