import { run } from "../../process.ts";

/** The numbers of the subvolumes in a subvolume, the deepest first. */
export async function nestedSubvolumes(path: string): Promise<readonly string[]> {
  const own = await run(["btrfs", "inspect-internal", "rootid", "--", path], { accept: "any" });
  const all = await run(["btrfs", "subvolume", "list", "-p", "--", path], { accept: "any" });
  return own.code === 0 ? below(own.stdout.trim(), parentsFrom(all.stdout)) : [];
}

/** Reads `ID 257 gen 9 parent 5 top level 5 path a`, one a line. */
export function parentsFrom(output: string): ReadonlyMap<string, string> {
  const pairs = output.split("\n").flatMap((line) => {
    const [, id, parent] = /^ID (\d+) gen \d+ parent (\d+) /.exec(line) ?? [];
    return id === undefined || parent === undefined ? [] : [[id, parent] as const];
  });
  return new Map(pairs);
}

/** All that descend from one, children before their parents. */
export function below(id: string, parents: ReadonlyMap<string, string>): readonly string[] {
  const children = [...parents].filter(([, parent]) => parent === id).map(([child]) => child);
  return children.flatMap((child) => [...below(child, parents), child]);
}
