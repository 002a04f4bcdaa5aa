import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { removeWritten, writeAgain, writeAtomically } from "../../host/write-atomically.ts";

/** A name that is also a safe file name. */
const safeName = /^[a-z0-9][a-z0-9.-]{0,120}$/;

/** JSON documents by name in one directory, 0600, written atomically. What no document can be named is not there: people type names. */
export function documentStore<T>(directory: string): {
  get(name: string): Promise<T | undefined>;
  list(prefix?: string): Promise<readonly T[]>;
  put(name: string, document: T): Promise<void>;
  remove(name: string): Promise<void>;
} {
  const written = new Set<string>();
  const pathOf = (name: string): string => {
    if (!safeName.test(name)) throw new HowdahError("bug", `${JSON.stringify(name)} is no document name`);
    return join(directory, `${name}.json`);
  };
  const get = async (name: string): Promise<T | undefined> => {
    if (!safeName.test(name)) return undefined;
    const path = pathOf(name);
    try {
      return JSON.parse(await readFile(path, "utf8")) as T;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT") return undefined;
      if (code === "EACCES") throw new HowdahError("machine/needs-root", `May not read ${path}`, { cause: error });
      throw new HowdahError("machine/state-unreadable", `${path} can't be read as JSON`, { cause: error });
    }
  };
  return {
    get,
    async list(prefix = "") {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        if (error.code === "EACCES") throw new HowdahError("machine/needs-root", `May not read ${directory}`, { cause: error });
        throw error;
      });
      const documents = await Promise.all(
        names
          .filter((name) => name.endsWith(".json") && name.startsWith(prefix))
          .sort()
          .map((name) => get(name.slice(0, -5))),
      );
      return documents.flatMap((document) => (document === undefined ? [] : [document]));
    },
    put: async (name, document) => {
      const write = written.has(name) ? writeAgain : writeAtomically;
      await write(pathOf(name), `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
      written.add(name);
    },
    remove: (name) => removeWritten(pathOf(name)),
  };
}
