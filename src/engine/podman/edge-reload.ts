import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";
import { type LogCursor, lastLines, logCursor, sizeOf } from "./container-log.ts";
import { testConfig } from "./edge-container.ts";
import { type Prepared, removeStale } from "./edge-files.ts";
import { portFailure, refuseTakenPorts } from "./edge-port-check.ts";
import { EDGE_CONFIG, EDGE_POLL_MS, EDGE_START_MS, type EdgePorts } from "./edge-ports.ts";
import { isShuttingDown, nginxMaster, workersOf } from "./nginx-processes.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** Switches a running edge to a new configuration, tested before and seen live after. */
export async function reload(ports: EdgePorts, files: Prepared): Promise<void> {
  const path = join(files.directory, EDGE_CONFIG);
  const before = await readFile(path, "utf8").catch(() => "");
  if (before === files.text) return;
  // nginx judges every new configuration itself before it takes it; the test beforehand costs a container.
  if (!differsOnlyInAddresses(before, files.text)) await testConfig(ports, files);
  await refuseTakenPorts(files, before);
  const [seen] = await ports.podman.inspect([ports.names.edge]);
  if (seen === undefined || seen.pid === 0) throw new HowdahError("engine/crashed", "The edge ended while its configuration changed");
  const master = await nginxMaster(seen.pid);
  const old = await workersOf(master);
  const log = logCursor(seen.logPath, await sizeOf(seen.logPath));
  await writeAtomically(path, files.text, { mode: 0o400, uid: RUN_AS });
  process.kill(master, "SIGHUP");
  if (await switched(ports.clock, { master, old, log })) {
    await removeStale(files);
    return;
  }
  await writeAtomically(path, before, { mode: 0o400, uid: RUN_AS });
  throw await refusal(seen.logPath, files.bind);
}

/** True when pods of the same routes have other addresses, as after every deploy. */
export function differsOnlyInAddresses(before: string, after: string): boolean {
  const shape = (text: string): string => text.replaceAll(/^(\s*server )[0-9a-f.:[\]]+( max_fails=)/gm, "$1address$2");
  return shape(before) === shape(after);
}

/** nginx refuses a reload only with words in its log; ports are the one thing that a test can't see. */
async function refusal(logPath: string, bind: string): Promise<HowdahError> {
  const output = (await lastLines(logPath, 20)).map((line) => line.text);
  return (await portFailure(output, bind)) ?? new HowdahError("config/rejected", "The edge did not take its new configuration", { output });
}

/** New workers are there and the old ones have stopped accepting: they end, or call themselves "shutting down". */
async function switched(
  clock: Clock,
  { master, old, log }: { master: number; old: ReadonlySet<number>; log: LogCursor },
): Promise<boolean> {
  const until = clock.now() + EDGE_START_MS;
  while (clock.now() < until) {
    const now = await workersOf(master);
    const fresh = [...now].some((pid) => !old.has(pid));
    const draining = await Promise.all([...now].filter((pid) => old.has(pid)).map(isShuttingDown));
    if (fresh && draining.every(Boolean)) return true;
    if ((await log.next()).some((line) => line.text.includes("[emerg]") && !line.text.includes("bind()"))) return false;
    await clock.sleep(EDGE_POLL_MS);
  }
  return false;
}
