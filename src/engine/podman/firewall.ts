import { access } from "node:fs/promises";
import type { Clock } from "../../kernel/clock.ts";
import type { Lock } from "../lock.ts";
import type { RunProcess } from "../process-port.ts";
import { changeFor, type Family, type Found, foundIn, type GuardedNetwork, isClosed, type OpenServer, rulesFor } from "./firewall-rules.ts";
import type { Names } from "./names.ts";
import type { Podman } from "./podman-cli.ts";

/** What keeps the instance's networks apart: podman's own rules have gaps (docs/adr/0010). */
export interface Firewall {
  /**
   * Makes the rules be those of the instance's networks; without any network nothing of ours is left. Answers whether something had to
   * change. Errors: `machine/tool-missing`, `machine/tool-failed`.
   */
  sync(): Promise<boolean>;
  /**
   * Takes a network's rules away and then the network, by `remove`: once it is gone, the name of its bridge is free for a network of somebody
   * else, whom the rules would shut in. Nobody else's `sync` comes between, which would find the network there and make its rules anew, for
   * good. `remove` is called also when the rules can't be taken away. Errors: as `sync`, and those of `remove`.
   */
  withdraw(network: string, remove: () => Promise<void>): Promise<void>;
  /** Closes a network if it is not: asked before anything starts there, so it costs two short programs and no call of podman. */
  ensure(network: string): Promise<void>;
}

/** What the firewall is built on. */
export interface FirewallPorts {
  readonly names: Names;
  readonly podman: Podman;
  readonly run: RunProcess;
  readonly lock: Lock;
  readonly clock: Clock;
  /** Ports of the machine that pods may reach: those of the way in. */
  readonly openPorts: () => Promise<readonly number[]>;
  /** Networks whose way out is closed, with the servers that are open all the same. */
  readonly closedNetworks: () => Promise<ReadonlyMap<string, readonly OpenServer[]>>;
  /** Whether one is: asked before each start, so it looks nobody up. */
  readonly isShut: (network: string) => Promise<boolean>;
}

const LOCK_WAIT_MS = 60_000;
const TOOL_MS = 60_000;
/** Seconds that iptables waits for another program that has the firewall's lock. */
const WAIT_SECONDS = "10";
const ATTEMPTS = 3;
const PAUSE_MS = 200;

/** Binds the firewall to a machine. Level-based: podman's networks and the kernel's rules are all it goes by. */
export function firewall(ports: FirewallPorts): Firewall {
  const chains = ports.names.chains;
  const look = async (family: Family): Promise<Found> => {
    const { stdout } = await ports.run([`${family}-save`, "-t", "mangle"], { timeoutMs: TOOL_MS });
    return foundIn(stdout, chains);
  };
  const put = async (family: Family, wanted: readonly GuardedNetwork[], open: readonly number[]): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      const change = changeFor(await look(family), wanted.length === 0 ? undefined : rulesFor(family, wanted, open), chains);
      if (change === undefined) return attempt > 1;
      const argv = [`${family}-restore`, "--noflush", "--wait", WAIT_SECONDS];
      const last = attempt === ATTEMPTS;
      const { code } = await ports.run(argv, { input: change, timeoutMs: TOOL_MS, ...(last ? {} : { accept: "any" }) });
      if (code === 0) return true;
      await ports.clock.sleep(PAUSE_MS); // another program changed the table meanwhile
    }
  };
  const close = async (without?: string): Promise<boolean> => {
    const closed = await ports.closedNetworks();
    const networks = (await networksOf(ports))
      .filter(({ name }) => name !== without)
      .map((network): GuardedNetwork => {
        const only = closed.get(network.name);
        return only === undefined ? network : { ...network, only };
      });
    const open = await ports.openPorts();
    const changed = [];
    for (const family of await families()) changed.push(await put(family, networks, open));
    return changed.includes(true);
  };
  /** Whoever comes second reads the networks after the first has written: a new network is never taken for one that is not there. */
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = await ports.lock("firewall_", "howdah networks", { waitMs: LOCK_WAIT_MS });
    try {
      return await work();
    } finally {
      await lock.release();
    }
  };
  const sync: Firewall["sync"] = () => alone(close);
  return {
    sync,
    withdraw: (network, remove) =>
      alone(async () => {
        const closed = close(network);
        await closed.catch(() => undefined);
        await remove();
        await closed;
      }),
    ensure: async (network) => {
      const [found, shut] = await Promise.all([Promise.all((await families()).map(look)), ports.isShut(network)]);
      if (!found.every((one, family) => isClosed(one, network, family === 0 && shut))) await sync();
    },
  };
}

interface RawNetwork {
  readonly name: string;
  readonly network_interface?: string;
  readonly subnets?: readonly { readonly gateway?: string }[];
}

/** By name: those of namespaces, and those in which a site is tested on other versions of PHP (src/providers/test-bench). */
async function networksOf({ podman, names }: FirewallPorts): Promise<GuardedNetwork[]> {
  const { stdout } = await podman.run(["network", "ls", "--format", "json"]);
  return (JSON.parse(stdout || "[]") as RawNetwork[]).flatMap(({ name, network_interface: bridge, subnets }) => {
    const gateway = subnets?.find((subnet) => subnet.gateway?.includes(".") === true)?.gateway;
    const own = name.startsWith(`${names.instance}.`);
    return !own || bridge === undefined || gateway === undefined ? [] : [{ name, bridge, gateway }];
  });
}

/** Without IPv6 in the kernel there is nothing to deny, and ip6tables fails. */
async function families(): Promise<readonly Family[]> {
  const version6 = await access("/proc/net/if_inet6").then(
    () => true,
    () => false,
  );
  return version6 ? ["iptables", "ip6tables"] : ["iptables"];
}
