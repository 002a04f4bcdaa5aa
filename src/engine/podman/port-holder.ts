import { readdir, readFile, readlink } from "node:fs/promises";

/** Names the program that listens where `address:port` would (`apache2, process 812`), as far as /proc tells. */
export async function portHolder(port: number, address: string): Promise<string | undefined> {
  const tables = [...(await listeners("/proc/net/tcp", port)), ...(await listeners("/proc/net/tcp6", port))];
  const inodes = new Set(tables.filter((one) => meet(one.address, address)).map((one) => one.inode));
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (await hasSocket(pid, inodes)) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "a program");
      return `${name.trim()}, process ${pid}`;
    }
  }
  return "a program that can't be seen from here";
}

/** Two listeners collide when they have the same address or one listens on all. IPv6 other than `::` is taken to collide. */
function meet(hex: string, address: string): boolean {
  const wanted = address.split(".").map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"));
  if (wanted.length !== 4 || /^0+$/.test(hex) || address === "0.0.0.0") return true;
  return hex.endsWith(wanted.toReversed().join(""));
}

async function listeners(table: string, port: number): Promise<{ address: string; inode: string }[]> {
  const text = await readFile(table, "utf8").catch(() => "");
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === "0A" && fields[1]?.endsWith(`:${hex}`))
    .map((fields) => ({ address: fields[1]?.split(":")[0] ?? "", inode: fields[9] ?? "" }));
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
