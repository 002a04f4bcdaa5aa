import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`opcache-priming.test.ts is skipped: ${why}\n`);

/** What the page says of the PHP that answered it. */
interface Facts {
  readonly words: string;
  readonly fileCache: string;
  /** Scripts that had to be compiled since the start. */
  readonly compiled: number;
}

/** The same function in a file that is never loaded beside the other, as WordPress has it. */
const NOOP = '<?php\nfunction words() { return "noop"; }\n';
const PAGE = `<?php
require __DIR__ . '/words.php';
$statistics = opcache_get_status(false)['opcache_statistics'];
echo json_encode(['words' => words(), 'fileCache' => (string) ini_get('opcache.file_cache'), 'compiled' => $statistics['misses']]);
`;

function words(text: string): string {
  return `<?php\nfunction words() { return ${JSON.stringify(text)}; }\n`;
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("compiled code for the next start", () => {
  let machine: HowdahMachine;
  beforeAll(async () => {
    machine = await howdahMachine("opcache", 18_770);
  });
  afterAll(async () => {
    expect(await machine?.remove()).toEqual([]);
  });

  describe.each(["8.4", "7.4"])("on PHP %s", (version) => {
    const name = `primed-${version.replace(".", "")}`;
    let code: string;
    const page = async (): Promise<Facts> => {
      const { status, body } = await machine.get(`${name}.localhost`, "/");
      expect([status, body]).toEqual([200, expect.stringContaining("{")]);
      return JSON.parse(body) as Facts;
    };
    const opcache = (): string => join(machine.directory, "state/namespaces", name, "opcache");
    /** Every directory of compiled code that is finished. */
    const primed = async (): Promise<string[]> => {
      const found = await readdir(opcache(), { recursive: true }).catch(() => []);
      return found.filter((path) => path.endsWith("primed.json")).map((path) => join(opcache(), path, ".."));
    };
    /** Waits for another one beside those that were there: the former release's go with it. */
    const whenPrimed = async (before: readonly string[]): Promise<string> => {
      for (let tries = 0; tries < 120; tries++) {
        const added = (await primed()).find((directory) => !before.includes(directory));
        if (added !== undefined) return added;
        await sleep(500);
      }
      throw new Error("Nothing was compiled ahead within a minute");
    };
    const startAgain = async (): Promise<void> => {
      await machine.ok("down", name);
      await machine.ok("up", code);
    };

    beforeAll(async () => {
      code = join(machine.directory, name);
      await mkdir(code, { recursive: true });
      const site = `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: ${name}}\nspec:\n  runtime: {php: "${version}"}\n`;
      for (const [file, text] of Object.entries({ "howdah.yaml": site, "index.php": PAGE, "noop.php": NOOP, "words.php": words("one") })) {
        await writeFile(join(code, file), text);
      }
      await machine.ok("up", code);
    }, 300_000);

    it("is there soon after the first start, which had none", async () => {
      expect(await page()).toMatchObject({ words: "one", fileCache: "" });
      const directory = await whenPrimed([]);
      expect(JSON.parse(await readFile(join(directory, "primed.json"), "utf8"))).toMatchObject({ scripts: 3, refused: 0, stopped: null });
    }, 90_000);

    it("spares the next start the compiling", async () => {
      await startAgain();
      expect(await page()).toMatchObject({ words: "one", fileCache: "/run/opcache", compiled: 0 });
    }, 60_000);

    // The rest does not depend on the version.
    if (version !== "8.4") return;

    it("can't be changed by the site", async () => {
      const poison = String.raw`$d = "/usr/share/howdah/opcache"; $s = glob("$d/*", GLOB_ONLYDIR)[0];
        echo json_encode([@file_put_contents("$d/x", "x"), @unlink("$s/srv/web/words.php.bin"), @file_put_contents("$s/srv/web/words.php.bin", "x")]);`;
      expect((await machine.ok("exec", name, "php", "-r", poison)).stdout.trim()).toBe("[false,false,false]");
    }, 60_000);

    it("is left aside when it is damaged", async () => {
      const files = (await readdir(opcache(), { recursive: true })).filter((path) => path.endsWith("web/words.php.bin"));
      expect(files).toHaveLength(1);
      for (const file of files) await truncate(join(opcache(), file), 600);
      const index = (await readdir(opcache(), { recursive: true })).filter((path) => path.endsWith("web/index.php.bin"))[0] ?? "";
      const bytes = await readFile(join(opcache(), index));
      await writeFile(join(opcache(), index), bytes.fill(0x7f, 200));
      await startAgain();
      expect(await page()).toMatchObject({ words: "one" });
    }, 60_000);

    it("is another one for the next release", async () => {
      const former = await primed();
      await writeFile(join(code, "words.php"), words("two"));
      await machine.ok("up", code);
      expect(await page()).toMatchObject({ words: "two", fileCache: "" });
      await whenPrimed(former);
      await startAgain();
      expect(await page()).toMatchObject({ words: "two", fileCache: "/run/opcache", compiled: 0 });
    }, 120_000);

    it("goes on to the next release, which compiles only what has changed, where PHP looks at times", async () => {
      const file = join(code, "howdah.yaml");
      await writeFile(file, `${await readFile(file, "utf8")}  mounts: {data: {}}\n`);
      const before = await primed();
      await machine.ok("deploy", code);
      await whenPrimed(before);
      await writeFile(join(code, "words.php"), words("carried"));
      await machine.ok("deploy", code);
      expect(await page()).toMatchObject({ words: "carried", fileCache: "/run/opcache", compiled: 1 });
    }, 180_000);
  });
});
