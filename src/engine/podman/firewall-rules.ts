import { HowdahError } from "../../kernel/howdah-error.ts";

/** A podman network of the instance, as far as the firewall is concerned. */
export interface GuardedNetwork {
  readonly name: string;
  /** The bridge on the machine: `podman3`. */
  readonly bridge: string;
  /** The bridge's own IPv4 address, where the network's name server listens. */
  readonly gateway: string;
  /** Of one whose way out is closed: the servers that are open all the same. Left out: it may call anybody. */
  readonly only?: readonly OpenServer[];
}

/** A server outside that pods of a closed network reach. */
export interface OpenServer {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** The instance's own two chains in the mangle table. */
export interface Chains {
  /** What the machine passes on between networks. */
  readonly forward: string;
  /** What comes to the machine itself. */
  readonly input: string;
}

/** The rules of one protocol family, each as `iptables-save` prints it, without its `-A CHAIN`. */
export interface Rules {
  readonly forward: readonly string[];
  readonly input: readonly string[];
}

export type Family = "iptables" | "ip6tables";

/**
 * Where clouds give machines their credentials: link-local addresses (RFC 3927; 169.254.169.254 of most), Alibaba Cloud's metadata, and
 * Azure's WireServer. No site has anything to ask there.
 */
const CREDENTIALS = ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32"];
/** iptables' `multiport` takes no more. */
const MOST_PORTS = 15;
const DNS = 53;
/** Connections that one pod may have to the way in, which has 4,096 for each of its processes: a site that opens more takes every other site's visitors' place. */
const MOST_OF_ONE_POD = 512;

/**
 * What keeps the networks apart, each rule a deny: nothing comes into a network but answers to what its pods asked for and what somebody
 * forwards to it on purpose (DNAT); and of the machine itself its pods reach their name server and the way in (`ports`), nothing else.
 * IPv6: these networks have none, so all of it is denied; a bridge has a link-local address all the same, where the machine's services are.
 * Errors: `render/unsafe` for words that are no bridge, address or port.
 */
export function rulesFor(family: Family, networks: readonly GuardedNetwork[], ports: readonly number[]): Rules {
  const sorted = networks.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(safe);
  if (family === "ip6tables") {
    return {
      forward: sorted.flatMap(({ bridge, comment }) => [
        `! -i ${bridge} -o ${bridge} ${comment} -j DROP`,
        `-i ${bridge} ! -o ${bridge} ${comment} -j DROP`,
      ]),
      input: sorted.map(({ bridge, comment }) => `-i ${bridge} ${comment} -j DROP`),
    };
  }
  const unique = [...new Set(ports)].toSorted((a, b) => a - b);
  if (unique.length > MOST_PORTS || unique.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535)) throw unsafe(ports);
  const toWayIn = `-p tcp -m multiport --dports ${unique.join(",")}`;
  const bound = `-m connlimit --connlimit-above ${String(MOST_OF_ONE_POD)} --connlimit-mask 32 --connlimit-saddr`;
  // Of Howdah's pods only: a person's own proxy in another network passes on everybody's visitors from one address.
  const wayIn = [...sorted.map(({ bridge }) => `-i ${bridge} ${toWayIn} ${bound} -j DROP`), `${toWayIn} -j RETURN`];
  return {
    forward: [
      ...sorted.flatMap(wayOut),
      "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN",
      ...sorted.flatMap(({ bridge, comment }) => [
        `! -i ${bridge} -o ${bridge} ${comment} -j DROP`,
        ...CREDENTIALS.map((address) => `-d ${address} -i ${bridge} ${comment} -j DROP`),
      ]),
    ],
    input: [
      // Visitors come by another way: for them it is one rule, however many sites there are.
      ...(sorted.every(({ bridge }) => bridge.startsWith("podman")) ? ["! -i podman+ -j RETURN"] : []),
      "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
      ...(unique.length === 0 ? [] : wayIn),
      ...sorted.flatMap(({ bridge, gateway, comment }) => [
        `-d ${gateway}/32 -i ${bridge} -p udp -m udp --dport ${DNS} -j RETURN`,
        `-d ${gateway}/32 -i ${bridge} -p tcp -m tcp --dport ${DNS} -j RETURN`,
        `-i ${bridge} ${comment} -j DROP`,
      ]),
    ],
  };
}

/**
 * Of a closed network: no connection leaves it but to servers that are named, never to one that gives away credentials. First of all rules, since what the
 * machine forwards for somebody else (DNAT) is nothing for it. Answers to who came in are no new connections.
 */
function wayOut({ bridge, comment, only }: Commented): readonly string[] {
  if (only === undefined) return [];
  const open = [...new Set(only.map(({ address, port }) => `-d ${address}/32 -i ${bridge} -p tcp -m tcp --dport ${String(port)}`))];
  return [
    ...CREDENTIALS.map((address) => `-d ${address} -i ${bridge} ${comment} -j DROP`),
    ...open.toSorted().map((match) => `${match} ${comment} -j RETURN`),
    `-i ${bridge} ! -o ${bridge} ${NEW} ${comment} -j DROP`,
  ];
}

const NEW = "-m conntrack --ctstate NEW";

/** The match that says whose rule it is, as `iptables-save` prints it. */
function commentOf(network: string): string {
  return `-m comment --comment "${network}"`;
}

interface Commented extends GuardedNetwork {
  readonly comment: string;
}

/** Words go into a file that iptables-restore reads line by line: nothing but these may be in them. */
function safe({ name, bridge, gateway, only }: GuardedNetwork): Commented {
  const good = /^[a-zA-Z0-9._-]{1,250}$/.test(name) && /^[a-zA-Z0-9._-]{1,15}$/.test(bridge) && IPV4.test(gateway);
  if (!good) throw unsafe([name, bridge, gateway]);
  const wrong = only?.find(({ address, port }) => !IPV4.test(address) || !Number.isInteger(port) || port < 1 || port > 65_535);
  if (wrong !== undefined) throw unsafe([wrong.address, wrong.port]);
  return { name, bridge, gateway, comment: commentOf(name), ...(only === undefined ? {} : { only }) };
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

function unsafe(words: readonly unknown[]): HowdahError {
  return new HowdahError("render/unsafe", `${JSON.stringify(words)} can't be in a firewall's rule`);
}

/** What `iptables-save -t mangle` says of the chains. */
export interface Found extends Rules {
  readonly chains: readonly string[];
  /** How often the kernel's chains lead to ours. */
  readonly jumps: { readonly forward: number; readonly input: number };
}

/** Reads what `iptables-save -t mangle` says of the instance's chains. */
export function foundIn(saved: string, chains: Chains): Found {
  const lines = saved.split("\n");
  const rules = (chain: string): string[] =>
    lines.filter((line) => line.startsWith(`-A ${chain} `)).map((line) => line.slice(`-A ${chain} `.length).trim());
  const jumps = (from: string, chain: string): number => lines.filter((line) => line.trim() === `-A ${from} -j ${chain}`).length;
  return {
    chains: [chains.forward, chains.input].filter((chain) => lines.some((line) => line.startsWith(`:${chain} `))),
    jumps: { forward: jumps("FORWARD", chains.forward), input: jumps("INPUT", chains.input) },
    forward: rules(chains.forward),
    input: rules(chains.input),
  };
}

/**
 * True when a network is closed, as far as `iptables-save -t mangle` says: its own rules are there, and the kernel comes to them. `wayOut`: nothing may
 * leave it either (IPv4; of IPv6 nothing ever does).
 */
export function isClosed(found: Found, network: string, wayOut = false): boolean {
  const comment = commentOf(network);
  const named = (rules: readonly string[]): boolean => rules.some((rule) => rule.includes(` ${comment} `));
  const out = (): boolean => found.forward.some((rule) => rule.endsWith(` ${NEW} ${comment} -j DROP`));
  return found.jumps.forward > 0 && found.jumps.input > 0 && named(found.forward) && named(found.input) && (!wayOut || out());
}

/**
 * The input of `iptables-restore --noflush` that makes the chains be what they should, in one transaction; undefined when they are. Without
 * rules the chains go. Our chains come last in the kernel's, and the mangle table before the filter table: rules of podman, of the machine's
 * firewall and of Docker, none of which is in this table, can't let through what is denied here.
 */
export function changeFor(found: Found, wanted: Rules | undefined, chains: Chains): string | undefined {
  const hooks = [
    { from: "FORWARD", chain: chains.forward, jumps: found.jumps.forward, now: found.forward, right: wanted?.forward ?? [] },
    { from: "INPUT", chain: chains.input, jumps: found.jumps.input, now: found.input, right: wanted?.input ?? [] },
  ];
  const known = (chain: string): boolean => found.chains.includes(chain);
  if (wanted === undefined) {
    const gone = hooks.filter(({ chain }) => known(chain));
    if (gone.length === 0) return undefined;
    const jumps = gone.flatMap(({ from, chain, jumps }) => Array.from({ length: jumps }, () => `-D ${from} -j ${chain}`));
    return transaction([...jumps, ...gone.map(({ chain }) => `-F ${chain}`), ...gone.map(({ chain }) => `-X ${chain}`)]);
  }
  const done = hooks.every(({ chain, jumps, now, right }) => known(chain) && jumps === 1 && now.join("\n") === right.join("\n"));
  if (done) return undefined;
  return transaction([
    ...hooks.map(({ chain }) => `:${chain} - [0:0]`), // makes it, or empties it
    ...hooks.flatMap(({ chain, right }) => right.map((rule) => `-A ${chain} ${rule}`)),
    ...hooks.flatMap(({ from, chain, jumps }) =>
      jumps === 0 ? [`-A ${from} -j ${chain}`] : Array.from({ length: jumps - 1 }, () => `-D ${from} -j ${chain}`),
    ),
  ]);
}

function transaction(lines: readonly string[]): string {
  return ["*mangle", ...lines, "COMMIT", ""].join("\n");
}
