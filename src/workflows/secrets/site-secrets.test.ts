import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileSecretStore } from "../../providers/secrets/file-secret-store.ts";
import { listSecrets, removeSecret, type SecretPorts, setSecret } from "./site-secrets.ts";

let state: string;
let ports: SecretPorts;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "howdah-secrets-"));
  ports = { secrets: fileSecretStore(state) };
});
afterEach(async () => {
  await rm(state, { recursive: true });
});

it.each([
  { reference: "smtp/password", value: "p\n", stored: "p", key: "password" },
  { reference: "smtp", value: "a\nb\n", stored: "a\nb", key: "value" },
  { reference: "smtp/tls.crt", value: "x\r\n", stored: "x", key: "tls.crt" },
])("stores $value as $reference", async ({ reference, value, stored, key }) => {
  await setSecret("blog", reference, value, ports);
  expect((await ports.secrets.get("blog", "smtp"))?.[key]?.reveal()).toBe(stored);
  expect(await listSecrets("blog", ports)).toEqual([{ name: "smtp", keys: [key] }]);
});

it("removes a key, then nothing is left; a second time says so", async () => {
  await setSecret("blog", "smtp/a", "1", ports);
  await removeSecret("blog", "smtp/a", ports);
  expect(await listSecrets("blog", ports)).toEqual([]);
  await expect(removeSecret("blog", "smtp/a", ports)).rejects.toMatchObject({ code: "usage/invalid" });
});

it("neither shows nor touches Howdah's own", async () => {
  await ports.secrets.getOrGenerate("blog", "database", "password", { bytes: 8, encoding: "hex" });
  expect(await listSecrets("blog", ports)).toEqual([]);
  await expect(removeSecret("blog", "database", ports)).rejects.toMatchObject({ code: "usage/invalid" });
  await expect(setSecret("blog", "generated/KEY", "x", ports)).rejects.toMatchObject({ code: "usage/invalid" });
});

it.each(["", "/", "a/", "/a", "a/b/c", "../x", "A b"])("refuses %j as a reference", async (reference) => {
  await expect(setSecret("blog", reference, "x", ports)).rejects.toMatchObject({ code: "usage/invalid" });
});

it.each(["", "\n", "a\0b", "x".repeat(1024 * 1024 + 1)])("refuses value %#", async (value) => {
  await expect(setSecret("blog", "a", value, ports)).rejects.toMatchObject({ code: "usage/invalid" });
});
