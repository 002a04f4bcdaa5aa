import { randomBytes } from "node:crypto";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestBrowser, testBrowser, whyNoBrowser } from "../support/browser.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type Deployed, type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { pngPicture } from "../support/picture.ts";
import { type WordPressVisitor, wordpressVisitor } from "../support/wordpress-visitor.ts";

const why = (await whyNoMachine()) ?? (await whyNoBrowser());
if (why !== undefined) process.stderr.write(`operator-wordpress.test.ts is skipped: ${why}\n`);

/** Another one each time: the server keeps the database of a namespace that was deleted, and refuses it to the next of that name. */
const NAMESPACE = `t-wordpress-${randomBytes(3).toString("hex")}`;
const HOST = "wordpress.localhost";

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName: string };
  }[];
}

// The tree and the site file are those of wordpress.test.ts, on one machine: `init` writes what `up` writes.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("WordPress on three nodes", () => {
  let rig: OperatorRig;
  let browser: TestBrowser;
  let visitor: WordPressVisitor;
  let code: string;
  let first: Deployed;
  const picture = pngPicture(1200, 800);

  const deploy = (): Promise<Deployed> => rig.deploy(code, NAMESPACE);
  const pods = async (): Promise<Pods["items"]> => {
    const said = await rig.kubectl("get", "pods", "--namespace", NAMESPACE, "--selector=app.kubernetes.io/component=web", "--output=json");
    return (JSON.parse(said) as Pods).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };

  beforeAll(async () => {
    rig = await operatorRig("wpc", 18_744);
    browser = await testBrowser({ [HOST]: rig.address });
    visitor = wordpressVisitor(await browser.page(), `http://${HOST}`);
    code = join(await rig.app("trixie", "wordpress", "wordpress-theme-twentytwentyfive"), "usr/share/wordpress");
    await rig.ok("init", code, "--yes");
    const file = join(code, "howdah.yaml");
    const text = await readFile(file, "utf8");
    const hello = `    hello: { schedule: "* * * * *", command: [php, -r, 'echo "hello from a cron";'] }\n`;
    expect(text).toContain("  crons:\n");
    await writeFile(file, `${text.trimEnd().replace("  crons:\n", `  crons:\n${hello}`)}\n  scale: { replicas: 2 }\n`);
    await rig.operator();
    await rig.tenant(NAMESPACE);
    first = await deploy();
  });
  afterAll(async () => {
    await browser?.close();
    expect(await rig?.close()).toEqual([]);
  });

  it("is a home page behind the Gateway, from two pods on two nodes", async () => {
    await expect.poll(async () => (await rig.get(HOST, "/")).body, { timeout: 180_000 }).toContain("Hello world!");
    expect(new Set((await pods()).map(({ spec }) => spec.nodeName)).size).toBe(2);
  });

  it("lets its administrator in, and keeps the login through a rollout and the loss of a pod", async () => {
    expect(first.credentials?.user).toBe("admin");
    await visitor.logIn(first.credentials ?? { user: "", password: "" });
    await appendFile(join(code, "wp-content/themes/twentytwentyfive/style.css"), "/* changed */\n");
    expect((await deploy()).release).toBe("r2");
    expect(await visitor.dashboard()).toBe("Dashboard");
    const [one] = await pods();
    await rig.kubectl("delete", "pod", one?.metadata.name ?? "", "--namespace", NAMESPACE);
    expect(await visitor.dashboard()).toBe("Dashboard");
  });

  it("takes a picture into its media library, which every pod then serves", async () => {
    const path = await visitor.upload("sea.png", picture);
    for (let time = 0; time < 6; time++) {
      const { status, headers } = await rig.get(HOST, path);
      expect([status, headers["content-type"], Number(headers["content-length"])]).toEqual([200, "image/png", picture.length]);
    }
  });

  it("runs its crons, by the clock and by hand", async () => {
    const there = ["wordpress", "--context", ".", "--namespace", NAMESPACE];
    const last = async (): Promise<string | undefined> => {
      const { stdout } = await rig.ok("cron", "ls", ...there, "--output", "json");
      const crons = JSON.parse(stdout) as { name: string; last: { planned: string | null; result: string } | null }[];
      return crons.find(({ name, last: ended }) => name === "hello" && ended?.planned !== null)?.last?.result;
    };
    await expect.poll(last, { timeout: 180_000, interval: 2_000 }).toBe("succeeded");
    const { stdout } = await rig.ok("cron", "run", "wordpress", "hello", "--context", ".", "--namespace", NAMESPACE);
    expect(stdout).toContain("hello from a cron");
  });
});
