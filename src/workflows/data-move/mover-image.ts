import type { ReleaseSpec } from "../../resources/schema/release.ts";
import type { BaseRequest } from "../../catalog/image-recipes.ts";
import type { Site } from "../../site/site.ts";
import { exportingOnce } from "../attest/exporting-once.ts";
import { pushImage } from "../build/push-site.ts";
import { testLock } from "../test/test-lock.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { requireRoot } from "../up/check-machine.ts";

const request: BaseRequest = { kind: "data-mover" };

/**
 * The image that copies, beside the site's own images in its registry, so that nodes pull it by the same Secret. Composed from Debian's packages, newest once a week; what
 * the registry has is not sent. Answers its reference by digest. Errors: those of building and pushing.
 */
export async function moverImage(
  { site, images, to }: { readonly site: Site; readonly images: ReleaseSpec["images"] | undefined; readonly to: string | undefined },
  ports: Ports,
  context: EngineContext,
): Promise<string> {
  const { emit, signal } = context;
  await requireRoot(ports);
  const lock = await testLock([request], { lockFile: null, renew: false }, ports, context);
  const { reference } = await ports.images.ensureBase(request, lock, emit, signal);
  const beside = to ?? repositoryOf(images?.web.reference);
  const pushed = await pushImage(
    { to: beside },
    { site, role: "data-mover", reference, exported: exportingOnce(ports, context) },
    ports,
    context,
  );
  return `${pushed.repository}@${pushed.digest}`;
}

/** `registry/team/blog` of `registry/team/blog/web@sha256:…`, or of `docker.io/team/blog-web@…`. */
export function repositoryOf(web: string | undefined): string | undefined {
  return web === undefined ? undefined : /^(.+)[/-]web@sha256:[0-9a-f]{64}$/.exec(web)?.[1];
}
