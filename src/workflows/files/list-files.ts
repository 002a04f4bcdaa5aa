import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { mountPath } from "./mount-path.ts";
import { runExchange } from "./run-exchange.ts";

/** One entry of a listing. */
export interface FileEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other" | "mount";
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
}

/** What lies at a path, sorted by name; without a path the site's writable paths. Errors: those of `mountPath` and `runExchange`. */
export async function listFiles(
  record: SiteRecord,
  path: string | undefined,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly FileEntry[]> {
  if (path === undefined) return mountsOf(record);
  const stdout = new PassThrough();
  const listing = text(stdout);
  try {
    await runExchange(record, { verb: "list", path: mountPath(record.site, path), stdout }, ports, context);
  } finally {
    stdout.end();
  }
  const lines = (await listing).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as FileEntry).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mountsOf(record: SiteRecord): readonly FileEntry[] {
  const code = record.site.code === "writable" ? [CODE_ROOT] : [];
  const paths = [...code, ...record.site.mounts.map((mount) => mount.path)].sort();
  return paths.map((name) => ({ name, type: "mount", size: 0, mtime: 0 }));
}
