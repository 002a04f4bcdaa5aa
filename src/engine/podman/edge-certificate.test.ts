import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { type CertificatePair, faultOf, usableCertificate } from "./edge-certificate.ts";

const directory = mkdtempSync(join(tmpdir(), "howdah-certificate-"));
afterAll(() => rmSync(directory, { recursive: true }));

function made(name: string, kind: readonly string[]): CertificatePair {
  const [crt, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const about = ["-nodes", "-days", "2", "-subj", "/CN=blog.example", "-keyout", key, "-out", crt];
  execFileSync("openssl", ["req", "-x509", "-newkey", ...kind, ...about], { stdio: "ignore" });
  return { certificate: readFileSync(crt, "utf8"), key: readFileSync(key, "utf8") };
}

const curve = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const one = made("one", curve);
const two = made("two", curve);
const short = made("short", ["rsa:1024"]);

describe("a certificate for the edge", () => {
  it.each<{ name: string; pair: CertificatePair; fault: string | undefined }>([
    { name: "is taken when it and its key belong together", pair: one, fault: undefined },
    { name: "may have a chain", pair: { ...one, certificate: one.certificate + two.certificate }, fault: undefined },
    { name: "is refused with another one's key", pair: { ...one, key: two.key }, fault: "tls.key does not belong to tls.crt" },
    { name: "is refused when it is not PEM", pair: { ...one, certificate: "AAAA" }, fault: "tls.crt is not a PEM certificate" },
    {
      name: "is refused when its chain is cut off",
      pair: { ...one, certificate: one.certificate + two.certificate.slice(0, 200) },
      fault: "tls.crt is not a PEM certificate",
    },
    {
      name: "is refused when the key is not PEM",
      pair: { ...one, key: "" },
      fault: "tls.key is not a PEM private key without a passphrase",
    },
    { name: "is refused when nginx finds its key too short", pair: short, fault: "its key has 1024 bits, fewer than 2048" },
  ])("$name", ({ pair, fault }) => expect(faultOf(pair)).toBe(fault));

  it("is refused by the name of its secret, and never shows its key", async () => {
    const data = { "tls.crt": new Secret(one.certificate, "test"), "tls.key": new Secret(two.key, "test") };
    const read = () => Promise.resolve({ version: "1", data });
    const ports = { secrets: { read }, certificateFor: () => Promise.reject(new Error("not asked")) };
    const wanted = { namespace: "blog", hostnames: ["blog.example"], tls: "blog-tls" };
    const error = await usableCertificate(ports, wanted).catch((thrown: unknown) => thrown as HowdahError);
    expect(error).toBeInstanceOf(HowdahError);
    expect(error).toMatchObject({ code: "config/rejected", message: expect.stringContaining('"blog-tls"') });
    expect(JSON.stringify(error)).not.toContain(two.key.split("\n")[1]);
  });
});
