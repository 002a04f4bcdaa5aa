import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type MediaWikiVisitor, mediawikiVisitor } from "../support/mediawiki-visitor.ts";
import { type Deployed, type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { pngPicture } from "../support/picture.ts";

const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`operator-mediawiki.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAMESPACE = `t-mediawiki-${randomBytes(3).toString("hex")}`;
const HOST = "mediawiki.localhost";

// The tree and the site file are those of mediawiki.test.ts, on one machine: `init` writes what `up` writes.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("MediaWiki on three nodes", () => {
  let rig: OperatorRig;
  let browser: TestBrowser;
  let wiki: MediaWikiVisitor;
  let code: string;
  let first: Deployed;
  const picture = pngPicture(900, 600);

  const deploy = (): Promise<Deployed> => rig.deploy(code, NAMESPACE);
  const kubectl = (...argv: readonly string[]): Promise<string> => rig.kubectl("--namespace", NAMESPACE, ...argv);

  async function change(from: string | RegExp, to: string): Promise<void> {
    const file = join(code, "howdah.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
  }

  beforeAll(async () => {
    rig = await operatorRig("mwc", 18_772);
    browser = await testBrowser({ [HOST]: rig.address });
    wiki = mediawikiVisitor(await browser.page(), `http://${HOST}`);
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
      .poll(async () => (await rig.get(HOST, "/wiki/Main_Page")).body, { timeout: 180_000 })
      .toContain("MediaWiki has been installed");
    const serving = "--selector=app.kubernetes.io/component=web,howdah.dev/role=serve";
    const nodes = await kubectl("get", "pods", serving, "--output=jsonpath={range .items[*]}{.spec.nodeName} {end}");
    expect(new Set(nodes.trim().split(" ")).size).toBe(2);
  });

  it("lets its administrator in, who saves a page", async () => {
    await wiki.logIn(first.credentials ?? { user: "", password: "" });
    await wiki.save("Harbour", "The '''harbour''' is kept.\n\n[[File:Sea.png|320px]]");
    expect(await wiki.words()).toContain("The harbour is kept.");
  });

  it("takes a picture, which every pod serves, smaller in the page", async () => {
    const path = await wiki.upload("Sea.png", picture);
    for (let time = 0; time < 6; time++) {
      const { status, headers } = await rig.get(HOST, path);
      expect([status, headers["content-type"], Number(headers["content-length"])]).toEqual([200, "image/png", picture.length]);
    }
    await wiki.purge("Harbour");
    expect(await wiki.picture()).toMatchObject({ src: expect.stringContaining("/images/thumb/"), naturalWidth: 320 });
  });

  it("keeps login, page and picture through a rollout", async () => {
    await change("{ replicas: 2 }", "{ replicas: 2, memory: 640Mi }"); // other pods of the same images
    expect((await deploy()).release).toBe("r2");
    await wiki.open("/wiki/Harbour");
    expect(await wiki.words()).toContain("The harbour is kept.");
    expect(await wiki.picture()).toMatchObject({ naturalWidth: 320 });
    expect(await wiki.isLoggedIn()).toBe(true);
    expect(browser.troubles).toEqual([]);
  });
});
