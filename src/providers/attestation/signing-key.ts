import { createPrivateKey, createPublicKey, type KeyObject, scrypt, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import * as z from "zod";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import { Secret } from "../../kernel/secret.ts";

/** Signs as cosign does: ECDSA on P-256 over SHA-256, the signature in DER. The key itself never leaves it. */
export interface SigningKey {
  sign(bytes: Uint8Array): Buffer;
  readonly publicKey: VerificationKey;
}

/** Knows the signatures of one key. */
export interface VerificationKey {
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** How a password is come by: asked for only when the key is encrypted. Undefined when there is none. */
export type AskPassword = () => Promise<Secret | undefined>;

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
/** cosign's box: scrypt's key opens NaCl's secretbox, in which the key lies as PKCS#8. */
const sealedKey = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    // cosign writes 65536, 8, 1 (32768 before its version 2); a file that asks for gigabytes is no key
    params: z.object({
      N: z
        .int()
        .min(2)
        .max(1 << 20),
      r: z.int().min(1).max(16),
      p: z.int().min(1).max(16),
    }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal("nacl/secretbox"), nonce: base64 }),
  ciphertext: base64,
});

/**
 * Opens a private key: cosign's own encrypted form (`ENCRYPTED SIGSTORE PRIVATE KEY`, `ENCRYPTED COSIGN PRIVATE KEY`), or an EC key of P-256 in
 * PEM, encrypted or not. `name` is how messages call it. Error: `signature/key-unusable`, which never repeats anything of the key.
 */
export async function openSigningKey(pem: string, name: string, password: AskPassword): Promise<SigningKey> {
  const label = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/.exec(pem)?.[1] ?? "";
  const key = await privateKeyOf(pem, { label, name, password });
  return { sign: (bytes) => sign("sha256", bytes, key), publicKey: keyThatVerifies(createPublicKey(key), name) };
}

/** Reads a public key: `cosign.pub`. Error: `signature/key-unusable`. */
export function readVerificationKey(pem: string, name: string): VerificationKey {
  if (!/-----BEGIN PUBLIC KEY-----/.test(pem)) throw unusable(name, "it is no public key in PEM (BEGIN PUBLIC KEY)");
  try {
    return keyThatVerifies(createPublicKey(pem), name);
  } catch (error) {
    if (error instanceof HowdahError) throw error;
    throw unusable(name, "it is damaged");
  }
}

function keyThatVerifies(key: KeyObject, name: string): VerificationKey {
  requireP256(key, name);
  return {
    verify: (bytes, signature) => {
      try {
        return verify("sha256", bytes, key, signature);
      } catch {
        return false; // no DER
      }
    },
  };
}

interface Wanted {
  readonly label: string;
  readonly name: string;
  readonly password: AskPassword;
}

async function privateKeyOf(pem: string, { label, name, password }: Wanted): Promise<KeyObject> {
  const given = async (): Promise<Secret> => {
    const secret = await password();
    if (secret !== undefined) return secret;
    throw unusable(
      name,
      "it is encrypted, and no password is known",
      "Set COSIGN_PASSWORD, or run the command on a terminal, which asks for it.",
    );
  };
  switch (label) {
    case "ENCRYPTED SIGSTORE PRIVATE KEY":
    case "ENCRYPTED COSIGN PRIVATE KEY":
      return parsed({ key: await unsealed(pem, label, name, await given()), format: "der", type: "pkcs8" }, name);
    case "ENCRYPTED PRIVATE KEY":
      return parsed({ key: pem, format: "pem", passphrase: (await given()).reveal() }, name);
    case "PRIVATE KEY":
    case "EC PRIVATE KEY":
      return parsed({ key: pem, format: "pem" }, name);
    default:
      throw unusable(name, "it is no private key in PEM that Howdah knows");
  }
}

/** Node's own words may hold parts of what it read: they are not repeated. */
function parsed(input: Parameters<typeof createPrivateKey>[0], name: string): KeyObject {
  try {
    const key = createPrivateKey(input);
    requireP256(key, name);
    return key;
  } catch (error) {
    if (error instanceof HowdahError) throw error;
    throw unusable(name, "it is damaged, or its password is another one");
  }
}

async function unsealed(pem: string, label: string, name: string, password: Secret): Promise<Buffer> {
  const body = pem.slice(pem.indexOf(`-----BEGIN ${label}-----`) + label.length + 16).split("-----")[0] ?? "";
  const sealed = sealedKey.safeParse(parseJson(Buffer.from(body.replaceAll(/\s/g, ""), "base64").toString("utf8")));
  if (!sealed.success) throw unusable(name, "what is sealed in it is not as cosign seals it");
  const { kdf, cipher, ciphertext } = sealed.data;
  const { N, r, p } = kdf.params;
  const nonce = Buffer.from(cipher.nonce, "base64");
  if (nonce.length !== 24 || (N & (N - 1)) !== 0) throw unusable(name, "what is sealed in it is not as cosign seals it");
  // 128 * N * r is what scrypt needs; Node asks for room for a little more
  const key = await derive(password.reveal(), Buffer.from(kdf.salt, "base64"), 32, { N, r, p, maxmem: 128 * (N + p + 2) * r + (1 << 20) });
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(Buffer.from(ciphertext, "base64")));
  } catch {
    throw unusable(name, "the password is not the right one");
  } finally {
    key.fill(0);
  }
}

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

function requireP256(key: KeyObject, name: string): void {
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return;
  throw unusable(name, "it is no key for ECDSA on the curve P-256, as cosign makes them");
}

function unusable(name: string, why: string, hint?: string): HowdahError {
  return new HowdahError("signature/key-unusable", `The key ${name} can't be used: ${why}`, hint === undefined ? {} : { hint });
}
