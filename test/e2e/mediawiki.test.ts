import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { pngPicture } from "../support/picture.ts";

const HOST = "mediawiki.localhost";
const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`mediawiki.test.ts is skipped: ${why}\n`);

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("MediaWiki as Debian packages it", () => {
  let machine: HowdahMachine;
  let browser: TestBrowser;
  let page: Page;
  let code: string;
  let up: { readonly url: string; readonly credentials?: { readonly user: string; readonly password: string } };
  const picture = pngPicture(900, 600);

  const open = (path: string): Promise<unknown> => page.goto(new URL(path, up.url).href);

  beforeAll(async () => {
    machine = await howdahMachine("mw", 18530);
    browser = await testBrowser();
    page = await browser.page();
    code = join(await machine.app("trixie", "mediawiki", "mediawiki-classes"), "usr/share/mediawiki");
    up = JSON.parse((await machine.ok("up", code, "--output", "json")).stdout) as typeof up;
  });
  afterAll(async () => {
    await browser?.close();
    await machine?.remove();
  });

  it("is installed and shows its main page, with its styles", async () => {
    await open("/");
    expect(await page.locator("#mw-content-text").textContent()).toContain("MediaWiki has been installed");
    const styles = await page.locator('link[rel="stylesheet"]').first().getAttribute("href");
    expect((await machine.get(HOST, styles ?? "")).headers["content-type"]).toContain("text/css");
  });

  it("lets its administrator in", async () => {
    await open("/index.php?title=Special:UserLogin");
    await page.fill("#wpName1", up.credentials?.user ?? "");
    await page.fill("#wpPassword1", up.credentials?.password ?? "");
    await page.click("#wpLoginAttempt");
    await page.locator("#pt-userpage, #pt-userpage-2").first().waitFor({ state: "attached" });
  });

  it("saves a page", async () => {
    await open("/index.php?title=Harbour&action=edit");
    await page.fill("#wpTextbox1", "The '''harbour''' is kept.\n\n[[File:Sea.png|320px]]");
    await page.click("#wpSave");
    await page.waitForURL(/Harbour$/);
    expect(await page.locator("#mw-content-text").textContent()).toContain("The harbour is kept.");
  });

  it("takes a picture and shows it, smaller, in the page", async () => {
    await open("/index.php?title=Special:Upload");
    await page.setInputFiles("#wpUploadFile", { name: "sea.png", mimeType: "image/png", buffer: picture });
    await page.fill("#wpDestFile", "Sea.png");
    await page.locator("input[name=wpUpload]").click();
    await page.waitForURL(/File:Sea\.png/);
    const original = new URL((await page.locator(".fullImageLink a").first().getAttribute("href")) ?? "", up.url);
    expect((await machine.get(HOST, original.pathname)).bytes.equals(picture)).toBe(true);
    await open("/index.php?title=Harbour&action=purge");
    if ((await page.getByRole("button", { name: "OK" }).count()) > 0) await page.getByRole("button", { name: "OK" }).click();
    const image = page.locator("#mw-content-text img").first();
    await image.waitFor();
    const shown = await image.evaluate((element) => {
      const { src, naturalWidth } = element as unknown as { src: string; naturalWidth: number };
      return { src, naturalWidth };
    });
    expect(shown.src).toContain("/images/thumb/");
    expect(shown.naturalWidth).toBe(320);
  });

  it("runs its maintenance scripts as one-offs", async () => {
    const { stdout } = await machine.ok("run", "mediawiki", "--", "php", "maintenance/showSiteStats.php");
    expect(stdout).toMatch(/Number of images\s*:\s*1/);
  });

  it("stops and comes back with page, picture and login", async () => {
    await machine.ok("down", "mediawiki");
    await machine.ok("up", code);
    await open("/wiki/Harbour");
    expect(await page.locator("#mw-content-text").textContent()).toContain("The harbour is kept.");
    expect(
      await page
        .locator("#mw-content-text img")
        .first()
        .evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth),
    ).toBe(320);
    expect(await page.locator("#pt-userpage, #pt-userpage-2").count()).toBeGreaterThan(0);
  });

  it("let no page fail in the browser, and leaves nothing behind", async () => {
    expect(browser.troubles).toEqual([]);
    expect(await machine.remove()).toEqual([]);
  });
});
