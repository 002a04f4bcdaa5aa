import { HowdahError } from "../../kernel/howdah-error.ts";
import { OCI_INDEX, OCI_MANIFEST } from "./manifest.ts";
import { type Patience, persist } from "./persist.ts";
import type { Pushable, Pushed } from "./registry.ts";
import type { RegistrySession } from "./registry-session.ts";
import { type BlobOutcome, uploadBlob } from "./upload-blob.ts";

/** Where and how an image is pushed. */
export interface PushContext {
  readonly session: RegistrySession;
  readonly registry: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly mountFrom: readonly string[];
  readonly patience: Patience;
  /** Megabytes on their way, as they are sent. */
  readonly onBytes: (sent: number) => void;
}

/** Blobs under way at once: enough to hide a registry's latency, few enough to be polite. */
const PARALLEL = 3;

/** Blobs first, then the manifest under its tags: a name never stands for what is not whole. An image that is there costs one question. */
export async function pushImage(image: Pushable, context: PushContext): Promise<Pushed> {
  const { registry, path, tags } = context;
  const { digest } = image.manifest;
  const bytes = { sent: 0, existing: 0, mounted: 0 };
  const blobs = { sent: 0, existing: 0, mounted: 0 };
  const done = (outcome: BlobOutcome, size: number): void => {
    blobs[outcome] += 1;
    if (outcome !== "sent") bytes[outcome] += size; // sent bytes are counted on the wire
  };
  if ((await manifestDigest(digest, context)) === digest) for (const blob of image.blobs) done("existing", blob.size);
  else {
    const queue = [...image.blobs].sort((a, b) => b.size - a.size);
    const onBytes = (count: number): void => {
      bytes.sent += count;
      context.onBytes(bytes.sent);
    };
    const stop = new AbortController();
    const patience = { ...context.patience, signal: AbortSignal.any([context.patience.signal, stop.signal]) };
    const worker = async (): Promise<void> => {
      for (let blob = queue.shift(); blob !== undefined; blob = queue.shift())
        done(await uploadBlob(blob, { ...context, patience, onBytes }), blob.size);
    };
    const workers = Array.from({ length: PARALLEL }, () => worker().catch((error: unknown) => stopped(error, queue, stop)));
    const failed = (await Promise.allSettled(workers)).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    await putManifest(digest, image, context);
  }
  for (const tag of tags) if ((await manifestDigest(tag, context)) !== digest) await putManifest(tag, image, context);
  return { repository: `${registry}/${path}`, digest, tags, bytes, blobs };
}

/** The first failure empties the queue and wakes the others from their waits. */
function stopped(error: unknown, queue: unknown[], stop: AbortController): never {
  queue.length = 0;
  stop.abort(error);
  throw error;
}

/** The digest that a name stands for in the repository; undefined when there is none. */
async function manifestDigest(name: string, { session, path, patience }: PushContext): Promise<string | undefined> {
  return persist(async () => {
    const answer = await session.ask({
      method: "HEAD",
      at: `/v2/${path}/manifests/${name}`,
      headers: { accept: `${OCI_MANIFEST}, ${OCI_INDEX}` },
      access: { [path]: "pull,push" },
      accept: [200, 404],
      what: `push of ${path}`,
    });
    await answer.body.dump();
    return answer.status === 200 ? answer.headers["docker-content-digest"] : undefined;
  }, patience);
}

async function putManifest(name: string, image: Pushable, { session, path, patience }: PushContext): Promise<void> {
  const { bytes, mediaType, digest } = image.manifest;
  const said = await persist(async () => {
    const answer = await session.ask({
      method: "PUT",
      at: `/v2/${path}/manifests/${name}`,
      headers: { "content-type": mediaType },
      body: { size: bytes.length, open: () => bytes },
      access: { [path]: "pull,push" },
      accept: [201],
      what: `push of ${path}`,
    });
    await answer.body.dump();
    return answer.headers["docker-content-digest"];
  }, patience);
  if (said !== undefined && said !== digest)
    throw new HowdahError("registry/digest-mismatch", `${session.host} keeps ${path} as ${said.slice(0, 80)} instead of ${digest}`);
}
