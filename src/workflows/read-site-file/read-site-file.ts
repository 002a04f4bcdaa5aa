import { type CheckedSite, checkSite } from "../../site/check-site.ts";
import { type ParsedSite, parseSite, refusedUnparsed } from "../../site/parse-site.ts";
import { parseInWorker } from "./parse-in-worker.ts";
import { readSiteText } from "./read-bytes.ts";

/** How a site file is read. */
export interface ReadOptions {
  /** `production` unless a branch's environment is meant. */
  readonly environment?: string;
  /**
   * `large` (default): texts below 64 kB are parsed in this process, as the guard bounds them and a worker would double the start-up
   * time. `always`: for files of other people (agent, operator, API). What the guard refuses is never parsed, so it needs no worker.
   */
  readonly isolate?: "large" | "always";
  readonly signal?: AbortSignal;
}

/** A site file with everything that was found in it; `site` only without errors. `text` is what the diagnostics' positions mean. */
export interface SiteFile extends CheckedSite {
  readonly path: string;
  readonly text: string;
  readonly parsed: ParsedSite;
}

/** Texts above this many characters are always parsed in a worker. */
const SMALL = 64 * 1024;

/**
 * Reads, parses, checks and resolves a site file. What is wrong with the file's content is in `diagnostics`;
 * throws `site/not-found` and `site/unreadable` when there is no content to speak of.
 */
export async function readSiteFile(path: string, options: ReadOptions = {}): Promise<SiteFile> {
  const { environment = "production", isolate = "large", signal } = options;
  const text = await readSiteText(path);
  const parsed =
    isolate === "always" || text.length > SMALL ? (refusedUnparsed(text) ?? (await parseInWorker(text, signal))) : parseSite(text);
  return { path, text, parsed, ...checkSite(parsed, { environment }) };
}
