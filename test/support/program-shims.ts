import { access, constants, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Programs that write down how they were called, and then are what they were. */
export interface ProgramShims {
  /** A PATH on which the shims come first. */
  readonly searchPath: string;
  /** Every call until now, the program's name first, each argument exactly as it arrived. */
  calls(): Promise<readonly (readonly string[])[]>;
  remove(): Promise<void>;
}

async function find(program: string): Promise<string | undefined> {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, program);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}

/**
 * Puts a shim before each program that is installed. A shim writes its arguments with NUL between them, so that a torn or joined argument
 * shows, into a file of its own process, so that calls at the same time don't mix.
 */
export async function programShims(programs: readonly string[]): Promise<ProgramShims> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-shims-"));
  const log = join(directory, "calls");
  const shims = join(directory, "bin");
  await mkdir(log);
  await mkdir(shims);
  for (const program of programs) {
    const real = await find(program);
    if (real === undefined) continue;
    const text = `#!/bin/sh\nprintf '%s\\0' "$(($# + 1))" '${program}' "$@" >> '${log}'/$$\nexec '${real}' "$@"\n`;
    await writeFile(join(shims, program), text, { mode: 0o755 });
  }
  return {
    searchPath: `${shims}${delimiter}${process.env["PATH"] ?? ""}`,
    async calls() {
      const files = await readdir(log);
      return (await Promise.all(files.map((name) => readFile(join(log, name), "utf8")))).flatMap(callsIn);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A file's calls: a number of words, then the words, again and again. */
function callsIn(text: string): string[][] {
  const words = text.split("\0").slice(0, -1);
  const calls: string[][] = [];
  for (let at = 0; at < words.length; ) {
    const count = Number(words[at]);
    calls.push(words.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return calls;
}
