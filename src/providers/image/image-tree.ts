import { type FileHandle, open, rm } from "node:fs/promises";

/** One file, directory or symlink of an image to be. Paths have no slash at either end: `usr/bin/php8.4`. */
export type TreeEntry =
  | { readonly type: "directory"; readonly mode: number }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "file"; readonly mode: number; readonly size: number; readonly offset: number };

/**
 * A file system tree in the making: names in memory, contents in one spool file, so that an image of any size costs little memory.
 * Close it: the spool goes away.
 */
export class ImageTree {
  readonly #entries = new Map<string, TreeEntry>();
  readonly #spool: FileHandle;
  readonly #path: string;
  #end = 0;

  private constructor(spool: FileHandle, path: string) {
    this.#spool = spool;
    this.#path = path;
  }

  /** A tree whose contents are spooled to `path`, which must not exist. */
  static async open(path: string): Promise<ImageTree> {
    return new ImageTree(await open(path, "wx+", 0o600), path);
  }

  /** Keeps contents; the entry is placed with `set`. */
  async spool(content: Uint8Array, mode: number): Promise<TreeEntry> {
    const offset = this.#end;
    this.#end += content.length;
    for (let done = 0; done < content.length; ) {
      const { bytesWritten } = await this.#spool.write(content, done, content.length - done, offset + done);
      done += bytesWritten;
    }
    return { type: "file", mode, size: content.length, offset };
  }

  /** Places an entry; parents that are missing become directories of mode 0755. */
  set(path: string, entry: TreeEntry): void {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join("/");
      if (!this.#entries.has(parent)) this.#entries.set(parent, { type: "directory", mode: 0o755 });
    }
    this.#entries.set(path, entry);
  }

  /** Places a file with this content. */
  async write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    this.set(path, await this.spool(typeof content === "string" ? Buffer.from(content) : content, mode));
  }

  /** Places a symlink. */
  link(path: string, target: string): void {
    this.set(path, { type: "symlink", target });
  }

  get(path: string): TreeEntry | undefined {
    return this.#entries.get(path);
  }

  delete(path: string): void {
    this.#entries.delete(path);
  }

  /** Paths in byte order: every directory comes before what is in it. */
  paths(): readonly string[] {
    return [...this.#entries.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** The whole content of a file, or its first bytes. */
  async read(entry: Extract<TreeEntry, { type: "file" }>, length = entry.size, from = 0): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, entry.size - from));
    const buffer = Buffer.alloc(wanted);
    for (let done = 0; done < wanted; ) {
      const { bytesRead } = await this.#spool.read(buffer, done, wanted - done, entry.offset + from + done);
      if (bytesRead === 0) throw new Error(`the spool of an image ended early`);
      done += bytesRead;
    }
    return buffer;
  }

  /**
   * Where a path leads when all symlinks are followed inside the tree, as the kernel would do; undefined when it leads nowhere.
   */
  resolve(path: string, hops = 0): string | undefined {
    if (hops > 40) return undefined;
    const done: string[] = [];
    const rest = path.split("/").filter((part) => part !== "" && part !== ".");
    while (rest.length > 0) {
      const part = rest.shift() ?? "";
      if (part === "..") {
        done.pop();
        continue;
      }
      const here = [...done, part].join("/");
      const entry = this.#entries.get(here);
      if (entry === undefined) return undefined;
      if (entry.type !== "symlink") {
        done.push(part);
        continue;
      }
      const target = entry.target.startsWith("/") ? entry.target.slice(1) : [...done, entry.target].join("/");
      return this.resolve([target, ...rest].join("/"), hops + 1);
    }
    return done.join("/");
  }

  async close(): Promise<void> {
    await this.#spool.close();
    await rm(this.#path, { force: true });
  }
}
