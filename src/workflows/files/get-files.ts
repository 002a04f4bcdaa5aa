import { basename, join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { readableBytes } from "../database/byte-progress.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { mountPath } from "./mount-path.ts";
import { type Received, receiveTree } from "./receive-tree.ts";
import { runExchange } from "./run-exchange.ts";
import { transferProgress } from "./transfer-progress.ts";

const ID = "files/get";

/**
 * Copies a file or a whole directory of a site to this machine. `local` becomes the copy (a directory that is there is merged into);
 * with a `/` at its end, or when it is a directory and the copy a file, the copy goes into it. Times are kept.
 */
export async function getFiles(
  record: SiteRecord,
  { path, local }: { readonly path: string; readonly local: string },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<Received & { readonly target: string; readonly leftOut: readonly string[] }> {
  const from = mountPath(record.site, path);
  const target = localTarget(local, basename(from));
  context.emit({ type: "task-started", id: ID, title: `get ${path}` });
  const archive = new PassThrough();
  const receiving = receiveTree(archive, target, transferProgress(context.emit, ID));
  receiving.catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    const leftOut = await runExchange(record, { verb: "pack", path: from, stdout: archive }, ports, context).finally(() => archive.end());
    const received = await receiving;
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: `${received.files} files, ${readableBytes(received.bytes)}` });
    return { ...received, target, leftOut };
  } catch (error) {
    const failure = await first(receiving, error);
    if (failure instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: failure.code, message: failure.message });
    throw failure;
  }
}

/** The receiver's own reason, when it gave up first; a broken pipe in the container is only its echo. */
async function first(receiving: Promise<unknown>, error: unknown): Promise<unknown> {
  const reason = await receiving.then(
    () => undefined,
    (own: unknown) => own,
  );
  return reason instanceof HowdahError ? reason : error;
}

/** `.`, `..` and a `/` at the end say: into it, under its own name. */
function localTarget(local: string, name: string): string {
  return /(^|\/)\.{0,2}$/.test(local) ? join(resolve(local), name) : resolve(local);
}
