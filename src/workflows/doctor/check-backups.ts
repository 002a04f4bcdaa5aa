import type { Ports } from "../ports.ts";

/** Whether backups can be made: restic is only missed once a place for them is set. And whether the agent's last ones worked. */
export async function checkBackups(
  ports: Pick<Ports, "backups">,
): Promise<{ name: string; ok: boolean; detail: string; fix?: string } | undefined> {
  const { backups } = ports;
  if (backups === undefined) return undefined;
  const name = "restic";
  const path = await backups.program();
  if (path === undefined) {
    const isWanted = (await backups.stores.list()).length > 0;
    const detail = "not installed; it encrypts backups and brings them to their place";
    return isWanted
      ? { name, ok: false, detail, fix: "apt-get install --no-install-recommends restic" }
      : { name, ok: true, detail: "not installed; `howdah backup` needs it: apt-get install --no-install-recommends restic" };
  }
  const failing = (await backups.schedules.list()).filter(({ last }) => (last?.failure ?? null) !== null);
  const [first] = failing;
  if (first === undefined) return { name, ok: true, detail: path };
  const detail = `the last backup of ${failing.map(({ namespace }) => namespace).join(", ")} failed: ${first.last?.failure ?? ""}`;
  return { name: "backups", ok: false, detail, fix: `howdah backup now ${first.namespace}` };
}
