import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseInWorker, workerUrl } from "./parse-in-worker.ts";
import { readSiteFile } from "./read-site-file.ts";

const good = 'apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: blog}\nspec: {runtime: {php: "8.4"}}\n';

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "howdah-read-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof HowdahError ? `${error.code} ${error.message}` : String(error);
}

describe("readSiteFile", () => {
  it("reads, checks and resolves", async () => {
    const { site, diagnostics, text } = await readSiteFile(await file("good.yaml", good));
    expect(diagnostics).toEqual([]);
    expect(site).toMatchObject({ name: "blog", environment: "production" });
    expect(text).toBe(good);
  });

  it("says the same from a worker", async () => {
    const path = await file("bad.yaml", `${good}foo: 1\n`);
    const here = await readSiteFile(path);
    expect(await readSiteFile(path, { isolate: "always" })).toEqual(here);
    expect(here.diagnostics.map(({ code }) => code)).toEqual(["site/unknown-key"]);
  });

  it("parses a large file in a worker", async () => {
    const { diagnostics } = await readSiteFile(await file("large.yaml", `${good}x: ${"x".repeat(100_000)}\n`));
    expect(diagnostics.map(({ code }) => code)).toEqual(["site/unknown-key"]);
  });

  it("starts no worker for what is refused unparsed", async () => {
    const path = await file("long.yaml", `${good}${"# x\n".repeat(30_000)}`);
    const { diagnostics } = await readSiteFile(path, { isolate: "always", signal: AbortSignal.abort() });
    expect(diagnostics.map(({ code }) => code)).toEqual(["site/too-large"]);
  });

  it("drops a byte order mark", async () => {
    expect((await readSiteFile(await file("bom.yaml", `\ufeff${good}`))).site?.name).toBe("blog");
  });

  it.each<{ name: string; make: () => Promise<string>; says: RegExp }>([
    { name: "a file that is not there", make: async () => join(folder, "none.yaml"), says: /^site\/not-found There is no site file at / },
    { name: "a path below a file", make: async () => join(await file("f", ""), "x"), says: /^site\/not-found/ },
    {
      name: "a directory",
      make: async () => {
        await mkdir(join(folder, "d"));
        return join(folder, "d");
      },
      says: /^site\/unreadable .*is a directory/,
    },
    {
      name: "a link",
      make: async () => {
        await symlink("/etc/passwd", join(folder, "l"));
        return join(folder, "l");
      },
      says: /^site\/unreadable .*is a symbolic link/,
    },
    { name: "a device", make: async () => "/dev/zero", says: /^site\/unreadable .*is not a regular file/ },
    { name: "257 kB", make: () => file("big.yaml", "x".repeat(257 * 1024)), says: /^site\/unreadable .*larger than 256 kB/ },
    {
      name: "what is not UTF-8",
      make: () => file("latin.yaml", new Uint8Array([97, 10, 98, 0xe4, 10])),
      says: /^site\/unreadable .*is not UTF-8 \(line 2\)/,
    },
    { name: "a path with NUL", make: async () => "a\0b", says: /^site\/unreadable/ },
  ])("refuses $name", async ({ make, says }) => {
    expect(await failure(readSiteFile(await make()))).toMatch(says);
  });
});

describe("parseInWorker", () => {
  it("survives a worker that runs out of time", async () => {
    expect(await failure(parseInWorker(good, undefined, { deadline: 1, heap: 64 }))).toMatch(/^site\/unreadable .*took longer/);
  });

  it("survives a worker that runs out of memory", async () => {
    expect(await failure(parseInWorker(good, undefined, { deadline: 5000, heap: 8 }))).toMatch(/^site\/unreadable .*out of memory/);
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const work = parseInWorker(good, controller.signal);
    controller.abort();
    expect(await failure(work)).toMatch(/^cancelled/);
  });

  it.each([
    ["file:///x/src/a/parse-in-worker.ts", "file:///x/src/a/parse-worker.ts"],
    ["file:///x/dist/main.js", "file:///x/dist/parse-worker.js"],
    ["file:///x/dist/chunks/check-AB12.js", "file:///x/dist/parse-worker.js"],
  ])("finds its program from %s", (from, to) => {
    expect(workerUrl(from).href).toBe(to);
  });
});
