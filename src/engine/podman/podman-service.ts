import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import type { Agent } from "node:http";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import type { ProcessOptions, ProcessResult } from "../process-port.ts";
import { type ServiceCommand, type ServiceRequest, serviceCommand } from "./service-command.ts";

/** Podman's own service, which belongs to one process of ours and ends with it. */
export interface PodmanService<Options extends ProcessOptions, Result extends ProcessResult> {
  /** Runs programs as the given way does, but podman's frequent commands as requests to the service. */
  readonly run: (argv: readonly string[], options?: Options) => Promise<Result | ProcessResult>;
  /** Starts the service without waiting for it: while arguments and files are read, it is made ready. */
  warmUp(): void;
  /** Ends the service; the next command starts it again. */
  close(): void;
}

/** Seconds without a request after which the service ends by itself: its owner was killed, or has nothing to ask. */
const IDLE_SECONDS = 10;
/** A starved machine needs that long to start it; then commands are run as before. */
const START_MS = 5000;
const POLL_MS = 5;
/** Reading takes milliseconds; a service that hangs must not hang its owner. */
const READ_MS = 20_000;
const API = "/v4.0.0/libpod";

/**
 * Starts podman's service with the first command that it can do. Nothing depends on it: where it can't be started, does not answer or
 * refuses, the command itself is run, whose words and exit codes are the ones that callers know.
 * @param directory where the socket lies; root's own
 */
export function podmanService<Options extends ProcessOptions, Result extends ProcessResult>(
  directory: string,
  clock: Clock,
  run: (argv: readonly string[], options?: Options) => Promise<Result>,
): PodmanService<Options, Result> {
  let child: Promise<Running> | undefined;
  let starts = 0;
  const begun = async (): Promise<Running> => {
    const current = child;
    const former = await current;
    // One that was idle for too long is started again, once for all who ask; one that could not be started is not, or every command would
    // wait for it.
    if (former?.ended() === true && (await former.ready) && child === current) child = undefined;
    // Each has a socket of its own: one that ends removes its socket.
    child ??= startService(join(directory, `podman-${process.pid}-${++starts}.sock`), directory, clock);
    return child;
  };
  const service = async (): Promise<Running | undefined> => {
    const running = await begun();
    return (await running.ready) ? running : undefined;
  };
  const ask = async (command: ServiceCommand, options: ProcessOptions | undefined): Promise<ProcessResult | undefined> => {
    const running = await service();
    if (running === undefined) return undefined;
    const bodies = await answers(running, command, options).catch(() => undefined);
    return bodies === undefined ? undefined : { code: 0, stdout: command.stdout(bodies), stderr: "", lastLines: [] };
  };
  return {
    run: async (argv, options) => {
      const [program, ...args] = argv;
      if (program !== "podman" || options?.input !== undefined || options?.signal?.aborted === true) return run(argv, options);
      const command = serviceCommand(args);
      if (command !== undefined) return (await ask(command, options)) ?? run(argv, options);
      const running = isCreation(args) ? await service() : undefined;
      if (running === undefined) return run(argv, options);
      // The program without what its own start costs: it only reads the arguments, and the service does the rest.
      const remote = ["podman", "--remote", "--url", `unix://${running.socket}`, ...args];
      const created = await run(remote, { ...(options as Options), accept: "any" });
      return created.code === 0 ? created : run(argv, options);
    },
    warmUp: () => void begun(),
    close: () => {
      const closing = child;
      child = undefined;
      void closing?.then((running) => running.end());
    },
  };
}

function isCreation([first, second]: readonly string[]): boolean {
  return first === "create" || (first === "pod" && second === "create");
}

interface Running {
  readonly socket: string;
  readonly agent: Agent;
  /** False when it could not be started. */
  readonly ready: Promise<boolean>;
  ended(): boolean;
  end(): void;
}

async function startService(socket: string, directory: string, clock: Clock): Promise<Running> {
  const { Agent } = await import("node:http");
  const agent = new Agent({ keepAlive: true });
  let ended = false;
  let program: ChildProcess | undefined;
  try {
    await mkdir(directory, { recursive: true });
    await rm(socket, { force: true }); // of a process that was killed and had the same number
    // Its own process group: Ctrl-C is for us, who may still have to undo something.
    const argv = ["system", "service", `--time=${String(IDLE_SECONDS)}`, `unix://${socket}`];
    program = spawn("podman", argv, { stdio: "ignore", detached: true });
    program.once("error", () => (ended = true)).once("exit", () => (ended = true));
    program.unref();
  } catch {
    ended = true;
  }
  const end = (): void => {
    agent.destroy();
    if (!ended) program?.kill("SIGTERM");
    ended = true;
    void rm(socket, { force: true });
  };
  const answers = async (): Promise<boolean> => {
    const until = clock.now() + START_MS;
    while (!running.ended() && clock.now() < until) {
      const pong = await request(running, { method: "GET", path: "/_ping" }, AbortSignal.timeout(START_MS)).catch(() => undefined);
      if (pong?.status === 200) return true;
      await clock.sleep(POLL_MS);
    }
    end();
    return false;
  };
  const running = { socket, agent, ended: () => ended, end };
  return { ...running, ready: answers() };
}

/** The bodies of a command's answers; undefined when one is not accepted. */
async function answers(running: Running, command: ServiceCommand, options: ProcessOptions | undefined): Promise<string[] | undefined> {
  const limit = options?.timeoutMs ?? (command.requests[0]?.method === "GET" ? READ_MS : undefined);
  const signals = [options?.signal, limit === undefined ? undefined : AbortSignal.timeout(limit)].filter((one) => one !== undefined);
  const send = (one: ServiceRequest): ReturnType<typeof request> =>
    request(running, one, signals.length === 0 ? undefined : AbortSignal.any(signals));
  const bodies: string[] = [];
  if (!command.inOrder) {
    for (const { status, body } of await Promise.all(command.requests.map(send))) {
      if (!command.accepts.includes(status)) return undefined;
      bodies.push(body);
    }
    return bodies;
  }
  for (const one of command.requests) {
    const { status, body } = await send(one);
    if (!command.accepts.includes(status)) return undefined;
    bodies.push(body);
  }
  return bodies;
}

async function request(
  { socket, agent }: Pick<Running, "socket" | "agent">,
  { method, path }: ServiceRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  const http = await import("node:http");
  return new Promise((resolve, reject) => {
    const headers = { host: "podman" };
    const options = { socketPath: socket, path: `${API}${path}`, method, headers, agent, ...(signal === undefined ? {} : { signal }) };
    const sent = http.request(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("error", reject).once("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.once("error", reject);
    sent.end();
  });
}
