import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Runs the end-to-end tests, those with podman and then those on the test cluster, and ends with one plain line,
 * `N passed, N failed, N skipped`: skipped tests are counted, never silent.
 */
interface Counts {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function runProject(project: string): Counts {
  const report = join(tmpdir(), `howdah-e2e-${String(process.pid)}-${project}.json`);
  const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`];
  const argv = ["node_modules/vitest/vitest.mjs", "run", "--passWithNoTests", "--project", project, ...reporters];
  const result = spawnSync(process.execPath, [...argv, ...process.argv.slice(2)], { stdio: "inherit" });
  const said = readReport(report);
  rmSync(report, { force: true });
  const failed = said["numFailedTests"] ?? 0;
  return {
    total: said["numTotalTests"] ?? 0,
    passed: said["numPassedTests"] ?? 0,
    failed: failed + (result.status !== 0 && failed === 0 ? 1 : 0),
    skipped: said["numPendingTests"] ?? 0,
  };
}

/** No report: vitest did not come to its end, which its exit code says. */
function readReport(path: string): Readonly<Record<string, number>> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, number>;
  } catch {
    return {};
  }
}

const inCi = process.env["CI"] === "true";
const counts = [runProject("e2e")];
if (inCi || process.getuid?.() === 0) counts.push(runProject("cluster"));
else process.stdout.write("The test cluster needs root: its tests were left out\n");

const sum = (of: (one: Counts) => number): number => counts.reduce((total, one) => total + of(one), 0);
const skipped = sum((one) => one.skipped);
if (inCi && skipped > 0) process.stdout.write(`${String(skipped)} tests were skipped: in CI that is a failure\n`);
const failed = sum((one) => one.failed) + (inCi ? skipped : 0) + (sum((one) => one.total) === 0 ? 1 : 0);
process.stdout.write(`${String(sum((one) => one.passed))} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
