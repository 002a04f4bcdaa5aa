import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";
import { containerUse } from "../speed/container-use.ts";
import { ourSide } from "../speed/our-side.ts";

/** The first page of WordPress after PHP was started, medians over the rounds. */
export interface ColdStart {
  readonly php: string;
  readonly without: FirstPage;
  readonly primed: FirstPage;
  /** Of the page's time. */
  readonly ratio: number;
  readonly cache: { readonly scripts: number; readonly bytes: number };
}

interface FirstPage {
  /** Milliseconds from the request to the end of the answer. */
  readonly page: number;
  /** CPU milliseconds of PHP's container for it. */
  readonly cpu: number;
  /** Milliseconds of the page after it. */
  readonly second: number;
  /** CPU milliseconds of a page after 40 others. */
  readonly warmCpu: number;
}

const PORT = 18_780;
const WARM_UP = 40;
const WARM = 20;

/** Restarts PHP again and again, with and without the machine's compiled code, in turns; else with the site's defaults, so with the JIT on. */
export async function coldStart(php: string, rounds: number, say: (line: string) => void): Promise<ColdStart> {
  const word = `cold${php.replace(".", "")}`;
  const machine = await howdahMachine(word, PORT);
  try {
    say(`bringing WordPress up on PHP ${php}`);
    const site = await ourSide(machine, `t-${word}`, "bench-script.js", php);
    const cache = await primedCache(join(machine.directory, "state/namespaces/bench/opcache"));
    const found: Record<"without" | "primed", FirstPage[]> = { without: [], primed: [] };
    const measure = async (side: keyof typeof found): Promise<void> => {
      await cache.show(side === "primed");
      await run(["podman", "restart", "--time", "5", site.phpContainer]);
      const page = (path: string): Promise<number> => timeOf(`${site.direct.origin}${path}`, site.host);
      await untilReady(site.direct.origin.replace(":8080", ":8081"));
      const used = async (): Promise<number> => (await containerUse(site.phpContainer)).cpuSeconds * 1000;
      const before = await used();
      const first = await page(`/?cold=${Math.random()}`);
      const after = await used();
      const second = await page(`/?cold=${Math.random()}`);
      for (let i = 0; i < WARM_UP; i++) await page(`/?warm=${Math.random()}`);
      const begun = await used();
      for (let i = 0; i < WARM; i++) await page(`/?warm=${Math.random()}`);
      found[side].push({ page: first, cpu: after - before, second, warmCpu: ((await used()) - begun) / WARM });
      say(`PHP ${php}, ${side}: ${Math.round(first)} ms`);
    };
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? (["without", "primed"] as const) : (["primed", "without"] as const)) await measure(side);
    }
    const [without, primed] = [medians(found.without), medians(found.primed)];
    return { php, without, primed, ratio: Math.round((primed.page / without.page) * 100) / 100, cache: cache.size };
  } finally {
    await machine.remove();
  }
}

/** Waits for the machine's compiled code of the one site, and can hide it from the next start. */
async function primedCache(
  directory: string,
): Promise<{ readonly size: ColdStart["cache"]; readonly show: (wanted: boolean) => Promise<void> }> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await readdir(directory, { recursive: true }).catch(() => []);
    const mark = found.find((path) => path.endsWith("primed.json"));
    const system = found.find((path) => /^[0-9a-f]+\/[0-9a-f]{32}$/.test(path));
    if (mark !== undefined && system !== undefined) {
      const [there, aside] = [join(directory, system), `${join(directory, system)}.aside`];
      const { stdout } = await run(["cat", join(directory, mark)]);
      const show = async (wanted: boolean): Promise<void> => rename(wanted ? aside : there, wanted ? there : aside).catch(() => undefined);
      return { size: JSON.parse(stdout) as ColdStart["cache"], show };
    }
    await sleep(1000);
  }
  throw new Error(`Nothing was compiled ahead in ${directory}`);
}

async function untilReady(origin: string): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const answer = await fetch(`${origin}/-/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    await sleep(10);
  }
  throw new Error("PHP does not answer");
}

async function timeOf(url: string, host: string): Promise<number> {
  const { stdout } = await run([
    ...["curl", "--silent", "--show-error", "--noproxy", "*", "--output", "/dev/null", "--header", `Host: ${host}`],
    ...["--write-out", "%{http_code} %{time_total}", "--", url],
  ]);
  const [status, seconds] = stdout.split(" ").map(Number);
  if (status !== 200) throw new Error(`${url} answered ${String(status)}`);
  return (seconds ?? 0) * 1000;
}

function medians(pages: readonly FirstPage[]): FirstPage {
  const of = (key: keyof FirstPage): number => {
    const sorted = pages.map((one) => one[key]).toSorted((a, b) => a - b);
    return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10;
  };
  return { page: of("page"), cpu: of("cpu"), second: of("second"), warmCpu: of("warmCpu") };
}
