import type { Page } from "playwright-core";
import { mediawikiVisitor } from "../../test/support/mediawiki-visitor.ts";
import { pngPicture } from "../../test/support/picture.ts";
import { wordpressVisitor } from "../../test/support/wordpress-visitor.ts";
import type { Sample } from "./samples.ts";

/** A thing that a person does, who tries again until it works. */
export interface Deed {
  readonly what: string;
  /** How it is done; `number` is of the round. */
  readonly act: (number: number) => Promise<unknown>;
}

type Credentials = { readonly user: string; readonly password: string };

/** So long somebody looks at a page that does not come to its end. */
const PATIENCE_MS = 45_000;

/** Somebody at a browser: logs in anew, writes, uploads, and again from the beginning; what does not work is done again. */
export class BrowserUser {
  readonly samples: Sample[] = [];
  /** Titles of the rounds that were saved, as the browser showed it. */
  readonly saved: string[] = [];
  #ending = false;
  readonly #work: Promise<void>;

  constructor(page: Page, deeds: readonly Deed[], began: number) {
    page.setDefaultTimeout(PATIENCE_MS);
    page.setDefaultNavigationTimeout(PATIENCE_MS);
    this.#work = this.#live(page, deeds, began);
  }

  async #live(page: Page, deeds: readonly Deed[], began: number): Promise<void> {
    for (let round = 1; !this.#ending; round++) {
      await page.context().clearCookies();
      for (const deed of deeds) await this.#untilDone(deed, round, began);
    }
  }

  async #untilDone({ what, act }: Deed, round: number, began: number): Promise<void> {
    for (let done = false; !done && !this.#ending; ) {
      const at = performance.now() - began;
      const failed = await act(round).then(
        () => undefined,
        (error: unknown) => ((error as Error).message.split("\n")[0] ?? "").slice(0, 100),
      );
      const ms = performance.now() - began - at;
      done = failed === undefined;
      if (what === "write" && done) this.saved.push(titleOf(round));
      this.samples.push(failed === undefined ? { at, ms, what } : { at, ms, what, failed });
    }
  }

  async stop(): Promise<void> {
    this.#ending = true;
    await this.#work;
  }
}

/** What a person at a browser calls what is written in a round. */
function titleOf(round: number): string {
  return `By hand ${String(round).padStart(3, "0")}`;
}

/** Logs in, publishes a post with the block editor, uploads a picture. */
export function wordpressDeeds(page: Page, address: string, credentials: Credentials): readonly Deed[] {
  const visitor = wordpressVisitor(page, address);
  const picture = pngPicture(600, 400);
  return [
    { what: "log in", act: () => visitor.logIn(credentials) },
    { what: "write", act: (round) => publish(page, address, titleOf(round)) },
    { what: "upload", act: (round) => visitor.upload(`sea-${String(round)}.png`, picture) },
  ];
}

/** Logs in, saves a page by the form, uploads a picture. */
export function mediawikiDeeds(page: Page, address: string, credentials: Credentials): readonly Deed[] {
  const visitor = mediawikiVisitor(page, address);
  return [
    { what: "log in", act: () => visitor.logIn(credentials) },
    {
      what: "write",
      act: async (round) => {
        const title = titleOf(round);
        await visitor.save(title.replaceAll(" ", "_"), `${title}: Kept by three nodes.`);
        if (!(await visitor.words()).includes("Kept by three nodes.")) throw new Error("the page does not show what was saved");
      },
    },
    // Each another one: the same picture under another name is asked about first.
    { what: "upload", act: (round) => visitor.upload(`Sea-${String(round)}.png`, pngPicture(600 + round, 400)) },
  ];
}

/** As a person does with WordPress' editor: title, `Publish`, `Publish` again, and it says that it is. */
async function publish(page: Page, address: string, title: string): Promise<void> {
  await page.goto(new URL("/wp-admin/post-new.php", address).href);
  const canvas = page.frameLocator("iframe[name=editor-canvas]");
  const heading = canvas.locator(".editor-post-title__input").or(page.locator(".editor-post-title__input")).first();
  await heading.waitFor();
  const welcome = page.locator(".components-modal__frame button[aria-label=Close]");
  if ((await welcome.count()) > 0) await welcome.click();
  await heading.fill(title);
  await page.locator(".editor-post-publish-panel__toggle, .editor-post-publish-button__button").first().click();
  await page.locator(".editor-post-publish-panel .editor-post-publish-button").click();
  const said = page.locator(".post-publish-panel__postpublish-header, .components-notice.is-error").first();
  await said.waitFor();
  const words = (await said.textContent()) ?? "";
  if (/fail|error/i.test(words)) throw new Error(`the editor says: ${words.trim()}`);
}
