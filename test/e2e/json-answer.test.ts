import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Runs a program whose answer goes into a pipe that nobody reads for a second: it is full (64 KiB) long before the program is done. */
async function readSlowly(argv: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const script = '"$@" | { sleep 1; cat; }; exit "${PIPESTATUS[0]}"';
  const child = spawn("bash", ["-c", script, "-", process.execPath, ...argv], { stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (stdout += part));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout };
}

describe("an answer in JSON", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-json-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("is whole on a pipe that is read slowly, also after a failure", async () => {
    const mistakes = Array.from({ length: 200 }, (_, index) => `  ${"x".repeat(1000)}${index}: 1\n`).join("");
    await writeFile(
      join(directory, "howdah.yaml"),
      `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata:\n  name: big\nspec:\n${mistakes}`,
    );
    const { code, stdout } = await readSlowly(["bin/howdah", "show", directory, "--output", "json"]);
    expect(code).toBe(65);
    expect(stdout.length).toBeGreaterThan(2 * 65_536); // more than a pipe holds
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).toBe("site/invalid");
  });

  it.each([
    ["can't be loaded", 'throw new Error("half-written");', "howdah can't be loaded: Error: half-written"],
    ["ends without an answer", "export const main = () => new Promise(() => {});", undefined],
  ])("never looks like success when the program %s", async (name, main, message) => {
    const root = join(directory, name.replaceAll(/\W+/g, "-"));
    await mkdir(join(root, "bin"), { recursive: true });
    await mkdir(join(root, "src"));
    await cp("bin/howdah", join(root, "bin/howdah"));
    await writeFile(join(root, "src/main.ts"), main);
    const { code, stdout } = await readSlowly([join(root, "bin/howdah"), "status", "--output", "json"]);
    expect(code).toBe(70);
    if (message !== undefined) expect(JSON.parse(stdout)).toMatchObject({ error: { code: "bug", exit: 70, message } });
  });
});
