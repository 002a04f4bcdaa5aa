import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = mkdtempSync(join(tmpdir(), "howdah-lint-"));
let output = "";

const planted: Readonly<Record<string, string>> = {
  "src/plan/reads-files.ts": 'import { readFileSync } from "node:fs";\nexport const text = readFileSync("x", "utf8");\n',
  "src/render/asks-the-clock.ts": "export const now = Date.now();\nexport const chance = Math.random();\n",
  "src/site/reads-environment.ts": "export const home = process.env;\n",
  "src/detect/imports-engine.ts": 'import { podmanEngine } from "../engine/podman/podman-engine.ts";\nexport const x = podmanEngine;\n',
  "src/workflows/knows-adapters.ts": 'import { podmanEngine } from "../engine/podman/podman-engine.ts";\nexport const x = podmanEngine;\n',
  "src/cli/runs-a-shell.ts": 'import { exec } from "node:child_process";\nexport const x = exec;\n',
  "src/engine/podman/imports-sibling.ts": 'import { memoryEngine } from "../memory/memory-engine.ts";\nexport const x = memoryEngine;\n',
};

beforeAll(() => {
  for (const [path, text] of Object.entries(planted)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  // The configuration finds its modules where the project has them.
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  cpSync("oxlint.config.ts", join(root, "oxlint.config.ts"));
  const ran = spawnSync(join(process.cwd(), "node_modules/.bin/oxlint"), ["--format", "unix", "src"], { cwd: root, encoding: "utf8" });
  output = `${ran.stdout}${ran.stderr}`;
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

it.each(Object.keys(planted))("refuses %s", (path) => {
  const lines = output.split("\n").filter((line) => line.includes(path));
  expect(lines.join("\n")).toMatch(/no-restricted-(imports|globals|properties)/);
});

describe("programs are started", () => {
  // contract suites are tests: that of the dataset storages kills children of its own
  const sources = globSync("src/**/*.ts").filter((path) => !/(\.test|-contract)\.ts$/.test(path));
  const text = (path: string): string => readFileSync(path, "utf8");
  const starters = sources.filter((path) => text(path).includes("child_process"));

  it("by four files only: to its end, with a person's streams, the agent, and podman's service", () => {
    expect(starters.toSorted()).toEqual([
      "src/agent/agent-service.ts",
      "src/engine/podman/attach-process.ts",
      "src/engine/podman/podman-service.ts",
      "src/providers/process.ts",
    ]);
  });

  it("never through a shell, but for scripts that are constants and run in a database's container", () => {
    expect(starters.filter((path) => /\bshell\b\s*:|\bexec(Sync)?\(/.test(text(path)))).toEqual([]);
    expect(sources.filter((path) => /["'](\/bin\/)?(ba|da)?sh["'],\s*["']-\w*c["']/.test(text(path))).toSorted()).toEqual([
      "src/providers/dataset/pods/pod-private-servers.ts",
      "src/render/database/render-database-way.ts",
      "src/workflows/backup/binlog/timeline.ts",
      "src/workflows/backup/job/database-argv.ts",
      "src/workflows/backup/scratch-database.ts",
      "src/workflows/backup/server/on-volume.ts",
      "src/workflows/backup/server/scratch-server.ts",
      "src/workflows/database/dumps-beside-data.ts",
      "src/workflows/database/dumps-beside-site.ts",
      "src/workflows/dataset/job/cluster-source.ts",
      "src/workflows/drill/drill-there.ts",
    ]);
  });
});
