import { noWrites } from "../../workflows/disk-guard/disk-guard-record.ts";
import type { Ports } from "../../workflows/ports.ts";
import type { OperatorPorts } from "../operator-ports.ts";

/** Why a namespace's database takes no writes: from what is written down of its site and of its server's disk. */
export async function whyNoWritesKnown(
  namespace: string,
  { records, diskGuards }: Pick<Ports, "records" | "diskGuards">,
): ReturnType<OperatorPorts["whyNoWrites"]> {
  const database = (await records.get(namespace))?.database ?? null;
  return database === null ? undefined : noWrites(database, await diskGuards?.get(database.server));
}
