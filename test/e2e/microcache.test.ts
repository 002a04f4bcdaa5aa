import { mkdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleSite, siteOf } from "../../src/render/nginx/testing/example-sites.ts";
import type { DebianPrograms } from "../support/debian-programs.ts";
import { webPrograms } from "../support/web-programs.ts";
import { addresses, type Ask, startWebRig, type WebRig } from "../support/web-rig.ts";

const programs: DebianPrograms | undefined = await webPrograms();

/** A page that is worth compressing and says when it was made, and for whom. */
const page = (headers: string): string =>
  `<?php ${headers} echo str_repeat('words ', 500), microtime(), ' ', $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['HTTP_ACCEPT_ENCODING'] ?? '-';`;

const FILES = {
  "index.php": page(""),
  "session.php": page("header('Cache-Control: no-store');"),
  "private.php": page("header('Cache-Control: private, max-age=60');"),
  "login.php": page("setcookie('s', 'x');"),
  "hour.php": page("header('Cache-Control: public, max-age=3600');"),
  "expired.php": page("header('Expires: Thu, 19 Nov 1981 08:52:00 GMT');"),
  "admin/index.php": page(""),
  "never.php": page("header('X-Accel-Expires: 0');"),
  "language.php": page("header('Vary: Accept-Language'); echo $_SERVER['HTTP_ACCEPT_LANGUAGE'] ?? '-', ' ';"),
  "encoding.php": page("header('Vary: Accept-Encoding');"),
  "give.php": "<?php header('X-Accel-Redirect: /kept/' . ($_SERVER['HTTP_X_WHICH'] ?? 'a') . '.txt');",
  "kept/a.txt": "A".repeat(2000),
  "kept/b.txt": "B".repeat(2000),
  "gone.php": page("http_response_code(404);"),
  "moved.php": "<?php header('Location: /elsewhere', true, 301); echo microtime();",
  "teapot.php": page("http_response_code(418);"),
  "broken.php": "<?php if (file_exists(__DIR__ . '/broken')) http_response_code(500); echo str_repeat('words ', 500), microtime();",
  "etag.php": page("header('ETag: \"a1\"');"),
  "tagged.php": page("header('X-Of-The-App: one'); header('Link: </a>'); header('Link: </b>', false);"),
  "small.php": "<?php header('Content-Length: 5'); echo 'small';",
  "picture.php": "<?php header('Content-Type: image/png'); echo str_repeat('P', 3000);",
  "stream.php": `<?php header('Content-Type: text/event-stream'); header('Cache-Control: no-cache'); header('X-Accel-Buffering: no');
    while (ob_get_level() > 0) ob_end_flush(); echo "data: 1\\n\\n"; flush(); sleep(10); echo "data: 2\\n\\n";`,
};

const ways: readonly { readonly way: string; readonly headers: Readonly<Record<string, string>>; readonly encoding: string | undefined }[] =
  [
    { way: "plain", headers: {}, encoding: undefined },
    { way: "compressed", headers: { "accept-encoding": "gzip, deflate, br" }, encoding: "gzip" },
  ];

describe.skipIf(programs === undefined)("the microcache", () => {
  let rig: WebRig;
  let calls = 0;
  const rigs: WebRig[] = [];
  beforeAll(async () => {
    if (programs === undefined) throw new Error("unreachable");
    const site = siteOf(
      { runtime: { php: "8.2" }, web: { microcache: { bypass: ["/admin/"] }, locations: { "/kept": { internal: true } } } },
      "demo",
    );
    rig = await startWebRig(programs, site, FILES);
    rigs.push(rig);
  });
  afterAll(async () => {
    for (const one of rigs) await one.stop();
    await programs?.remove();
  });
  /** An address that nobody asked for before. */
  const fresh = (path: string): string => `${path}?${(calls += 1)}`;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  describe.each(ways)("$way", ({ headers: usual, encoding }) => {
    const ask = (path: string, headers: Record<string, string> = {}, more: Ask = {}) =>
      rig.ask(path, { ...more, headers: { ...usual, ...headers } });
    const cache = async (path: string, headers: Record<string, string> = {}): Promise<unknown> =>
      (await ask(path, headers)).headers["x-cache"];
    const twice = async (path: string, headers: Record<string, string> = {}) => {
      const url = fresh(path);
      return [await cache(url, headers), await cache(url, headers)];
    };

    it("keeps anonymous answers", async () => {
      const url = fresh("/");
      const [first, second] = [await ask(url), await ask(url)];
      expect([first.headers["x-cache"], second.headers["x-cache"]]).toEqual(["MISS", "HIT"]);
      expect(second.body).toBe(first.body);
      expect([first.headers["content-encoding"], second.headers["content-encoding"]]).toEqual([encoding, encoding]);
      expect(await cache(url, { cookie: "_ga=1; _gid=2" })).toBe("HIT");
      expect(await cache(url, { cookie: "PHPSESSID=1" })).toBe("BYPASS");
      expect(await cache(url, { cookie: "_ga=1; laravel_session=2" })).toBe("BYPASS");
      expect(await cache(url, { authorization: "Basic eDp5" })).toBe("BYPASS");
    });

    it.each(["/session.php", "/private.php", "/login.php", "/expired.php", "/never.php", "/teapot.php"])(
      "keeps nothing of %s",
      async (path) => {
        const url = fresh(path);
        const [first, second] = [await ask(url), await ask(url)];
        expect([first.headers["x-cache"], second.headers["x-cache"]]).toEqual(["MISS", "MISS"]);
        expect(second.body).not.toBe(first.body);
        expect(second.status).toBe(path === "/teapot.php" ? 418 : 200);
      },
    );

    it("keeps what is missing and what has moved, and passes by what the site says", async () => {
      expect(await twice("/gone.php")).toEqual(["MISS", "HIT"]);
      expect(await twice("/moved.php")).toEqual(["MISS", "HIT"]);
      expect(await ask("/moved.php")).toMatchObject({ status: 301, headers: { location: "/elsewhere" } });
      expect(await twice("/admin/")).toEqual(["BYPASS", "BYPASS"]);
    });

    it("decides by what the application says whether, never how long", async () => {
      const first = (await ask("/hour.php")).body;
      await pause(4100);
      expect((await ask("/hour.php")).body).not.toBe(first);
    });

    it("keeps apart what varies", async () => {
      const url = fresh("/language.php");
      const words = async (language: string) => (await ask(url, { "accept-language": language })).body;
      for (const language of ["de", "fr", "de", "fr"]) expect(await words(language)).toMatch(new RegExp(`^${language} `));
      expect(await twice("/encoding.php")).toEqual(["MISS", "HIT"]);
    });

    it("keeps no file that PHP had nginx send", async () => {
      const url = fresh("/give.php");
      for (const which of ["a", "b", "a"]) expect((await ask(url, { "x-which": which })).body).toBe(which.toUpperCase().repeat(2000));
    });

    it("keeps hosts, ports, schemes and queries apart", async () => {
      const url = fresh("/");
      const bodies = [
        await ask(url),
        await ask(url, { host: "demo.localhost:81" }),
        await ask(url, { "x-forwarded-proto": "https" }),
        await ask(`${url}&b`),
      ].map(({ body }) => body);
      expect(new Set(bodies).size).toBe(4);
    });

    it("sends each header once, and none of nginx' own affairs", async () => {
      for (const url of [fresh("/tagged.php"), fresh("/session.php"), fresh("/gone.php")]) {
        for (const _again of [1, 2]) {
          const { headers } = await ask(url);
          expect(headers["x-content-type-options"]).toBe("nosniff");
          expect(headers["x-cache"]).toMatch(/^(MISS|HIT)$/);
          expect(Object.keys(headers).filter((name) => /accel|powered/.test(name))).toEqual([]);
          expect(headers["vary"]).toBe("Accept-Encoding");
        }
      }
      expect((await ask("/tagged.php")).headers).toMatchObject({ "x-of-the-app": "one", link: "</a>, </b>" });
      expect(await ask("/small.php")).toMatchObject({ body: "small", headers: { "content-length": "5" } });
      expect((await ask("/picture.php")).headers["content-encoding"]).toBeUndefined();
    });

    it("answers conditional requests, HEAD and requests for a part", async () => {
      const url = fresh("/etag.php");
      await ask(url);
      expect((await ask(url, { "if-none-match": '"a1"' })).status).toBe(304);
      expect((await ask(url, { "if-none-match": '"b"' })).status).toBe(200);
      const head = await ask(fresh("/"), {}, { method: "HEAD" });
      expect([head.status, head.body, head.headers["x-cache"]]).toEqual([200, "", "MISS"]);
      expect((await ask(fresh("/"), { range: "bytes=0-4" })).body).toMatch(/^words/);
      const post = await ask(fresh("/"), {}, { method: "POST" });
      expect([post.headers["x-cache"], post.body.includes(" POST ")]).toEqual([undefined, true]);
    });

    it("shows the former page while PHP fails", async () => {
      const url = fresh("/broken.php");
      const { body } = await ask(url);
      await writeFile(join(rig.code, "broken"), "");
      await pause(2100);
      expect(await ask(url)).toMatchObject({ status: 200, body, headers: { "x-cache": "STALE" } });
      await rm(join(rig.code, "broken"));
    });

    it("lets a page that streams stream", async () => {
      const started = Date.now();
      const first = await new Promise<{ readonly after: number; readonly bytes: number }>((resolve, reject) => {
        const options = {
          host: "127.0.0.1",
          port: rig.port,
          path: fresh("/stream.php"),
          headers: { host: "demo.localhost", ...usual },
          agent: false,
        };
        const sent = request(options, (response) =>
          response.once("data", (chunk: Buffer) => {
            resolve({ after: Date.now() - started, bytes: chunk.length });
            response.resume();
          }),
        );
        sent.on("error", reject);
        sent.end();
      });
      // The second event comes after ten seconds: the first did not wait for it.
      expect(first.after).toBeLessThan(9000);
    });

    it("logs each request once", async () => {
      const url = fresh("/");
      await ask(url);
      await ask(url);
      await ask(fresh("/session.php"));
      await pause(1500);
      const lines = (await rig.accessLog()).filter(({ u }) => u === url);
      expect(lines.map(({ cache: said, addr, s }) => [said, addr, s])).toEqual([
        ["MISS", addresses.edge, 200],
        ["HIT", addresses.edge, 200],
      ]);
      expect((await rig.accessLog()).filter(({ addr }) => String(addr).startsWith("127.72"))).toEqual([]);
    });
  });

  it.each([
    [undefined, undefined],
    ["", undefined],
    ["br", undefined],
    ["identity", undefined],
    ["gzip;q=0", undefined],
    ["gzip; q=0.000, br", undefined],
    ["deflate, x-gzipped", undefined],
    ["gzip", "gzip"],
    ["br;q=1.0, GZIP ; q=0.8, *;q=0.1", "gzip"],
    ["deflate,gzip", "gzip"],
  ])("compresses for those who take it only: %s", async (accept, encoding) => {
    const url = fresh("/");
    // Whatever others asked for before.
    await rig.ask(url, { headers: { "accept-encoding": "gzip" } });
    await rig.ask(url, { headers: { "accept-encoding": "gzip" } });
    const { headers, body } = await rig.ask(url, { headers: accept === undefined ? {} : { "accept-encoding": accept } });
    expect([headers["content-encoding"], body.slice(0, 5)]).toEqual([encoding, "words"]);
  });

  it("asks PHP once for the plain and the compressed page", async () => {
    const url = fresh("/");
    const bodies = await Promise.all(
      ["gzip", "gzip, br", "identity", "gzip"].map((accept) => rig.ask(url, { headers: { "accept-encoding": accept } })),
    );
    expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
  });

  it("believes nothing of one who finds the listener within the pod", async () => {
    const forged = {
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-proto": "https",
      "x-forwarded-server": "6.6.6.6",
      "x-request-id": "0123456789abcdef",
    };
    await mkdir(join(rig.code, "who"), { recursive: true });
    await writeFile(join(rig.code, "who/index.php"), "<?php header('Cache-Control: no-store'); echo json_encode($_SERVER);");
    for (const headers of [forged, { ...forged, "accept-encoding": "gzip" }]) {
      const { body } = await rig.ask("/who/", { from: addresses.stranger, port: rig.innerPort, headers });
      const seen = JSON.parse(body) as Record<string, string>;
      expect(seen).toMatchObject({ REMOTE_ADDR: addresses.stranger, SERVER_ADDR: "127.0.0.1", REQUEST_SCHEME: "http" });
      expect(body).not.toMatch(/1\.2\.3\.4|6\.6\.6\.6|0123456789abcdef/);
    }
  });

  it("shows PHP the same request by both ways", async () => {
    await mkdir(join(rig.code, "same"), { recursive: true });
    await writeFile(join(rig.code, "same/index.php"), "<?php header('Cache-Control: no-store'); echo json_encode($_SERVER);");
    const seen = async (headers: Record<string, string>): Promise<Record<string, unknown>> => {
      const about = {
        host: "demo.localhost:8123",
        cookie: "_ga=1",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "user-agent": "x y",
        referer: "/a",
      };
      const { body } = await rig.ask("/same/index.php/a%20b/%C3%A9?x=%2F&y[]=1", { headers: { ...about, ...headers } });
      const server = JSON.parse(body) as Record<string, unknown>;
      for (const name of ["REQUEST_TIME", "REQUEST_TIME_FLOAT", "HTTP_X_REQUEST_ID", "HTTP_ACCEPT_ENCODING", "HTTP_CONNECTION"])
        delete server[name];
      return server;
    };
    expect(await seen({ "accept-encoding": "gzip" })).toEqual(await seen({}));
  });

  it("gives rewrites and front controllers the original address", async () => {
    if (programs === undefined) throw new Error("unreachable");
    const wiki = await startWebRig(programs, exampleSite("dokuwiki"), {
      "doku.php": "<?php echo str_repeat('w', 2000), $_SERVER['REQUEST_URI'], ' ', $_GET['id'] ?? '-';",
    });
    rigs.push(wiki);
    for (const url of ["/", "/start?do=show", "/a%20b/c"]) {
      const plain = await wiki.ask(url);
      expect((await wiki.ask(url, { headers: { "accept-encoding": "gzip" } })).body).toBe(plain.body);
    }
  });
});
