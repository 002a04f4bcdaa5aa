import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Clock } from "../../../kernel/clock.ts";
import { run } from "../../process.ts";
import { localAuthority } from "./local-authority.ts";

const DAY = 86_400_000;
let state: string;
let days: number;
const clock: Clock = { now: () => Date.now() + days * DAY, sleep: () => Promise.resolve() };
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "howdah-certificates-"));
  days = 0;
});
afterEach(async () => {
  await rm(state, { recursive: true });
});

it("makes certificates that openssl verifies for their names and no others", async () => {
  const authority = localAuthority(state, clock);
  const { certificate: ca } = await authority.authority();
  const { certificate, key } = await authority.certificateFor(["blog.localhost", "*.blog.localhost", "*.localhost"]);
  for (const name of ["blog.localhost", "www.blog.localhost"]) {
    const argv = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name, "-CAfile", ca, certificate];
    expect((await run(argv)).stdout).toBe(`${certificate}: OK\n`);
  }
  const other = ["openssl", "verify", "-verify_hostname", "bank.example", "-CAfile", ca, certificate];
  expect((await run(other, { accept: "any" })).code).not.toBe(0);
  for (const path of [key, join(state, "certificates/authority/tls.key")]) expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it("lets browsers accept it: EC P-256, at most 398 days, an authority that signs no other", async () => {
  const authority = localAuthority(state, clock);
  const leaf = new X509Certificate(await readFile((await authority.certificateFor(["a.localhost"])).certificate));
  const root = new X509Certificate(await readFile((await authority.authority()).certificate));
  expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  expect((Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / DAY).toBe(397);
  expect(leaf.ca).toBe(false);
  expect(root.ca).toBe(true);
  expect(leaf.subjectAltName).toBe("DNS:a.localhost");
});

it("answers the same certificate again, whatever the order of names", async () => {
  const first = await localAuthority(state, clock).certificateFor(["a.localhost", "b.localhost"]);
  const text = await readFile(first.certificate, "utf8");
  const second = await localAuthority(state, clock).certificateFor(["b.localhost", "a.localhost", "a.localhost"]);
  expect(second).toEqual(first);
  expect(await readFile(second.certificate, "utf8")).toBe(text);
});

it("makes one pair for many callers at once", async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => localAuthority(state, clock).certificateFor(["a.localhost"])));
  expect(new Set(made.map((one) => one.notAfter)).size).toBe(1);
});

it.each([
  { after: 360, renewed: false },
  { after: 368, renewed: true },
])("renews a certificate after $after days: $renewed", async ({ after, renewed }) => {
  const { certificate } = await localAuthority(state, clock).certificateFor(["a.localhost"]);
  const before = await readFile(certificate, "utf8");
  days = after;
  await localAuthority(state, clock).certificateFor(["a.localhost"]);
  expect((await readFile(certificate, "utf8")) !== before).toBe(renewed);
});

it("mends a pair whose key is another one", async () => {
  const authority = localAuthority(state, clock);
  const { key, certificate } = await authority.certificateFor(["a.localhost"]);
  await writeFile(key, await readFile(join(state, "certificates/authority/tls.key")));
  const before = await readFile(certificate, "utf8");
  await authority.certificateFor(["a.localhost"]);
  expect(await readFile(certificate, "utf8")).not.toBe(before);
});

it("follows a new authority", async () => {
  const authority = localAuthority(state, clock);
  const { certificate } = await authority.certificateFor(["a.localhost"]);
  const before = await readFile(certificate, "utf8");
  await rm(join(state, "certificates/authority"), { recursive: true });
  await authority.certificateFor(["a.localhost"]);
  expect(await readFile(certificate, "utf8")).not.toBe(before);
});

it.each(["a b", "a,DNS:evil.example", "a\nb", "", "*", "a.*.b", "A", "-a", "a..b", "ä", "1.2.3.4/8", "a/CN=b"])(
  "refuses %j",
  async (name) => {
    await expect(localAuthority(state, clock).certificateFor([name])).rejects.toMatchObject({ code: "usage/invalid" });
  },
);

it("says how to trust it", async () => {
  const { howToTrust, fingerprint, certificate } = await localAuthority(state, clock).authority();
  expect(howToTrust.join("\n")).toContain(certificate);
  expect(howToTrust.join("\n")).toContain(fingerprint);
});
