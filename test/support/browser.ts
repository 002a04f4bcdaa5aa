import { access } from "node:fs/promises";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const PROGRAM = "/usr/bin/chromium";

/** Why no browser can be driven here, or undefined. `bash scripts/setup --tests` installs it. */
export async function whyNoBrowser(): Promise<string | undefined> {
  const there = await access(PROGRAM).then(
    () => true,
    () => false,
  );
  return there ? undefined : `needs ${PROGRAM}`;
}

/** A browser with one empty profile. */
export interface TestBrowser {
  /** A page of the profile: pages share cookies. Its deadlines are generous, as two cores may be shared by all. */
  page(): Promise<Page>;
  /** Console errors, page errors and answers of 500 and above, seen so far: a test expects none. */
  readonly troubles: readonly string[];
  close(): Promise<void>;
}

/** What pages complained of. A cancelled request (a page was left) is none. */
function watch(page: Page, troubles: string[]): void {
  page.on("pageerror", (error) => troubles.push(`${page.url()}: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 500) troubles.push(`${response.url()}: ${String(response.status())}`);
  });
}

/**
 * Starts Debian's Chromium without a screen and with a new profile. `*.localhost` leads to this machine by itself; the flags keep
 * it from calling home, which a machine without a way out would wait for. `hosts`: names that lead elsewhere.
 */
export async function testBrowser(hosts: Readonly<Record<string, string>> = {}): Promise<TestBrowser> {
  const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(rules.length === 0 ? [] : [`--host-resolver-rules=${rules.join(", ")}`]),
    ],
  });
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US" });
  context.setDefaultTimeout(60_000);
  context.setDefaultNavigationTimeout(120_000);
  const troubles: string[] = [];
  return {
    troubles,
    async page() {
      const page = await context.newPage();
      watch(page, troubles);
      return page;
    },
    async close() {
      await browser.close();
    },
  };
}
