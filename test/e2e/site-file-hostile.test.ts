import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { readSiteFile } from "../../src/workflows/read-site-file/read-site-file.ts";
import { hostileFile } from "../support/hostile-site-files.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "howdah-hostile-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Bytes of heap in use after a collection. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** What reading a file says: never anything but findings or a named failure. */
async function verdict(path: string): Promise<string> {
  try {
    const { site, diagnostics } = await readSiteFile(path);
    const first = diagnostics.find((diagnostic) => diagnostic.severity === "error");
    return site === undefined && first !== undefined ? first.code : "accepted";
  } catch (error) {
    if (error instanceof HowdahError && error.code === "site/unreadable") return error.code;
    throw error;
  }
}

describe("hostile site files (F1)", () => {
  it("refuses 5,000 generated files with a named finding each, and lives on", async () => {
    const accepted: string[] = [];
    const before = memory();
    let slowest = { kind: "", ms: 0 };
    for (let index = 0; index < 5000; index++) {
      const { kind, bytes } = hostileFile(index, 50);
      const path = join(folder, "site.yaml");
      await writeFile(path, bytes);
      const started = performance.now();
      if ((await verdict(path)) === "accepted") accepted.push(`${index} ${kind}`);
      const ms = performance.now() - started;
      if (ms > slowest.ms) slowest = { kind, ms };
    }
    console.log(`slowest: ${slowest.kind}, ${slowest.ms.toFixed(0)} ms`);
    expect(accepted).toEqual([]);
    const growth = (memory() - before) / 1024 ** 2;
    console.log(`heap after: ${growth.toFixed(0)} MiB more`);
    expect(growth).toBeLessThan(64);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
