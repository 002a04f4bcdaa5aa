import * as z from "zod";

const payload = z.object({
  critical: z.object({
    identity: z.object({ "docker-reference": z.string() }),
    image: z.object({ "docker-manifest-digest": z.string() }),
    type: z.literal("cosign container image signature"),
  }),
});

/** What a signature is over, in the form of "simple signing" that cosign took from Red Hat's: which image, and under which name it was signed. */
export function signaturePayload(repository: string, digest: string): Buffer {
  const critical = {
    identity: { "docker-reference": repository },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** Reads such a payload; undefined when it is none. */
export function readSignaturePayload(bytes: Uint8Array): { readonly repository: string; readonly digest: string } | undefined {
  try {
    const { critical } = payload.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return { repository: critical.identity["docker-reference"], digest: critical.image["docker-manifest-digest"] };
  } catch {
    return undefined;
  }
}
