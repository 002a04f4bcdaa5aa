import { writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type HowdahMachine, howdahMachine, type Started } from "../../test/support/howdah-machine.ts";

/** Of some times, in milliseconds. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly most: number;
}

/** Milliseconds from a save to its answer, beside a deploy of the same change in the same run. */
export interface WatchTimes {
  readonly saves: number;
  readonly files: number;
  readonly php: Spread;
  readonly css: Spread;
  /** The command's own figure: from the first sign of the change to the last rename. */
  readonly synced: Spread;
  /** From the command to the changed line's answer. */
  readonly deploy: Spread;
  /** How many times a save is faster than a deploy, of medians. */
  readonly ratio: number;
  /** From the command to the first line that a save can follow, and from Ctrl-C to its end. */
  readonly start: number;
  readonly end: number;
}

const PORT = 18_548;
const SITE = "bench";
const HOST = `${SITE}.localhost:${String(PORT)}`;
/** Deploys before the watch, and as many after it. */
const DEPLOYS = 3;

/** WordPress with one changed line: `saves` times in a script and in a style while `howdah deploy --watch` runs, and by `howdah deploy`. */
export async function watchTimes(saves: number, say: (line: string) => void): Promise<WatchTimes> {
  const machine = await howdahMachine("bench-watch", PORT);
  try {
    const code = join(await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await script(code, "0");
    await style(code, "0");
    await machine.ok("init", code, "--yes", "--name", SITE);
    await machine.ok("up", code);
    const deploys: number[] = [];
    const deploy = async (word: string): Promise<void> => {
      const started = performance.now();
      await script(code, word);
      const working = machine.ok("deploy", code);
      deploys.push(await untilAnswered("/version.php", word, started));
      await working;
      say(`deploy ${word}: ${String(Math.round(deploys.at(-1) ?? 0))} ms`);
    };
    for (let round = 1; round <= DEPLOYS; round++) await deploy(`before ${String(round)}`);
    const watched = await watch(machine, code, saves, say);
    for (let round = 1; round <= DEPLOYS; round++) await deploy(`after ${String(round)}`);
    const deployed = spread(deploys);
    return { saves, ...watched, deploy: deployed, ratio: deployed.median / watched.php.median };
  } finally {
    await machine.remove();
  }
}

async function watch(
  machine: HowdahMachine,
  code: string,
  saves: number,
  say: (line: string) => void,
): Promise<Omit<WatchTimes, "saves" | "deploy" | "ratio">> {
  const began = performance.now();
  const started = machine.start("deploy", "--watch", code, "--output", "json");
  if (!(await started.says('"event":"watching"'))) throw new Error((await started.done).stderr);
  const start = Math.round(performance.now() - began);
  const php: number[] = [];
  const css: number[] = [];
  for (let save = 1; save <= saves; save++) {
    const word = `save ${String(save)}`;
    php.push(await timed("/version.php", word, () => script(code, word)));
    await sleep(150); // a person does not save twice at once
    css.push(await timed("/bench.css", `/* ${word} */`, () => style(code, word)));
    await sleep(150);
    say(`${word}: PHP ${String(Math.round(php.at(-1) ?? 0))} ms, css ${String(Math.round(css.at(-1) ?? 0))} ms`);
  }
  const { end, lines } = await stop(started);
  const synced = lines.flatMap((line) => (line.event === "synced" && line.milliseconds !== undefined ? [line.milliseconds] : []));
  const files = lines.find((line) => line.event === "watching")?.files ?? 0;
  return { files, php: spread(php), css: spread(css), synced: spread(synced), start, end };
}

interface Line {
  readonly event: string;
  readonly milliseconds?: number;
  readonly files?: number;
}

async function stop({ pid, done }: Started): Promise<{ readonly end: number; readonly lines: readonly Line[] }> {
  const began = performance.now();
  process.kill(pid, "SIGINT");
  const { stdout } = await done;
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { end: Math.round(performance.now() - began), lines: lines.map((line) => JSON.parse(line) as Line) };
}

const script = (code: string, word: string): Promise<void> =>
  writeFile(join(code, "version.php"), `<?php\nheader('Content-Type: text/plain');\necho ${JSON.stringify(word)};\n`);
const style = (code: string, word: string): Promise<void> => writeFile(join(code, "bench.css"), `/* ${word} */`);

async function timed(path: string, word: string, save: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await save();
  return untilAnswered(path, word, started);
}

const agent = new Agent({ keepAlive: true });

async function untilAnswered(path: string, word: string, started: number): Promise<number> {
  while (performance.now() - started < 120_000) {
    if ((await ask(path)) === word) return performance.now() - started;
    await sleep(4);
  }
  throw new Error(`${path} never said ${word}`);
}

/** The body, or nothing while nobody answers. */
function ask(path: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port: PORT, path, headers: { host: HOST }, agent, timeout: 2000 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.once("end", () => resolve(answer.statusCode === 200 ? body : ""));
      answer.once("error", () => resolve(""));
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => resolve(""));
    sent.end();
  });
}

function spread(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN);
  return { median: at(0.5), p95: at(0.95), most: at(1) };
}
