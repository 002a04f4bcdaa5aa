import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";

/**
 * Runs the end-to-end tests, those with podman beside those on the test cluster, which mostly wait. Ends with what failed, the files that
 * took longest and one plain line, `N passed, N failed, N skipped`: skipped tests are counted, never silent.
 */
interface Run {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly files: readonly { readonly name: string; readonly seconds: number }[];
  /** Each with its messages. */
  readonly failures: readonly string[];
}

interface Report {
  readonly numTotalTests?: number;
  readonly numPassedTests?: number;
  readonly numFailedTests?: number;
  readonly numPendingTests?: number;
  readonly testResults?: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** What it prints comes at once, or goes to a file. */
async function runProject(project: string, directory: string, output: "live" | "file"): Promise<Run> {
  const report = join(directory, `${project}.json`);
  const times = join(directory, `${project}.xml`);
  const reporters = ["verbose", "json", "junit"].map((name) => `--reporter=${name}`);
  reporters.push(`--outputFile.json=${report}`, `--outputFile.junit=${times}`);
  const argv = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", "--project", project, ...reporters, ...process.argv.slice(2)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const sink = output === "live" ? process.stdout : createWriteStream(logOf(project, directory));
  for (const stream of [child.stdout, child.stderr]) stream.pipe(sink, { end: false });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (sink !== process.stdout) await finished(sink.end());
  const said = readReport(report);
  const failed = said.numFailedTests ?? 0;
  return {
    total: said.numTotalTests ?? 0,
    passed: said.numPassedTests ?? 0,
    failed: failed + (code !== 0 && failed === 0 ? 1 : 0),
    skipped: said.numPendingTests ?? 0,
    files: fileTimes(times),
    failures: (said.testResults ?? []).flatMap(({ name, message, assertionResults }) => [
      ...(message === "" ? [] : [`${name}\n${message}`]),
      ...assertionResults
        .filter(({ status }) => status === "failed")
        .map(({ fullName, failureMessages = [] }) => `${name}: ${fullName}\n${failureMessages.join("\n")}`),
    ]),
  };
}

function logOf(project: string, directory: string): string {
  return join(directory, `${project}.log`);
}

/** No report, or half of one: vitest did not come to its end, which its exit code says. */
function readReport(path: string): Report {
  try {
    return JSON.parse(readText(path) ?? "{}") as Report;
  } catch {
    return {};
  }
}

/** Of JUnit's report: the one in JSON leaves out what is done before and after a file's tests, which may be most of it. */
function fileTimes(path: string): Run["files"] {
  const text = readText(path) ?? "";
  return [...text.matchAll(/<testsuite name="(?:[^"]*\/)?([^"]+)"[^>]* time="([\d.]+)"/g)].map(([, name = "", seconds]) => ({
    name,
    seconds: Number(seconds),
  }));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const inCi = process.env["CI"] === "true";
const hasCluster = inCi || process.getuid?.() === 0;
const directory = await mkdtemp(join(tmpdir(), "howdah-e2e-"));
const runs = await Promise.all([runProject("e2e", directory, "live"), ...(hasCluster ? [runProject("cluster", directory, "file")] : [])]);
if (hasCluster) await finished(createReadStream(logOf("cluster", directory)).pipe(process.stdout, { end: false }), { writable: false });
else process.stdout.write("The test cluster needs root: its tests were left out\n");
await rm(directory, { recursive: true });

const sum = (of: (one: Run) => number): number => runs.reduce((total, one) => total + of(one), 0);
const skipped = sum((one) => one.skipped);
const slowest = runs.flatMap(({ files }) => files).toSorted((one, other) => other.seconds - one.seconds);
for (const failure of runs.flatMap(({ failures }) => failures)) process.stdout.write(`FAILED ${failure}\n\n`);
for (const { name, seconds } of slowest.slice(0, 20)) process.stdout.write(`${seconds.toFixed(0).padStart(6)} s  ${name}\n`);
if (inCi && skipped > 0) process.stdout.write(`${String(skipped)} tests were skipped: in CI that is a failure\n`);
const failed = sum((one) => one.failed) + (inCi ? skipped : 0) + (sum((one) => one.total) === 0 ? 1 : 0);
process.stdout.write(`${String(sum((one) => one.passed))} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
