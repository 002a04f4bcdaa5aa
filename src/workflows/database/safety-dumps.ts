import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { dumpDatabase } from "./dump-database.ts";

/** How many dumps from before imports are kept for each site. */
const KEPT = 5;

/** Where a site's dumps from before imports lie. */
export function safetyDirectory(record: SiteRecord, ports: Pick<Ports, "settings">): string {
  return join(ports.settings.stateDirectory, "dumps", record.namespace);
}

/** Dumps what is there before it is replaced; the oldest beyond five go. Answers the file: `howdah db import` takes it back. */
export async function safetyDump(
  record: SiteRecord,
  ports: Pick<Ports, "engine" | "databases" | "settings" | "clock">,
  context: EngineContext,
): Promise<string> {
  const directory = safetyDirectory(record, ports);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const time = new Date(ports.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
  const file = join(directory, `before-import-${time}.sql.gz`);
  await dumpDatabase(record, { file, overwrite: false }, ports, context);
  const old = (await readdir(directory)).filter((name) => name.startsWith("before-import-") && name.endsWith(".sql.gz")).sort();
  for (const name of old.slice(0, -KEPT)) await rm(join(directory, name), { force: true });
  return file;
}
