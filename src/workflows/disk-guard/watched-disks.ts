import { type GuardedServersPorts, guardedServers } from "./guarded-servers.ts";
import { type DiskAct, type DiskGuardPorts, diskWatch } from "./watch-disk.ts";

/** Answers, each time it is asked, a watch for each database server of this machine: the same one for a server that it had before, so that speeds stay known. */
export function watchedDisks(
  ports: GuardedServersPorts & DiskGuardPorts,
): () => Promise<readonly { readonly server: string; look(): Promise<readonly DiskAct[]> }[]> {
  const known = new Map<string, () => Promise<readonly DiskAct[]>>();
  return async () => {
    const servers = await guardedServers(ports);
    for (const name of known.keys()) if (!servers.some(({ reference }) => reference.name === name)) known.delete(name);
    return servers.map((server) => {
      const { name } = server.reference;
      const look = known.get(name) ?? diskWatch(server, ports);
      known.set(name, look);
      return { server: name, look };
    });
  };
}
