import { watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

interface CachedResult {
  /** Each pod has a result for its loopback, too. */
  readonly ifName?: string;
  readonly cniArgs?: readonly (readonly [string, string])[];
  readonly result?: { readonly ips?: readonly { readonly address: string }[] };
}

/** Addresses that the container runtime has given to this node's pods, by the pod's uid. */
export interface CniResults {
  readonly addressOf: (uid: string) => string | undefined;
}

/**
 * Follows the files that libcni keeps of what it gave: they are there before a pod's first container starts, while the API learns of the
 * address only after. So a pod's rules are in place when it starts. A directory that isn't there yet is looked for every second.
 */
export function followCniResults(directory: string, changed: () => void): CniResults {
  const addresses = new Map<string, { readonly address: string; readonly since: number }>();
  const read = new Map<string, string>();

  async function look(): Promise<void> {
    const names = new Set(await readdir(directory));
    for (const [name, uid] of read) if (!names.has(name)) forget(name, uid);
    for (const name of names) if (!read.has(name)) await learn(name);
    changed();
  }

  function forget(name: string, uid: string): void {
    read.delete(name);
    if (![...read.values()].includes(uid)) addresses.delete(uid);
  }

  async function learn(name: string): Promise<void> {
    const file = join(directory, name);
    // Removed meanwhile, or still being written: another event comes for it.
    const found = await Promise.all([readFile(file, "utf8"), stat(file)]).catch(() => undefined);
    const given = found === undefined ? undefined : givenTo(found[0]);
    if (found === undefined || given === undefined) return;
    read.set(name, given.uid);
    const since = found[1].mtimeMs;
    // A pod whose sandbox was made anew has two files for a moment.
    if (since >= (addresses.get(given.uid)?.since ?? 0)) addresses.set(given.uid, { address: given.address, since });
  }

  let looking = Promise.resolve();
  const again = (): void => {
    looking = looking.then(look).catch(() => undefined);
  };
  const begin = (): void => {
    try {
      watch(directory, again).once("error", () => setTimeout(begin, 1000));
      again();
    } catch {
      setTimeout(begin, 1000);
    }
  };
  begin();
  return { addressOf: (uid) => addresses.get(uid)?.address };
}

/** Which pod a result is for, and its IPv4 address; undefined for a file that isn't whole. */
export function givenTo(text: string): { readonly uid: string; readonly address: string } | undefined {
  try {
    const { ifName, cniArgs = [], result } = JSON.parse(text) as CachedResult;
    const uid = cniArgs.find(([name]) => name === "K8S_POD_UID")?.[1];
    const address = result?.ips?.map((ip) => ip.address.split("/")[0] ?? "").find((ip) => ip !== "" && !ip.includes(":"));
    return uid === undefined || address === undefined || ifName === "lo" ? undefined : { uid, address };
  } catch {
    return undefined;
  }
}
