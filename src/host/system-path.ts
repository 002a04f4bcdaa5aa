const SYSTEM_DIRECTORIES = ["/usr/sbin", "/sbin"];

/**
 * A search path that also finds the system's own programs (`iptables-restore`, `losetup`): after a plain `su`, root has the caller's path,
 * which on Debian leaves them out. What the path has stays first.
 */
export function withSystemDirectories(path: string): string {
  const known = path.split(":").filter((directory) => directory !== "");
  return [...known, ...SYSTEM_DIRECTORIES.filter((directory) => !known.includes(directory))].join(":");
}
