import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { githubPayload } from "../../src/workflows/review/testing/payloads.ts";
import { type CodePlatform, codePlatform, PLATFORM_TOKEN } from "../support/code-platform.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`review-by-webhook.test.ts is skipped: ${why}\n`);

const PATIENCE = { timeout: 300_000, interval: 500 };
const LISTEN = 18_972;
const SITE_FILE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: page}
spec:
  web: {root: .}
`;
/** Who names no browser is taken for a robot, and robots wake nobody. */
const READER = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a review by webhook", () => {
  let machine: HowdahMachine;
  let platform: CodePlatform;
  let secret: string;

  const call = async (action: string, id: string, key = secret): Promise<number> => {
    const { headers, body } = githubPayload(action, 12, { id, secret: key });
    return (await fetch(`http://127.0.0.1:${String(LISTEN)}/review/page`, { method: "POST", headers, body })).status;
  };
  const text = (): string => platform.comments.map(({ body }) => body).join("\n---\n");
  const page = async (): Promise<string> => (await machine.get("pr-12.page.localhost", "/", { headers: READER })).body.trim();
  const environments = async (): Promise<readonly string[]> =>
    (JSON.parse((await machine.ok("env", "ls", "--output", "json")).stdout) as readonly { readonly namespace: string }[]).map(
      ({ namespace }) => namespace,
    );

  beforeAll(async () => {
    platform = await codePlatform();
    machine = await howdahMachine("review", 18_970);
    const code = join(machine.directory, "page");
    await platform.commit({ "page/howdah.yaml": SITE_FILE, "page/index.html": "one\n" });
    await mkdir(code);
    await writeFile(join(code, "howdah.yaml"), SITE_FILE);
    await writeFile(join(code, "index.html"), "production\n");
    await machine.ok("up", code);
    const token = join(machine.directory, "token");
    await writeFile(token, `${PLATFORM_TOKEN}\n`);
    const api = `${platform.web}/api/v3`;
    const how = ["--github", "acme/shop", "--api", api, "--token-file", token, "--directory", "page", "--listen", String(LISTEN)];
    secret = (JSON.parse((await machine.ok("review", "add", "page", ...how, "--output", "json")).stdout) as { readonly secret: string })
      .secret;
  });
  afterAll(async () => {
    await machine.howdah("env", "delete", "pr-12", "page", "--yes", "--if-exists");
    await machine.howdah("agent", "--stop");
    await platform.stop();
    expect(await machine.remove()).toEqual([]);
  });

  it("makes an environment, follows a push while the agent was away, and ends with the merge request", async () => {
    await expect.poll(() => call("labeled", "0").catch(() => 0), PATIENCE).toBe(200); // it listens
    expect(await call("opened", "1", "whsec_wrong")).toBe(401);
    expect(await call("opened", "2")).toBe(202);
    await expect.poll(text, PATIENCE).toContain("has made an environment");
    expect([await page(), platform.comments.length]).toEqual(["one", 1]);
    expect(text()).toContain("pr-12.page.localhost");

    const two = await platform.commit({ "page/index.html": "two\n" });
    expect(await call("synchronize", "3")).toBe(202);
    await machine.ok("agent", "--stop"); // in the middle of it, or before
    await machine.ok("review", "run", "page", "12"); // starts it again
    await expect.poll(text, PATIENCE).toContain(`has made an environment of \`${two.slice(0, 12)}\``);
    expect([await page(), platform.comments.length]).toEqual(["two", 1]);
    expect(await environments()).toEqual(["page--pr-12"]);

    platform.mergeRequest.state = "closed";
    await expect.poll(() => call("closed", "4").catch(() => 0), PATIENCE).toBe(202);
    await expect.poll(text, PATIENCE).toContain("has deleted the environment");
    expect([await environments(), platform.comments.length]).toEqual([[], 1]);
    const log: unknown = JSON.parse((await machine.ok("review", "log", "page", "--output", "json")).stdout);
    expect(log).toEqual([expect.objectContaining({ number: 12, phase: "gone" })]);
    await machine.ok("review", "rm", "page", "--yes");
  });
});
