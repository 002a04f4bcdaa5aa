import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HowdahMachine } from "./howdah-machine.ts";

/** What the fault application is asked to do next: see test/fixtures/fault-app. */
export interface Behaviour {
  /** Shown by the page. */
  readonly release: string;
  /** Exit codes of the hooks; left out, they succeed. */
  readonly build?: number;
  readonly install?: number;
  readonly migrate?: number;
  /** Status of the health path. */
  readonly health?: number;
}

/** A site of a test: where it lies, and how to see it. */
export interface TestSite {
  readonly name: string;
  readonly directory: string;
  /** What a visitor reads; the status instead, when it is not 200. */
  page(): Promise<string>;
}

/** Where the fault application may be put: one machine, or a cluster's rig. */
interface FaultPlace {
  readonly directory: string;
  get(host: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
}

function siteOf(machine: FaultPlace, name: string, directory: string): TestSite {
  const page = async (): Promise<string> => {
    const { status, body } = await machine.get(`${name}.localhost`, "/");
    return status === 200 ? body.trim() : `status ${status}`;
  };
  return { name, directory, page };
}

/** A copy of the fault application: PHP with a database and every hook. `lockOf` is another site whose lock has its images already. */
export async function faultSite(
  machine: FaultPlace,
  name: string,
  lockOf?: TestSite,
): Promise<TestSite & { behave(behaviour: Behaviour): Promise<void> }> {
  const directory = join(machine.directory, name);
  await cp(join(import.meta.dirname, "../fixtures/fault-app"), directory, { recursive: true });
  const file = join(directory, "howdah.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("name: fault", `name: ${name}`));
  if (lockOf !== undefined) await cp(join(lockOf.directory, "howdah.lock"), join(directory, "howdah.lock"));
  return {
    ...siteOf(machine, name, directory),
    behave: (behaviour) => writeFile(join(directory, "behave.json"), JSON.stringify(behaviour)),
  };
}

/** A migration in PHP for it, that counts its runs in the table `runs`, does something, and ends as behave.json says. `work`: PHP, of ours. */
export function migrationHook(work: string): string {
  return `<?php
require __DIR__ . '/database.php';
$database = database();
$database->query('CREATE TABLE IF NOT EXISTS runs (id INT AUTO_INCREMENT PRIMARY KEY)');
$database->query('INSERT INTO runs () VALUES ()');
echo "migration began\\n";
${work}
echo "migration ends\\n";
exit(behave()['migrate'] ?? 0);
`;
}

/** A site of one static page. */
export async function staticSite(
  machine: HowdahMachine,
  name: string,
  lockOf?: TestSite,
): Promise<TestSite & { write(text: string): Promise<void> }> {
  const directory = join(machine.directory, name);
  await mkdir(join(directory, "public"), { recursive: true });
  await writeFile(
    join(directory, "howdah.yaml"),
    `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata:\n  name: ${name}\nspec:\n  web:\n    root: public\n    microcache: false\n`,
  );
  await writeFile(join(directory, "public/index.html"), `${name} one\n`);
  if (lockOf !== undefined) await cp(join(lockOf.directory, "howdah.lock"), join(directory, "howdah.lock"));
  return { ...siteOf(machine, name, directory), write: (text) => writeFile(join(directory, "public/index.html"), `${text}\n`) };
}
