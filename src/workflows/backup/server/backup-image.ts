import { type BaseRequest, normalRequest } from "../../../catalog/image-recipes.ts";
import { isMariadbVersion } from "../../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { canonicalJson } from "../../../render/rendered.ts";
import type { EngineContext, Ports } from "../../ports.ts";

/** What the image that backs a server up is called among shared ones: `backup-mariadb-11-8`. */
export const BACKUP_IMAGE = /^backup-(?=mariadb-)/;

const collator = new Intl.Collator("en", { numeric: true });

/**
 * An image with mariadb-backup that is no older than the server: it must know what the server writes. Made from Debian's packages the first time, and when
 * the server has become newer; kept as long as the server's volume. Errors: `database/server-unknown` for a server that is not Howdah's, those of the image builder.
 */
export async function ensureBackupImage(
  server: string,
  version: string,
  ports: Pick<Ports, "images" | "sharedImages">,
  context: EngineContext,
): Promise<string> {
  const name = `backup-${server}`;
  const known = await ports.sharedImages.get(name);
  if (known !== undefined && collator.compare(plainVersion(known.version), plainVersion(version)) >= 0) {
    const there = await ports.images.list(context.signal);
    if (there.some(({ reference }) => reference === known.reference)) return known.reference;
  }
  const request = requestFor(server);
  const lock = await ports.images.lock({ images: [request] }, context.emit, context.signal);
  const { reference } = await ports.images.ensureBase(request, lock, context.emit, context.signal);
  const packages = lock.images.find((one) => canonicalJson(one.request) === canonicalJson(normalRequest(request)))?.packages ?? [];
  const main = packages.find((one) => one.name === "mariadb-backup");
  await ports.sharedImages.put(name, { name, reference, version: main?.version ?? "0" });
  return reference;
}

/** `1:11.8.6-0+deb13u1` and `11.8.6-MariaDB` are both `11.8.6`. */
export function plainVersion(text: string): string {
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? "0";
}

function requestFor(server: string): BaseRequest {
  const version = /^mariadb-(\d+)-(\d+)$/.exec(server)?.slice(1).join(".") ?? "";
  if (isMariadbVersion(version)) return { kind: "mariadb-backup", version };
  throw new HowdahError("database/server-unknown", `Howdah knows no MariaDB of the name ${JSON.stringify(server)}`);
}
