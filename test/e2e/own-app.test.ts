import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { pngPicture } from "../support/picture.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/own-app");
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`own-app.test.ts is skipped: ${why}\n`);

/** What the application says about itself. */
interface Facts {
  readonly php: string;
  readonly https: string;
  readonly url: string;
  readonly secretLength: number;
  readonly buildStep: string | null;
  readonly codeIsWritable: boolean;
  readonly messages: readonly { readonly words: string; readonly handled_by: string | null }[];
  readonly releases: number;
}

const variants = [
  { name: "own-74", version: "7.4", topology: "together", tls: "off" },
  { name: "own-82", version: "8.2", topology: "apart", tls: "off" },
  { name: "own-84", version: "8.4", topology: "together", tls: "local" },
] as const;

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("an application of one's own", () => {
  let machine: HowdahMachine;
  beforeAll(async () => {
    machine = await howdahMachine("own", 18520);
  });
  afterAll(async () => {
    await machine?.remove();
  });

  describe.each(variants)("on PHP $version, $topology, TLS $tls", ({ name, version, topology, tls }) => {
    const host = `${name}.localhost`;
    let code: string;

    /** As a visitor's program would, with the machine's own authority and no other. Answers status, a redirect's target and the body. */
    const curl = async (path: string, ...more: readonly string[]) => {
      const secure = tls === "local";
      const port = machine.port + (secure ? 1 : 0);
      const { stdout } = await run([
        "curl",
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "60",
        "--resolve",
        `${host}:${String(port)}:127.0.0.1`,
        ...(secure ? ["--cacert", join(machine.directory, "state/certificates/authority/tls.crt")] : []),
        "--write-out",
        "\n%{http_code} %{redirect_url}",
        ...more,
        `${secure ? "https" : "http"}://${host}:${String(port)}${path}`,
      ]);
      const [status = "", target = ""] = stdout.slice(stdout.lastIndexOf("\n") + 1).split(" ");
      return { status: Number(status), target, body: stdout.slice(0, stdout.lastIndexOf("\n")) };
    };
    const facts = async (): Promise<Facts> => JSON.parse((await curl("/facts")).body) as Facts;

    beforeAll(async () => {
      code = join(machine.directory, name);
      await cp(FIXTURE, code, { recursive: true });
      const text = await readFile(join(code, "howdah.yaml"), "utf8");
      const changed = text
        .replace("name: own-app", `name: ${name}`)
        .replace('php: "8.4"', `php: "${version}"`)
        .replace("topology: together", `topology: ${topology}`)
        .replace('mode: "off"', `mode: "${tls}"`);
      await writeFile(join(code, "howdah.yaml"), changed);
      await machine.ok("up", code);
    });

    it("is built with composer, installed, migrated, and serves from its database", async () => {
      const home = await curl("/");
      expect(home.status).toBe(200);
      expect(home.body).toContain(`Hello, PHP ${version}`);
      expect(home.body).toContain("The first message, from the install hook");
      const answer = await facts();
      expect(answer.php.startsWith(`${version}.`)).toBe(true);
      expect(answer).toMatchObject({
        buildStep: `built with PHP ${version}`,
        secretLength: 40,
        codeIsWritable: false,
        https: tls === "local" ? "on" : "",
        url: tls === "local" ? `https://${host}:${String(machine.port + 1)}` : `http://${host}:${String(machine.port)}`,
      });
    });

    it("gives browsers the same, compressed and kept", async () => {
      const { php, https, url } = await facts();
      expect(JSON.parse((await curl("/facts", "--compressed")).body)).toMatchObject({ php, https, url });
      expect((await curl("/", "--compressed")).body).toBe((await curl("/")).body);
      const head = async () =>
        (await curl("/?kept", "--header", "Accept-Encoding: gzip", "--output", "/dev/null", "--dump-header", "-")).body;
      expect(await head()).toMatch(/^content-encoding: gzip\r?$/im);
      // Kept for a second, which a busy machine may take between two questions.
      let seen = "";
      for (let turn = 0; turn < 50 && !/^x-cache: HIT\r?$/im.test(seen); turn++) seen = await head();
      expect(seen).toMatch(/^x-cache: HIT\r?$/im);
      expect(seen.match(/^x-content-type-options:/gim)).toHaveLength(1);
    });

    it("keeps what is sent to it, through its router", async () => {
      expect(await curl("/messages", "--data-urlencode", "words=Grüße & 漢字")).toMatchObject({ status: 303 });
      expect((await facts()).messages.map(({ words }) => words)).toContain("Grüße & 漢字");
      expect(await curl("/no/such/page")).toMatchObject({ status: 404, body: "no page /no/such/page" });
    });

    it("has a worker beside it", async () => {
      // The worker looks five times a second; what counts is that it comes, not when.
      for (let turn = 0; turn < 150 && !(await facts()).messages.every(({ handled_by }) => handled_by !== null); turn++) await sleep(200);
      expect(new Set((await facts()).messages.map(({ handled_by }) => handled_by))).toEqual(new Set(["the worker"]));
    });

    it("takes uploads, serves them, and runs none of them", async () => {
      const picture = pngPicture(640, 480);
      await writeFile(join(machine.directory, "picture.png"), picture);
      await writeFile(join(machine.directory, "shell.php"), "<?php echo 6 * 7;");
      expect(await curl("/upload", "--form", `file=@${join(machine.directory, "picture.png")}`)).toMatchObject({ status: 303 });
      const back = join(machine.directory, "back.png");
      expect(await curl("/uploads/picture.png", "--output", back)).toMatchObject({ status: 200 });
      expect((await readFile(back)).equals(picture)).toBe(true);
      await curl("/upload", "--form", `file=@${join(machine.directory, "shell.php")}`);
      const shell = await curl("/uploads/shell.php");
      expect(shell.status).toBeGreaterThanOrEqual(400);
      expect(shell.body).not.toMatch(/42|<\?php/);
    });

    it("shows only its web root", async () => {
      for (const path of ["/composer.json", "/../composer.json", "/bin/install.php", "/howdah.yaml", "/src/Store.php"])
        expect((await curl(path, "--path-as-is")).body, path).not.toMatch(/<\?php|"require"|apiVersion/);
    });

    it("migrates new code once, and keeps everything over `down` and `up`", async () => {
      const before = await facts();
      await writeFile(join(code, "VERSION"), "2\n");
      await machine.ok("up", code);
      expect((await facts()).releases).toBe(before.releases + 1);
      const slow = [curl("/slow"), curl("/slow?browser", "--compressed")];
      await sleep(1000);
      await machine.ok("down", name);
      for (const answer of await Promise.all(slow)) {
        expect(answer, "a request that runs while its site stops").toMatchObject({
          status: 200,
          body: `slow, with ${String(before.messages.length)} messages`,
        });
      }
      await machine.ok("up", code);
      const after = await facts();
      expect(after.releases).toBe(before.releases + 1);
      expect(after.messages).toEqual(before.messages);
      expect(await curl("/uploads/picture.png")).toMatchObject({ status: 200 });
    });

    if (tls === "local") {
      it("sends plain HTTP to HTTPS, whose certificate only the machine's own authority vouches for", async () => {
        const plain = await machine.get(host, "/");
        expect([301, 307, 308]).toContain(plain.status);
        expect(plain.headers.location).toBe(`https://${host}:${String(machine.port + 1)}/`);
        const port = String(machine.port + 1);
        const argv = ["curl", "--silent", "--noproxy", "*", "--resolve", `${host}:${port}:127.0.0.1`, `https://${host}:${port}/`];
        expect((await run(argv, { accept: "any" })).code).toBe(60);
      });
    }
  });

  it("leaves nothing behind", async () => {
    expect(await machine.remove()).toEqual([]);
  });
});
