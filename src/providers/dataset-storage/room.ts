import { roomOf } from "../../host/directory-room.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** Howdah never takes the last of a disk: a twentieth of it stays free for those who run there, 2 GiB at most. */
export function reserveOf(totalBytes: number): number {
  return Math.min(2 * 1024 ** 3, Math.floor(totalBytes / 20));
}

/** Bytes that datasets may still take of the file system that a directory is on; never less than none. */
export async function roomFor(directory: string): Promise<number> {
  const { totalBytes, freeBytes } = await roomOf(directory);
  return Math.max(0, freeBytes - reserveOf(totalBytes));
}

/** Refuses what would fill the disk that a storage lies on. Error: `dataset/storage-full`, with both numbers. */
export function requireRoom(room: number, bytes: number, root: string): void {
  if (room > 0 && room >= bytes) return;
  const needed = bytes === 0 ? "" : ` and ${mebibytes(bytes)} are needed`;
  throw new HowdahError("dataset/storage-full", `datasets: storage full: ${mebibytes(room)} are left for ${root}${needed}`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}
