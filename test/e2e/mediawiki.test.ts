import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { type MediaWikiVisitor, mediawikiVisitor } from "../support/mediawiki-visitor.ts";
import { pngPicture } from "../support/picture.ts";

const HOST = "mediawiki.localhost";
const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`mediawiki.test.ts is skipped: ${why}\n`);

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("MediaWiki as Debian packages it", () => {
  let machine: HowdahMachine;
  let browser: TestBrowser;
  let page: Page;
  let wiki: MediaWikiVisitor;
  let code: string;
  let up: { readonly url: string; readonly credentials?: { readonly user: string; readonly password: string } };
  const picture = pngPicture(900, 600);

  beforeAll(async () => {
    machine = await howdahMachine("mw", 18530);
    browser = await testBrowser();
    page = await browser.page();
    code = join(await machine.app("trixie", "mediawiki", "mediawiki-classes"), "usr/share/mediawiki");
    up = JSON.parse((await machine.ok("up", code, "--output", "json")).stdout) as typeof up;
    wiki = mediawikiVisitor(page, up.url);
  });
  afterAll(async () => {
    await browser?.close();
    await machine?.remove();
  });

  it("is installed and shows its main page, with its styles", async () => {
    await wiki.open("/");
    expect(await wiki.words()).toContain("MediaWiki has been installed");
    const styles = await page.locator('link[rel="stylesheet"]').first().getAttribute("href");
    expect((await machine.get(HOST, styles ?? "")).headers["content-type"]).toContain("text/css");
  });

  it("lets its administrator in", async () => {
    await wiki.logIn(up.credentials ?? { user: "", password: "" });
  });

  it("saves a page", async () => {
    await wiki.save("Harbour", "The '''harbour''' is kept.\n\n[[File:Sea.png|320px]]");
    expect(await wiki.words()).toContain("The harbour is kept.");
  });

  it("takes a picture and shows it, smaller, in the page", async () => {
    const original = await wiki.upload("Sea.png", picture);
    expect((await machine.get(HOST, original)).bytes.equals(picture)).toBe(true);
    await wiki.purge("Harbour");
    expect(await wiki.picture()).toMatchObject({ src: expect.stringContaining("/images/thumb/"), naturalWidth: 320 });
  });

  it("runs its maintenance scripts as one-offs", async () => {
    const { stdout } = await machine.ok("run", "mediawiki", "--", "php", "maintenance/showSiteStats.php");
    expect(stdout).toMatch(/Number of images\s*:\s*1/);
  });

  it("stops and comes back with page, picture and login", async () => {
    await machine.ok("down", "mediawiki");
    await machine.ok("up", code);
    await wiki.open("/wiki/Harbour");
    expect(await wiki.words()).toContain("The harbour is kept.");
    expect(await wiki.picture()).toMatchObject({ naturalWidth: 320 });
    expect(await wiki.isLoggedIn()).toBe(true);
  });

  it("let no page fail in the browser, and leaves nothing behind", async () => {
    expect(browser.troubles).toEqual([]);
    expect(await machine.remove()).toEqual([]);
  });
});
