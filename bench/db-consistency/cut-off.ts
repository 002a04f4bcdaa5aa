import { loadavg } from "node:os";
import { run } from "../../src/providers/process.ts";
import { NumberedWriters } from "../support/numbered-writers.ts";
import { RoutedGalera } from "../support/routed-galera.ts";

const CUT_MS = 25_000;
/** Numbers of those who write to the cut-off node itself begin here, in each round anew. */
const OTHER_SIDE = 1_000_000_000;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** What cutting the writer off from the other nodes cost, with clients on both sides (C3). */
interface CutOff {
  readonly cuts: number;
  readonly acknowledged: number;
  /** Acknowledged and not on every node afterwards. */
  readonly lost: number;
  /** From the cut to the last write that the node which was cut off acknowledged. */
  readonly lastByMinorityMs: readonly number[];
  /** From the cut to the first "no" of the node that was cut off. */
  readonly refusedAfterMs: readonly number[];
  /** The longest silence of those who go through the router, from each cut on. */
  readonly silencesMs: readonly number[];
  /** From the network's return until all nodes were seen to be one cluster. */
  readonly rejoinedAfterMs: readonly number[];
  readonly load: number;
}

/** Cuts the node that writes off from the others `count` times, under clients of the router and clients of that node itself. */
export async function cutOff(count: number, say: (line: string) => void): Promise<CutOff> {
  const rig = await RoutedGalera.start();
  const routed = new NumberedWriters(4, 0, () => rig.connect());
  const rows: number[] = [];
  const found = {
    lastByMinorityMs: [] as number[],
    refusedAfterMs: [] as number[],
    silencesMs: [] as number[],
    rejoinedAfterMs: [] as number[],
  };
  try {
    for (let cut = 0; cut < count; cut += 1) {
      await sleep(5_000);
      const hit = await rig.writer();
      const there = new NumberedWriters(2, OTHER_SIDE + cut * 100_000_000, () => rig.cluster.connect(hit));
      try {
        await sleep(3_000);
        await network(rig, hit, "cut");
        const at = Date.now();
        await sleep(CUT_MS);
        found.lastByMinorityMs.push(Math.max(0, there.lastAt - at));
        found.refusedAfterMs.push((there.refusedAt.find((time) => time > at) ?? Number.POSITIVE_INFINITY) - at);
        found.silencesMs.push(routed.journal.longestGap(at, Date.now()));
        await network(rig, hit, "mend");
        const mended = Date.now();
        await sleep(500); // the last look is of before
        found.rejoinedAfterMs.push((await rig.healthy()) - mended);
      } finally {
        await there.stop();
      }
      rows.push(...there.rows);
      say(JSON.stringify({ hit, ...found }));
    }
    await routed.stop();
    rows.push(...routed.rows);
    const lost = Math.max(...(await Promise.all(rig.cluster.names.map((name) => rig.missing(rows, name)))));
    return { cuts: count, acknowledged: rows.length, lost, ...found, load: loadavg()[0] ?? 0 };
  } finally {
    await routed.stop();
    await rig.remove();
  }
}

/** Inside the node's own network: nothing comes from the other nodes and nothing goes there; who else asks it is heard. */
async function network({ cluster }: RoutedGalera, name: string, what: "cut" | "mend"): Promise<void> {
  const others = cluster.names.filter((one) => one !== name).map((one) => cluster.address(one));
  const chain = (hook: string, side: string): string =>
    `chain ${hook} { type filter hook ${hook} priority 0; ip ${side} { ${others.join(", ")} } drop; }`;
  const table = ["table inet bench_cut {", chain("input", "saddr"), chain("output", "daddr"), "}"];
  const rules = what === "mend" ? ["delete table inet bench_cut"] : table;
  await run(["nsenter", `--net=/proc/${String(await cluster.processOf(name))}/ns/net`, "nft", "-f", "-"], {
    input: `${rules.join("\n")}\n`,
  });
}
