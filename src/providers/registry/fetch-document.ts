import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { type Patience, persist } from "./persist.ts";
import { readBytesUpTo } from "./read-body.ts";
import { type FetchedDocument, LONGEST_DOCUMENT } from "./registry.ts";
import type { RegistrySession } from "./registry-session.ts";

/** A repository that is spoken to. */
export interface Place {
  readonly session: RegistrySession;
  /** `team/blog`. */
  readonly path: string;
  readonly patience: Patience;
}

/** A manifest by tag or digest; undefined when there is none of that name. Errors: `registry/*`. */
export async function findManifest({ session, path, patience }: Place, name: string): Promise<FetchedDocument | undefined> {
  try {
    return await fetchManifest(session, path, name, patience);
  } catch (error) {
    if (error instanceof HowdahError && error.code === "registry/not-found") return undefined;
    throw error;
  }
}

/** A blob that fits into memory, verified by its digest. Errors: `registry/*`. */
export async function fetchDocument({ session, path, patience }: Place, blob: { digest: string; size: number }): Promise<Uint8Array> {
  if (blob.size > LONGEST_DOCUMENT)
    throw new HowdahError("registry/refused", `${session.host}/${path} has a document of ${String(blob.size)} bytes`);
  return persist(async () => {
    const answer = await session.ask({
      method: "GET",
      at: `/v2/${path}/blobs/${blob.digest}`,
      access: { [path]: "pull" },
      accept: [200],
      what: `pull of ${path}`,
    });
    const bytes = await readBytesUpTo(answer.body, blob.size, session.host);
    if (`sha256:${createHash("sha256").update(bytes).digest("hex")}` === blob.digest) return bytes;
    throw new HowdahError("registry/digest-mismatch", `${session.host} gives other bytes than ${path}@${blob.digest} stands for`);
  }, patience);
}

/**
 * Whether the registry has the referrers API of OCI 1.1. One without it answers 404; what old ones and proxies say instead means the same, as the
 * specification's fallback does no harm anywhere.
 */
export async function listsReferrers({ session, path, patience }: Place, digest: string): Promise<boolean> {
  return persist(async () => {
    const answer = await session.ask({
      method: "GET",
      at: `/v2/${path}/referrers/${digest}`,
      access: { [path]: "pull,push" },
      accept: [200, 400, 404, 405, 406],
      what: `push of ${path}`,
    });
    await answer.body.dump();
    return answer.status === 200 && /\bapplication\/vnd\.oci\.image\.index\.v1\+json\b/.test(answer.headers["content-type"] ?? "");
  }, patience);
}
