import type { Secret } from "../../kernel/secret.ts";

/** A value that is made once and kept: the `generated` variables of a site, and passwords of databases. */
export interface GeneratedValue {
  /** Bytes of randomness; for `alphanumeric` the number of characters. `laravel` always has 32. */
  readonly bytes: number;
  readonly encoding: "hex" | "base64" | "laravel" | "alphanumeric";
}

/** The keys of one secret. */
export type SecretData = Readonly<Record<string, Secret>>;

/** A secret as lists show it: never a value. */
export interface SecretName {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * Where secrets live: by namespace (a site's environment), name and key. Every call is atomic, and safe against other processes.
 * Errors: `usage/invalid` for a name outside the grammar, `machine/state-unreadable` for a damaged store.
 */
export interface SecretStore {
  /** All keys of a secret, or undefined when there is none. */
  get(namespace: string, name: string): Promise<SecretData | undefined>;
  /** Adds keys or replaces their values; other keys stay. */
  set(namespace: string, name: string, data: SecretData): Promise<void>;
  /** The value that is there, or a new random one that is kept: several callers at once get the same. */
  getOrGenerate(namespace: string, name: string, key: string, wanted: GeneratedValue): Promise<Secret>;
  /** Names and keys, sorted. */
  list(namespace: string): Promise<readonly SecretName[]>;
  /** Deletes a secret, or one key of it. False when it was not there. */
  remove(namespace: string, name: string, key?: string): Promise<boolean>;
}
