import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Descriptor } from "./manifest.ts";
import { type Patience, persist } from "./persist.ts";
import { connectionFailure, PassingFailure } from "./registry-failure.ts";
import type { RegistrySession } from "./registry-session.ts";

/** What a download needs beside the blob. */
export interface DownloadContext {
  readonly session: RegistrySession;
  readonly path: string;
  readonly patience: Patience;
  readonly onBytes: (count: number) => void;
}

/**
 * Fetches a blob into a file; a cut goes on where it came. Every byte is hashed on its way: what has another digest or another length
 * than the manifest says is refused. Errors: `registry/*`; disk errors as they are.
 */
export async function downloadBlob(blob: Descriptor, file: string, context: DownloadContext): Promise<void> {
  const handle = await open(file, "w");
  try {
    const state = { received: 0, hash: createHash("sha256") };
    await persist((progress) => receive(blob, state, handle, { ...context, progress }), context.patience);
    if (`sha256:${state.hash.digest("hex")}` !== blob.digest) throw mismatch(blob, context);
  } finally {
    await handle.close();
  }
}

interface Received {
  received: number;
  hash: ReturnType<typeof createHash>;
}

async function receive(
  blob: Descriptor,
  state: Received,
  handle: FileHandle,
  context: DownloadContext & { readonly progress: () => void },
): Promise<void> {
  const { session, path, progress, onBytes } = context;
  if (state.received === blob.size && blob.size > 0) return;
  const answer = await session.ask({
    method: "GET",
    at: `/v2/${path}/blobs/${blob.digest}`,
    headers: state.received === 0 ? {} : { range: `bytes=${String(state.received)}-` },
    access: { [path]: "pull" },
    accept: [200, 206, 416],
    what: `pull of ${path}`,
  });
  const from = answer.status === 206 ? Number(/^bytes (\d+)-/.exec(answer.headers["content-range"] ?? "")?.[1]) : 0;
  if (answer.status === 416 || from !== state.received) {
    state.received = 0;
    state.hash = createHash("sha256");
    await handle.truncate(0);
    if (answer.status !== 200) {
      await answer.body.dump();
      throw new PassingFailure(`${session.host} does not go on in the middle`, { retryAfterMs: 0 });
    }
  }
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (state.received + chunk.length > blob.size) throw mismatch(blob, context);
      await handle.write(chunk, 0, chunk.length, state.received);
      state.hash.update(chunk);
      state.received += chunk.length;
      onBytes(chunk.length);
      progress();
    }
  } catch (error) {
    context.patience.signal.throwIfAborted();
    if (error instanceof HowdahError || isDiskError(error)) throw error;
    throw connectionFailure(error, session.host);
  }
  if (state.received < blob.size) throw new PassingFailure(`${session.host} broke the connection off`);
}

function mismatch(blob: Descriptor, { session, path }: DownloadContext): HowdahError {
  return new HowdahError("registry/digest-mismatch", `${session.host} gives other bytes than ${path}@${blob.digest} stands for`);
}

function isDiskError(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS"].includes(code);
}
