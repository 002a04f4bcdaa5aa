import { access, chmod, constants, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Programs that kill the process that calls them (SIGKILL), before or after they did what they do. */
export interface DeadlyPrograms {
  /** A PATH on which they come first. */
  readonly searchPath: string;
  /** From now on the N-th call kills, counted from 1; 0: none does. */
  arm(call: number, when: "before" | "after"): Promise<void>;
  /** Calls since `arm`. */
  calls(): Promise<number>;
  remove(): Promise<void>;
}

/** Puts a shim before each of the programs that is installed. */
export async function deadlyPrograms(programs: readonly string[]): Promise<DeadlyPrograms> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-deadly-"));
  const [counter, order] = [join(directory, "counter"), join(directory, "order")];
  const path = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`;
  for (const program of programs) {
    const real = await find(program, path);
    if (real !== undefined) await writeFile(join(directory, program), shim(real, counter, order), { mode: 0o755 });
    if (real !== undefined) await chmod(join(directory, program), 0o755);
  }
  return {
    searchPath: `${directory}${delimiter}${path}`,
    arm: async (call, when) => {
      await writeFile(counter, "");
      await writeFile(order, `${String(call)} ${when}`);
    },
    calls: async () => (await readFile(counter, "utf8")).length,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Counts by appending a byte; programs of one storage come one after another. */
function shim(real: string, counter: string, order: string): string {
  return `#!/bin/sh
printf x >> '${counter}'
read -r call when < '${order}'
mine=$(wc -c < '${counter}')
[ "$mine" = "$call" ] && [ "$when" = before ] && { kill -KILL $PPID; exit 1; }
'${real}' "$@"
code=$?
[ "$mine" = "$call" ] && kill -KILL $PPID
exit $code
`;
}

async function find(program: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, program);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return file;
  }
  return undefined;
}
