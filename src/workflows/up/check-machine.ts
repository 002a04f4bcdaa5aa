import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";
import { foreignPortHolder } from "./port-holder.ts";

/** Verbs that touch containers need root: says so at once, and why. */
export async function requireRoot(ports: Pick<Ports, "machine">): Promise<void> {
  if (ports.machine.uid === 0) return;
  throw new HowdahError(
    "machine/needs-root",
    `This needs root, and runs as uid ${String(ports.machine.uid)}: containers, networks and volumes belong to the machine`,
  );
}

/** Whether the machine has what sites need; a fault of the machine is named with the command that mends it. */
export async function checkTools(ports: Pick<Ports, "machine">): Promise<void> {
  const wrong = (await ports.machine.check()).filter((check) => !check.ok);
  const first = wrong[0];
  if (first === undefined) return;
  const disk = first.name.startsWith("space");
  throw new HowdahError(
    disk ? "machine/disk-full" : "machine/tool-missing",
    wrong.map((check) => `${check.name}: ${check.detail}`).join("; "),
    { hint: `${first.fix ?? "See `howdah doctor`"}. \`howdah doctor\` checks everything.` },
  );
}

/**
 * What must be true before anything is made: root, tools, a free port or our own edge on it, hostnames that no other site has.
 * A site that serves has shown that the machine can: its tools are looked at when something fails.
 */
export async function checkMachineFor(site: Site, serves: boolean, ports: Ports): Promise<void> {
  await requireRoot(ports);
  if (!serves) await checkTools(ports);
  const holder = await foreignPortHolder(ports);
  if (holder !== undefined) throw new HowdahError("machine/port-in-use", `Port ${String(ports.settings.httpPort)} is used by ${holder}`);
  await requireFreeHostnames(site, ports);
}

/** A hostname leads to one site. Error: `site/invalid`, naming it. */
export async function requireFreeHostnames(site: Site, ports: Pick<Ports, "records">): Promise<void> {
  for (const record of await ports.records.list()) {
    if (record.namespace === site.name) continue;
    const taken = site.hostnames.find((hostname) => record.site.hostnames.includes(hostname));
    if (taken !== undefined)
      throw new HowdahError("site/invalid", `The hostname ${taken} belongs to the site ${record.namespace} already`, {
        hint: "Choose another in spec.hostnames, or destroy the other site.",
      });
  }
}
