import { join, relative } from "node:path/posix";

/** One mount as the kernel tells it (proc_pid_mountinfo(5)). */
export interface MountEntry {
  /** `major:minor` of the file system. */
  readonly device: string;
  /** Which directory of the file system is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/** Reads /proc/self/mountinfo. Later lines lie over earlier ones. */
export function parseMountTable(text: string): readonly MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [, , device, root, mountPoint, options] = line.split(" ");
    if (device === undefined || root === undefined || mountPoint === undefined || options === undefined) return [];
    return [{ device, root: unescaped(root), mountPoint: unescaped(mountPoint), options: options.split(",") }];
  });
}

/** The mount at a path itself: the uppermost when there are several. */
export function mountAt(table: readonly MountEntry[], path: string): MountEntry | undefined {
  return table.findLast(({ mountPoint }) => mountPoint === path);
}

/** All mounts of a directory, or of what is in it, at other places: who uses it. */
export function mountsOf(table: readonly MountEntry[], directory: string): readonly MountEntry[] {
  const carrier = table.findLast((entry) => isWithin(directory, entry.mountPoint) && !hidden(table, entry, directory));
  if (carrier === undefined) return [];
  const root = join(carrier.root, relative(carrier.mountPoint, directory));
  return table.filter((entry) => entry !== carrier && entry.device === carrier.device && isWithin(entry.root, root));
}

/** Whether another mount lies between: a deeper mount point on the way to the directory. */
function hidden(table: readonly MountEntry[], entry: MountEntry, directory: string): boolean {
  return table.some(({ mountPoint }) => mountPoint.length > entry.mountPoint.length && isWithin(directory, mountPoint));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

/** Spaces and the like are octal in the table. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
