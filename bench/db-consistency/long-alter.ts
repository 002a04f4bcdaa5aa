import { loadavg } from "node:os";
import { NumberedWriters } from "../support/numbered-writers.ts";
import { RoutedGalera } from "../support/routed-galera.ts";

const QUIET_MS = 10_000;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** What others who write see while somebody changes a large table on Galera (C7). */
interface LongAlter {
  readonly rows: number;
  readonly alterSeconds: number;
  readonly silenceMs: { readonly before: number; readonly during: number };
  readonly errors: number;
  readonly load: number;
}

/** Rewrites a table of so many rows while clients of another table write through the router: Galera does it on all nodes at one place in the order of writes. */
export async function longAlter(count: number, say: (line: string) => void): Promise<LongAlter> {
  const rig = await RoutedGalera.start();
  let writers: NumberedWriters | undefined;
  try {
    const at = await rig.writer();
    await rig.cluster.query(at, "CREATE TABLE bench.big (id INT AUTO_INCREMENT PRIMARY KEY, word CHAR(200) NOT NULL) ENGINE=InnoDB");
    for (let left = count; left > 0; left -= 20_000)
      await rig.cluster.query(
        at,
        `INSERT INTO bench.big (word) SELECT REPEAT(MD5(seq), 6) FROM bench.seq_1_to_${String(Math.min(left, 20_000))}`,
      );
    say(`${String(count)} rows`);
    writers = new NumberedWriters(4, 0, () => rig.connect());
    await sleep(2_000);
    const began = Date.now();
    await sleep(QUIET_MS);
    const altering = Date.now();
    await rig.cluster.query(at, "ALTER TABLE bench.big FORCE, ALGORITHM=COPY");
    const altered = Date.now();
    await sleep(2_000);
    await writers.stop();
    const { journal } = writers;
    const errors = Object.values(journal.errorsBetween(altering, Date.now())).reduce((sum, one) => sum + one, 0);
    const silenceMs = { before: journal.longestGap(began, altering), during: journal.longestGap(altering, altered + 2_000) };
    return { rows: count, alterSeconds: (altered - altering) / 1000, silenceMs, errors, load: loadavg()[0] ?? 0 };
  } finally {
    await writers?.stop();
    await rig.remove();
  }
}
