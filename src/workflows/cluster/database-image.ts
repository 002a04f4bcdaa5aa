import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { isGaleraVersion } from "../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { testLock } from "../test/test-lock.ts";
import { requireRoot } from "../up/check-machine.ts";
import { pushOwnImage } from "./push-own-image.ts";

/** An image for a DatabaseServer of kind galera, and where it goes. */
export interface DatabaseImageRequest {
  /** `galera` or `haproxy`. */
  readonly part: string;
  /** Of MariaDB; HAProxy has one for all. */
  readonly version: string;
  readonly repository: string;
}

/**
 * Makes the image of a node, or of what leads sites to the node that writes, and pushes it. Errors: `usage/invalid`; those of building and pushing.
 */
export async function databaseImage(
  request: DatabaseImageRequest,
  ports: Ports,
  context: EngineContext,
): Promise<{ readonly reference: string }> {
  const base = baseOf(request);
  await requireRoot(ports);
  const { emit, signal } = context;
  const lock = await testLock([base], { lockFile: null, renew: false }, ports, context);
  const built = await ports.images.ensureBase(base, lock, emit, signal);
  const tag = base.kind === "galera" ? base.version : "latest";
  const exported = await ports.images.export(built.reference, emit, signal);
  return { reference: await pushOwnImage(exported, { repository: request.repository, tag }, ports, context) };
}

function baseOf({ part, version }: DatabaseImageRequest): Extract<BaseRequest, { kind: "galera" | "haproxy" }> {
  if (part === "haproxy") return { kind: "haproxy" };
  if (part !== "galera") throw new HowdahError("usage/invalid", `There is no image of ${JSON.stringify(part)}: galera or haproxy`);
  if (isGaleraVersion(version)) return { kind: "galera", version };
  throw new HowdahError("usage/invalid", `There is no image of Galera with MariaDB ${version}`);
}
