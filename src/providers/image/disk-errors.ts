import { HowdahError } from "../../kernel/howdah-error.ts";

/** Runs work that writes below `where`; a full file system gets its name, everything else passes. */
export async function namingDiskFull<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDiskFull(error)) throw new HowdahError("machine/disk-full", `No space left on the file system of ${where}`, { cause: error });
    throw error;
  }
}

/** True for the errors of a full file system or an exhausted quota, also when they are wrapped. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" || isDiskFull(error.cause);
}
