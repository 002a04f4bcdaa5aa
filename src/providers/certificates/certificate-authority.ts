/** A certificate's files on this machine, PEM; the key is readable by root only. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** The authority itself. */
export interface AuthorityInfo {
  /** Path of its certificate. */
  readonly certificate: string;
  /** SHA-256 of the certificate, colons between bytes, as browsers show it. */
  readonly fingerprint: string;
  readonly notAfter: number;
  /** How people make their browsers and programs trust it: lines to print. */
  readonly howToTrust: readonly string[];
}

/**
 * Who signs the certificates of sites on this machine.
 * Errors: `usage/invalid` for a hostname that is none, `machine/tool-missing` without openssl.
 */
export interface CertificateAuthority {
  /** Made at the first call, kept ten years. */
  authority(): Promise<AuthorityInfo>;
  /** A certificate for these names: the one that is there, or a new one when there is none or it ends within 30 days. */
  certificateFor(hostnames: readonly string[]): Promise<CertificateFiles>;
}
