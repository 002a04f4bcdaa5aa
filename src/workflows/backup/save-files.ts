import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { readableBytes } from "../database/byte-progress.ts";
import { runExchange } from "../files/run-exchange.ts";
import { transferProgress } from "../files/transfer-progress.ts";
import type { EngineContext, SiteRecord } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpFiles } from "./backup-record.ts";
import type { SavePart } from "./take-backup.ts";
import { digestTar, type TreeDigest } from "./tree-digest.ts";

export const FILES_PART = "files.tar";

/**
 * Saves one writable directory of a site, as the site's own container reads it: no symbolic link leads anywhere. After the database, so
 * that every file which a row names is there.
 */
export async function saveFiles(
  record: SiteRecord,
  path: string,
  save: SavePart,
  ports: Pick<BackupPorts, "engine">,
  context: EngineContext,
): Promise<BackedUpFiles> {
  const id = `backup/files ${path}`;
  context.emit({ type: "task-started", id, title: `save ${path}` });
  let tree: TreeDigest | undefined;
  let leftOut: readonly string[] = [];
  const part = await save({ name: FILES_PART, part: "files" }, async (sink) => {
    const archive = new PassThrough();
    const copy = new PassThrough();
    const count = transferProgress(context.emit, id);
    archive.on("data", (chunk: Buffer) => count(chunk.length));
    const digest = digestTar(copy);
    const stopped = new AbortController();
    const packing = { ...context, signal: AbortSignal.any([context.signal, stopped.signal]) };
    try {
      const packed = runExchange(record, { verb: "pack", path, stdout: archive }, ports, packing).then(
        (words) => {
          archive.end();
          return words;
        },
        (error: unknown) => {
          archive.destroy(error instanceof Error ? error : new Error(String(error)));
          throw error;
        },
      );
      [tree, , , leftOut] = await Promise.all([digest, pipeline(archive, copy), pipeline(archive, sink, { end: false }), packed]);
    } catch (error) {
      stopped.abort(error);
      throw error;
    }
  });
  if (tree === undefined) throw new TypeError("a part that was saved was produced");
  for (const words of leftOut) context.emit({ type: "notice", level: "warning", message: `${path}: ${words}` });
  context.emit({ type: "task-done", id, outcome: "changed", detail: `${String(tree.files)} files, ${readableBytes(tree.bytes)}` });
  return { part: part.id, path, ...tree, leftOut };
}
