import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAMS = resolve("src/entrypoint/php/mail");

/** A mailbox in a directory of the test's own, with this machine's PHP. `stop` ends what was started and leaves nothing. */
export interface MailboxRig {
  readonly directory: string;
  /** Runs a program with input to its end. */
  run(argv: readonly string[], input?: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** A program of the mailbox by its file's name. */
  program(name: string): string;
  /** Starts what takes mails; answers its port. */
  listen(): Promise<number>;
  /** Starts the web view; answers its origin. */
  view(): Promise<string>;
  stop(): void;
}

export function mailboxRig(): MailboxRig {
  const directory = mkdtempSync(join(tmpdir(), "t-mail-"));
  const env = { PATH: process.env["PATH"] ?? "", HOWDAH_MAIL_DIRECTORY: directory };
  const started: ChildProcess[] = [];
  const program = (name: string): string => join(PROGRAMS, name);
  const serve = async (argv: readonly string[], port: number): Promise<void> => {
    // A group of its own, so that the children of its visits end with it.
    started.push(spawn("php", argv, { env, stdio: "ignore", cwd: directory, detached: true }));
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries > 600) throw new Error(`php ${argv.join(" ")} does not listen`);
      await sleep(100);
    }
  };
  return {
    directory,
    program,
    run: async (argv, input = "") =>
      await new Promise((done, fail) => {
        const child = spawn(argv[0] ?? "", argv.slice(1), { env, stdio: ["pipe", "pipe", "pipe"] });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        child.stdin.on("error", () => undefined); // it may end without reading all
        child.stdin.end(input);
        child.once("error", fail);
        child.once("close", (code) => done({ code: code ?? 1, stdout, stderr }));
      }),
    listen: async () => {
      const port = await freePort();
      await serve(["-n", program("listen.php"), String(port)], port);
      return port;
    },
    view: async () => {
      const port = await freePort();
      await serve(["-S", `127.0.0.1:${String(port)}`, program("view.php")], port);
      return `http://127.0.0.1:${String(port)}`;
    },
    stop: () => {
      for (const { pid } of started) if (pid !== undefined) process.kill(-pid, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  return await new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Says lines to an SMTP server one after the other, each after an answer; answers what it said. */
export async function saySmtp(port: number, lines: readonly string[]): Promise<readonly string[]> {
  return await new Promise((done, fail) => {
    const socket = connect(port, "127.0.0.1");
    const heard: string[] = [];
    const rest = [...lines];
    let pending = "";
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString();
      // The last line of an answer has a blank after its number.
      for (let end = /^\d{3} .*\r\n/m.exec(pending); end !== null; end = /^\d{3} .*\r\n/m.exec(pending)) {
        heard.push(end[0].trim());
        pending = pending.slice(end.index + end[0].length);
        const next = rest.shift();
        if (next === undefined) socket.end();
        else socket.write(next.endsWith("\r\n") ? next : `${next}\r\n`);
      }
    });
    socket.once("error", fail);
    socket.once("close", () => done(heard));
  });
}
