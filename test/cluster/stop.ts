import { rm } from "node:fs/promises";
import { withFileLock } from "../../src/providers/file-lock.ts";
import type { Workshop } from "./addon.ts";
import { addons } from "./addons.ts";
import { removeCgroups } from "./cgroups.ts";
import { connect } from "./cluster.ts";
import { initOf, killAll } from "./machine.ts";
import { removeHostLink } from "./network.ts";
import { readRecord } from "./record.ts";
import { lockOf } from "./start.ts";

/**
 * Stops everything and leaves nothing: processes (and with them mounts, network and firewall rules of the machines), the host's interface,
 * control groups, the run directory. It needs no API server and no file of the start: it works after a crash half-way, too.
 */
export async function stopCluster(workshop: Workshop): Promise<void> {
  const { settings } = workshop;
  await withFileLock(
    lockOf(settings),
    async () => {
      if ((await initOf(settings, settings.control.name)) !== undefined) await stopAddons(workshop);
      await killAll(settings);
      await removeHostLink(settings);
      await removeCgroups(settings);
      if ((await readRecord(settings)) !== undefined) await rm(settings.directory, { recursive: true, force: true });
    },
    600_000,
  );
}

async function stopAddons(workshop: Workshop): Promise<void> {
  const cluster = connect(workshop);
  const running = (await readRecord(workshop.settings))?.addons ?? [];
  for (const addon of addons.filter(({ name }) => running.includes(name)).reverse()) {
    try {
      await addon.stop(cluster);
    } catch (error) {
      workshop.say(`${addon.name} could not be stopped properly: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
