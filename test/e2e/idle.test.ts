import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import type { Answer } from "../support/http-answer.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`idle.test.ts is skipped: ${why}\n`);

const HOST = "drowsy.localhost";
const FIREFOX = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };
const GOOGLEBOT = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" };

/** Says who it is, or the digest of what it was sent. */
const PAGE = `<?php echo $_SERVER["REQUEST_METHOD"] === "POST" ? hash("sha256", file_get_contents("php://input")) : "awake";\n`;

function siteFile(idle: string): string {
  const spec = [
    "  runtime: { php: '8.4' }",
    "  web: { root: public, microcache: false }",
    "  variables: { TOKEN: { generate: {} } }",
    `  scale: { memory: 128Mi${idle} }`,
  ];
  return ["apiVersion: howdah.dev/v1alpha1", "kind: Site", "metadata: { name: drowsy }", "spec:", ...spec, ""].join("\n");
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site that nobody visits", () => {
  let machine: HowdahMachine;
  let code: string;

  const visit = (): Promise<Answer> => machine.get(HOST, "/", { headers: FIREFOX });
  const status = async (): Promise<{ condition: { reason: string; message: string }; idleSince: string | null }> =>
    JSON.parse((await machine.howdah("status", "drowsy", "--output", "json")).stdout);
  const isIdle = async (): Promise<boolean> => (await status()).condition.reason === "Idle";
  const sleep = (): Promise<unknown> => machine.ok("idle", "drowsy");
  const log = (): Promise<string> => readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "agent.log"), "utf8");
  const countOf = async (words: string): Promise<number> => (await log()).split(words).length - 1;
  const containers = async (...more: readonly string[]): Promise<string[]> => {
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", "name=^t-idle.drowsy", ...more]);
    return stdout.split("\n").filter((name) => name !== "" && !name.endsWith("_infra"));
  };
  const agentProcess = async (): Promise<number> =>
    Number(await readFile(join(machine.environment["HOWDAH_RUN_DIR"] ?? "", "agent.pid"), "utf8"));

  beforeAll(async () => {
    machine = await howdahMachine("idle", 18590);
    code = join(machine.directory, "drowsy");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "public/index.php"), PAGE);
    await writeFile(join(code, "howdah.yaml"), siteFile(", idle: { after: 2s }"));
    await machine.ok("up", code);
  });
  afterAll(async () => {
    expect(await machine?.remove()).toEqual([]);
  });

  it("goes to sleep by itself, though a crawler comes again and again, and a reader's first page wakes it", async () => {
    await expect
      .poll(
        async () => {
          await machine.get(HOST, "/", { headers: GOOGLEBOT });
          return isIdle();
        },
        { timeout: 180_000, interval: 500 },
      )
      .toBe(true);
    await expect.poll(() => containers(), { timeout: 180_000 }).toEqual([]);
    expect((await status()).idleSince).toMatch(/^\d{4}-/);
    const robot = await machine.get(HOST, "/", { headers: GOOGLEBOT });
    expect([robot.status, robot.headers["retry-after"]]).toEqual([503, "3600"]);
    expect(await isIdle()).toBe(true);
    const page = await visit();
    expect([page.status, page.body]).toEqual([200, "awake"]);
    expect((await status()).condition.reason).toBe("AllComponentsServing");
    // From here on it sleeps only when it is told to.
    await writeFile(join(code, "howdah.yaml"), siteFile(""));
    const before = await containers("--no-trunc", "--format", "{{.ID}}");
    await machine.ok("up", code);
    expect(await containers("--no-trunc", "--format", "{{.ID}}")).toEqual(before);
  });

  it("takes a form whole that was sent while it slept", async () => {
    await sleep();
    const body = randomBytes(5 * 1024 ** 2);
    const answer = await machine.get(HOST, "/", { method: "POST", body, headers: { "content-type": "application/octet-stream" } });
    expect([answer.status, answer.body]).toEqual([200, createHash("sha256").update(body).digest("hex")]);
  });

  it("is woken once by thirty who come at once, and none of them is lost, nor later while the way in follows", async () => {
    await sleep();
    const before = await countOf('"woken"');
    const answers = await Promise.all(Array.from({ length: 30 }, visit));
    expect(new Set(answers.map((answer) => `${String(answer.status)} ${answer.body}`))).toEqual(new Set(["200 awake"]));
    expect((await countOf('"woken"')) - before).toBe(1);
    const until = Date.now() + 3000;
    while (Date.now() < until) expect((await visit()).status).toBe(200);
  });

  it("wakes for `exec`, and shows its secrets nowhere while it sleeps and when it was woken", async () => {
    await sleep();
    const { stdout: token } = await machine.ok("exec", "drowsy", "--", "php", "-r", "echo getenv('TOKEN');");
    expect(token.length).toBeGreaterThan(20);
    const shown = async (): Promise<string> => (await run(["podman", "inspect", ...(await containers("--all"))])).stdout;
    expect(await shown()).not.toContain(token);
    await sleep();
    expect(await shown()).not.toContain(token);
    await machine.ok("wake", "drowsy");
    expect(await shown()).not.toContain(token);
  });

  it("says honestly that nobody is there to wake it, and is woken when the agent is back after kill -9 in the middle", async () => {
    await sleep();
    const cut = visit();
    await delay(150);
    process.kill(await agentProcess(), "SIGKILL");
    const answer = await cut;
    if (answer.status !== 200) expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "5"]);
    await machine.ok("idle", "drowsy"); // starts the agent again
    process.kill(await agentProcess(), "SIGKILL");
    const nobody = await visit();
    expect([nobody.status, nobody.headers["retry-after"]]).toEqual([503, "5"]);
    expect(nobody.body).toContain("nobody is there to wake it");
    expect((await machine.howdah("status")).stderr).toContain("nobody wakes what sleeps");
    expect((await machine.howdah("doctor")).stdout).toContain("nobody wakes drowsy");
    const agent = machine.start("agent");
    await agent.says("agent started");
    await expect.poll(async () => (await visit()).status, { timeout: 180_000 }).toBe(200);
    await machine.ok("agent", "--stop");
    await agent.done;
    await sleep(); // starts it as a process of its own
    expect((await visit()).status).toBe(200);
  });

  it("comes back when its pod is gone, and gives the reason when its image is", async () => {
    await sleep();
    const [one = ""] = await containers("--all");
    const pod = one.replace(/\.[^.]*$/, "");
    const images = new Set(
      (await run(["podman", "inspect", "--format", "{{.ImageName}}", ...(await containers("--all"))])).stdout.trim().split("\n"),
    );
    await run(["podman", "pod", "rm", "--force", pod]);
    expect((await visit()).body).toBe("awake");
    await sleep();
    await run(["podman", "pod", "rm", "--force", pod]);
    await run(["podman", "rmi", "--force", ...images]);
    const answer = await visit();
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "10"]);
    const seen = await status();
    expect(seen.condition).toMatchObject({ reason: "WakeFailed", message: expect.stringContaining("image not known") });
    const woken = await machine.howdah("wake", "drowsy");
    expect([woken.code === 0, woken.stderr.includes("image not known")]).toEqual([false, true]);
    await machine.ok("up", code);
    expect((await visit()).body).toBe("awake");
  });
});
