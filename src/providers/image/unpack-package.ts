import type { Readable } from "node:stream";
import { buffer as bytesOf } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";
import { stream } from "../process.ts";
import type { ImageTree, TreeEntry } from "./image-tree.ts";

/** What a package holds: its files as far as they were wanted, and its control files. Nothing of it was run. */
export interface Unpacked {
  readonly entries: readonly (readonly [path: string, entry: TreeEntry])[];
  /** `control`, `postinst`, … as text. */
  readonly control: ReadonlyMap<string, string>;
}

/** Reads a .deb into the tree's spool, without placing anything yet. `place` gives the path in the image, or undefined to leave a file out. */
export async function unpackPackage(
  file: string,
  tree: ImageTree,
  place: (path: string) => string | undefined,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const entries: (readonly [string, TreeEntry])[] = [];
  const links: { readonly path: string; readonly to: string }[] = [];
  const seen = new Map<string, TreeEntry>();
  await readTar(["dpkg-deb", "--fsys-tarfile", file], signal, async (header, body) => {
    const name = plainPath(header.name);
    if (header.type === "link") {
      links.push({ path: name, to: plainPath(header.linkname ?? "") });
      return;
    }
    const path = place(name);
    if (path === undefined || path === "") return;
    const entry = await entryOf(header, body, tree);
    if (entry === undefined) return;
    seen.set(name, entry);
    entries.push([path, entry]);
  });
  for (const link of links) {
    const path = place(link.path);
    const entry = seen.get(link.to);
    if (path !== undefined && entry !== undefined) entries.push([path, entry]);
  }
  const control = new Map<string, string>();
  await readTar(["dpkg-deb", "--ctrl-tarfile", file], signal, async (header, body) => {
    if (header.type === "file") control.set(plainPath(header.name), (await bytesOf(body)).toString("utf8"));
  });
  return { entries, control };
}

async function entryOf(header: Header, body: Readable, tree: ImageTree): Promise<TreeEntry | undefined> {
  const mode = (header.mode ?? 0o644) & 0o777; // set-uid, set-gid and sticky bits never
  if (header.type === "directory") return { type: "directory", mode: 0o755 };
  if (header.type === "symlink") return { type: "symlink", target: header.linkname ?? "" };
  if (header.type === "file") return tree.spool(await bytesOf(body), mode & 0o111 ? 0o755 : 0o644);
  return undefined;
}

async function readTar(
  argv: readonly string[],
  signal: AbortSignal | undefined,
  each: (header: Header, body: Readable) => Promise<void>,
): Promise<void> {
  const program = stream(argv, { signal });
  const reader = extract();
  program.stdout.pipe(reader);
  program.stdout.once("error", (error) => reader.destroy(error));
  program.done.catch((error: unknown) => reader.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const entry of reader) {
      await each(entry.header, entry as unknown as Readable);
      entry.resume();
    }
  } catch (error) {
    await program.done; // a program that failed or was stopped explains better than the tar that ends early
    throw error;
  }
  await program.done;
}

function plainPath(name: string): string {
  return name.replace(/^\.?\/+/, "").replace(/\/+$/, "");
}
