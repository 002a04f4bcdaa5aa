import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const HOST = "dokuwiki.localhost";
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`dokuwiki.test.ts is skipped: ${why}\n`);

/** Runs PHP in the site's container and answers what it prints. */
async function php(machine: HowdahMachine, code: string): Promise<string> {
  return (await machine.ok("exec", "dokuwiki", "--", "php", "-r", code)).stdout;
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("DokuWiki, which keeps everything in files", () => {
  let machine: HowdahMachine;
  let older: string;
  let newer: string;

  /** Debian keeps settings and data elsewhere; with these two links the tree is what upstream ships. */
  async function tree(suite: "bookworm" | "trixie"): Promise<string> {
    const code = join(await machine.app(suite, "dokuwiki"), "usr/share/dokuwiki");
    await symlink("/etc/dokuwiki", join(code, "conf"));
    await symlink("/var/lib/dokuwiki/data", join(code, "data"));
    return code;
  }

  beforeAll(async () => {
    machine = await howdahMachine("doku", 18540);
    older = await tree("bookworm");
    newer = await tree("trixie");
  });
  afterAll(async () => {
    await machine?.remove();
  });

  it("runs sealed without a database: pages are data, code can't be changed", async () => {
    await machine.ok("up", newer);
    expect((await machine.get(HOST, "/doku.php")).status).toBe(200);
    expect(await php(machine, "echo @file_put_contents('/srv/web/inc/x.php', 'x') === false ? 'refused' : 'written';")).toBe("refused");
    await php(
      machine,
      "@mkdir('/srv/web/data/pages/wiki', 0777, true); file_put_contents('/srv/web/data/pages/kept.txt', '====== Kept words ======');",
    );
    expect((await machine.get(HOST, "/doku.php?id=kept")).body).toContain("Kept words");
    await machine.ok("down", "dokuwiki");
    await machine.ok("up", newer);
    expect((await machine.get(HOST, "/doku.php?id=kept")).body).toContain("Kept words");
    // What lies below a mount is never served as it is.
    expect((await machine.get(HOST, "/data/pages/kept.txt")).status).toBe(403);
    await machine.ok("destroy", "dokuwiki", "--yes");
    await machine.ok("destroy", "dokuwiki", "--purge", "--yes");
  });

  it("merges a newer version into writable code: edits stay, the rest is updated, conflicts lie beside", async () => {
    for (const code of [older, newer]) {
      if (code === older) await machine.ok("init", code, "--yes", "--name", "dokuwiki");
      const file = join(code, "howdah.yaml");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace("\nspec:\n", "\nspec:\n  code: writable\n"));
    }
    await machine.ok("up", older);
    expect((await machine.get(HOST, "/doku.php")).status).toBe(200);
    const before = await php(machine, "echo file_get_contents('/srv/web/VERSION');");
    await php(
      machine,
      "file_put_contents('/srv/web/doku.php', file_get_contents('/srv/web/doku.php') . \"\\n// edited here\\n\"); file_put_contents('/srv/web/own.txt', 'mine');",
    );

    expect((await machine.howdah("up", newer)).code).toBe(65); // another folder of that name
    const said = await machine.ok("up", newer, "--adopt", "--verbose");
    expect(said.stderr).toContain("doku.php");
    const after = await php(machine, "echo file_get_contents('/srv/web/VERSION');");
    expect(after).not.toBe(before);
    expect(
      await php(
        machine,
        "echo substr_count(file_get_contents('/srv/web/doku.php'), 'edited here'), file_exists('/srv/web/doku.php.howdah-new') ? 'beside' : 'lost', file_get_contents('/srv/web/own.txt');",
      ),
    ).toBe("1besidemine");
    expect((await machine.get(HOST, "/doku.php")).status).toBe(200);
    // The wiki takes any name for a page's; the source itself is never sent.
    expect((await machine.get(HOST, "/doku.php.howdah-new")).body).not.toContain("<?php");
  });

  it("leaves nothing behind", async () => {
    expect(await machine.remove()).toEqual([]);
  });
});
