import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Patience, persist } from "./persist.ts";
import { PassingFailure } from "./registry-failure.ts";
import type { Answered, RegistrySession } from "./registry-session.ts";

/** Bytes by digest, on their way to a registry. */
export interface BlobSource {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `from` on; may be opened more than once. */
  readonly open: (from: number) => AsyncIterable<Uint8Array>;
}

/** How a blob came to lie where it was wanted. */
export type BlobOutcome = "existing" | "mounted" | "sent";

/** What an upload needs beside the blob. */
export interface UploadContext {
  readonly session: RegistrySession;
  /** `team/blog/web`. */
  readonly path: string;
  /** Other repositories of the same registry that may have the blob, likeliest first. */
  readonly mountFrom: readonly string[];
  readonly patience: Patience;
  /** Called with bytes as they are sent, those that are sent again included. */
  readonly onBytes: (count: number) => void;
}

/** A cut costs at most this much; object stores want parts of at least 5 MiB. */
const CHUNK = 8 * 1024 * 1024;

/**
 * Brings a blob into a repository: not at all when it is there, by a mount when another repository has it, else in chunks that go on where
 * a cut came. Errors: `registry/*`.
 */
export async function uploadBlob(blob: BlobSource, context: UploadContext): Promise<BlobOutcome> {
  if (await persist(() => exists(blob, context), context.patience)) return "existing";
  for (const from of context.mountFrom.filter((path) => path !== context.path)) {
    if (await persist(() => mount(blob, from, context), context.patience)) return "mounted";
  }
  const upload: Upload = { place: undefined, offset: 0, certain: false, chunk: CHUNK };
  await persist((progress) => advance(upload, blob, context, progress), context.patience);
  return "sent";
}

/** An upload that is under way. */
interface Upload {
  /** Where the next bytes go; undefined before the beginning. */
  place: URL | undefined;
  /** Bytes that the registry has. */
  offset: number;
  /** Whether `place` and `offset` are what the registry thinks, too: false while a request is under way. */
  certain: boolean;
  chunk: number;
}

async function exists(blob: BlobSource, { session, path }: UploadContext): Promise<boolean> {
  const answer = await session.ask({
    method: "HEAD",
    at: `/v2/${path}/blobs/${blob.digest}`,
    access: { [path]: "pull,push" },
    accept: [200, 404],
    what: `push of ${path}`,
  });
  await answer.body.dump();
  return answer.status === 200;
}

async function mount(blob: BlobSource, from: string, { session, path }: UploadContext): Promise<boolean> {
  try {
    const answer = await session.ask({
      method: "POST",
      at: `/v2/${path}/blobs/uploads/?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}`,
      access: { [path]: "pull,push", [from]: "pull" },
      accept: [201, 202],
      what: `push of ${path}`,
    });
    await answer.body.dump();
    return answer.status === 201; // 202: it began an upload instead, which nobody uses
  } catch (error) {
    // a repository that we may not read is only one that we can't mount from
    if (error instanceof HowdahError && error.code.startsWith("registry/")) return false;
    throw error;
  }
}

async function advance(upload: Upload, blob: BlobSource, context: UploadContext, progress: () => void): Promise<void> {
  if (upload.place !== undefined && !upload.certain && (await resume(upload, blob, context))) return;
  if (upload.place === undefined) await begin(upload, context);
  if (blob.size <= upload.chunk && upload.offset === 0) return finish(upload, blob, context);
  while (upload.offset < blob.size) {
    await sendChunk(upload, blob, context);
    progress();
  }
  await finish(upload, blob, context);
}

async function begin(upload: Upload, { session, path }: UploadContext): Promise<void> {
  const answer = await session.ask({
    method: "POST",
    at: `/v2/${path}/blobs/uploads/`,
    headers: { "content-length": "0" },
    access: { [path]: "pull,push" },
    accept: [202],
    what: `push of ${path}`,
  });
  await answer.body.dump();
  Object.assign(upload, { place: session.location(answer), offset: 0, certain: true });
  const least = Number(answer.headers["oci-chunk-min-length"] ?? 0);
  if (least > CHUNK && least < 2 ** 31) upload.chunk = least;
}

/** Asks how far an upload has come. True when the blob is whole: the answer to its last request was lost. An upload that is gone begins anew. */
async function resume(upload: Upload, blob: BlobSource, context: UploadContext): Promise<boolean> {
  if (await exists(blob, context)) return true;
  const { session, path } = context;
  const answer = await session.ask({
    method: "GET",
    at: upload.place ?? "",
    access: { [path]: "pull,push" },
    accept: [200, 202, 204, 400, 404, 405, 416],
    what: `push of ${path}`,
  });
  await answer.body.dump();
  const known = answer.status < 300 ? received(answer) : undefined;
  if (known === undefined || known > blob.size) Object.assign(upload, { place: undefined, offset: 0, certain: false });
  else Object.assign(upload, { place: placeAfter(answer, upload, session), offset: known, certain: true });
  return false;
}

/** Sends the next chunk. When the registry has another idea of where we are, the upload goes on there, or begins anew. */
async function sendChunk(upload: Upload, blob: BlobSource, context: UploadContext): Promise<void> {
  const { session, path } = context;
  const from = upload.offset;
  const size = Math.min(upload.chunk, blob.size - from);
  upload.certain = false;
  const answer = await session.ask({
    method: "PATCH",
    at: upload.place ?? "",
    headers: { "content-type": "application/octet-stream", "content-range": `${String(from)}-${String(from + size - 1)}` },
    body: { size, open: () => part(blob, from, size, context.onBytes) },
    access: { [path]: "pull,push" },
    accept: [202, 204, 404, 416],
    what: `push of ${path}`,
  });
  await answer.body.dump();
  if (answer.status === 404 || answer.status === 416) {
    const known = answer.status === 416 ? received(answer) : undefined;
    if (known === undefined || known <= from || known > blob.size) throw lost(upload, session);
    Object.assign(upload, { place: placeAfter(answer, upload, session), offset: known, certain: true });
    return;
  }
  Object.assign(upload, { place: session.location(answer), offset: received(answer) ?? from + size, certain: true });
}

/** An upload that the registry does not know any more begins anew, as often as the patience lasts. */
function lost(upload: Upload, session: RegistrySession): PassingFailure {
  upload.place = undefined;
  return new PassingFailure(`${session.host} has lost an upload`);
}

/** Closes the upload; a blob that fits into one chunk comes along with it. The registry checks the digest. */
async function finish(upload: Upload, blob: BlobSource, context: UploadContext): Promise<void> {
  const { session, path } = context;
  const rest = blob.size - upload.offset;
  const place = new URL(upload.place ?? "");
  place.searchParams.set("digest", blob.digest);
  const from = upload.offset;
  upload.certain = false;
  const answer = await session.ask({
    method: "PUT",
    at: place,
    headers: rest === 0 ? { "content-length": "0" } : { "content-type": "application/octet-stream" },
    ...(rest === 0 ? {} : { body: { size: rest, open: () => part(blob, from, rest, context.onBytes) } }),
    access: { [path]: "pull,push" },
    accept: [201, 204, 404, 416],
    what: `push of ${path}`,
  });
  await answer.body.dump();
  if (answer.status >= 400) throw lost(upload, session);
}

function placeAfter(answer: Answered, upload: Upload, session: RegistrySession): URL | undefined {
  return answer.headers["location"] === undefined ? upload.place : session.location(answer);
}

/** `Range: 0-99`: the registry has 100 bytes. Nothing received is `0-0` with some registries and no header with others. */
function received(answer: Answered): number | undefined {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(answer.headers["range"] ?? "")?.[1];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

async function* part(blob: BlobSource, from: number, size: number, onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of blob.open(from)) {
    const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= piece.length;
    onBytes(piece.length);
    yield piece;
    if (left === 0) return;
  }
}
