import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ContainerName, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import type { MachinePort } from "../ports.ts";
import { remoteShellWords } from "../../render/data-move/rsync-arguments.ts";
import { besideBundle } from "./beside-bundle.ts";

/** A way for this machine's rsync to the one in a pod. */
export interface PodTunnel {
  /** The value of `--rsh`. */
  readonly remoteShell: string;
  /** Why the last connection failed, when that was not rsync's own doing. */
  failure(): unknown;
  /** What the pod's side complained of since it was asked last. */
  complaints(): readonly string[];
  close(): Promise<void>;
}

/**
 * rsync starts a program that should connect it to the other machine; ours hands its bytes to this process, which runs the other rsync in the
 * pod through the API server. So nothing in the cluster listens, and no policy needs a hole. Nobody but this user reaches the socket.
 */
export async function openPodTunnel(
  api: KubernetesApi,
  container: ContainerName,
  machine: Pick<MachinePort, "processIdentity" | "isProcessAlive">,
  signal: AbortSignal,
): Promise<PodTunnel> {
  await removeDead(machine);
  const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${await machine.processIdentity()}.`));
  const path = join(directory, "s");
  let failure: unknown;
  let complaints: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined); // rsync ended first; its exit code tells
    const gone = new AbortController();
    socket.on("close", () => {
      sockets.delete(socket);
      gone.abort();
    });
    const both = AbortSignal.any([signal, gone.signal]);
    serve(socket, api, container, both, (words) => complaints.push(...words)).catch((error: unknown) => {
      if (!gone.signal.aborted) failure = error;
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    remoteShell: remoteShellWords([process.execPath, fileURLToPath(besideBundle("rsh-bridge")), path]),
    failure: () => failure,
    complaints() {
      const said = complaints;
      complaints = [];
      return said;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Names a directory by its process: `howdah-rsync-PID-START.RANDOM`. */
const PREFIX = "howdah-rsync-";

/** Takes away the sockets of commands that were killed. What belongs to somebody else stays. */
async function removeDead({ isProcessAlive }: Pick<MachinePort, "isProcessAlive">): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [process = ""] = name.slice(PREFIX.length).split(".");
    if (!name.startsWith(PREFIX) || (await isProcessAlive(process))) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function serve(
  socket: Socket,
  api: KubernetesApi,
  container: ContainerName,
  signal: AbortSignal,
  complain: (words: readonly string[]) => void,
): Promise<void> {
  const [program, mode, ...words] = await firstLine(socket);
  if (program !== "rsync" || mode !== "--server") throw new TypeError("rsync asked for something else than its other side");
  const stdin = new PassThrough();
  socket.pipe(stdin);
  const stderr = new PassThrough();
  stderr.setEncoding("utf8");
  let said = "";
  stderr.on("data", (piece: string) => {
    said = (said + piece).slice(-20_000);
  });
  const argv = ["/usr/bin/rsync", mode, ...words];
  await api.exec(container, { argv, stdin, stdout: socket, stderr, tty: false }, signal);
  complain(said.split("\n").filter((line) => line !== ""));
  socket.end();
}

/** The words that the bridge got, before the bytes. */
async function firstLine(socket: Socket): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      const at = all.indexOf(10);
      if (at < 0) return;
      socket.off("data", read);
      socket.pause();
      if (at + 1 < all.length) socket.unshift(all.subarray(at + 1));
      resolve(JSON.parse(all.toString("utf8", 0, at)) as readonly string[]);
    };
    socket.on("data", read);
    socket.once("close", () => reject(new Error("rsync ended before it began")));
  });
}
