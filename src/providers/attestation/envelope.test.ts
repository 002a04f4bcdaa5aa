import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { openStatement, sealStatement } from "./envelope.ts";
import { openSigningKey, type SigningKey } from "./signing-key.ts";

const fresh = (): Promise<SigningKey> => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "a.key", async () => undefined);
};

describe("an envelope", () => {
  let key: SigningKey;
  let sealed: Record<string, unknown>;
  beforeAll(async () => {
    key = await fresh();
    sealed = JSON.parse(sealStatement({ said: "ü" }, key).toString()) as Record<string, unknown>;
  });
  const opened = (envelope: unknown) => openStatement(Buffer.from(JSON.stringify(envelope)), key.publicKey);

  it("gives its statement back to whoever knows the key", () => {
    expect(opened(sealed)).toBe('{"said":"ü"}');
  });

  it("gives nothing of another key, another payload, another type or another form", async () => {
    const other = await fresh();
    expect(openStatement(Buffer.from(JSON.stringify(sealed)), other.publicKey)).toBeUndefined();
    expect(opened({ ...sealed, payload: Buffer.from('{"said":"x"}').toString("base64") })).toBeUndefined();
    expect(opened({ ...sealed, payloadType: "text/plain" })).toBeUndefined();
    expect(opened({ ...sealed, signatures: [] })).toBeUndefined();
    expect(openStatement(Buffer.from("{"), key.publicKey)).toBeUndefined();
  });

  it("is good when one of its signatures is", async () => {
    const other = JSON.parse(sealStatement({ said: "ü" }, await fresh()).toString()) as { signatures: unknown[] };
    expect(opened({ ...sealed, signatures: [...other.signatures, ...(sealed["signatures"] as unknown[])] })).toBe('{"said":"ü"}');
  });
});
