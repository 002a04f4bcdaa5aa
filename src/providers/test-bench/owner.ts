import { startOf } from "../../host/process-identity.ts";

/** Names this process for good, as `isOwnerAlive` knows it: its number comes back, the time it was started at does not. */
export async function ownIdentity(): Promise<string> {
  return `${String(process.pid)}-${await startOf(process.pid)}`;
}

/** Whether the process that made something still runs. */
export async function isOwnerAlive(owner: string): Promise<boolean> {
  const [, pid = "", start = ""] = /^([1-9]\d{0,9})-([1-9]\d*)$/.exec(owner) ?? [];
  return start !== "" && (await startOf(Number(pid))) === start;
}
