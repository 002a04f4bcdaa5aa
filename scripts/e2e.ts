import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs the end-to-end tests and ends with one plain line, `N passed, N failed, N skipped`: skipped tests are counted, never silent. */
const report = join(tmpdir(), `howdah-e2e-${String(process.pid)}.json`);
const result = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    "e2e",
    "--reporter=verbose",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: "inherit" },
);
const { numPassedTests, numFailedTests, numPendingTests, numTotalTests } = JSON.parse(readFileSync(report, "utf8")) as Record<
  string,
  number
>;
rmSync(report);
const inCi = process.env["CI"] === "true";
const skipped = numPendingTests ?? 0;
if (inCi && skipped > 0) process.stdout.write(`${String(skipped)} tests were skipped: in CI that is a failure\n`);
const failed =
  (numFailedTests ?? 0) + (inCi ? skipped : 0) + (numTotalTests === 0 || (result.status !== 0 && numFailedTests === 0) ? 1 : 0);
process.stdout.write(`${String(numPassedTests ?? 0)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
