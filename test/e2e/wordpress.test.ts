import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { pngPicture } from "../support/picture.ts";
import { echoRequest, echoScript, pageRequest, steadyLoad } from "../support/steady-load.ts";
import { type WordPressVisitor, wordpressVisitor } from "../support/wordpress-visitor.ts";

const HOST = "wordpress.localhost";
const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`wordpress.test.ts is skipped: ${why}\n`);

/** What `up --output json` answers, as far as it is looked at. */
interface Up {
  readonly url: string;
  readonly release: string;
  readonly steps: readonly { readonly do: string; readonly key: string }[];
  readonly credentials?: { readonly user: string; readonly password: string };
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("WordPress as Debian packages it", () => {
  let machine: HowdahMachine;
  let browser: TestBrowser;
  let page: Page;
  let code: string;
  let first: Up;
  let visitor: WordPressVisitor;
  const picture = pngPicture(1200, 800);
  let pictureUrl = "";

  const up = async (): Promise<Up> => JSON.parse((await machine.ok("up", code, "--output", "json")).stdout) as Up;
  const php = async (script: string): Promise<string> =>
    (await machine.ok("run", "wordpress", "--", "php", "-r", `require 'wp-load.php'; ${script}`)).stdout.trim();

  beforeAll(async () => {
    machine = await howdahMachine("wp", 18500);
    browser = await testBrowser();
    page = await browser.page();
    code = join(await machine.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await writeFile(join(code, "echo.php"), echoScript("one"));
    await writeFile(join(code, "slow.php"), '<?php sleep(3); echo "slow but whole";');
    first = await up();
    visitor = wordpressVisitor(page, first.url);
  });
  afterAll(async () => {
    await browser?.close();
    await machine?.remove();
  });

  it("is a home page after one command on a bare folder", async () => {
    expect(first.url).toBe(`http://${HOST}:${String(machine.port)}`);
    expect(await readFile(join(code, "howdah.yaml"), "utf8")).toContain("kind: Site");
    const home = await machine.get(HOST, "/");
    expect(home.status).toBe(200);
    expect(home.body).toContain("Hello world!");
    await visitor.open("/");
    expect(await page.getByRole("link", { name: "Hello world!" }).count()).toBe(1);
    await page.screenshot({ path: join(machine.directory, "home.png") });
  });

  it("lets its administrator in with the credentials that `up` shows", async () => {
    const { credentials = { user: "", password: "" } } = first;
    expect(credentials.user).toBe("admin");
    await visitor.logIn(credentials);
    expect(await page.locator("h1").first().textContent()).toBe("Dashboard");
  });

  it("takes a picture into the media library, makes smaller ones, and serves them", async () => {
    pictureUrl = await visitor.upload("sea.png", picture);
    const answer = await machine.get(HOST, pictureUrl);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/png"]);
    expect(answer.bytes.equals(picture)).toBe(true);
    const listed = JSON.parse(
      (await machine.ok("files", "ls", "wordpress", join(pictureUrl, "..").slice(1), "--output", "json")).stdout,
    ) as {
      name: string;
    }[];
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(["sea.png", "sea-150x150.png", "sea-300x200.png"]));
  });

  it("publishes a post through its REST interface, with the login's cookie", async () => {
    await visitor.open("/wp-admin/");
    const status = await page.evaluate(async () => {
      const nonce = await (await fetch("/wp-admin/admin-ajax.php?action=rest-nonce")).text();
      const answer = await fetch("/wp-json/wp/v2/posts", {
        method: "POST",
        headers: { "content-type": "application/json", "x-wp-nonce": nonce },
        body: JSON.stringify({ title: "A post of the test", content: "Kept words", slug: "kept", status: "publish" }),
      });
      return answer.status;
    });
    expect(status).toBe(201);
    expect((await php("echo get_permalink(get_page_by_path('kept', OBJECT, 'post'));")).endsWith("/kept/")).toBe(true);
  });

  it("runs one-offs beside the site and programs inside it", async () => {
    expect(await php("echo get_option('blogname');")).toBe("WordPress");
    const inside = await machine.ok("exec", "wordpress", "--", "php", "-r", "echo posix_getuid(), ' ', PHP_VERSION;");
    expect(inside.stdout).toMatch(/^50000 8\.4\./);
    expect((await machine.howdah("exec", "wordpress", "--", "php", "-r", "exit(7);")).code).toBe(7);
    expect((await machine.howdah("run", "wordpress", "--", "php", "-r", "exit(9);")).code).toBe(9);
  });

  it("tells its state", async () => {
    const status = JSON.parse((await machine.ok("status", "wordpress", "--output", "json")).stdout) as unknown;
    expect(status).toMatchObject({
      name: "wordpress",
      url: first.url,
      condition: { type: "Ready", status: "True" },
      components: [{ name: "web", ready: 1, wanted: 1, restarts: 0 }],
    });
  });

  it("changes nothing when nothing changed", async () => {
    const again = await up();
    expect(again.steps).toEqual([]);
    expect(again.release).toBe(first.release);
    expect(again.credentials).toBeUndefined();
  });

  it("rolls a changed file out without a failed request", async () => {
    const load = steadyLoad(machine.port, HOST, [
      pageRequest("/", "Hello world!"),
      pageRequest("/?s=world", "Hello world!"),
      echoRequest("/echo.php", 100),
      echoRequest("/echo.php", 300_000),
    ]);
    await writeFile(join(code, "echo.php"), echoScript("two"));
    const changed = await up().finally(() => undefined);
    const { good, wrong } = await load.stop();
    expect(changed.release).not.toBe(first.release);
    expect(wrong).toEqual([]);
    expect(good).toBeGreaterThan(20);
    expect((await machine.get(HOST, "/echo.php")).body).toMatch(/^two /);
  });

  it("takes its files and its database out and in", async () => {
    const local = join(machine.directory, "files");
    await mkdir(local);
    await writeFile(join(local, "note.txt"), "put by hand\n");
    await writeFile(join(local, "shell.php"), "<?php echo 'executed';");
    await machine.ok("files", "put", "wordpress", join(local, "note.txt"), "wp-content/uploads/");
    await machine.ok("files", "put", "wordpress", join(local, "shell.php"), "wp-content/uploads/");
    expect(await machine.get(HOST, "/wp-content/uploads/note.txt")).toMatchObject({ status: 200, body: "put by hand\n" });
    const shell = await machine.get(HOST, "/wp-content/uploads/shell.php");
    expect(shell.status).toBeGreaterThanOrEqual(400);
    expect(shell.body).not.toContain("executed");
    const got = join(machine.directory, "got.png");
    await machine.ok("files", "get", "wordpress", pictureUrl.slice(1), got);
    expect((await readFile(got)).equals(picture)).toBe(true);

    const dump = join(machine.directory, "dump.sql.gz");
    await machine.ok("db", "dump", "wordpress", dump);
    await php("update_option('blogname', 'Changed'); wp_delete_post(1, true);");
    expect(await php("echo get_option('blogname');")).toBe("Changed");
    await machine.ok("db", "import", "wordpress", dump, "--clean", "--yes");
    expect(await php("echo get_option('blogname'), ' ', get_the_title(1);")).toBe("WordPress Hello world!");
  });

  /** The post, the picture and the login of before. */
  async function everythingIsThere(): Promise<void> {
    expect((await machine.get(HOST, "/")).body).toContain("A post of the test");
    expect((await machine.get(HOST, pictureUrl)).bytes.equals(picture)).toBe(true);
    expect(await visitor.dashboard()).toBe("Dashboard");
  }

  it("ends what visitors have begun when it stops, and comes back with post, picture and login", async () => {
    const slow = machine.get(HOST, "/slow.php");
    await machine.ok("down", "wordpress");
    expect(await slow).toMatchObject({ status: 200, body: "slow but whole" });
    expect((await machine.get(HOST, "/")).status).toBeGreaterThanOrEqual(400);
    const back = await up();
    expect(back.steps).toEqual([]);
    await everythingIsThere();
  });

  it("is destroyed without its data, and comes back with all of it", async () => {
    await machine.ok("destroy", "wordpress", "--yes");
    const status = JSON.parse((await machine.ok("status", "--output", "json")).stdout) as unknown;
    expect(status).toMatchObject({ sites: [], retained: [{ name: "wordpress" }] });
    await up();
    await everythingIsThere();
  });

  it("let no page fail in the browser, and leaves nothing behind", async () => {
    // A page that stays open asks on while the site is down on purpose.
    expect(browser.troubles.filter((trouble) => !trouble.endsWith("/admin-ajax.php: 503"))).toEqual([]);
    expect(await machine.remove()).toEqual([]);
  });
});
