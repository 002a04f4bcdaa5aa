import { readFile } from "node:fs/promises";
import type { Machine } from "./machine.ts";

/** `NET_ADDR_SET` of the kernel's include/uapi/linux/netdevice.h: an address that somebody has set. */
const SET_BY_HAND = "3";
/** Locally administered, for one machine (IEEE 802); the gateway's IPv4 address follows, which is unique on the machine. */
const OUR_PREFIX = "02:68";

/**
 * Gives the bridge of a network a hardware address that stays. Unless somebody sets one, the kernel gives a bridge the lowest address of
 * what is plugged into it, so it changes as pods come and go (netavark 1.4 sets none; udev does, where it runs). A pod that is just answering
 * then sends its answer to an address that is no more, and again and again, until it hears from the machine: a request that is alone
 * waits for ever. Asked after a network's first container started, since the bridge comes and goes with them; costs one read when all is well.
 */
export async function keepBridgeAddress(machine: Pick<Machine, "podman" | "system">, network: string): Promise<void> {
  const { stdout } = await machine.podman.run(["network", "inspect", network]);
  const [found] = JSON.parse(stdout) as { network_interface?: string; subnets?: { gateway?: string }[] }[];
  const bridge = found?.network_interface;
  const gateway = found?.subnets?.find((subnet) => subnet.gateway?.includes(".") === true)?.gateway;
  if (bridge === undefined || gateway === undefined) return;
  const how = await readFile(`/sys/class/net/${bridge}/addr_assign_type`, "utf8").catch(() => undefined);
  if (how === undefined || how.trim() === SET_BY_HAND) return; // no container runs there any more; or it stays by itself
  await machine.system(["ip", "link", "set", "dev", bridge, "address", addressFor(gateway)]);
}

/** The hardware address for the bridge whose IPv4 address is `gateway`: `02:68:0a:59:00:01` for 10.89.0.1. */
export function addressFor(gateway: string): string {
  const bytes = gateway.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return [OUR_PREFIX, ...bytes].join(":");
}
