import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LockedPackage } from "../image-lock.ts";
import type { DebianSources } from "./apt-sources.ts";

/** Where a package may be found: each address in turn. A security update lies in the main archive, too, after the next point release. */
export function addressesOf(entry: LockedPackage, sources: DebianSources): readonly string[] {
  const main = sources.debian.map((base) => `${base}/${entry.path.replace(/^pool\/updates\//, "pool/")}`);
  return entry.archive === "debian" ? main : [...sources.security.map((base) => `${base}/${entry.path}`), ...main];
}

/** Bytes of a package from an offset on. `offset` is what the server really gives: 0 when it does not know ranges. */
export interface Fetched {
  readonly offset: number;
  readonly body: Readable;
}

/** A transfer of one package, with what it needs from the machine. */
export interface FetchOptions {
  /** Asked only when something must be fetched. */
  readonly sources: () => Promise<DebianSources>;
  readonly dispatcher: Dispatcher;
  readonly signal?: AbortSignal | undefined;
}

const ATTEMPTS = 4;

/** The answer of an address that does not have the package; other texts say why there is no answer. */
const GONE = "it is not there";

/**
 * Opens a package at its first address that has it; tries again when a server fails.
 * Errors: `image/package-dropped` when every address says that it is not there, `image/source-unreachable`.
 */
export async function openPackage(entry: LockedPackage, from: number, options: FetchOptions): Promise<Fetched> {
  const addresses = addressesOf(entry, await options.sources());
  let last = "no source is known";
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await setTimeout(500 * 2 ** attempt, undefined, options.signal === undefined ? {} : { signal: options.signal });
    let gone = 0;
    for (const address of addresses) {
      const answer = await open(address, from, options);
      if (typeof answer === "object") return answer;
      if (answer === GONE) gone += 1;
      else last = answer;
    }
    if (gone === addresses.length && gone > 0) {
      throw new HowdahError("image/package-dropped", `${entry.name} ${entry.version} is no longer on the mirror`);
    }
  }
  throw new HowdahError("image/source-unreachable", `${entry.name} ${entry.version} can't be fetched: ${last}`);
}

async function open(address: string, from: number, options: FetchOptions): Promise<Fetched | string> {
  if (/^(file|copy):/.test(address)) return openFile(new URL(address.replace(/^copy:/, "file:")), from);
  try {
    const answer = await request(address, {
      dispatcher: options.dispatcher,
      headers: { "user-agent": "howdah", ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (answer.statusCode === 200) return { offset: 0, body: answer.body };
    if (answer.statusCode === 206) return { offset: from, body: answer.body };
    await answer.body.dump();
    if (answer.statusCode === 416) return open(address, 0, options);
    return answer.statusCode === 404 || answer.statusCode === 410 ? GONE : `the server answered ${answer.statusCode}`;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function openFile(url: URL, from: number): Promise<Fetched | string> {
  return new Promise((resolve) => {
    const body = createReadStream(url, { start: from });
    body.once("open", () => resolve({ offset: from, body }));
    body.once("error", () => resolve(GONE));
  });
}
