import { createPublicKey, createSign, createVerify, type JsonWebKey } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TENANT_KEYS } from "../../kernel/own-names.ts";
import { fileSecretStore } from "../../providers/secrets/file-secret-store.ts";
import type { SecretStore } from "../../providers/secrets/secret-store.ts";
import { announceKey, beginKeyRotation, bringKeys, finishKeyRotation, forgetKeys, rotationOf } from "./tenant-keys.ts";

let root: string;
let secrets: SecretStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-keys-"));
  secrets = fileSecretStore(root);
});
afterEach(() => rm(root, { recursive: true }));

async function keysOf(namespace: string): Promise<Readonly<Record<string, string>>> {
  await bringKeys("acme", namespace, { secrets });
  const data = (await secrets.get(namespace, TENANT_KEYS)) ?? {};
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.reveal()]));
}

function verifies(privateKey: string, jwks: string): boolean {
  const signature = createSign("sha256").update("token").sign(privateKey);
  const { keys } = JSON.parse(jwks) as { keys: JsonWebKey[] };
  return keys.some((key) =>
    createVerify("sha256")
      .update("token")
      .verify(createPublicKey({ key, format: "jwk" }), signature),
  );
}

it("every site of a tenant has the same pair", async () => {
  const shop = await keysOf("acme--shop");
  expect(await keysOf("acme--blog")).toEqual(shop);
  expect(shop["private-key"]).toContain("BEGIN PRIVATE KEY");
  expect(verifies(shop["private-key"] ?? "", shop["jwks.json"] ?? "")).toBe(true);
});

it("what the former key signed is valid until the rotation is finished", async () => {
  const before = await keysOf("acme--shop");
  await announceKey("acme", { secrets });
  await beginKeyRotation("acme", { secrets });
  const between = await keysOf("acme--shop");
  expect(between["key-id"]).not.toBe(before["key-id"]);
  expect(verifies(before["private-key"] ?? "", between["jwks.json"] ?? "")).toBe(true);
  expect(verifies(between["private-key"] ?? "", between["jwks.json"] ?? "")).toBe(true);
  await expect(announceKey("acme", { secrets })).rejects.toMatchObject({ code: "usage/invalid" });
  await finishKeyRotation("acme", { secrets });
  const after = await keysOf("acme--shop");
  expect(after["private-key"]).toBe(between["private-key"]);
  expect(verifies(before["private-key"] ?? "", after["jwks.json"] ?? "")).toBe(false);
  expect(Object.keys(after).sort()).toEqual(["jwks.json", "key-id", "private-key", "public-key"]);
  await expect(finishKeyRotation("acme", { secrets })).rejects.toMatchObject({ code: "usage/invalid" });
});

it("what the next key will sign is valid before it signs: sites change over one after the other", async () => {
  const before = await keysOf("acme--shop");
  expect(await rotationOf("acme", { secrets })).toBe("none");
  await announceKey("acme", { secrets });
  const announced = await keysOf("acme--shop");
  await announceKey("acme", { secrets }); // of a command that was killed
  expect(await keysOf("acme--shop")).toEqual(announced);
  expect([announced["key-id"], announced["private-key"]]).toEqual([before["key-id"], before["private-key"]]);
  expect(Object.keys(announced).sort()).toEqual(["jwks.json", "key-id", "private-key", "public-key"]);
  expect(await rotationOf("acme", { secrets })).toBe("announced");
  await beginKeyRotation("acme", { secrets });
  const signing = await keysOf("acme--shop");
  expect(verifies(signing["private-key"] ?? "", announced["jwks.json"] ?? "")).toBe(true);
  expect(verifies(announced["private-key"] ?? "", signing["jwks.json"] ?? "")).toBe(true);
  expect(await rotationOf("acme", { secrets })).toBe("signing");
});

it("a rotation that was killed as its last secret went does not announce the key that signs", async () => {
  await keysOf("acme--shop");
  await announceKey("acme", { secrets });
  await beginKeyRotation("acme", { ...{ secrets: { ...secrets, remove: async () => false } } });
  await finishKeyRotation("acme", { secrets });
  const before = await keysOf("acme--shop");
  await announceKey("acme", { secrets });
  await beginKeyRotation("acme", { secrets });
  expect((await keysOf("acme--shop"))["key-id"]).not.toBe(before["key-id"]);
});

it("goes with the tenant", async () => {
  const before = await keysOf("acme--shop");
  await forgetKeys("acme", { secrets });
  expect((await keysOf("acme--shop"))["key-id"]).not.toBe(before["key-id"]);
});
