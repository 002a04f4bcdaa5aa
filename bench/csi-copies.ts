import { mkdir, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { csiRig } from "../test/support/csi-rig.ts";

/**
 * What a copy of a volume costs with our storage driver (csi.howdah.dev): a volume of 20,000 files, a snapshot of it, and 50 copies of that, each asked for
 * as a provisioner does, by gRPC on the driver's socket. `node bench/csi-copies.ts` (root, btrfs-progs); the answer is JSON.
 */
const FILES = 20_000;
const COPIES = 50;

const capability = { mount: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } };
const rig = await csiRig();
try {
  await rig.start();
  const create = async (name: string, more: object): Promise<string> => {
    const request = { name, volume_capabilities: [capability], parameters: { "csi.howdah.dev/reserve": "false" }, ...more };
    return (await rig.call<{ volume: { volume_id: string } }>("Controller", "CreateVolume", request)).volume.volume_id;
  };
  const source = await create("source", {});
  await fill(rig.dataOf(source));
  const [taken, snapshotMs] = await timed(() =>
    rig.call<{ snapshot: { snapshot_id: string } }>("Controller", "CreateSnapshot", { name: "taken", source_volume_id: source }),
  );
  const volume_content_source = { snapshot: { snapshot_id: taken.snapshot.snapshot_id } };
  const before = await usedBytes(rig.dataOf(source));
  const copies: string[] = [];
  const times: number[] = [];
  for (let number = 0; number < COPIES; number++) {
    const [id, milliseconds] = await timed(() => create(`copy-${String(number)}`, { volume_content_source }));
    copies.push(id);
    times.push(milliseconds);
  }
  const bytes = (await usedBytes(rig.dataOf(source))) - before;
  const deletions: number[] = [];
  for (const volume_id of copies) deletions.push((await timed(() => rig.call("Controller", "DeleteVolume", { volume_id })))[1]);
  console.log(
    JSON.stringify({
      files: FILES,
      snapshotMs,
      copies: COPIES,
      copyMs: spread(times),
      bytesEach: Math.round(bytes / COPIES),
      deleteMs: spread(deletions),
    }),
  );
} finally {
  await rig.remove();
}

async function fill(directory: string): Promise<void> {
  for (let folder = 0; folder < FILES / 1000; folder++) {
    const parent = join(directory, String(folder));
    await mkdir(parent);
    await Promise.all(Array.from({ length: 1000 }, (_, file) => writeFile(join(parent, String(file)), `${String(file)}\n`.repeat(500))));
  }
}

async function usedBytes(directory: string): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(directory);
  return (blocks - bfree) * bsize;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now();
  const made = await work();
  return [made, Math.round(performance.now() - started)];
}

function spread(times: readonly number[]): object {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length * 0.5)], p95: sorted[Math.floor(sorted.length * 0.95)], most: sorted.at(-1) };
}
