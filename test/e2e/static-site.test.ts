import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const HOST = "developers-reference.localhost";
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`static-site.test.ts is skipped: ${why}\n`);

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a static site: Debian's Developer's Reference", () => {
  let machine: HowdahMachine;
  let code: string;

  beforeAll(async () => {
    machine = await howdahMachine("static", 18510);
    code = join(await machine.app("trixie", "developers-reference", "libjs-sphinxdoc", "libjs-jquery"), "usr/share/developers-reference");
    await writeFile(join(code, "404.html"), "<!doctype html><title>Lost</title><h1>Nothing here by that name</h1>\n");
    await machine.ok("up", code);
  });
  afterAll(async () => {
    await machine?.remove();
  });

  it("is served by nginx alone: no PHP container, no database", async () => {
    const status = JSON.parse((await machine.ok("status", "developers-reference", "--output", "json")).stdout) as {
      php: unknown;
      database: unknown;
      components: { name: string }[];
    };
    expect(status).toMatchObject({ php: null, database: null });
    expect(status.components.map(({ name }) => name)).toEqual(["web"]);
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
    const own = stdout.split("\n").filter((name) => name.startsWith("t-static.developers-reference."));
    expect(own.filter((name) => !name.endsWith("_infra")).map((name) => name.replace(/.*\./, ""))).toEqual(["web"]);
    expect(stdout).not.toContain("t-static.howdah-system");
  });

  it("answers its index, with the site's own words", async () => {
    const home = await machine.get(HOST, "/");
    expect([home.status, home.headers["content-type"]]).toEqual([200, "text/html"]);
    expect(home.body).toBe(await readFile(join(code, "index.html"), "utf8"));
  });

  it.each([
    ["br", (bytes: Buffer) => brotliDecompressSync(bytes)],
    ["gzip", (bytes: Buffer) => gunzipSync(bytes)],
  ])("sends what was compressed beforehand to browsers that take %s", async (encoding, decode) => {
    const plain = await machine.get(HOST, "/searchindex.js");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const answer = await machine.get(HOST, "/searchindex.js", { headers: { "accept-encoding": encoding } });
    expect(answer.headers).toMatchObject({
      "content-encoding": encoding,
      "content-type": "application/javascript",
      vary: expect.stringContaining("Accept-Encoding") as unknown,
      // Known beforehand: compressed when the image was made, not for this request.
      "content-length": String(answer.bytes.length),
    });
    expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(decode(answer.bytes).equals(plain.bytes)).toBe(true);
  });

  it("serves what the package's links lead to", async () => {
    const style = (await readFile(join(code, "index.html"), "utf8")).match(/href="(_static\/[^"?]+\.css)/)?.[1] ?? "";
    expect(style).not.toBe("");
    expect((await machine.get(HOST, `/${style}`)).status).toBe(200);
    expect(await machine.get(HOST, "/_static/jquery.js")).toMatchObject({ status: 200 });
  });

  it("answers what is missing with the site's own page, and lists no directory", async () => {
    const missing = await machine.get(HOST, "/no/such/page");
    expect(missing.status).toBe(404);
    expect(missing.body).toContain("Nothing here by that name");
    const directory = await machine.get(HOST, "/_static/");
    expect(directory.status).toBeGreaterThanOrEqual(400);
    expect(directory.body).not.toMatch(/jquery|Index of/);
  });

  it.each(["/howdah.yaml", "/howdah.lock", "/.git/config"])("doesn't serve %s", async (path) => {
    expect((await machine.get(HOST, path)).status).toBeGreaterThanOrEqual(400);
  });

  it("answers 304 to a browser that has the file", async () => {
    const { headers } = await machine.get(HOST, "/tools.html");
    const again = await machine.get(HOST, "/tools.html", { headers: { "if-none-match": headers.etag ?? "" } });
    expect(again.status).toBe(304);
  });

  it("leaves nothing behind", async () => {
    expect(await machine.remove()).toEqual([]);
  });
});
