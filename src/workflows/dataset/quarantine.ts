import { chmod, chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RUN_AS } from "../../kernel/label.ts";
import type { SealedContainer } from "../../providers/dataset/private-server.ts";
import { QUARANTINE } from "../../render/database/breeder-options.ts";

/** Where a breed's raw data is: a volume of its own that no clone is ever made of, closed to everybody but root, and destroyed however the breed ends. */
export interface Quarantine {
  /** Names the breed: `SITE.gN`. */
  readonly breed: string;
  /** Of the machine. */
  readonly directory: string;
  /** Has mariadbd, mariadb-backup and the clients; no older than the source. */
  readonly image: string;
}

const MIB = 1024 * 1024;
/** Of a program that unpacks or rolls files to their moment. */
const TOOL_BYTES = 1024 * MIB;

const DIRECTORIES = ["source", "attached", "tmp", "raw-tmp"] as const;

/** Makes its directories: `source`, the captured files; `attached`, tables on their way to be masked; temporary ones of both servers. */
export async function prepareQuarantine({ directory }: Quarantine): Promise<void> {
  await chmod(directory, 0o700);
  for (const name of DIRECTORIES) {
    const path = join(directory, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, RUN_AS, RUN_AS);
  }
}

/** A container that sees the quarantine and nothing else. Its directory is closed to the container's user, so its parts are mounted. */
export function inQuarantine({ breed, directory, image }: Quarantine, argv: readonly string[]): SealedContainer {
  const directories = DIRECTORIES.map((name) => ({ from: join(directory, name), to: `${QUARANTINE}/${name}` }));
  return { breed, image, argv, directories, memoryBytes: TOOL_BYTES };
}
