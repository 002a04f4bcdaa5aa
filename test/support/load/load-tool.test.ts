import { createHash } from "node:crypto";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type CheckedRequest, echoRequest, pageRequest, sendChecked, type Target } from "./checked-request.ts";
import { type Outcome, Tally } from "./load-report.ts";
import { slowLoad, steadyLoad } from "./load-tool.ts";

type Behave = (request: IncomingMessage, response: ServerResponse, right: Buffer) => void;

/** Answers as test/fixtures/steady-app does, or as badly as it is told. */
async function withServer<T>(behave: Behave, work: (target: Target) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.once("end", () => {
      behave(request, response, rightAnswer(request, Buffer.concat(chunks)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work({ port: (server.address() as AddressInfo).port, host: "steady.localhost" });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function rightAnswer({ method, url }: IncomingMessage, body: Buffer): Buffer {
  const { searchParams: asked } = new URL(url ?? "", "http://x");
  const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
  if (method === "POST") return Buffer.from(`${asked.get("id") ?? ""} ${String(body.length)} ${sha256(body)}\n`);
  const lines = Array.from(
    { length: Number(asked.get("lines")) },
    (_, line) => `${sha256(`${asked.get("nonce") ?? ""} ${String(line)}`)}\n`,
  );
  return Buffer.from(lines.join(""));
}

const good: Behave = (_request, response, right) => response.setHeader("x-release", "one").end(right);
const outcome = (behave: Behave, wanted: CheckedRequest): Promise<Outcome> =>
  withServer(behave, (target) => sendChecked(target, wanted, false, "deploy"));

describe("a checked request", () => {
  it.each<{ name: string; behave: Behave; wanted?: CheckedRequest }>([
    { name: "is good when the whole page came", behave: good },
    { name: "is good when the whole body was understood", behave: good, wanted: echoRequest(50_000) },
    { name: "may have an empty body", behave: good, wanted: echoRequest(0) },
    { name: "may be sent slowly", behave: good, wanted: echoRequest(10_000, 50_000) },
    {
      name: "may be answered compressed",
      behave: (_request, response, right) => response.setHeader("content-encoding", "gzip").end(gzipSync(right)),
      wanted: pageRequest(20, { gzip: true }),
    },
  ])("$name", async ({ behave, wanted = pageRequest(20) }) => {
    expect((await outcome(behave, wanted)).failure).toBeUndefined();
  });

  it("says which release answered", async () => {
    expect(await outcome(good, pageRequest(3))).toMatchObject({ release: "one", phase: "deploy", reused: false });
  });

  it.each<{ name: string; behave: Behave; wanted?: CheckedRequest; reason: RegExp }>([
    { name: "another status", behave: (_request, response, right) => response.writeHead(502).end(right), reason: /^502 with/ },
    {
      name: "a truncated 200",
      behave: (_request, response, right) => response.end(right.subarray(0, -1)),
      reason: /^200 with 1299 bytes instead of 1300$/,
    },
    { name: "an empty 200", behave: (_request, response) => response.end(), reason: /^200 with 0 bytes/ },
    {
      name: "a byte too many",
      behave: (_request, response, right) => response.end(Buffer.concat([right, right.subarray(0, 1)])),
      reason: /^200 with 1301/,
    },
    {
      name: "another one's page",
      behave: (_request, response, right) => response.end(Buffer.from(right).reverse()),
      reason: /another body/,
    },
    {
      name: "an answer that breaks off",
      behave: (_request, response, right) => {
        response.write(right.subarray(0, 100), () => response.destroy());
      },
      reason: /^200 that broke off after 100 bytes/,
    },
    {
      name: "fewer bytes than its Content-Length",
      behave: (_request, response, right) => {
        response.writeHead(200, { "content-length": right.length }).write(right.subarray(0, 100), () => response.destroy());
      },
      reason: /^200 that broke off/,
    },
    {
      name: "a compressed page that was cut",
      behave: (_request, response, right) => response.setHeader("content-encoding", "gzip").end(gzipSync(right).subarray(0, -20)),
      reason: /^200 whose gzip is broken/,
    },
    { name: "a reset", behave: (request) => request.socket.resetAndDestroy(), reason: /^no answer: .*ECONNRESET|socket hang up/ },
    { name: "silence", behave: () => undefined, wanted: { ...pageRequest(1), deadline: 100 }, reason: /^no whole answer in 0.1 s$/ },
    {
      name: "an answer that never ends",
      behave: (_request, response, right) => response.write(right.subarray(0, 10)),
      wanted: { ...pageRequest(1), deadline: 100 },
      reason: /^no whole answer/,
    },
    {
      name: "a body that came altered",
      behave: (_request, response, right) => response.end(right.toString().replace(/ \d+ /, " 7 ").padEnd(right.length)),
      wanted: echoRequest(1000),
      reason: /another body/,
    },
  ])("fails for $name", async ({ behave, wanted = pageRequest(20), reason }) => {
    const { failure } = await outcome(behave, wanted);
    expect(failure?.reason).toMatch(reason);
    expect(failure).toMatchObject({ phase: "deploy", reused: false, request: expect.stringMatching(/^(GET|POST) \//) });
  });

  it("fails when nobody listens", async () => {
    const target = await withServer(good, (was) => Promise.resolve(was));
    expect((await sendChecked(target, pageRequest(1), false, "steady")).failure?.reason).toMatch(/ECONNREFUSED/);
  });
});

describe("a request on a kept connection", () => {
  const second = (behave: Behave): Promise<Outcome> => {
    const agent = new Agent({ keepAlive: true });
    let count = 0;
    const counting: Behave = (...args) => (++count === 1 ? good(...args) : behave(...args));
    return withServer(counting, async (target) => {
      await sendChecked(target, pageRequest(1), agent, "steady");
      await sleep(10); // the agent takes the connection back
      return sendChecked(target, echoRequest(100), agent, "steady");
    });
  };

  it("is sent again on a new one, as browsers do, when it is closed before an answer", async () => {
    let count = 0;
    const outcome = await second((...args) => (++count === 1 ? args[0].socket.resetAndDestroy() : good(...args)));
    expect(outcome).toMatchObject({ resent: true, reused: true, failure: undefined, release: "one" });
  });

  it.each<{ name: string; behave: Behave; resent: boolean; reason: RegExp }>([
    { name: "when the second is cut, too", behave: (request) => request.socket.resetAndDestroy(), resent: true, reason: /^no answer/ },
    {
      name: "when an answer had begun",
      behave: (_request, response) => {
        response.writeHead(200, { "content-length": 500 }).write("part", () => response.destroy());
      },
      resent: false,
      reason: /^200 that broke off after 4 bytes/,
    },
    { name: "when the answer is an error", behave: (_request, response) => response.writeHead(503).end(), resent: false, reason: /^503/ },
  ])("fails $name", async ({ behave, resent, reason }) => {
    const outcome = await second(behave);
    expect(outcome).toMatchObject({ resent, reused: true });
    expect(outcome.failure?.reason).toMatch(reason);
  });
});

describe("a steady load", () => {
  it("mixes kept and new connections, GET and POST, and counts by phase and release", async () => {
    const methods: string[] = [];
    const behave: Behave = (request, response, right) => {
      methods.push(request.method ?? "");
      good(request, response, right);
    };
    const report = await withServer(behave, async (target) => {
      const load = steadyLoad(target, 200);
      await until(() => methods.length > 50);
      load.phase("deploy");
      const before = methods.length;
      await until(() => methods.length > before + 100);
      return load.stop();
    });
    expect(report).toMatchObject({ failed: 0, failures: [], requests: methods.length, releases: { one: methods.length } });
    expect(report.stored).toBe(methods.filter((method) => method === "POST").length);
    expect(report.stored / report.requests).toBeCloseTo(0.3, 1);
    expect(report.reused).toBeGreaterThan(0);
    expect(report.reused).toBeLessThan(report.requests);
    expect(Object.keys(report.phases)).toEqual(["steady", "deploy"]);
  });

  it("sees a single bad answer among many", async () => {
    let count = 0;
    const behave: Behave = (request, response, right) => {
      count++;
      good(request, response, count === 50 ? right.subarray(1) : right);
    };
    const report = await withServer(behave, async (target) => {
      const load = steadyLoad(target, 200);
      await until(() => count > 100);
      return load.stop();
    });
    expect(report.failed).toBe(1);
    expect(report.failures[0]?.reason).toMatch(/^200 with/);
  });
});

describe("a slow load", () => {
  it("has all its requests under way at once, and counts those that were cut", async () => {
    const waiting: (() => void)[] = [];
    const behave: Behave = (_request, response, right) => {
      const last = waiting.length === 5;
      waiting.push(() => (last ? response.destroy() : response.end(right)));
      if (last) for (const answer of waiting) answer();
    };
    const report = await withServer(behave, (target) =>
      slowLoad(target, { pages: 3, uploads: 3 }, { seconds: 0, uploadBytes: 300, bytesPerSecond: 2000 }),
    );
    expect(report).toMatchObject({ requests: 6, failed: 1 });
  });
});

describe("a tally", () => {
  it("keeps phases apart and takes percentiles of good answers alone", () => {
    const tally = new Tally();
    const base = { method: "GET", reused: false, resent: false, release: "one", failure: undefined } as const;
    for (let index = 1; index <= 100; index++) tally.add({ ...base, phase: "steady", milliseconds: index });
    const failure = { at: "", phase: "deploy", request: "GET /", reason: "502", after: 9000, reused: true };
    tally.add({ ...base, phase: "deploy", milliseconds: 9000, failure });
    expect(tally.report(10)).toMatchObject({
      requests: 101,
      failed: 1,
      rate: 10.1,
      failures: [failure],
      phases: {
        steady: { requests: 100, failed: 0, p50: 51, p99: 100, slowest: 100 },
        deploy: { requests: 1, failed: 1, p50: 0, p99: 0, slowest: 0 },
      },
    });
  });

  it("says from when until when failed ones were sent, also beyond those that it keeps and in whatever order their ends come", () => {
    const tally = new Tally();
    const base = { method: "GET", phase: "cut", milliseconds: 1, reused: false, resent: false, release: "" } as const;
    expect(tally.report(1).failing).toBeUndefined();
    const fail = (second: number): void => {
      const at = new Date(second * 1000).toISOString();
      tally.add({ ...base, failure: { at, phase: "cut", request: "GET /", reason: "502", after: 1, reused: false } });
    };
    for (let second = 200; second > 50; second--) fail(second);
    fail(70);
    const { failing, failures } = tally.report(1);
    expect(failing).toEqual({ from: "1970-01-01T00:00:51.000Z", until: "1970-01-01T00:03:20.000Z" });
    expect(failures).toHaveLength(100);
  });
});

async function until(true_: () => boolean): Promise<void> {
  while (!true_()) await sleep(10);
}
