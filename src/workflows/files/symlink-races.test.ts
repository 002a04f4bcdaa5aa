import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PROGRAM = new URL("../../entrypoint/php/exchange.php", import.meta.url).pathname;
const RACER = new URL("../../../test/support/isolation/race-links.php", import.meta.url).pathname;
const COUNT = 25;
/** HOWDAH_TEST_RACES=10000 is the long form. */
const RACES = Number(process.env["HOWDAH_TEST_RACES"] ?? "500");
const hasPhp = spawnSync("php", ["-v"]).status === 0;

describe.skipIf(!hasPhp)("a site that swaps its files for symbolic links while the platform reads and writes them (E8)", () => {
  let root = "";
  let mount = "";
  let outside = "";
  let racer: ChildProcess;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-races-"));
    [mount, outside] = [join(root, "uploads"), join(root, "outside")];
    for (const directory of [mount, outside]) await mkdir(directory);
    await writeFile(join(outside, "secret"), "a secret of another");
    await writeFile(join(outside, "name-of-another"), "");
    for (let at = 0; at < COUNT; at++) {
      await writeFile(join(mount, `f${String(at)}`), "its own");
      await mkdir(join(mount, `d${String(at)}`));
      await writeFile(join(mount, `d${String(at)}`, "inner"), "its own");
    }
    racer = spawn("php", [RACER, mount, String(COUNT), outside], { stdio: "inherit" });
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => racer.once("close", resolve));
    racer.kill("SIGKILL");
    await ended;
    await rm(root, { recursive: true });
  });

  async function exchange(verb: "pack" | "list" | "unpack", path: string, input?: Readable): Promise<string> {
    const child = spawn("php", [PROGRAM, verb, JSON.stringify([mount]), path], { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined); // it ends when it refuses
    if (input === undefined) child.stdin.end();
    else input.pipe(child.stdin);
    const [out] = await Promise.all([text(child.stdout), text(child.stderr), new Promise((resolve) => child.once("close", resolve))]);
    return out;
  }

  it("reads nothing outside its volume", { timeout: 300_000 }, async () => {
    let own = 0;
    for (let races = 0; races < RACES; races += 2 * COUNT) {
      const archive = await exchange("pack", mount);
      expect(archive).not.toContain("a secret of another");
      expect(archive).not.toContain("name-of-another");
      own += archive.split("its own").length - 1;
    }
    expect(own).toBeGreaterThan(0); // it read something
  });

  it("writes nothing outside it, makes nothing there, and changes no time", { timeout: 300_000 }, async () => {
    const before = await stat(join(outside, "secret"));
    for (let races = 0; races < RACES; races += 2 * COUNT) {
      const archive = pack();
      archive.entry({ name: "./", type: "directory" });
      for (let at = 0; at < COUNT; at++) {
        archive.entry({ name: `d${String(at)}/`, type: "directory", mtime: new Date(0) });
        archive.entry({ name: `d${String(at)}/new`, mtime: new Date(0) }, "from the platform");
        archive.entry({ name: `f${String(at)}`, mtime: new Date(0) }, "from the platform");
      }
      archive.finalize();
      await exchange("unpack", mount, archive as unknown as Readable);
    }
    expect((await readdir(outside)).sort()).toEqual(["name-of-another", "secret"]);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("a secret of another");
    expect((await stat(join(outside, "secret"))).mtimeMs).toBe(before.mtimeMs);
    expect((await stat(outside)).mtimeMs).not.toBe(0);
  });
});
