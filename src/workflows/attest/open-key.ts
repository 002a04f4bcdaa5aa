import { resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import {
  type AskPassword,
  openSigningKey,
  readVerificationKey,
  type SigningKey,
  type VerificationKey,
} from "../../providers/attestation/signing-key.ts";
import type { Ports } from "../ports.ts";

/** Where a command works, and how it asks a person. */
interface KeyPlace {
  readonly directory: string;
  /** Null where nobody can be asked. */
  readonly ask: AskPassword | null;
}

/**
 * Opens the key that a command names, or HOWDAH_SIGN_KEY; null when neither does. Its password is COSIGN_PASSWORD, or a person's.
 * Error: `signature/key-unusable`.
 */
export async function openKey(
  file: string | undefined,
  place: KeyPlace,
  ports: Pick<Ports, "settings" | "files">,
): Promise<SigningKey | null> {
  const named = file ?? ports.settings.signKey;
  if (named === undefined) return null;
  const known = ports.settings.signPassword;
  const password = async (): Promise<Secret | undefined> => known ?? (place.ask === null ? undefined : place.ask());
  return openSigningKey(await readKey(named, place.directory, ports), named, password);
}

/** Reads the public key that a command names. Error: `signature/key-unusable`. */
export async function openPublicKey(file: string, directory: string, ports: Pick<Ports, "files">): Promise<VerificationKey> {
  return readVerificationKey(await readKey(file, directory, ports), file);
}

async function readKey(file: string, directory: string, { files }: Pick<Ports, "files">): Promise<string> {
  // secrets are mounted as links, and whoever names a key means what it leads to
  const path = await files.realpath(resolve(directory, file)).catch(() => undefined);
  const text = path === undefined ? undefined : await files.read(path);
  if (text === undefined) throw new HowdahError("signature/key-unusable", `The key ${file} is not there`);
  return text;
}
