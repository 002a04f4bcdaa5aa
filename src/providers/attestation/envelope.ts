import * as z from "zod";
import { parseJson } from "../../kernel/parse-json.ts";
import type { SigningKey, VerificationKey } from "./signing-key.ts";

/** What an in-toto statement is in an envelope. */
export const IN_TOTO = "application/vnd.in-toto+json";

const signed = z.object({
  payloadType: z.string(),
  payload: z.string(),
  signatures: z
    .array(z.object({ sig: z.string() }))
    .min(1)
    .max(20),
});

/** A statement in a DSSE envelope, signed: the form of cosign's attestations. */
export function sealStatement(statement: object, key: SigningKey): Buffer {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = key.sign(preAuthentication(IN_TOTO, payload)).toString("base64");
  return Buffer.from(JSON.stringify({ payloadType: IN_TOTO, payload: payload.toString("base64"), signatures: [{ keyid: "", sig }] }));
}

/** The statement of an envelope that this key has signed, as it was; undefined for every other envelope. */
export function openStatement(envelope: Uint8Array, key: VerificationKey): string | undefined {
  const parsed = signed.safeParse(parseJson(Buffer.from(envelope).toString("utf8")));
  if (!parsed.success || parsed.data.payloadType !== IN_TOTO) return undefined;
  const payload = Buffer.from(parsed.data.payload, "base64");
  const message = preAuthentication(IN_TOTO, payload);
  const good = parsed.data.signatures.some(({ sig }) => key.verify(message, Buffer.from(sig, "base64")));
  return good ? payload.toString("utf8") : undefined;
}

/** DSSE's pre-authentication encoding: type and payload with their lengths, so that neither can pass for a part of the other. */
function preAuthentication(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${String(Buffer.byteLength(type))} ${type} ${String(payload.length)} `), payload]);
}
