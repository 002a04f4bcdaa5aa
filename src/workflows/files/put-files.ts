import { basename, resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { readableBytes } from "../database/byte-progress.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { mountPath } from "./mount-path.ts";
import { runExchange } from "./run-exchange.ts";
import { sendTree } from "./send-tree.ts";
import { transferProgress } from "./transfer-progress.ts";

const ID = "files/put";

/** What was sent. */
export interface Sent {
  readonly files: number;
  readonly bytes: number;
  /** Symbolic links and devices of this machine, which are never sent. */
  readonly leftOut: readonly string[];
  /** Absolute in the container. */
  readonly target: string;
}

/**
 * Copies a file or a whole directory of this machine to a site. `path` becomes the copy (a directory that is there is merged into);
 * with a `/` at its end, or when it is a directory and the copy a file, the copy goes into it. Files belong to the site's user, times are kept.
 */
export async function putFiles(
  record: SiteRecord,
  { local, path }: { readonly local: string; readonly path: string },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<Sent> {
  const target = mountPath(record.site, path.endsWith("/") ? `${path}${basename(resolve(local))}` : path);
  context.emit({ type: "task-started", id: ID, title: `put ${local} to ${path}` });
  const { stream, done } = sendTree(resolve(local), transferProgress(context.emit, ID));
  try {
    await runExchange(record, { verb: "unpack", path: target, stdin: stream }, ports, context).catch(async (error: unknown) => {
      stream.destroy();
      throw error;
    });
    const sent = await done;
    for (const name of sent.leftOut) {
      context.emit({ type: "notice", level: "warning", message: `${name} was left out: it is neither a file nor a directory` });
    }
    context.emit({ type: "task-done", id: ID, outcome: "changed", detail: `${sent.files} files, ${readableBytes(sent.bytes)}` });
    return { ...sent, target };
  } catch (error) {
    const failure = await ownReason(done, error);
    if (failure instanceof HowdahError) context.emit({ type: "task-failed", id: ID, code: failure.code, message: failure.message });
    throw failure;
  }
}

/** What this side could not read explains why the other side saw the transfer break off. */
async function ownReason(done: Promise<unknown>, error: unknown): Promise<unknown> {
  const settled = await Promise.race([
    done.then(
      () => undefined,
      (own: unknown) => own,
    ),
    new Promise((after) => setImmediate(after)),
  ]);
  return settled instanceof HowdahError ? settled : error;
}
