import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../kernel/secret.ts";

/** A call as it came: names of headers in small letters, the body as bytes. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What GitLab's signing tokens begin with (Standard Webhooks): the rest is the key, in base64. */
export const SECRET_PREFIX = "whsec_";
/** A signed call is refused when its time is further away: who recorded it can't send it later. */
const TOLERANCE_MS = 300_000;

/**
 * Whether a call is the platform's. GitHub signs the body (`X-Hub-Signature-256`); GitLab signs id, time and body where it has a signing token
 * (`webhook-signature`), else it sends the secret itself (`X-Gitlab-Token`). Every comparison takes the same time for every wrong value.
 */
export function isGenuine(platform: "github" | "gitlab", { headers, body }: Delivery, secret: Secret, now: number): boolean {
  if (platform === "github") {
    const given = headers["x-hub-signature-256"] ?? "";
    return same(given, `sha256=${createHmac("sha256", secret.reveal()).update(body).digest("hex")}`);
  }
  const signatures = headers["webhook-signature"];
  if (signatures === undefined) return same(headers["x-gitlab-token"] ?? "", secret.reveal());
  const { "webhook-id": id = "", "webhook-timestamp": time = "" } = headers;
  if (!/^\d{1,12}$/.test(time) || Math.abs(now - Number(time) * 1000) > TOLERANCE_MS) return false;
  const key = Buffer.from(secret.reveal().slice(SECRET_PREFIX.length), "base64");
  const wanted = `v1,${createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest("base64")}`;
  return signatures.split(" ").some((given) => same(given, wanted));
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
