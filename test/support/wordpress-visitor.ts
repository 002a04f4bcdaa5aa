import type { Page } from "playwright-core";
import { expect } from "vitest";

/** What somebody does in a WordPress with a browser, on one machine as on a cluster. */
export interface WordPressVisitor {
  open(path: string): Promise<unknown>;
  /** By the form; waits for the dashboard. */
  logIn(credentials: { readonly user: string; readonly password: string }): Promise<void>;
  /** The heading of the administration's first page: `Dashboard` for whoever is logged in. */
  dashboard(): Promise<string | null>;
  /** Puts a PNG into the media library, whose small picture must then be shown. Answers the path of the original. */
  upload(name: string, picture: Buffer): Promise<string>;
}

/** `address`: of the site, such as `http://wordpress.localhost:18500`. */
export function wordpressVisitor(page: Page, address: string): WordPressVisitor {
  const open: WordPressVisitor["open"] = (path) => page.goto(new URL(path, address).href);
  const dashboard: WordPressVisitor["dashboard"] = async () => {
    await open("/wp-admin/");
    return page.locator("h1").first().textContent();
  };
  return {
    open,
    dashboard,
    logIn: async ({ user, password }) => {
      await open("/wp-login.php");
      await page.fill("#user_login", user);
      await page.fill("#user_pass", password);
      await page.click("#wp-submit");
      await page.waitForURL(/\/wp-admin\/$/);
    },
    upload: async (name, picture) => {
      await open("/wp-admin/media-new.php?browser-uploader");
      await page.setInputFiles("#async-upload", { name, mimeType: "image/png", buffer: picture });
      await page.click("#html-upload");
      await page.waitForURL(/upload\.php/);
      const thumbnail = page.locator(".attachment img").first();
      await thumbnail.waitFor();
      expect(await thumbnail.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(0);
      return new URL((await thumbnail.getAttribute("src")) ?? "").pathname.replace(/-\d+x\d+\.png$/, ".png");
    },
  };
}
