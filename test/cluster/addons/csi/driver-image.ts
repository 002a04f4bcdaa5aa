import { readFile, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../../src/providers/process.ts";
import { bundleDriver } from "../../../../scripts/bundle-driver.ts";
import type { Workshop } from "../../addon.ts";

/** What the driver and its storage run. Debian has them in /usr/bin or /usr/sbin. */
const PROGRAMS = ["btrfs", "mkfs.btrfs", "losetup", "mount", "umount", "cp", "sync", "du", "chattr", "filefrag", "xfs_io"];

/** The driver's own image, of this checkout: its bundle, this Node and the machine's programs with their libraries; no shell. As the operator's image has it. */
export async function driverImage(workshop: Workshop, name: string): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), "howdah-csi-bundle-"));
  try {
    await bundleDriver(out);
    const programs = await Promise.all(PROGRAMS.map(pathOf));
    const files = Object.fromEntries(
      [...programs, ...(await librariesOf([process.execPath, ...programs]))].map((path) => [path, { from: path }]),
    );
    const root = join(import.meta.dirname, "../../../..");
    return await workshop.image({
      name,
      files: {
        ...files,
        "/usr/bin/node": { from: process.execPath },
        ...(await own(root, out)),
      },
      directories: { "/tmp": 0o1777, "/run": 0o755, "/etc": 0o755 },
      entrypoint: ["/usr/bin/node", "/usr/lib/howdah/bin/howdah-csi"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NODE_ENV: "production" },
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** As text: what is read later must not be in a directory that is gone by then. */
async function own(root: string, out: string): Promise<Record<string, { readonly text: string; readonly mode: number }>> {
  const at = async (from: string, to: string) => [`/usr/lib/howdah/${to}`, { text: await readFile(from, "utf8"), mode: 0o755 }] as const;
  const protos = await readdir(join(out, "csi/proto"));
  return Object.fromEntries(
    await Promise.all([
      at(join(root, "bin/howdah-csi"), "bin/howdah-csi"),
      at(join(root, "bin/package.json"), "bin/package.json"),
      at(join(root, "package.json"), "package.json"),
      at(join(out, "csi/main.js"), "dist/csi/main.js"),
      ...protos.map((proto) => at(join(out, "csi/proto", proto), `dist/csi/proto/${proto}`)),
    ]),
  );
}

async function pathOf(program: string): Promise<string> {
  const { stdout } = await run(["which", program], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  return stdout.trim();
}

/** Libraries by the paths that the linker looks for, the linker too: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`. */
async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const program of programs) {
    const { stdout } = await run(["ldd", await realpath(program)]);
    for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) if (path !== undefined) found.add(path);
  }
  return [...found];
}
