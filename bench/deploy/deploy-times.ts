import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { type CommonParts, commonWay } from "./kube-play-side.ts";

/** Seconds of a one-line change, from the command to the new code's answer. */
export interface DeployTimes {
  readonly rounds: readonly Round[];
  readonly median: Round;
  /** How many times Howdah is faster. */
  readonly ratio: number;
  /** Howdah's own stages of the last round, in seconds; they run side by side. */
  readonly stages: Readonly<Record<string, number>>;
}

/** `common` is the common way as a whole, `build` and `play` its two parts; `whole` is Howdah's command to its end, former pods gone. */
interface Round extends CommonParts {
  readonly howdah: number;
  readonly whole: number;
  readonly rollback: number;
  readonly common: number;
}

const WORD = "bench-deploy";
const PORT = 18_488;
const KUBE_PORT = 18_492;
const SITE = "bench";

/**
 * WordPress, one changed line, both ways in turns on the same machine and the same bases: `howdah deploy`, and `buildah bud` with cached
 * layers plus `podman kube play --replace`. `rollback` is `howdah rollback` of that change.
 */
export async function deployTimes(rounds: number, say: (line: string) => void): Promise<DeployTimes> {
  const machine = await howdahMachine(WORD, PORT);
  const directory = await mkdtemp(join(tmpdir(), "howdah-bench-deploy-"));
  let common: Awaited<ReturnType<typeof commonWay>> | undefined;
  try {
    const code = join(await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await change(code, "0");
    await machine.ok("init", code, "--yes", "--name", SITE);
    await machine.ok("up", code);
    const other = await commonWay({ code, directory, port: KUBE_PORT, ...(await sameParts(machine)) });
    common = other;
    await other.deploy(); // layers are cached from now on
    const found: Round[] = [];
    let stages: Record<string, number> = {};
    for (let round = 1; round <= rounds; round++) {
      const word = `round ${String(round)}`;
      await settled(machine);
      await change(code, word);
      let whole = 0;
      const ours = await until(PORT, `${SITE}.localhost:${String(PORT)}`, word, async () => {
        const started = performance.now();
        const said = await machine.ok("deploy", code, "--output", "json");
        whole = (performance.now() - started) / 1000;
        const { timings } = JSON.parse(said.stdout) as { timings: { stage: string; milliseconds: number }[] };
        stages = Object.fromEntries(timings.map(({ stage, milliseconds }) => [stage, milliseconds / 1000]));
      });
      await settled(machine);
      let parts: CommonParts = { build: 0, play: 0 };
      const theirs = await until(KUBE_PORT, `${SITE}.localhost`, word, async () => {
        parts = await other.deploy();
      });
      await settled(machine);
      const before = round === 1 ? "0" : `round ${String(round - 1)}`;
      const back = await until(
        PORT,
        `${SITE}.localhost:${String(PORT)}`,
        before,
        async () => void (await machine.ok("rollback", "--site", SITE, "--yes")),
      );
      await machine.ok("deploy", code);
      const times: Round = { howdah: ours, whole, rollback: back, common: theirs, ...parts };
      found.push(times);
      const words = Object.entries(times).map(([name, seconds]: [string, number]) => `${name} ${seconds.toFixed(2)} s`);
      say(`round ${String(round)}: ${words.join(", ")}`);
    }
    const of = (key: keyof Round): number => middle(found, key);
    const median = {
      ...{ howdah: of("howdah"), whole: of("whole"), rollback: of("rollback") },
      ...{ common: of("common"), build: of("build"), play: of("play") },
    };
    return { rounds: found, median, ratio: median.common / median.howdah, stages };
  } finally {
    await common?.remove();
    await machine.remove();
  }
}

/** Nothing of the round before goes on beside the next measurement: the agent compiles a release's code once it serves. */
async function settled(machine: HowdahMachine): Promise<void> {
  const instance = machine.environment["HOWDAH_INSTANCE"] ?? "";
  let quiet = 0;
  for (let tries = 0; quiet < 4 && tries < 120; tries++) {
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", `name=^${instance}\\.`]);
    quiet = stdout.includes(".once-") ? 0 : quiet + 1;
    await sleep(500);
  }
}

async function change(code: string, word: string): Promise<void> {
  await writeFile(join(code, "version.php"), `<?php\nheader('Content-Type: text/plain');\necho ${JSON.stringify(word)};\n`);
}

/** The bases that Howdah's images lie on, and the configuration that its pod mounts. */
async function sameParts(machine: HowdahMachine) {
  const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
  const files = join(state, "namespaces", SITE, "files");
  const named = async (prefix: string): Promise<string> =>
    join(files, (await readdir(files)).find((name) => name.startsWith(prefix)) ?? prefix);
  const [release] = await readdir(join(state, "releases"));
  const { images } = JSON.parse(await readFile(join(state, "releases", release ?? ""), "utf8")) as {
    images: { web: { reference: string }; php: { reference: string } };
  };
  return {
    bases: { web: await baseOf(images.web.reference), php: await baseOf(images.php.reference) },
    configuration: { nginx: await named("nginx-"), php: await named("php-") },
  };
}

/** The Howdah base whose layers an image begins with. */
async function baseOf(reference: string): Promise<string> {
  const layers = async (image: string): Promise<string[]> =>
    JSON.parse((await run(["podman", "image", "inspect", "--format", "{{json .RootFS.Layers}}", image])).stdout) as string[];
  const own = await layers(reference);
  const { stdout } = await run(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "label=howdah.dev/kind"]);
  for (const image of stdout.split("\n").filter((line) => /\/(nginx|php):/.test(line))) {
    const base = await layers(image);
    if (base.length < own.length && base.every((layer, index) => layer === own[index])) return image;
  }
  throw new Error(`no base of ${reference} is on this machine`);
}

/** Seconds from the beginning of some work until the page says the word; waits for the work's end, too. */
async function until(port: number, host: string, word: string, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  const working = work();
  let failed: unknown;
  working.catch((error: unknown) => (failed = error));
  let seconds: number | undefined;
  while (seconds === undefined) {
    if (failed !== undefined) throw failed;
    if ((await page(port, host)) === word) seconds = (performance.now() - started) / 1000;
    else await sleep(20);
  }
  await working;
  return seconds;
}

/** The page, or nothing while nobody answers. */
function page(port: number, host: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, path: "/version.php", headers: { host }, agent: false, timeout: 2000 }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.once("end", () => {
        resolve(answer.statusCode === 200 ? body : "");
      });
      answer.once("error", () => {
        resolve("");
      });
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => {
      resolve("");
    });
    sent.end();
  });
}

function middle<K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): number {
  return rows.map((row) => row[key]).toSorted((a, b) => a - b)[Math.floor(rows.length / 2)] ?? Number.NaN;
}
