import type { Readable, Writable } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { ApiConnection } from "./api-connection.ts";
import { type KubeStatus, statusOf, wordsOf } from "./api-failure.ts";
import { type ChannelSocket, openChannels } from "./channel-socket.ts";
import { stopped } from "./deadline.ts";
import type { ContainerName, KubernetesApi } from "./kubernetes-api.ts";
import { objectPath, resources } from "./resources.ts";

/** A program to run, as `KubernetesApi.exec` has it. */
export interface ExecRequest {
  readonly container: ContainerName;
  readonly request: Parameters<KubernetesApi["exec"]>[1];
  readonly server: string;
  readonly clock: Clock;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
/** Since Kubernetes 1.30; the only one that can say "standard input ends here". */
const V5 = "v5.channel.k8s.io";
const V4 = "v4.channel.k8s.io";
/** A restored table may get its indexes without a word for minutes; half an hour is what a database gets to start, too. */
const QUIET_MINUTES = 30;
/** What servers read at once; larger frames would be held in their memory. */
const CHUNK = 32 * 1024;
/** Less input surely fits into the buffers on the way: then a server says that a program ended. Half of what they hold. */
const BUFFERED = 32 * 1024;

/**
 * Runs a program in a container. A program that ends without having read its input ends the call only when what is left fits into the buffers
 * on the way (about 64 kB): with more, Kubernetes 1.34 never says that it ended, to kubectl neither. So what is fed to a program that may
 * refuse it (a dump) goes by way of one that reads to the end; a call with more input than surely fits in which nothing moves in either direction for half
 * an hour is given up (`cluster/unreachable`). Output is written with back-pressure and not ended: the streams are the caller's. Errors: `cluster/rejected`
 * when the program can't be started, `cluster/unreachable` when the connection breaks (nobody knows how the program ended then).
 */
export async function execInPod(connection: ApiConnection, exec: ExecRequest, signal: AbortSignal): Promise<number> {
  const { container, request, server, clock } = exec;
  const { argv, stdin, stdout, stderr, tty } = request;
  const query = new URLSearchParams({
    container: container.container,
    stdin: String(stdin !== undefined),
    stdout: String(stdout !== undefined),
    stderr: String(stderr !== undefined && !tty),
    tty: String(tty),
  });
  for (const argument of argv) query.append("command", argument);
  const where = `${container.namespace}/${container.pod} (${container.container})`;
  const pod = { resource: resources.Pod, namespace: container.namespace, name: container.pod };
  const what = `run ${argv[0] ?? "nothing"} in ${where}`;

  let status: KubeStatus | undefined;
  const { promise: over, resolve: finish } = Promise.withResolvers<Error | undefined>();
  const stop = new AbortController();
  const quiet: Quiet = { minutes: 0, given: 0 };
  const written: { last: Promise<void> } = { last: Promise.resolve() };
  let socket: ChannelSocket | undefined;
  const put = (to: Writable | undefined, data: Buffer): void => {
    if (to === undefined || data.length === 0) return;
    const flushed = Promise.withResolvers<void>();
    const more = to.write(data, (error) => {
      if (error === undefined || error === null) flushed.resolve();
      else flushed.reject(error);
    });
    written.last = Promise.all([written.last, flushed.promise]).then(() => {});
    written.last.catch((error: unknown) => {
      stop.abort(error);
    });
    if (!more) {
      socket?.pause();
      to.once("drain", () => socket?.resume());
    }
  };
  socket = await openChannels(
    connection,
    { server, clock, path: `${objectPath(pod, "exec")}?${query.toString()}`, protocols: [V5, V4], what },
    {
      frame(channel, data) {
        quiet.minutes = 0;
        if (channel === STDOUT) put(stdout, data);
        else if (channel === STDERR) put(stderr, data);
        else if (channel === ERROR) status = statusOf(data.toString("utf8"));
      },
      end: finish,
    },
    AbortSignal.any([signal, stop.signal]),
  );
  if (stdin !== undefined && socket.protocol !== V5) {
    socket.terminate();
    throw new HowdahError("cluster/failed", `The API server can't tell a program that its input ended: it is older than Kubernetes 1.30`);
  }
  const ended = new AbortController();
  if (stdin !== undefined && !tty) {
    const words = `${where} neither reads what ${argv[0] ?? "it"} is given nor says anything for ${String(QUIET_MINUTES)} minutes`;
    giveUpWhenQuiet(quiet, clock, stop, ended.signal, words).catch(() => {});
  }
  const sent = (bytes: number): boolean => {
    quiet.minutes = 0;
    quiet.given += bytes;
    return status !== undefined;
  };
  const input = stdin === undefined ? Promise.resolve() : sendInput(stdin, socket, stop, sent);
  const broken = await over;
  ended.abort();
  stdin?.destroy();
  await input;
  if (signal.aborted) throw stopped(signal, broken);
  if (stop.signal.aborted) throw stop.signal.reason;
  await written.last;
  if (status === undefined)
    throw new HowdahError("cluster/unreachable", `${server} broke the connection off that should ${what}`, { cause: broken });
  return exitCodeOf(status, what);
}

/** How long nothing has moved, and how many bytes of input were given by then. */
interface Quiet {
  minutes: number;
  given: number;
}

/** Ends what has stopped moving. Minutes are counted, not times compared: clocks of machines are set. A person's terminal may be quiet for hours. */
async function giveUpWhenQuiet(quiet: Quiet, clock: Clock, stop: AbortController, ended: AbortSignal, words: string): Promise<void> {
  for (; quiet.minutes < QUIET_MINUTES; quiet.minutes += quiet.given >= BUFFERED ? 1 : 0) await clock.sleep(60_000, ended);
  stop.abort(
    new HowdahError("cluster/unreachable", words, {
      hint: "The program has most likely ended without reading it all, which this Kubernetes does not say. Look at the container's log.",
    }),
  );
}

/** Passes input on until it ends, or until the program no longer listens. A source that fails stops the program. */
async function sendInput(
  stdin: Readable,
  socket: ChannelSocket,
  stop: AbortController,
  hasEnded: (sent: number) => boolean,
): Promise<void> {
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      const data = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < data.length; at += CHUNK) {
        const part = data.subarray(at, at + CHUNK);
        const sent = await socket.send(STDIN, part).then(
          () => true,
          () => false,
        );
        if (!sent || hasEnded(part.length)) return; // how it ended is said by the status, or by the broken connection
      }
    }
    await socket.send(CLOSE, Uint8Array.of(STDIN)).catch(() => {});
  } catch (error) {
    if (!hasEnded(0) && (error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") stop.abort(error);
  }
}

function exitCodeOf(status: KubeStatus, what: string): number {
  if (status.status === "Success") return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (status.reason === "NonZeroExitCode" && code !== undefined && /^\d+$/.test(code)) return Number(code);
  const words = wordsOf(status, "");
  const neverStarts = /executable file not found|no such file or directory|permission denied|is a directory/i.test(words);
  throw new HowdahError(neverStarts ? "cluster/rejected" : "cluster/failed", `The node does not ${what}: ${words}`, {
    ...(neverStarts ? { hint: "Is the program in the image, under that path?" } : {}),
  });
}
