import { loadavg } from "node:os";
import { NumberedWriters } from "../support/numbered-writers.ts";
import { RoutedGalera } from "../support/routed-galera.ts";

const CLIENTS = 4;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** What killing the server of the node that writes cost, in containers of the real image whose entrypoint starts it again at once. */
interface DatabaseRejoin {
  readonly kills: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly silencesMs: readonly number[];
  /** Of so many kills the same node was the writer afterwards. */
  readonly sameWriter: number;
  readonly load: number;
}

/** Kills the writer's server `count` times under load; its container starts it again by itself. `HOWDAH_TEST_ENTRYPOINT` tries other programs. */
export async function databaseRejoin(count: number, say: (line: string) => void): Promise<DatabaseRejoin> {
  const rig = await RoutedGalera.start();
  const writers = new NumberedWriters(CLIENTS, 0, () => rig.connect());
  try {
    const silencesMs: number[] = [];
    let sameWriter = 0;
    for (let kill = 0; kill < count; kill += 1) {
      await sleep(5_000);
      const hit = await rig.writer();
      const began = Date.now();
      await rig.cluster.signal(hit, "KILL");
      await sleep(1_000);
      await rig.healthy();
      await sleep(8_000);
      silencesMs.push(writers.journal.longestGap(began, Date.now()));
      if ((await rig.writer()) === hit) sameWriter += 1;
      say(`${hit}: ${String(silencesMs.at(-1))} ms`);
    }
    await writers.stop();
    const lost = await rig.missing(writers.rows);
    return { kills: count, acknowledged: writers.rows.length, lost, silencesMs, sameWriter, load: loadavg()[0] ?? 0 };
  } finally {
    await writers.stop();
    await rig.remove();
  }
}
