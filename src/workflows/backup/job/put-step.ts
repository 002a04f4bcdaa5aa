import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { receiveTree } from "../../files/receive-tree.ts";
import { sendTree } from "../../files/send-tree.ts";
import { amountsOf, type BackupOrders, readRecord, type StepContext } from "./orders.ts";

/**
 * Puts files that were read back and compared into the site's volumes, and deletes files that came later. Symbolic links are neither followed nor deleted: no
 * backup holds them. Error: `data/path-refused` for a link in the way.
 */
export async function putStep(_orders: BackupOrders, context: StepContext): Promise<object> {
  const record = await readRecord(context);
  for (const [index, files] of record.files.entries()) {
    const source = join(context.paths.files, String(index));
    const { stream, done } = sendTree(source, () => undefined);
    await receiveTree(stream, files.path, () => undefined);
    await done;
    const kept = new Set(await readdir(source, { recursive: true }));
    await deleteOthers(files.path, "", kept);
  }
  return { restored: { id: record.id, at: new Date(context.ports.clock.now()).toISOString(), ...amountsOf(record) } };
}

async function deleteOthers(root: string, below: string, kept: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      await deleteOthers(root, name, kept);
      // One that is not empty has a link in it, or a file that came this moment.
      if (!kept.has(name)) await rmdir(join(root, name)).catch(() => undefined);
    } else if (entry.isFile() && !kept.has(name)) await rm(join(root, name));
  }
}
