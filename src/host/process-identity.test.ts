import { expect, it } from "vitest";
import { isProcessAlive, processIdentity } from "./process-identity.ts";

it("knows a process by its number and its start", async () => {
  const own = await processIdentity();
  expect(own).toMatch(new RegExp(`^${String(process.pid)}-[1-9]\\d*$`));
  expect(await isProcessAlive(own)).toBe(true);
});

it.each([[`${String(process.pid)}-1`], ["4194305-17"], ["../self-1"], [""], ["0-0"]])("takes %j for dead", async (owner) => {
  expect(await isProcessAlive(owner)).toBe(false);
});
