import type { IncomingMessage } from "node:http";
import { PassThrough, Readable, Writable, type Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../kernel/clock.ts";
import { connectCluster } from "./create-kubernetes-api.ts";
import type { KubernetesApi } from "./kubernetes-api.ts";
import { type FakeApiServer, fakeApiServer } from "./testing/fake-api-server.ts";
import { HastyClock } from "./testing/manual-clock.ts";

const forever = new AbortController().signal;
const container = { namespace: "blog", pod: "web", container: "main" };

let fake: FakeApiServer;
let api: KubernetesApi;
let asked: string[];
/** What the node does with a connection. */
let node: (socket: WebSocket) => void;
let speaks: string;

beforeEach(async () => {
  fake = await fakeApiServer();
  asked = [];
  speaks = "v5.channel.k8s.io";
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has(speaks) ? speaks : false) });
  fake.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(request.url ?? "");
    sockets.handleUpgrade(request, socket, head, (one) => {
      node(one);
    });
  });
  const access = { kind: "kubeconfig", files: [fake.kubeconfig], context: undefined } as const;
  ({ api } = await connectCluster({ access, clock: new HastyClock(), random: () => 1, userAgent: "howdah/test" }));
});

afterEach(async () => {
  api.close();
  await fake.close();
});

function frame(channel: number, data: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(data)]);
}

function status(code: number): Buffer {
  const causes = [{ reason: "ExitCode", message: String(code) }];
  const failed = { status: "Failure", reason: "NonZeroExitCode", details: { causes } };
  return frame(3, JSON.stringify(code === 0 ? { status: "Success" } : failed));
}

function sendAll(socket: WebSocket, frames: readonly Buffer[]): void {
  for (const one of frames) socket.send(one, () => {});
}

function exec(streams: { stdin?: Readable; stdout?: Writable; argv?: readonly string[] } = {}, signal = forever): Promise<number> {
  const stdout = streams.stdout ?? new PassThrough().resume();
  const request = { argv: streams.argv ?? ["true"], stdin: streams.stdin, stdout, stderr: new PassThrough().resume(), tty: false };
  return api.exec(container, request, signal);
}

describe("exec", () => {
  it("asks for the program with its arguments, and for no input where there is none", async () => {
    node = (socket) => {
      sendAll(socket, [status(0)]);
      socket.close();
    };
    await exec({ argv: ["printf", "a b&c=d", "%s"] });
    const url = new URL(asked[0] ?? "", "http://x");
    expect(url.pathname).toBe("/api/v1/namespaces/blog/pods/web/exec");
    expect(url.searchParams.getAll("command")).toEqual(["printf", "a b&c=d", "%s"]);
    expect(["stdin", "stdout", "stderr", "tty", "container"].map((name) => url.searchParams.get(name))).toEqual([
      "false",
      "true",
      "true",
      "false",
      "main",
    ]);
  });

  it("answers only when all output was written", async () => {
    node = (socket) => {
      sendAll(socket, [...Array.from({ length: 200 }, () => frame(1, Buffer.alloc(10_000))), status(3)]);
      socket.close();
    };
    let written = 0;
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        setImmediate(() => {
          written += chunk.length;
          done();
        });
      },
    });
    await expect(exec({ stdout: slow })).resolves.toBe(3);
    expect(written).toBe(2_000_000);
  });

  it("passes input on and says where it ends", async () => {
    node = (socket) => {
      let got = "";
      socket.on("message", (data) => {
        if (data[0] === 0) got += data.subarray(1).toString();
        if (data[0] !== 255) return;
        sendAll(socket, [frame(1, got.toUpperCase()), status(0)]);
        socket.close();
      });
    };
    const stdout = new PassThrough();
    await exec({ stdin: Readable.from(["one ", Buffer.from("two")]), stdout });
    expect(String(stdout.read())).toBe("ONE TWO");
  });

  it("refuses input for a server that can't say where it ends", async () => {
    speaks = "v4.channel.k8s.io";
    node = () => {};
    await expect(exec({ stdin: Readable.from(["x"]) })).rejects.toMatchObject({ message: expect.stringContaining("1.30") });
  });

  it("does not take a broken connection for an end", async () => {
    node = (socket) => {
      socket.terminate();
    };
    await expect(exec()).rejects.toMatchObject({ code: "cluster/unreachable" });
  });

  it("stops when nobody can take its output any more", async () => {
    node = (socket) => {
      sendAll(socket, [frame(1, "x")]);
    };
    const full = new Writable({
      write: (_chunk, _encoding, done) => {
        done(new Error("no space left"));
      },
    });
    full.on("error", () => {});
    await expect(exec({ stdout: full })).rejects.toThrow("no space left");
  });

  it("ends with its signal while the program says nothing", async () => {
    const stop = new AbortController();
    node = () => {
      stop.abort();
    };
    await expect(exec({}, stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("leaves no connection open that was refused: a process could not end", async () => {
    fake.server.removeAllListeners("upgrade");
    const closed = Promise.withResolvers<string>();
    fake.server.on("upgrade", (_request: IncomingMessage, socket: Duplex) => {
      socket.on("error", () => {});
      for (const end of ["end", "close"])
        socket.once(end, () => {
          closed.resolve("closed by who was refused");
          socket.destroy();
        });
      socket.resume();
      socket.write("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno"); // and waits for another request
    });
    await expect(exec()).rejects.toMatchObject({ code: "cluster/rejected" });
    expect(await closed.promise).toBe("closed by who was refused");
  });

  it("repeats the words of a server that refuses", async () => {
    const body = JSON.stringify({ message: 'pods "web" is forbidden: User "kim" cannot create resource "pods/exec"' });
    fake.server.removeAllListeners("upgrade");
    fake.server.on("upgrade", (_request: IncomingMessage, socket: Duplex) => {
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`);
    });
    await expect(exec()).rejects.toMatchObject({ code: "cluster/forbidden", message: expect.stringContaining('User "kim" cannot create') });
  });

  describe("in hours without a word", () => {
    const run = async (given: string, minute: (count: number) => void = () => undefined): Promise<number> => {
      let count = 0;
      const patient = new HastyClock();
      const sleep: Clock["sleep"] = async (ms, signal) => {
        if (ms !== 60_000) return patient.sleep(ms, signal);
        minute((count += 1));
        await turn();
        signal?.throwIfAborted();
      };
      const access = { kind: "kubeconfig", files: [fake.kubeconfig], context: undefined } as const;
      const clock = { now: () => 0, sleep };
      const other = await connectCluster({ access, clock, random: () => 1, userAgent: "howdah/test", deadlineMs: 30_000 });
      const stdin = new PassThrough();
      stdin.write(given);
      const request = { argv: ["sh"], stdin, stdout: undefined, stderr: undefined, tty: false };
      return other.api.exec(container, request, forever).finally(() => {
        other.api.close();
      });
    };

    it("gives up a program that has ended without reading its input, which no server of 1.34 says", async () => {
      node = () => undefined;
      await expect(run("x".repeat(200_000))).rejects.toMatchObject({ code: "cluster/unreachable" });
    });

    it("waits for one that may have read it all", async () => {
      const there = Promise.withResolvers<WebSocket>();
      node = there.resolve;
      const code = run("yes\n", (minutes) => {
        if (minutes === 120)
          void there.promise.then((socket) => {
            sendAll(socket, [status(7)]);
            socket.close();
          });
      });
      expect(await code).toBe(7);
    });
  });
});

describe("a port of a pod", () => {
  const port = Buffer.from([0x90, 0x1f]);

  beforeEach(() => {
    speaks = "v4.channel.k8s.io";
  });

  it("is a stream without the numbers in front", async () => {
    node = (socket) => {
      sendAll(socket, [frame(0, port), frame(1, port)]);
      socket.on("message", (data) => {
        sendAll(socket, [frame(0, data.subarray(1).toString().toUpperCase())]);
        socket.close();
      });
    };
    const stream = await api.connectPod({ namespace: "blog", name: "web", port: 8080 }, forever);
    stream.write("hello");
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect([text, asked[0]]).toEqual(["HELLO", "/api/v1/namespaces/blog/pods/web/portforward?ports=8080"]);
  });

  it("ends with the client: nobody else may know of it any more", async () => {
    const ended = Promise.withResolvers<void>();
    node = (socket) => {
      sendAll(socket, [frame(0, port), frame(1, port)]);
      socket.on("close", () => {
        ended.resolve();
      });
    };
    const stream = await api.connectPod({ namespace: "blog", name: "web", port: 8080 }, forever);
    stream.on("error", () => undefined).resume();
    api.close();
    await ended.promise;
  });

  it("ends with the node's words when nobody listens there", async () => {
    node = (socket) => {
      sendAll(socket, [frame(0, port), frame(1, port), frame(1, "dial tcp4: connection refused")]);
    };
    const asking = api.askPod({ namespace: "blog", name: "web", port: 8080 }, { path: "/", headers: {}, timeoutMs: 60_000 });
    await expect(asking).rejects.toMatchObject({ code: "cluster/failed", message: expect.stringContaining("connection refused") });
  });

  it("is asked for a page under any name", async () => {
    node = (socket) => {
      sendAll(socket, [frame(0, port)]);
      socket.on("message", (data) => {
        const [line, ...headers] = data.subarray(1).toString().split("\r\n");
        const body = `${line ?? ""} ${headers.find((header) => header.toLowerCase().startsWith("host:")) ?? ""}`;
        sendAll(socket, [frame(0, `HTTP/1.1 301 Moved\r\nlocation: /elsewhere\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`)]);
      });
    };
    const request = { path: "/a?b", headers: { host: "blog.example.org" }, timeoutMs: 60_000 };
    const answer = await api.askPod({ namespace: "blog", name: "web", port: 8080 }, request);
    expect(answer).toMatchObject({ status: 301, headers: { location: "/elsewhere" }, body: "GET /a?b HTTP/1.1 host: blog.example.org" });
  });

  it("says of a pod that talks something else that it is no HTTP server", async () => {
    node = (socket) => {
      sendAll(socket, [frame(0, port), frame(0, "5.5.5-10.11.6-MariaDB\0\r\n\r\n")]);
    };
    const asking = api.askPod({ namespace: "blog", name: "web", port: 3306 }, { path: "/", headers: {}, timeoutMs: 60_000 });
    await expect(asking).rejects.toMatchObject({
      code: "cluster/failed",
      message: expect.stringContaining("does not answer as an HTTP server"),
    });
  });
});
