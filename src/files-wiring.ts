import { kindOf, readProjectFile, realPathOf, writeProjectFile } from "./providers/project-files/project-files.ts";
import { FOLLOW_INTO } from "./workflows/follow-into.ts";
import type { ProjectFiles } from "./workflows/ports.ts";
import { readTree } from "./workflows/read-tree/read-tree.ts";

/**
 * The port to a project's files, chosen apart from all others: `check`, `show` and `init` need nothing else, and loading the other
 * adapters costs them 40 ms of CPU of the 150 that a start may take (docs/reference/benchmarks.md).
 */
export function wireFiles(): ProjectFiles {
  return {
    read: readProjectFile,
    write: writeProjectFile,
    kind: kindOf,
    tree: (directory) => readTree(directory, { allowedRoots: [...FOLLOW_INTO, "/var/cache", "/var/log"] }),
    realpath: realPathOf,
  };
}
