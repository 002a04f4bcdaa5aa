import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";

/** State of a connection in /proc/net/tcp: TCP_ESTABLISHED. */
const ESTABLISHED = "01";

/** True when a connection of this network namespace (the edge's, which is the machine's) leads to one of the addresses. */
export async function isConnectedTo(addresses: ReadonlySet<string>): Promise<boolean> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")));
  return tables.some((table) => connectedTo(table, addresses));
}

/** The same for the text of /proc/net/tcp. IPv4 alone: podman's networks have no other unless told so. */
export function connectedTo(table: string, addresses: ReadonlySet<string>): boolean {
  const wanted = new Set([...addresses].filter((address) => isIPv4(address)).map(hexadecimal));
  return table.split("\n").some((line) => {
    const [, , remote = "", state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && wanted.has(remote.slice(0, remote.indexOf(":")).slice(-8));
  });
}

/** `10.89.0.5` as the kernel prints it: the bytes backwards. */
function hexadecimal(address: string): string {
  return address
    .split(".")
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, "0").toUpperCase())
    .join("");
}
