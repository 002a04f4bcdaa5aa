import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { pngPicture } from "../support/picture.ts";

const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`operator-mediawiki.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAMESPACE = `t-mediawiki-${randomBytes(3).toString("hex")}`;
const HOST = "mediawiki.localhost";

interface Deployed {
  readonly release: string;
  readonly credentials: { readonly user: string; readonly password: string } | null;
}

// The tree and the site file are those of mediawiki.test.ts, on one machine: `init` writes what `up` writes.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("MediaWiki on three nodes", () => {
  let rig: OperatorRig;
  let browser: TestBrowser;
  let page: Page;
  let code: string;
  let first: Deployed;
  const picture = pngPicture(900, 600);

  const deploy = async (): Promise<Deployed> => {
    const to = `${rig.registry}/test/mediawiki`;
    const said = await rig.ok("deploy", code, "--context", ".", "--namespace", NAMESPACE, "--to", to, "--output", "json");
    return JSON.parse(said.stdout) as Deployed;
  };
  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAMESPACE, ...argv);
  const open = (path: string): Promise<unknown> => page.goto(`http://${HOST}${path}`);
  const content = async (): Promise<string> => (await page.locator("#mw-content-text").textContent()) ?? "";
  /** The picture in the page, as the browser has drawn it. */
  const shown = async (): Promise<{ readonly src: string; readonly naturalWidth: number; readonly complete: boolean }> => {
    const image = page.locator("#mw-content-text img").first();
    await image.waitFor();
    const drawn = () =>
      image.evaluate((element) => {
        const { src, naturalWidth, complete } = element as unknown as { src: string; naturalWidth: number; complete: boolean };
        return { src, naturalWidth, complete };
      });
    await expect.poll(async () => (await drawn()).complete, { timeout: 60_000 }).toBe(true);
    return drawn();
  };

  async function change(from: string | RegExp, to: string): Promise<void> {
    const file = join(code, "howdah.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
  }

  beforeAll(async () => {
    rig = await operatorRig("mwc", 18_772);
    browser = await testBrowser({ [HOST]: rig.address });
    page = await browser.page();
    code = join(await rig.app("trixie", "mediawiki", "mediawiki-classes"), "usr/share/mediawiki");
    await rig.ok("init", code, "--yes");
    await change(/\n*$/, "\n  scale: { replicas: 2 }\n");
    await rig.operator();
    await rig.tenant(NAMESPACE);
    first = await deploy();
  });
  afterAll(async () => {
    await browser?.close();
    expect(await rig?.close()).toEqual([]);
  });

  it("is installed and shows its main page, from two pods on two nodes", async () => {
    await expect
      .poll(async () => (await rig.get(HOST, "/wiki/Main_Page")).body, { timeout: 60_000 })
      .toContain("MediaWiki has been installed");
    const serving = "--selector=app.kubernetes.io/component=web,howdah.dev/role=serve";
    const nodes = await kubectl("get", "pods", serving, "--output=jsonpath={range .items[*]}{.spec.nodeName} {end}");
    expect(new Set(nodes.trim().split(" ")).size).toBe(2);
  });

  it("lets its administrator in, who saves a page", async () => {
    await open("/index.php?title=Special:UserLogin");
    await page.fill("#wpName1", first.credentials?.user ?? "");
    await page.fill("#wpPassword1", first.credentials?.password ?? "");
    await page.click("#wpLoginAttempt");
    await page.locator("#pt-userpage, #pt-userpage-2").first().waitFor({ state: "attached" });
    await open("/index.php?title=Harbour&action=edit");
    await page.fill("#wpTextbox1", "The '''harbour''' is kept.\n\n[[File:Sea.png|320px]]");
    await page.click("#wpSave");
    await page.waitForURL(/Harbour$/);
    expect(await content()).toContain("The harbour is kept.");
  });

  it("takes a picture, which every pod serves, smaller in the page", async () => {
    await open("/index.php?title=Special:Upload");
    await page.setInputFiles("#wpUploadFile", { name: "sea.png", mimeType: "image/png", buffer: picture });
    await page.fill("#wpDestFile", "Sea.png");
    await page.locator("input[name=wpUpload]").click();
    await page.waitForURL(/File:Sea\.png/);
    const { pathname } = new URL((await page.locator(".fullImageLink a").first().getAttribute("href")) ?? "", `http://${HOST}`);
    for (let time = 0; time < 6; time++) {
      const { status, headers } = await rig.get(HOST, pathname);
      expect([status, headers["content-type"], Number(headers["content-length"])]).toEqual([200, "image/png", picture.length]);
    }
    await open("/index.php?title=Harbour&action=purge");
    if ((await page.getByRole("button", { name: "OK" }).count()) > 0) await page.getByRole("button", { name: "OK" }).click();
    expect(await shown()).toMatchObject({ src: expect.stringContaining("/images/thumb/"), naturalWidth: 320 });
  });

  it("keeps login, page and picture through a rollout", async () => {
    await change("{ replicas: 2 }", "{ replicas: 2, memory: 640Mi }"); // other pods of the same images
    expect((await deploy()).release).toBe("r2");
    await open("/wiki/Harbour");
    expect(await content()).toContain("The harbour is kept.");
    expect(await shown()).toMatchObject({ naturalWidth: 320 });
    expect(await page.locator("#pt-userpage, #pt-userpage-2").count()).toBeGreaterThan(0);
    expect(browser.troubles).toEqual([]);
  });
});
