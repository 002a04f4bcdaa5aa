import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { openSigningKey, readVerificationKey } from "./signing-key.ts";

// Made by cosign 2.6.5 for this test alone: `cosign generate-key-pair`, and `cosign sign-blob` over the word "howdah".
const PASSWORD = "t3st-pass wörd";
const sealed = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiI5U3NBNHZzZWN0STBMbnl2Ymx5V1VKcXVLSTArTkNh
Q1VocEl4UUpHLzRvPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJuT1hmODlRRmFnOWQ4WkY4SHNHNnZQZFdlT1BLNTVveSJ9LCJj
aXBoZXJ0ZXh0IjoiMER2Zk14SGVnMWpyWVdha1ZWd05xY1pmTEdXWVBMMEFwRUQx
ZnREemlTaTBJTitLbDgzOTNXV2l1cEVINDVjN1lyck16dW9CdDlnWXFQQTB5bWk2
cVVPUVdPOS9lamtpY0hDZGIyU3BhSTFPeE5jUW9vUXJ2TTRrU1NzN253NTl2bmxj
SGoweXRzQ25qYUlQaWZrenJyMmUwclZkL0E3RTJ0eDNFaG1RbVpvaWd1OElOb2VI
TitualJvS1FyVUprU3M0RXlvajhWaFg2Q0E9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;
const cosignPublic = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUBbf3p0AzpEXQMp1+2Qy05FRewQF
gmWkw8mxc9f2uKE8ozAz/2pQOTHdhn+uSEOPnJ/XggNy4XkMSDm4SX3wNw==
-----END PUBLIC KEY-----
`;
const cosignSignature = "MEUCIGPt93PUxbzokDB/IP/WtFMapuP14MDpUoODqWB2dpPkAiEAuMZemctYdkNr5iXkW6dBqXI1fOinl9naXLOjc+zDAwg=";

const words = Buffer.from("howdah");
const password = (value: string) => async () => new Secret(value, "the test");
const nobody = async () => undefined;
const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pem = (key: typeof ec.privateKey, options: object = {}) => key.export({ type: "pkcs8", format: "pem", ...options }).toString();

async function failure(work: Promise<unknown>): Promise<HowdahError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HowdahError) return error;
  throw new Error("it did not fail by name", { cause: error });
}

describe("a key for signatures", () => {
  it("knows what cosign has signed", () => {
    const key = readVerificationKey(cosignPublic, "cosign.pub");
    expect(key.verify(words, Buffer.from(cosignSignature, "base64"))).toBe(true);
    expect(key.verify(Buffer.from("howdy"), Buffer.from(cosignSignature, "base64"))).toBe(false);
    expect(key.verify(words, Buffer.from("no signature"))).toBe(false);
  });

  it.each(["SIGSTORE", "COSIGN"])("opens cosign's sealed key (%s)", async (word) => {
    const key = await openSigningKey(sealed.replaceAll("SIGSTORE", word), "cosign.key", password(PASSWORD));
    expect(readVerificationKey(cosignPublic, "cosign.pub").verify(words, key.sign(words))).toBe(true);
  });

  it.each([
    ["PKCS#8", pem(ec.privateKey), nobody],
    ["PKCS#8 with a password", pem(ec.privateKey, { cipher: "aes-256-cbc", passphrase: "p" }), password("p")],
    ["SEC 1", ec.privateKey.export({ type: "sec1", format: "pem" }).toString(), nobody],
    [
      "SEC 1 after its parameters, as openssl writes it",
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ec.privateKey.export({ type: "sec1", format: "pem" }).toString()}`,
      nobody,
    ],
  ] as const)("opens %s", async (_name, text, ask) => {
    const key = await openSigningKey(text, "plain.key", ask);
    expect(
      readVerificationKey(ec.publicKey.export({ type: "spki", format: "pem" }).toString(), "plain.pub").verify(words, key.sign(words)),
    ).toBe(true);
  });

  const box = (change: (value: { kdf: { params: { N: number } }; ciphertext: string }) => void): string => {
    const value = JSON.parse(Buffer.from(sealed.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64").toString()) as Parameters<
      typeof change
    >[0];
    change(value);
    const label = "ENCRYPTED SIGSTORE PRIVATE KEY";
    return `-----BEGIN ${label}-----\n${Buffer.from(JSON.stringify(value)).toString("base64")}\n-----END ${label}-----\n`;
  };

  it.each([
    { name: "another password", text: sealed, ask: password("wr0ng-canary"), why: "the password is not the right one" },
    { name: "no password", text: sealed, ask: nobody, why: "no password is known" },
    {
      name: "a changed box",
      text: box((value) => (value.ciphertext = value.ciphertext.replace("0Dvf", "0Dvg"))),
      ask: password(PASSWORD),
      why: "not the right one",
    },
    {
      name: "gigabytes asked of the machine",
      text: box((value) => (value.kdf.params.N = 2 ** 24)),
      ask: password(PASSWORD),
      why: "not as cosign seals it",
    },
    { name: "another curve", text: pem(generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey), ask: nobody, why: "P-256" },
    { name: "RSA", text: pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), ask: nobody, why: "P-256" },
    { name: "a public key", text: cosignPublic, ask: nobody, why: "no private key" },
    {
      name: "damaged",
      text: "-----BEGIN PRIVATE KEY-----\nc3VwZXItY2FuYXJ5\n-----END PRIVATE KEY-----\n",
      ask: nobody,
      why: "it is damaged",
    },
  ])("refuses $name, and repeats nothing of it", async ({ text, ask, why }) => {
    const error = await failure(openSigningKey(text, "the.key", ask));
    expect(error).toMatchObject({ code: "signature/key-unusable", message: expect.stringContaining(why) as unknown });
    const everything = `${error.message}${error.hint}${error.stack ?? ""}${String(error.cause)}`;
    for (const canary of ["wr0ng-canary", PASSWORD, "c3VwZXItY2FuYXJ5", text.split("\n")[1] ?? ""])
      expect(everything).not.toContain(canary);
  });

  it.each([sealed, "nothing", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])("refuses what is no public key", (text) => {
    expect(() => readVerificationKey(text, "x.pub")).toThrow(expect.objectContaining({ code: "signature/key-unusable" }));
  });

  it("shows nothing of the key when it is printed", async () => {
    const { inspect } = await import("node:util");
    const key = await openSigningKey(pem(ec.privateKey), "plain.key", nobody);
    expect(inspect(key, { depth: 9 }) + JSON.stringify(key)).not.toContain(pem(ec.privateKey).split("\n")[1]);
  });
});
