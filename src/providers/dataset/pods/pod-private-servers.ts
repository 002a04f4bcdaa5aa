import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BREED_LABEL } from "../../../kernel/breed-labels.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { sql } from "../../../kernel/sql.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { PRIVATE_SOCKET, type PrivateServer, type PrivateServers, type SealedContainer, type SealedEnd } from "../private-server.ts";
import { refusalNumbers } from "../refusal-without-values.ts";
import { socketConnection } from "../socket-connection.ts";
import type { BreedingPod } from "./breeding-pod.ts";
import { lastWords, podEnd, type PodName, type PodsApi, podState, removePod } from "./pod-life.ts";
import { breedLabel, CONTAINER, sealedPod, type SnapshotCopy } from "./sealed-pod.ts";

/** Of what these servers are made. */
export interface PodServersOptions {
  readonly api: PodsApi;
  readonly pod: BreedingPod;
  /** In one of the pod's claims, and short: sockets lie below it, and files that containers see. */
  readonly runDirectory: string;
  readonly copyAt: (directory: string) => SnapshotCopy | undefined;
}

/** A program that has a network and no file of a breed: it reads the source and writes to one private server's socket. */
export interface LoadingProgram {
  readonly image: string;
  readonly argv: readonly string[];
  readonly memoryBytes: number;
  /** A Secret of the namespace, and where its keys are files. */
  readonly secret: { readonly name: string; readonly at: string };
}

/** Private servers in pods of a cluster, and what fills one of them from elsewhere. */
export interface PodServers extends PrivateServers {
  /** Runs a program to its end that reaches the source and a server's socket. */
  load(server: PrivateServer, program: LoadingProgram, signal: AbortSignal): Promise<SealedEnd>;
}

const SOCKET_DIRECTORY = "/run/mysqld";
const INPUT = "input";
/** Its image may have to come first, and its data to be recovered. */
const READY_MS = 600_000;
const SOCKET_POLL_MS = 100;
const POD_POLL_MS = 1000;
/** Reads what a program left unread: an exec whose input is not read to its end may never be told to have ended (pod-exec.ts). */
const READS_ALL = ["/bin/sh", "-c", '"$@"; code=$?; cat >/dev/null; exit $code', "sh"];
const FROM_FILE = ["/bin/sh", "-c", `exec "$@" <${SOCKET_DIRECTORY}/${INPUT}`, "sh"];

/** A server's pod, and its directory in the breeder's. */
interface Place extends PodName {
  readonly directory: string;
  readonly run: string;
  readonly container: SealedContainer;
}

/** Private servers as pods beside the one that this process runs in: on its node, with its claims, so that a socket in a directory of both connects them. */
export function podPrivateServers(options: PodServersOptions): PodServers {
  const { api } = options;
  const places = new WeakMap<PrivateServer, Place>();
  return {
    start: async (container, signal) => {
      const place = await prepare(container, options);
      try {
        await create(place, place.container, options, signal);
        await awaitServer(place, options, signal);
      } catch (error) {
        await end(place, options);
        throw error;
      }
      const server = serverIn(place, options);
      places.set(server, place);
      return server;
    },
    run: async (container, { input, signal }) => {
      const place = await prepare(container, options);
      try {
        if (input !== undefined) await pipeline(input, createWriteStream(join(place.run, INPUT), { mode: 0o600 }));
        const argv = input === undefined ? container.argv : [...FROM_FILE, ...container.argv];
        await create(place, { ...place.container, argv }, options, signal);
        return await endOf(place, options, signal);
      } finally {
        await end(place, options);
      }
    },
    load: async (server, { secret, ...program }, signal) => {
      const place = places.get(server);
      if (place === undefined) throw new TypeError("a server of others is filled by others");
      const container = { ...program, breed: place.container.breed, directories: [{ from: place.run, to: SOCKET_DIRECTORY }] };
      const loader = { namespace: place.namespace, name: podName() };
      try {
        const object = sealedPod({ name: loader.name, part: "loader", container, copyAt: options.copyAt, secret }, options.pod);
        await api.create(resources.Pod, object, signal);
        return await endOf(loader, options, signal);
      } finally {
        await removePod(api, loader);
      }
    },
    sweep: (breed) => sweep(breed, options),
  };
}

function podName(): string {
  return `howdah-breed-${randomBytes(5).toString("hex")}`;
}

/** Makes what its container sees beside the breed's own directories: where its socket goes, and its files. */
async function prepare(container: SealedContainer, { pod, runDirectory }: PodServersOptions): Promise<Place> {
  const directory = join(runDirectory, randomBytes(4).toString("hex"));
  const run = join(directory, "run");
  await mkdir(join(run, "no-files"), { recursive: true, mode: 0o700 }); // where `secure-file-priv` points: it must exist and stays empty
  const files: { from: string; to: string; readOnly: true }[] = [];
  for (const [index, [to, text]] of Object.entries(container.files ?? {}).entries()) {
    const from = join(directory, String(index));
    await writeFile(from, text, { mode: 0o400 });
    files.push({ from, to, readOnly: true });
  }
  await chmod(directory, 0o700);
  const directories = [{ from: run, to: SOCKET_DIRECTORY }, ...container.directories, ...files];
  return { namespace: pod.namespace, name: podName(), directory, run, container: { ...container, directories } };
}

async function create(
  place: PodName,
  container: SealedContainer,
  { api, pod, copyAt }: PodServersOptions,
  signal: AbortSignal,
): Promise<void> {
  await api.create(resources.Pod, sealedPod({ name: place.name, part: "sealed", container, copyAt }, pod), signal);
}

async function awaitServer(place: Place, { api }: PodServersOptions, signal: AbortSignal): Promise<void> {
  const until = performance.now() + READY_MS;
  let why = "";
  for (let look = 0; performance.now() < until; ) {
    signal.throwIfAborted();
    const connection = await socketConnection(socketOf(place)).catch(() => undefined);
    if (connection !== undefined) {
      await connection.close();
      return;
    }
    await sleep(SOCKET_POLL_MS);
    if (performance.now() < look) continue;
    look = performance.now() + POD_POLL_MS;
    const state = await podState(api, place.namespace, place.name);
    if (state.is === "waiting") why = `: ${state.why}`;
    if (state.is === "ended" || state.is === "gone") break;
  }
  throw new HowdahError("dataset/failed", `A private database server did not start${why}`, { output: await lastWords(api, place) });
}

function socketOf({ run }: Place): string {
  return join(run, PRIVATE_SOCKET.slice(SOCKET_DIRECTORY.length + 1));
}

async function endOf(pod: PodName, { api }: PodServersOptions, signal: AbortSignal): Promise<SealedEnd> {
  const code = await podEnd(api, pod, signal);
  return { code: code ?? 255, lastLines: await lastWords(api, pod) };
}

async function end(place: Place, { api }: PodServersOptions): Promise<void> {
  await removePod(api, place);
  await rm(place.directory, { recursive: true, force: true });
}

function serverIn(place: Place, options: PodServersOptions): PrivateServer {
  return {
    connect: () => socketConnection(socketOf(place)),
    exec: (argv, input) => {
      const stdout = new PassThrough();
      const done = execIn(place, input === undefined ? argv : [...READS_ALL, ...argv], { input, stdout }, options);
      done.catch(() => {}); // the reader may fail first; it still awaits `done`
      return { stdout, done };
    },
    stop: async (clean) => {
      if (clean) await shutDown(place, options);
      else await kill(place, options);
      await end(place, options);
    },
  };
}

/** What a program of the database says when it fails quotes rows; its refusals' numbers don't. */
async function execIn(
  { namespace, name }: PodName,
  argv: readonly string[],
  { input, stdout }: { readonly input: Readable | undefined; readonly stdout: PassThrough },
  { api }: PodServersOptions,
): Promise<void> {
  let words = "";
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      words = (words + chunk.toString()).slice(-50_000);
      done();
    },
  });
  try {
    const request = { argv, stdin: input, stdout, stderr, tty: false };
    const code = await api.exec({ namespace, pod: name, container: CONTAINER }, request, new AbortController().signal);
    const output = refusalNumbers(words.split("\n").filter((line) => line !== ""));
    if (code !== 0)
      throw new HowdahError("dataset/failed", `A program beside a private server ended with exit code ${String(code)}`, { output });
    stdout.end();
  } catch (error) {
    stdout.destroy(error as Error);
    throw error;
  }
}

/** At once, as it is: a server that is asked to end takes files away that say how exported tables are made up. */
async function kill({ namespace, name }: PodName, { api }: PodServersOptions): Promise<void> {
  const stdout = new PassThrough().resume(); // a program without any stream is refused
  const request = { argv: ["/bin/sh", "-c", "kill -9 -1"], stdin: undefined, stdout, stderr: undefined, tty: false };
  // It may have ended, and the connection may end with it.
  await api.exec({ namespace, pod: name, container: CONTAINER }, request, AbortSignal.timeout(30_000)).catch(() => undefined);
  await podEnd(api, { namespace, name }, AbortSignal.timeout(60_000)).catch(() => undefined);
}

/** Error: `dataset/failed` when it did not end cleanly: its files are then not whole. */
async function shutDown(place: Place, { api }: PodServersOptions): Promise<void> {
  const connection = await socketConnection(socketOf(place));
  await connection.query(sql`SHUTDOWN`).catch(() => undefined); // the answer may not come any more
  await connection.close();
  const code = await podEnd(api, place);
  if (code === 0) return;
  const how = code === null ? "its pod is gone" : `exit code ${String(code)}`;
  throw new HowdahError("dataset/failed", `A private database server did not end cleanly (${how})`, {
    output: await lastWords(api, place),
  });
}

/** Those of a breed, or of breeding pods that are dead. Their directories go with the claims. */
async function sweep(breed: string | undefined, { api, pod }: PodServersOptions): Promise<number> {
  const { namespace } = pod;
  const labelSelector = breed === undefined ? BREED_LABEL : `${BREED_LABEL}=${breedLabel(breed)}`;
  const { items } = await api.list(resources.Pod, { namespace, labelSelector });
  let swept = 0;
  for (const { metadata } of items) {
    const [owner] = metadata.ownerReferences ?? [];
    if (breed === undefined && owner !== undefined && (await isAlive(api, namespace, owner))) continue;
    await removePod(api, { namespace, name: metadata.name });
    swept += 1;
  }
  return swept;
}

/** Whether a pod is there and its program has not ended. */
export async function isAlive(
  api: Pick<PodsApi, "get">,
  namespace: string,
  { name, uid }: { readonly name: string; readonly uid: string },
): Promise<boolean> {
  const found = await api.get({ resource: resources.Pod, namespace, name });
  if (found?.metadata.uid !== uid) return false;
  const { phase } = (found["status"] ?? {}) as { readonly phase?: string };
  return phase !== "Succeeded" && phase !== "Failed";
}
