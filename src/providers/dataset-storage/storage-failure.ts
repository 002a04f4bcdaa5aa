import { HowdahError } from "../../kernel/howdah-error.ts";

/** A failure of the disk below, in the storage's words; any other as it is. */
export function storageFailure(error: unknown, root: string): unknown {
  const { code } = error as { readonly code?: unknown };
  const output = error instanceof HowdahError ? error.output : [];
  if (code === "machine/disk-full" || code === "ENOSPC" || code === "EDQUOT")
    return new HowdahError("dataset/storage-full", `datasets: storage full: no space is left in ${root}`, { cause: error, output });
  const damaged = output.some((line) => /read-only file system|input\/output error/i.test(line));
  if (damaged || code === "EROFS" || code === "EIO")
    return new HowdahError("dataset/storage-broken", `The file system of ${root} does not take what is written to it`, {
      ...{ cause: error, output },
      hint: "Look at the kernel's words (`dmesg`). A file system in a loop file becomes read-only when the disk below it was full: make room there, then unmount it (`howdah dataset storage` says where); the next use mounts it again.",
    });
  return error;
}
