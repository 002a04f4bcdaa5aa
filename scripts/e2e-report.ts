import { readFileSync } from "node:fs";

/** What vitest's JSON report says of one test file. */
export interface FileResult {
  /** Absolute. */
  readonly path: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each with its messages. */
  readonly failures: readonly string[];
}

interface Report {
  readonly testResults?: readonly {
    readonly name: string;
    readonly status?: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** The files of a report. None when there is no report, or half of one: vitest did not come to its end, which its exit code says. */
export function readResults(path: string): readonly FileResult[] {
  return (parsed(path).testResults ?? []).map(({ name, status, message, assertionResults }) => {
    const count = (...wanted: readonly string[]): number => assertionResults.filter((one) => wanted.includes(one.status)).length;
    const failed = count("failed");
    const failures = assertionResults
      .filter((one) => one.status === "failed")
      .map(({ fullName, failureMessages = [] }) => `${name}: ${fullName}\n${failureMessages.join("\n")}`);
    return {
      path: name,
      passed: count("passed"),
      // What fails before or after the tests of a file fails none of them.
      failed: failed === 0 && status === "failed" ? 1 : failed,
      skipped: count("pending", "skipped", "todo"),
      failures: message === "" ? failures : [`${name}\n${message}`, ...failures],
    };
  });
}

/** The files of vitest's JUnit report with their seconds: the one in JSON leaves out what is done before and after a file's tests, which may be most of it. */
export function fileTimes(path: string): readonly { readonly name: string; readonly seconds: number }[] {
  const text = readText(path) ?? "";
  return [...text.matchAll(/<testsuite name="(?:[^"]*\/)?([^"]+)"[^>]* time="([\d.]+)"/g)].map(([, name = "", seconds]) => ({
    name,
    seconds: Number(seconds),
  }));
}

function parsed(path: string): Report {
  try {
    return JSON.parse(readText(path) ?? "{}") as Report;
  } catch {
    return {};
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
