import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ErrorCode, errorCatalog } from "../../src/kernel/error-catalog.ts";
import { run } from "../../src/providers/process.ts";
import { type Behaviour, faultSite, staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, type Said, whyNoMachine } from "../support/howdah-machine.ts";
import { leftBehind } from "../support/left-behind.ts";

const PORT = 18_640;
const skip = await whyNoMachine();

interface Failure {
  readonly code: ErrorCode;
  readonly exit: number;
  readonly message: string;
  readonly hint: string;
  readonly output: readonly string[];
}

function failureOf(said: Said): Failure {
  if (said.stdout === "") throw new Error(`ended with ${said.code} and no answer: ${said.stderr}`);
  return (JSON.parse(said.stdout) as { error: Failure }).error;
}

/** Numbers of a hook's lines: each once when it ran once, though podman starts its container again. */
function linesOf(hook: string, output: readonly string[]): readonly number[] {
  const prefix = `${hook} line `;
  return output.filter((line) => line.startsWith(prefix)).map((line) => Number(line.slice(prefix.length)));
}

describe.skipIf(skip !== undefined)(`faults${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite & { behave(behaviour: Behaviour): Promise<void> };
  const good: Behaviour = { release: "one" };
  const page = "release one, installs 1, built one";

  beforeAll(async () => {
    machine = await howdahMachine("fault", PORT);
    site = await faultSite(machine, "fault");
    await site.behave(good);
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  /** Takes a site away with its data: the machine looks for what is left in the end. */
  const gone = async (name: string): Promise<void> => {
    await machine.ok("destroy", name, "--yes");
    await machine.ok("destroy", name, "--purge", "--yes");
  };
  /** The next `up` fails with that code, what served goes on serving, and nothing of the attempt is left. */
  const refused = async (behaviour: Behaviour, code: ErrorCode): Promise<Failure> => {
    await site.behave(behaviour);
    const said = await machine.howdah("up", site.directory, "--output", "json");
    const failure = failureOf(said);
    expect(failure).toMatchObject({ code, exit: errorCatalog[code].exit });
    expect(said.code).toBe(errorCatalog[code].exit);
    expect(await site.page()).toBe(page);
    expect(await leftBehind(machine, site.name)).toEqual([]);
    return failure;
  };

  it("a build hook that fails: its last 100 lines, the former release serves", async () => {
    const { output, message } = await refused({ release: "two", build: 7 }, "image/build-hook-failed");
    expect(output).toEqual(Array.from({ length: 100 }, (_, index) => `build line ${index + 51}`));
    expect(message).toMatch(/exit code 7: php build\.php/);
    await site.behave({ release: "two", build: 7 });
    const text = await machine.howdah("up", site.directory);
    expect(text.stderr).toMatch(/build line 51\n[\s\S]*build line 150\nerror [^\n]*\[image\/build-hook-failed\]/);
    expect(text.stderr).not.toContain("build line 50\n");
  });

  it("a migration that fails: it ran once, its last lines, the former release serves; the next up runs it again, once", async () => {
    for (const runs of [1, 2]) {
      const { output, message } = await refused({ release: "two", migrate: 9 }, "site/migrate-failed");
      expect(linesOf("migrate", output)).toEqual([1, 2, 3, 4, 5]);
      expect(message).toContain("exit code 9");
      expect((await machine.get("fault.localhost", "/failures.php")).body).toBe(String(runs));
    }
  });

  it("a new release that answers 500: its first words and its log; the former serves on", async () => {
    const { output, message } = await refused({ release: "two", health: 500 }, "site/unhealthy");
    expect(message).toMatch(/health\.php.*500: The cupboard is bare/);
    expect(output.join("\n")).toContain("the fault application is asked to fail");
  });

  it("a site that answers 500 from the start is said to, and mended by the next up", async () => {
    const sick = await faultSite(machine, "sick", site);
    await sick.behave({ release: "one", health: 500 });
    const said = await machine.howdah("up", sick.directory, "--output", "json");
    const failure = failureOf(said);
    expect(said.code).toBe(75);
    expect(failure.code).toBe("site/unhealthy");
    expect(failure.message).toMatch(/500: The cupboard is bare/);
    expect(failure.output.join("\n")).toContain("the fault application is asked to fail");
    await sick.behave({ release: "well" });
    await machine.ok("up", sick.directory);
    expect(await sick.page()).toBe("release well, installs 1, built well");
    expect(await site.page()).toBe(page);
    await gone("sick");
  });

  it("an installation that fails: its last lines; the next one starts from an empty database", async () => {
    const fresh = await faultSite(machine, "fresh", site);
    await fresh.behave({ release: "one", install: 5 });
    const said = await machine.howdah("up", fresh.directory, "--output", "json");
    const failure = failureOf(said);
    expect(said.code).toBe(70);
    expect(failure.code).toBe("site/install-failed");
    expect(linesOf("install", failure.output)).toEqual([1, 2, 3, 4, 5]);
    await fresh.behave({ release: "one" });
    await machine.ok("up", fresh.directory);
    expect(await fresh.page()).toBe("release one, installs 1, built one");
    expect(await leftBehind(machine, "fresh")).toEqual([]);
    await gone("fresh");
  });

  it("a database that never comes: says so after the wait, and goes on when it is back", async () => {
    const server = (
      await run(["podman", "ps", "--format", "{{.Names}}", "--filter", "name=^t-fault.howdah-system.mariadb.*mariadb$"])
    ).stdout.trim();
    const pid = Number((await run(["podman", "inspect", "--format", "{{.State.Pid}}", server])).stdout.trim());
    await machine.howdah("agent", "--stop"); // it would rightly restart the server
    process.kill(pid, "SIGSTOP");
    try {
      await site.behave({ release: "two" });
      const said = await machine.howdah("up", site.directory, "--output", "json");
      const failure = failureOf(said);
      expect(["database/unreachable", "engine/not-ready"]).toContain(failure.code);
      expect(said.code).toBe(75);
      expect(failure.message).toMatch(/mariadb|database/);
      expect((await machine.get("fault.localhost", "/health.php")).status).toBe(200);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await site.behave(good);
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe(page);
    expect(await leftBehind(machine, site.name)).toEqual([]);
  });

  describe("no disk space", () => {
    const small = (): string => join(machine.directory, "small");
    const withSmall = async (megabytes: number, work: () => Promise<void>): Promise<void> => {
      await mkdir(small(), { recursive: true });
      await run(["mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", small()]);
      try {
        await work();
      } finally {
        await run(["umount", "-l", small()]);
      }
    };
    const up = (environment: Readonly<Record<string, string>>, directory: string, ...flags: readonly string[]): Promise<Said> =>
      run([process.execPath, "bin/howdah", "up", directory, ...flags], { accept: "any", env: { ...machine.environment, ...environment } });

    it("for the images' cache: names the file system, and goes on when there is space", async () => {
      const heavy = await staticSite(machine, "heavy", site);
      await writeFile(join(heavy.directory, "public/noise.bin"), randomBytes(24 * 1024 ** 2));
      await writeFile(join(heavy.directory, "public/noise.js"), randomBytes(12 * 1024 ** 2).toString("base64"));
      await withSmall(8, async () => {
        const environment = { HOWDAH_CACHE_DIR: small() };
        const full = await up(environment, heavy.directory, "--output", "json");
        const failure = failureOf(full);
        expect(failure.code).toBe("machine/disk-full");
        expect(full.code).toBe(74);
        expect(failure.message).toContain(small());
        expect(await site.page()).toBe(page);
        expect(await leftBehind(machine, "heavy")).toEqual([]);
        await run(["mount", "-o", "remount,size=400m", small()]);
        expect((await up(environment, heavy.directory)).code).toBe(0);
        expect(await heavy.page()).toBe("heavy one");
      });
      await gone("heavy");
    });

    it("for Howdah's state: names the file system, serves on, and goes on when there is space", async () => {
      await withSmall(96, async () => {
        const other = await howdahMachine("full", PORT + 4);
        const environment = { ...other.environment, HOWDAH_STATE_DIR: join(small(), "state") };
        const thin = await staticSite(machine, "thin", site);
        expect((await up(environment, thin.directory)).code).toBe(0);
        const before = await readdir(join(small(), "state"), { recursive: true });
        await run(["dd", "if=/dev/zero", `of=${small()}/fill`, "bs=64k"], { accept: "any" });
        await thin.write("thin two");
        for (const argv of [
          ["up", thin.directory],
          ["down", "thin"],
        ]) {
          const said = await run([process.execPath, "bin/howdah", ...argv, "--output", "json"], { accept: "any", env: environment });
          expect({ argv, code: said.code, failure: failureOf(said).code }).toEqual({ argv, code: 74, failure: "machine/disk-full" });
          expect(failureOf(said).message).toContain(small());
          expect((await other.get("thin.localhost", "/")).body).toBe("thin one\n");
        }
        expect(await readdir(join(small(), "state"), { recursive: true })).toEqual(before);
        await rm(join(small(), "fill"));
        expect((await up(environment, thin.directory)).code).toBe(0);
        expect((await other.get("thin.localhost", "/")).body).toBe("thin two\n");
        for (const argv of [
          ["agent", "--stop"],
          ["destroy", "thin", "--yes"],
          ["destroy", "thin", "--purge", "--yes"],
        ])
          await run([process.execPath, "bin/howdah", ...argv], { accept: "any", env: environment });
        expect(await other.remove()).toEqual([]);
      });
    });
  });
});
