import type { Ports } from "../ports.ts";

/** Whether datasets can be copied in an instant. What that lacks is only missed once there are datasets; and whether those that there are can be reached. */
export async function checkDatasetStorage(
  ports: Pick<Ports, "datasetStorage" | "machine">,
): Promise<{ name: string; ok: boolean; detail: string; fix?: string } | undefined> {
  const { datasetStorage, machine } = ports;
  if (datasetStorage === undefined || machine.uid !== 0) return undefined;
  const name = "datasets";
  try {
    const { isMade, driver, loop, missing } = await datasetStorage.outlook();
    if (missing !== null) {
      const detail = `copied byte by byte, which is slow: ${missing}`;
      if (!isMade) return { name, ok: true, detail };
      return { name, ok: false, detail, fix: "Install it, then `howdah dataset storage destroy` and breed again" };
    }
    const how = driver === "copy" ? "copied byte by byte" : `copied on write by ${driver}${loop ? " in a loop file" : ""}`;
    const facts = isMade ? await (await datasetStorage.existing())?.probe() : undefined;
    if (facts?.freeBytes === 0)
      return { name, ok: false, detail: `${how}; their storage is full`, fix: "howdah dataset storage    # says what takes how much" };
    return { name, ok: true, detail: facts === undefined ? how : `${how}, in ${facts.root}` };
  } catch (error) {
    const detail = `their storage can't be opened: ${error instanceof Error ? error.message : String(error)}`;
    return { name, ok: false, detail, fix: "howdah dataset storage    # with the reason" };
  }
}
