import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

/**
 * The one check command: generated files are current, formatting, types, lint (with the import rules), dead code, unit tests.
 * Tools that silently saw no files count as failures. `--fast` leaves out the tests.
 */
const steps: readonly { readonly name: string; readonly argv: readonly string[]; readonly saw?: RegExp }[] = [
  { name: "generated files are current", argv: ["node", "scripts/generate.ts", "--check"] },
  { name: "format", argv: ["biome", "format", "."], saw: /Checked (\d+) files/ },
  { name: "types", argv: ["tsc", "-p", ".", "--listFilesOnly"], saw: /./ },
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "lint and import rules", argv: ["oxlint"], saw: /on (\d+) files/ },
  { name: "dead code", argv: ["knip", "--no-progress"] },
  { name: "unit tests", argv: ["vitest", "run", "--project", "unit", "--coverage"], saw: /Tests\s+.*?(\d+) passed/ },
];

const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts")).length;
const fast = process.argv.includes("--fast");
let failed = 0;
for (const { name, argv, saw } of steps.filter((step) => !fast || step.name !== "unit tests")) {
  const started = performance.now();
  const [program = "", ...rest] = argv;
  const result = spawnSync(program === "node" ? process.execPath : `node_modules/.bin/${program}`, rest, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const output = `${result.stdout}${result.stderr}`.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const counted =
    saw === undefined ? undefined : Number(saw.exec(output)?.[1] ?? output.split("\n").filter((line) => line.includes("/src/")).length);
  const blind = counted !== undefined && (Number.isNaN(counted) || (name === "unit tests" ? counted < 1 : counted < sources));
  const ok = result.status === 0 && !blind;
  const quiet = name === "types" && argv.includes("--listFilesOnly");
  process.stdout.write(
    `${ok ? "ok  " : "FAIL"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s${counted === undefined || quiet ? "" : `, ${String(counted)} seen`})\n`,
  );
  if (name === "unit tests" || !ok) process.stdout.write(quiet ? "" : output);
  if (blind) process.stdout.write(`     ${program} saw ${String(counted)} of ${String(sources)} source files\n`);
  failed += ok ? 0 : 1;
}
process.exitCode = failed === 0 ? 0 : 1;
