import { join } from "node:path";
import { roomOf } from "../host/directory-room.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { openDatasetStorage } from "../providers/dataset-storage/open-dataset-storage.ts";
import { DRIVER } from "../kernel/storage-driver.ts";
import type { DriverOptions } from "./driver-options.ts";
import { type Listening, listen } from "./grpc-server.ts";
import { createInTurn } from "./in-turn.ts";
import { linuxMounts } from "./node/mounts.ts";
import { createBtrfsLimits } from "./pool/btrfs-limits.ts";
import type { PoolParts } from "./pool/pool-parts.ts";
import { createRecords } from "./pool/records.ts";
import { recover } from "./pool/recover.ts";
import { noLimits } from "./pool/size-limits.ts";
import { registrationService } from "./registration.ts";
import { controllerService } from "./services/controller.ts";
import { identityService } from "./services/identity.ts";
import { nodeService } from "./services/node.ts";
import type { AtStep } from "./steps.ts";

/** What the driver needs of its process. */
export interface DriverProcess {
  readonly version: string;
  /** The directory of csi.proto and registration.proto. */
  readonly protoDirectory: string;
  readonly searchPath: string;
  readonly log: StructuredLog;
  readonly atStep: AtStep;
  /** Called when a kubelet refuses the driver. */
  readonly fail: (reason: string) => void;
}

/** Opens the pool, puts right what a killed driver left, and serves. Errors: those of the storage, and `machine/busy`. */
export async function runDriver(options: DriverOptions, running: DriverProcess): Promise<Listening> {
  const { log, protoDirectory } = running;
  const parts = await openPool(options, running);
  await recover(parts);
  const driver = await listen(
    options.socket,
    {
      protoFile: join(protoDirectory, "csi.proto"),
      services: {
        "csi.v1.Identity": identityService(running.version),
        "csi.v1.Controller": controllerService(parts),
        "csi.v1.Node": nodeService(parts),
      },
    },
    log,
  );
  log({
    level: "info",
    msg: "serving",
    node: options.node,
    socket: options.socket,
    storage: parts.storage.driver,
    quota: parts.limits.enforced,
  });
  if (options.registration === null) return driver;
  const { directory, endpoint } = options.registration;
  const registration = await listen(
    join(directory, `${DRIVER}-reg.sock`),
    {
      protoFile: join(protoDirectory, "registration.proto"),
      services: { "pluginregistration.Registration": registrationService(endpoint, running.fail) },
    },
    log,
  );
  return { stop: async () => void (await Promise.all([registration.stop(), driver.stop()])) };
}

async function openPool(
  { node, directory, socket, limitBytes }: DriverOptions,
  { log, atStep, searchPath }: DriverProcess,
): Promise<PoolParts> {
  const settings = { searchPath, lockFile: `${socket}.lock`, now: () => new Date(), ...(limitBytes === null ? {} : { limitBytes }) };
  const storage = await openDatasetStorage(join(directory, "storage"), settings);
  const { root, atomicSnapshot, warnings } = await storage.probe();
  for (const warning of warnings) log({ level: "warning", msg: "storage", warning });
  return {
    node,
    storage,
    atomicSnapshots: atomicSnapshot,
    // On the same file system as the volumes: what is known of them can't be lost without them.
    records: createRecords(join(root, "records")),
    limits: storage.driver === "btrfs" ? await createBtrfsLimits(root) : noLimits,
    mounts: linuxMounts,
    room: async () => ({ totalBytes: (await roomOf(root)).totalBytes, freeBytes: (await storage.probe()).freeBytes }),
    clock: { now: () => Date.now() },
    inTurn: createInTurn(),
    atStep,
    log,
  };
}
