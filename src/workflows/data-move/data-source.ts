import { resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { run } from "../../providers/process.ts";
import type { Ports } from "../ports.ts";

/** Where data comes from. */
export type DataSource =
  /** A directory of this machine, absolute. */
  | { readonly kind: "here"; readonly directory: string }
  /** A directory of a node of the cluster. */
  | { readonly kind: "node"; readonly node: string; readonly path: string };

/** `NODE:/absolute/path` of `--from-node`. Error: `usage/invalid`. */
export function nodeSource(text: string): DataSource {
  const [, node = "", path = ""] = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?):(\/.*)$/s.exec(text)?.filter((_, index) => index !== 2) ?? [];
  const segments = path.split("/").filter((segment) => segment !== "");
  if (node !== "" && segments.length > 0 && !segments.includes("..") && !path.includes("\0")) return { kind: "node", node, path };
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} names no directory of a node`, {
    hint: "Write it as NODE:/absolute/path: `--from-node worker-2:/srv/www/blog/uploads`. `kubectl get nodes` lists the names.",
  });
}

/** `DIR` of `--from`, from where the person is. Error: `usage/invalid` when it is no directory. */
export async function localSource(text: string, from: string, { files }: Pick<Ports, "files">): Promise<DataSource> {
  const directory = resolve(from, text);
  if ((await files.kind(directory)) !== "directory") throw new HowdahError("usage/invalid", `${directory} is no directory of this machine`);
  return { kind: "here", directory: await files.realpath(directory) };
}

/** rsync 3.2.3 (August 2020) is the first that makes the directories which lead to the target (`--mkpath`). */
const OLDEST = [3, 2, 3] as const;

/**
 * Makes sure of an rsync on this machine that keeps all we promise: macOS' own and other openrsyncs don't. Error: `machine/tool-missing`.
 */
export async function requireRsync(signal: AbortSignal): Promise<void> {
  const hint =
    "Install it (`apt install rsync`, `dnf install rsync`, `brew install rsync`), or let a node of the cluster send: `--from-node`.";
  const { stdout } = await run(["rsync", "--version"], { signal, accept: "any" }).catch((error: unknown) => {
    if (error instanceof HowdahError && error.code === "machine/tool-missing")
      throw new HowdahError("machine/tool-missing", "rsync is not installed on this machine", { cause: error, hint });
    throw error;
  });
  const why = unfit(stdout);
  if (why !== undefined) throw new HowdahError("machine/tool-missing", `This machine's rsync ${why}`, { hint });
}

/** Why an rsync will not do, from what `rsync --version` says; undefined when it will. */
export function unfit(version: string): string | undefined {
  const found = /^rsync\s+version (\d+)\.(\d+)\.(\d+)/m.exec(version)?.slice(1).map(Number);
  if (found === undefined) return "is not the one of rsync.samba.org";
  const at = found.findIndex((number, index) => number !== OLDEST[index]);
  if (at >= 0 && (found[at] ?? 0) < (OLDEST[at] ?? 0)) return `is ${found.join(".")}, older than ${OLDEST.join(".")}`;
  const abilities = version.split(/[,\n]/).map((one) => one.trim());
  const lacks = ["ACLs", "xattrs", "hardlinks"].filter((one) => !abilities.includes(one));
  return lacks.length === 0 ? undefined : `can't keep ${lacks.join(", ")}`;
}
