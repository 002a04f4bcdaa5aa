import { lookup } from "node:dns/promises";
import { CONNECTS_ANNOTATION } from "../../kernel/label.ts";
import type { NetworkPolicy } from "../../render/objects.ts";
import type { OpenServer } from "./firewall-rules.ts";
import type { Names } from "./names.ts";
import { objectsOf, type StateStore } from "./state-store.ts";

/** What is asked of names: a test has its own. */
export type LookUp = (host: string) => Promise<readonly string[]>;

/** The machine's own way, IPv4 alone: the networks have nothing else. A name that leads nowhere opens nothing. */
export const lookUpHere: LookUp = async (host) => {
  const found = await lookup(host, { all: true, family: 4 }).catch(() => []);
  return found.map(({ address }) => address);
};

/**
 * Networks of namespaces with a policy that closes their way out, and the addresses of the servers that it leaves open. Names are looked up each time: whoever
 * moves is followed when the rules are next made.
 */
export async function closedNetworks(
  store: Pick<StateStore, "namespaces" | "read">,
  names: Pick<Names, "network">,
  lookUp: LookUp = lookUpHere,
): Promise<ReadonlyMap<string, readonly OpenServer[]>> {
  const closed = new Map<string, readonly OpenServer[]>();
  for (const namespace of await store.namespaces()) {
    const policies = objectsOf(await store.read(namespace), "NetworkPolicy").filter(closesWayOut);
    if (policies.length === 0) continue;
    const open = await Promise.all(policies.flatMap(targetsOf).map((target) => serversOf(target, lookUp)));
    closed.set(names.network(namespace), open.flat());
  }
  return closed;
}

/** Whether the way out of a namespace is closed. A network of something else (a test on other versions of PHP) is of no namespace. */
export async function isShut(namespace: string, store: Pick<StateStore, "read">): Promise<boolean> {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) return false;
  return objectsOf(await store.read(namespace), "NetworkPolicy").some(closesWayOut);
}

/** Whether a policy is about what leaves. */
export function closesWayOut({ spec }: NetworkPolicy): boolean {
  return spec.policyTypes[0] === "Egress";
}

function targetsOf({ metadata }: NetworkPolicy): string[] {
  return (metadata.annotations?.[CONNECTS_ANNOTATION] ?? "").split(" ").filter((target) => target !== "");
}

async function serversOf(target: string, lookUp: LookUp): Promise<OpenServer[]> {
  const colon = target.lastIndexOf(":");
  const port = Number(target.slice(colon + 1));
  const addresses = await lookUp(target.slice(0, colon));
  return addresses.filter((address) => /^\d{1,3}(\.\d{1,3}){3}$/.test(address)).map((address) => ({ address, port }));
}
