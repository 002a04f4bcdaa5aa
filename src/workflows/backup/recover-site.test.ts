import { expect, it } from "vitest";
import type { BackupPorts } from "./backup-ports.ts";
import { recoverSite } from "./recover-site.ts";

const { signal } = new AbortController();

it.each([
  { name: "runs here", records: {}, retained: undefined, says: "runs here" },
  { name: "was destroyed and is kept", records: undefined, retained: {}, says: "is kept here" },
])("replaces no secret of a site that $name", async ({ records, retained, says }) => {
  // Nothing else may be asked: neither the store nor the secrets.
  const ports = { records: { get: async () => records }, retained: { get: async () => retained } } as unknown as BackupPorts;
  const wanted = { namespace: "blog", store: undefined, directory: "/nowhere" };
  await expect(recoverSite(wanted, ports, signal)).rejects.toMatchObject({
    code: "usage/invalid",
    message: expect.stringContaining(says) as string,
  });
});
