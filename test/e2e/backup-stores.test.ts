import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../src/kernel/secret.ts";
import type { StoreLocation } from "../../src/providers/backup/backup-repository.ts";
import { backupRepositoryContract } from "../../src/providers/backup/backup-repository-contract.ts";
import { parseLocation } from "../../src/providers/backup/parse-location.ts";
import { resticRepositoryOf } from "../../src/providers/backup/restic/restic-repository.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { s3Double } from "../support/s3-double.ts";
import { sftpServer } from "../support/sftp-server.ts";

const keys = { id: new Secret("AKIDOFATEST", "test"), secret: new Secret("secret-of-a-test", "test") };

async function storeAt(place: (directory: string) => Promise<{ location: StoreLocation; remove(): Promise<void> }>) {
  const directory = await mkdtemp(join(tmpdir(), "t-restic-"));
  const made = await place(directory);
  const { location } = made;
  const parts = { clock: systemClock, path: process.env["PATH"] ?? "", home: homedir(), cache: join(directory, "cache") };
  return {
    open: (password: Secret) => resticRepositoryOf({ location, password, keys: location.kind === "s3" ? keys : null }, parts),
    async remove() {
      await made.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

backupRepositoryContract("in a directory", () =>
  storeAt(async (directory) => ({ location: parseLocation(join(directory, "store")), remove: async () => undefined })),
);

backupRepositoryContract("over SFTP", () =>
  storeAt(async (directory) => {
    const server = await sftpServer(18_893);
    return {
      location: parseLocation(`sftp://root@127.0.0.1:${String(server.port)}${directory}/store`, server.sshConfig),
      remove: () => server.remove(),
    };
  }),
);

backupRepositoryContract("on a double of S3", () =>
  storeAt(async () => {
    const server = await s3Double();
    return { location: parseLocation(`s3+http://127.0.0.1:${String(server.port)}/backups/howdah`), remove: () => server.remove() };
  }),
);
