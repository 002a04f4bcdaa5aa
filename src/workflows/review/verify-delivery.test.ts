import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { isGenuine } from "./verify-delivery.ts";

const key = Buffer.alloc(32, 7);
const secret = new Secret(`whsec_${key.toString("base64")}`, "test");
const body = Buffer.from('{"a":"ü"}');
const now = Date.parse("2026-11-22T12:00:00Z");
const hub = (with_: string, of: Uint8Array = body): string => `sha256=${createHmac("sha256", with_).update(of).digest("hex")}`;
const signed = (
  time: number,
  { id = "1", by = key, of = body }: { id?: string; by?: Buffer; of?: Uint8Array } = {},
): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(time / 1000));
  const signature = createHmac("sha256", by).update(`1.${seconds}.`).update(of).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` };
};
const other = Buffer.from('{"a":"u"}');

it("knows GitHub's own example", () => {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  const headers = { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" };
  const delivery = { headers, body: Buffer.from("Hello, World!") };
  expect(isGenuine("github", delivery, new Secret("It's a Secret to Everybody", "test"), now)).toBe(true);
});

it.each([
  ["github", "the signature", { "x-hub-signature-256": hub(secret.reveal()) }, true],
  ["github", "none", {}, false],
  ["github", "an empty one", { "x-hub-signature-256": "" }, false],
  ["github", "SHA-1", { "x-hub-signature": `sha1=${createHmac("sha1", secret.reveal()).update(body).digest("hex")}` }, false],
  ["github", "one by another secret", { "x-hub-signature-256": hub("other") }, false],
  ["github", "one of another body", { "x-hub-signature-256": hub(secret.reveal(), other) }, false],
  ["github", "a part of it", { "x-hub-signature-256": hub(secret.reveal()).slice(0, -1) }, false],
  ["github", "GitLab's token", { "x-gitlab-token": secret.reveal() }, false],
  ["gitlab", "the token", { "x-gitlab-token": secret.reveal() }, true],
  ["gitlab", "none", {}, false],
  ["gitlab", "an empty one", { "x-gitlab-token": "" }, false],
  ["gitlab", "another", { "x-gitlab-token": `${secret.reveal()}=` }, false],
  ["gitlab", "a signature", signed(now), true],
  ["gitlab", "one of several", { ...signed(now), "webhook-signature": `v1,AAAA ${signed(now)["webhook-signature"] ?? ""}` }, true],
  ["gitlab", "a signature of four minutes ago", signed(now - 240_000), true],
  ["gitlab", "an old signature", signed(now - 301_000), false],
  ["gitlab", "one from the future", signed(now + 301_000), false],
  ["gitlab", "one by another key", signed(now, { by: Buffer.alloc(32, 8) }), false],
  ["gitlab", "one of another id", signed(now, { id: "2" }), false],
  ["gitlab", "one of another body", signed(now, { of: other }), false],
  ["gitlab", "a wrong signature beside the token", { ...signed(now - 301_000), "x-gitlab-token": secret.reveal() }, false],
  ["gitlab", "a time that is none", { ...signed(now), "webhook-timestamp": "1e9" }, false],
] as const)("from %s: %s", (platform, _name, headers, expected) => {
  expect(isGenuine(platform, { headers, body }, secret, now)).toBe(expected);
});
