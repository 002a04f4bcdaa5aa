import { chmod, lstat, mkdir } from "node:fs/promises";
import { run } from "../process.ts";

/** An empty directory that its later users can enter, whatever the umask. */
export async function makeTree(path: string): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
}

/**
 * Copies a directory's content with everything that container users see of it: owners, modes, times, links of both kinds, holes and extended
 * attributes. Links are copied, never followed. Each attribute is named: `cp -a` is silent when it loses some.
 */
export async function copyTree(from: string, to: string, reflink: "always" | "never", signal?: AbortSignal): Promise<void> {
  const keep = "--preserve=mode,ownership,timestamps,links,xattr";
  await run(["cp", "-dR", keep, `--reflink=${reflink}`, "--sparse=auto", "-T", "--", from, to], { signal });
}

/**
 * Makes everything in a tree immutable, also for root in a container, who lacks the capability to undo it. A file system without such a flag
 * leaves it writable for root alone: symbolic links and sockets never have the flag, so chattr's exit code says nothing.
 */
export async function freezeTree(path: string): Promise<void> {
  await run(["chattr", "-R", "-f", "+i", "--", path], { accept: "any" });
}

/** Removes a tree, immutable or not, without leaving its file system. */
export async function removeTree(path: string): Promise<void> {
  const remove = ["rm", "-rf", "--one-file-system", "--", path];
  if ((await run(remove, { accept: "any" })).code === 0) return;
  await run(["chattr", "-R", "-f", "-i", "--", path], { accept: "any" });
  await run(remove);
}

/** Bytes of the disk that a tree takes, shared or not. */
export async function bytesOfTree(path: string, signal?: AbortSignal): Promise<number> {
  const { stdout } = await run(["du", "-s", "--block-size=1", "--", path], { signal });
  return Number.parseInt(stdout, 10);
}

/** Brings a whole file system to the disk: a rename that outlives a crash must not name files that don't. */
export async function syncTree(path: string): Promise<void> {
  await run(["sync", "-f", "--", path]);
}

/** Whether something is there. */
export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
