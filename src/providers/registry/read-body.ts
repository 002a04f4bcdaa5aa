import type { Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { connectionFailure } from "./registry-failure.ts";

/** A small answer's text, whole. Errors: `registry/refused` when it is longer than `limit` bytes, `PassingFailure` when the connection breaks off. */
export async function readUpTo(body: Readable, limit: number, host: string): Promise<string> {
  const bytes = await readBytesUpTo(body, limit, host);
  return bytes.toString("utf8");
}

/** The same as bytes: what a digest is made of. */
export async function readBytesUpTo(body: Readable, limit: number, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw connectionFailure(error, host);
  }
  if (size > limit) throw new HowdahError("registry/refused", `${host} answers with more than ${String(limit)} bytes where few are due`);
  return Buffer.concat(chunks);
}

/** A registry's own words, at most a line: the codes and messages of its error document. Nothing else of a body is repeated. */
export function wordsOf(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { readonly errors?: readonly { readonly code?: unknown; readonly message?: unknown }[] };
    const words = (errors ?? []).map(({ code, message }) => [code, message].filter((one) => typeof one === "string").join(": "));
    return words.join("; ").replaceAll(/\s+/g, " ").slice(0, 200);
  } catch {
    return "";
  }
}
