import { loadavg } from "node:os";
import mysql from "mysql2/promise";
import { GaleraDrill } from "../../test/support/galera-drill.ts";

const WORKERS = 8;
const SECONDS = 5;

/** How much of what goes straight to the writer goes through a router: medians, and the median of the ratios within each round. */
interface DatabaseOverhead {
  readonly router: "HAProxy";
  readonly rounds: number;
  /** A connection for each query, as PHP has them. */
  readonly shortPerSecond: { readonly direct: number; readonly routed: number; readonly ratio: number };
  /** Queries on connections that stay. */
  readonly persistentPerSecond: { readonly direct: number; readonly routed: number; readonly ratio: number };
  readonly load: number;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Direct and through HAProxy in turn, in the same run on the same nodes; who is first changes, since other work on the machine comes and goes. */
export async function databaseOverhead(rounds: number, say: (line: string) => void): Promise<DatabaseOverhead> {
  const rig = new GaleraDrill();
  try {
    await rig.start();
    const direct = { host: rig.galera.address(await rig.writer()), port: rig.galera.port };
    const routed = { host: "127.0.0.1", port: rig.port };
    const seen = {
      short: { direct: [] as number[], routed: [] as number[] },
      persistent: { direct: [] as number[], routed: [] as number[] },
    };
    for (let round = 0; round < rounds; round += 1) {
      const places = Object.entries({ direct, routed }) as [keyof typeof seen.short, Place][];
      for (const [name, place] of round % 2 === 0 ? places : places.toReversed()) {
        seen.short[name].push(await rate(place, rig.galera.password, false));
        seen.persistent[name].push(await rate(place, rig.galera.password, true));
      }
      say(`round ${String(round + 1)}: ${JSON.stringify(seen)}`);
    }
    const [load = 0] = loadavg();
    return { router: "HAProxy", rounds, shortPerSecond: compare(seen.short), persistentPerSecond: compare(seen.persistent), load };
  } finally {
    await rig.remove();
  }
}

function compare({ direct, routed }: { readonly direct: readonly number[]; readonly routed: readonly number[] }) {
  const ratios = direct.map((straight, round) => (routed[round] ?? 0) / straight);
  return { direct: Math.round(median(direct)), routed: Math.round(median(routed)), ratio: Math.round(median(ratios) * 100) / 100 };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** Queries a second of all workers together. */
async function rate(place: Place, password: string, keeps: boolean): Promise<number> {
  const end = Date.now() + SECONDS * 1000;
  const connect = async () => await mysql.createConnection({ ...place, user: "admin", password });
  const done = await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      let count = 0;
      let connection = keeps ? await connect() : undefined;
      for (; Date.now() < end; count += 1) {
        connection ??= await connect();
        await connection.query("SELECT 1");
        if (keeps) continue;
        await connection.end();
        connection = undefined;
      }
      connection?.destroy();
      return count;
    }),
  );
  return done.reduce((sum, one) => sum + one, 0) / SECONDS;
}
