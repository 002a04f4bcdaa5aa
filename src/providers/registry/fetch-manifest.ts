import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { ACCEPTED_MANIFESTS, type Manifest, parseManifest } from "./manifest.ts";
import { type Patience, persist } from "./persist.ts";
import { readBytesUpTo } from "./read-body.ts";
import type { RegistrySession } from "./registry-session.ts";

/** A manifest, read and verified. */
export interface FetchedManifest {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: Manifest;
}

/** As large as registries take them. */
const LONGEST = 4 * 1024 * 1024;

/**
 * A manifest by tag or digest. Its digest is of the bytes that came, never of what a header says; by digest, other bytes are refused.
 * Errors: `registry/*`.
 */
export async function fetchManifest(session: RegistrySession, path: string, name: string, patience: Patience): Promise<FetchedManifest> {
  return persist(async () => {
    const answer = await session.ask({
      method: "GET",
      at: `/v2/${path}/manifests/${name}`,
      headers: { accept: ACCEPTED_MANIFESTS },
      access: { [path]: "pull" },
      accept: [200],
      what: `pull of ${path}`,
    });
    const bytes = await readBytesUpTo(answer.body, LONGEST, session.host);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (name.startsWith("sha256:") && digest !== name)
      throw new HowdahError("registry/digest-mismatch", `${session.host} gives another manifest than ${path}@${name} stands for`);
    const manifest = parseManifest(bytes.toString("utf8"));
    if (typeof manifest === "string") throw new HowdahError("registry/refused", `${session.host}/${path} is no image: ${manifest}`);
    const mediaType = (answer.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
    return { bytes, digest, mediaType, manifest };
  }, patience);
}
