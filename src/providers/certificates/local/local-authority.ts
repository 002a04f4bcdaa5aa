import { createHash, createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../kernel/clock.ts";
import { withFileLock } from "../../file-lock.ts";
import { run } from "../../process.ts";
import { writeAtomically } from "../../../host/write-atomically.ts";
import type { CertificateAuthority, CertificateFiles } from "../certificate-authority.ts";
import { authorityConfiguration, certificateNames, serverExtensions } from "./extensions.ts";
import { howToTrust } from "./how-to-trust.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
/** Browsers refuse certificates of more than 398 days. */
const SERVER_DAYS = 397;
const RENEW_DAYS = 30;

/**
 * An authority of this machine's own, in `<stateDir>/certificates`: EC P-256 keys, 0600, made by openssl. Only machines that were
 * told to trust it do.
 */
export function localAuthority(stateDir: string, clock: Clock): CertificateAuthority {
  const directory = join(stateDir, "certificates");
  const root = filesIn(join(directory, "authority"));

  /** Answers the pair that is there, or has `make` put one in place, under a lock. */
  async function ensure(
    pair: Pair,
    isGood: (found: X509Certificate) => boolean,
    make: (work: string) => Promise<void>,
  ): Promise<X509Certificate> {
    const found = await readCertificate(pair);
    if (found !== undefined && isGood(found)) return found;
    await mkdir(pair.directory, { recursive: true, mode: 0o700 });
    return await withFileLock(join(pair.directory, ".lock"), async () => {
      const meanwhile = await readCertificate(pair);
      if (meanwhile !== undefined && isGood(meanwhile)) return meanwhile;
      const work = await mkdtemp(join(pair.directory, "work-"));
      try {
        await make(work);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
      return new X509Certificate(await readFile(pair.certificate));
    });
  }

  const daysLeft = (certificate: X509Certificate): number => Math.floor((Date.parse(certificate.validTo) - clock.now()) / DAY_MS);
  const ensureRoot = () =>
    ensure(
      root,
      (found) => daysLeft(found) >= RENEW_DAYS,
      (work) => makeAuthority(root, work),
    );

  return {
    async authority() {
      const certificate = await ensureRoot();
      const { certificate: path } = root;
      return {
        certificate: path,
        fingerprint: certificate.fingerprint256,
        notAfter: Date.parse(certificate.validTo),
        howToTrust: howToTrust(path, certificate.fingerprint256),
      };
    },
    async certificateFor(hostnames): Promise<CertificateFiles> {
      const names = certificateNames(hostnames);
      const issuer = await ensureRoot();
      const pair = filesIn(join(directory, "sites", createHash("sha256").update(names.join("\n")).digest("hex").slice(0, 32)));
      const isGood = (found: X509Certificate): boolean => daysLeft(found) >= RENEW_DAYS && found.verify(issuer.publicKey);
      const days = Math.min(SERVER_DAYS, daysLeft(issuer));
      const certificate = await ensure(pair, isGood, (work) => makeServerCertificate(pair, { root, names, days, work }));
      return { certificate: pair.certificate, key: pair.key, notAfter: Date.parse(certificate.validTo) };
    },
  };
}

interface Pair {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
}

function filesIn(directory: string): Pair {
  return { directory, certificate: join(directory, "tls.crt"), key: join(directory, "tls.key") };
}

/** Undefined when it is not there, damaged, or its key is another one: a crash between the two writes, mended by a new pair. */
async function readCertificate(pair: Pair): Promise<X509Certificate | undefined> {
  try {
    const certificate = new X509Certificate(await readFile(pair.certificate));
    return certificate.checkPrivateKey(createPrivateKey(await readFile(pair.key))) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

async function makeKey(path: string): Promise<void> {
  const { stdout } = await run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
  await writeFile(path, stdout, { mode: 0o600 });
}

/** The common name carries a random part, so that the authorities of two machines can be told apart in a browser's list. */
async function makeAuthority(pair: Pair, work: string): Promise<void> {
  const [key, config] = [join(work, "key"), join(work, "config")];
  await makeKey(key);
  await writeFile(config, authorityConfiguration);
  const subject = `/O=Howdah/CN=Howdah local CA ${randomBytes(3).toString("hex")}`;
  const { stdout } = await run([
    "openssl",
    "req",
    "-x509",
    "-new",
    "-sha256",
    "-config",
    config,
    "-key",
    key,
    "-days",
    String(AUTHORITY_DAYS),
    "-subj",
    subject,
    "-set_serial",
    serial(),
  ]);
  await place(pair, key, stdout);
}

interface ServerRequest {
  readonly root: Pair;
  readonly names: readonly string[];
  readonly days: number;
  readonly work: string;
}

async function makeServerCertificate(pair: Pair, { root, names, days, work }: ServerRequest): Promise<void> {
  const [key, config, extensions] = [join(work, "key"), join(work, "config"), join(work, "extensions")];
  await makeKey(key);
  await writeFile(config, authorityConfiguration);
  await writeFile(extensions, serverExtensions(names));
  const subject = `/O=Howdah/CN=${names.find((name) => name.length <= 64) ?? "site"}`;
  const request = await run(["openssl", "req", "-new", "-sha256", "-config", config, "-key", key, "-subj", subject]);
  const signed = await run(
    [
      "openssl",
      "x509",
      "-req",
      "-sha256",
      "-CA",
      root.certificate,
      "-CAkey",
      root.key,
      "-days",
      String(days),
      "-set_serial",
      serial(),
      "-extfile",
      extensions,
    ],
    { input: request.stdout },
  );
  await place(pair, key, signed.stdout);
}

function serial(): string {
  return `0x7f${randomBytes(15).toString("hex")}`;
}

/** The key first: a certificate is only believed with its own key beside it. */
async function place(pair: Pair, key: string, certificate: string): Promise<void> {
  await writeAtomically(pair.key, await readFile(key), { mode: 0o600 });
  await writeAtomically(pair.certificate, certificate, { mode: 0o644 });
}
