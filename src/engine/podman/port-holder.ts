import { readdir, readFile, readlink } from "node:fs/promises";

/** Names the program that listens on a TCP port of this machine (`apache2, process 812`), as far as /proc tells. */
export async function portHolder(port: number): Promise<string | undefined> {
  const inodes = new Set([...(await listeners("/proc/net/tcp", port)), ...(await listeners("/proc/net/tcp6", port))]);
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (await hasSocket(pid, inodes)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "a program");
      return `${name.trim()}, process ${pid}`;
    }
  }
  return "a program that can't be seen from here";
}

async function listeners(table: string, port: number): Promise<string[]> {
  const text = await readFile(table, "utf8").catch(() => "");
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && fields[1]?.endsWith(`:${hex}`))
    .map((fields) => fields[9] ?? "");
}

async function hasSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const file of files) {
    const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
