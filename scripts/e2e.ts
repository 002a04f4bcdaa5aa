import { spawn } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { type FileResult, fileTimes, readResults } from "./e2e-report.ts";

/**
 * Runs the end-to-end tests, those with podman beside those on the test cluster, which mostly wait. Ends with what failed, the files that
 * took longest and one plain line, `N passed, N failed, N skipped`: skipped tests are counted, never silent.
 */
interface Run {
  readonly project: string;
  readonly results: readonly FileResult[];
  readonly times: ReturnType<typeof fileTimes>;
  /** vitest ended badly, and no file says why. */
  readonly broken: boolean;
}

/**
 * In CI a file that failed is run once more, alone: on a machine of two cores that runs everything at once a test may lack time, and it is named as
 * unstable then. More files than this that fail are a fault.
 */
const SECOND_LOOKS = 3;

let runs = 0;

/** What it prints comes at once, or goes to a file. */
async function runProject(project: string, directory: string, output: "live" | "file", filters: readonly string[]): Promise<Run> {
  const report = join(directory, `${project}-${String(++runs)}`);
  const reporters = ["verbose", "json", "junit"].map((name) => `--reporter=${name}`);
  reporters.push(`--outputFile.json=${report}.json`, `--outputFile.junit=${report}.xml`);
  const argv = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", "--project", project, ...reporters, ...filters];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const sink = output === "live" ? process.stdout : createWriteStream(logOf(project, directory));
  for (const stream of [child.stdout, child.stderr]) stream.pipe(sink, { end: false });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (sink !== process.stdout) await finished(sink.end());
  const results = readResults(`${report}.json`);
  return { project, results, times: fileTimes(`${report}.xml`), broken: code !== 0 && !results.some(hasFailed) };
}

function logOf(project: string, directory: string): string {
  return join(directory, `${project}.log`);
}

function hasFailed({ failed }: FileResult): boolean {
  return failed > 0;
}

/** The same run, with what its few failed files did when each was alone. */
async function lookAgain(run: Run, directory: string): Promise<Run> {
  const results: FileResult[] = [];
  for (const first of run.results) {
    const again = hasFailed(first) ? await runProject(run.project, directory, "live", [first.path]) : undefined;
    const second = again?.results.find(({ path }) => path === first.path);
    if (second !== undefined && second.failed === 0) {
      process.stdout.write(`UNSTABLE ${first.path}: passed alone after it had failed beside others:\n${first.failures.join("\n")}\n\n`);
    }
    results.push(second ?? first);
  }
  return { ...run, results };
}

const inCi = process.env["CI"] === "true";
const hasCluster = inCi || process.getuid?.() === 0;
const filters = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), "howdah-e2e-"));
const firstRuns = await Promise.all([
  runProject("e2e", directory, "live", filters),
  ...(hasCluster ? [runProject("cluster", directory, "file", filters)] : []),
]);
if (hasCluster) await finished(createReadStream(logOf("cluster", directory)).pipe(process.stdout, { end: false }), { writable: false });
else process.stdout.write("The test cluster needs root: its tests were left out\n");
const few = firstRuns.flatMap(({ results }) => results).filter(hasFailed).length <= SECOND_LOOKS;
const lastRuns: Run[] = [];
for (const run of firstRuns) lastRuns.push(inCi && few ? await lookAgain(run, directory) : run);
await rm(directory, { recursive: true });

const files = lastRuns.flatMap(({ results }) => results);
const sum = (of: (one: FileResult) => number): number => files.reduce((total, one) => total + of(one), 0);
const skipped = sum((one) => one.skipped);
const slowest = lastRuns.flatMap(({ times }) => times).toSorted((one, other) => other.seconds - one.seconds);
for (const failure of files.flatMap(({ failures }) => failures)) process.stdout.write(`FAILED ${failure}\n\n`);
for (const { name, seconds } of slowest.slice(0, 20)) process.stdout.write(`${seconds.toFixed(0).padStart(6)} s  ${name}\n`);
if (inCi && skipped > 0) process.stdout.write(`${String(skipped)} tests were skipped: in CI that is a failure\n`);
const broken = lastRuns.filter((run) => run.broken).length;
const failed = sum((one) => one.failed) + broken + (inCi ? skipped : 0) + (files.length === 0 ? 1 : 0);
process.stdout.write(`${String(sum((one) => one.passed))} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
