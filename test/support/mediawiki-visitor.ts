import type { Page } from "playwright-core";
import { expect } from "vitest";

/** What somebody does in a MediaWiki with a browser, on one machine as on a cluster. */
export interface MediaWikiVisitor {
  open(path: string): Promise<unknown>;
  /** The words of the page that is open. */
  words(): Promise<string>;
  /** By the form; waits until the wiki names the user. */
  logIn(credentials: { readonly user: string; readonly password: string }): Promise<void>;
  /** Whether the open page names a user. */
  isLoggedIn(): Promise<boolean>;
  /** Writes a page, and comes to it. */
  save(title: string, text: string): Promise<void>;
  /** Uploads a PNG. Answers the path of the original. */
  upload(name: string, picture: Buffer): Promise<string>;
  /** Makes the wiki draw a page anew, and opens it. */
  purge(title: string): Promise<void>;
  /** The first picture in the open page, once the browser has drawn it. */
  picture(): Promise<{ readonly src: string; readonly naturalWidth: number }>;
}

const USER = "#pt-userpage, #pt-userpage-2";
const DRAWN_MS = 60_000;

/** `address`: of the site, such as `http://mediawiki.localhost:18530`. */
export function mediawikiVisitor(page: Page, address: string): MediaWikiVisitor {
  const open: MediaWikiVisitor["open"] = (path) => page.goto(new URL(path, address).href);
  return {
    open,
    words: async () => (await page.locator("#mw-content-text").textContent()) ?? "",
    logIn: async ({ user, password }) => {
      await open("/index.php?title=Special:UserLogin");
      await page.fill("#wpName1", user);
      await page.fill("#wpPassword1", password);
      await page.click("#wpLoginAttempt");
      await page.locator(USER).first().waitFor({ state: "attached" });
    },
    isLoggedIn: async () => (await page.locator(USER).count()) > 0,
    save: async (title, text) => {
      await open(`/index.php?title=${title}&action=edit`);
      await page.fill("#wpTextbox1", text);
      await page.click("#wpSave");
      await page.waitForURL(new RegExp(`${title}$`));
    },
    upload: async (name, picture) => {
      await open("/index.php?title=Special:Upload");
      await page.setInputFiles("#wpUploadFile", { name: name.toLowerCase(), mimeType: "image/png", buffer: picture });
      await page.fill("#wpDestFile", name);
      await page.locator("input[name=wpUpload]").click();
      await page.waitForURL((url) => url.pathname.endsWith(`File:${name}`));
      return new URL((await page.locator(".fullImageLink a").first().getAttribute("href")) ?? "", address).pathname;
    },
    purge: async (title) => {
      await open(`/index.php?title=${title}&action=purge`);
      const asks = page.getByRole("button", { name: "OK" });
      if ((await asks.count()) > 0) await asks.click();
    },
    picture: async () => {
      const image = page.locator("#mw-content-text img").first();
      await image.waitFor();
      const drawn = () =>
        image.evaluate((element) => {
          const { src, naturalWidth, complete } = element as unknown as { src: string; naturalWidth: number; complete: boolean };
          return { src, naturalWidth, complete };
        });
      await expect.poll(async () => (await drawn()).complete, { timeout: DRAWN_MS }).toBe(true);
      const { src, naturalWidth } = await drawn();
      return { src, naturalWidth };
    },
  };
}
