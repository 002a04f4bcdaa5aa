import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";

/** The directories of a site that its owner may read and write: its mounts, and the whole tree when the code is writable. Absolute in the container. */
export function writableRoots(site: Site): readonly string[] {
  return [...(site.code === "writable" ? [CODE_ROOT] : []), ...site.mounts.map((mount) => `${CODE_ROOT}/${mount.path}`)];
}

/**
 * A path as people write it (relative to the code's root, or absolute in the container) as the absolute path in the container.
 * Error: `data/path-refused` when it is not below a writable path; the program in the container judges symbolic links.
 */
export function mountPath(site: Site, path: string): string {
  const relative = path.startsWith(`${CODE_ROOT}/`) || path === CODE_ROOT ? path.slice(CODE_ROOT.length) : path;
  const segments = relative.split("/").filter((segment) => segment !== "" && segment !== ".");
  const absolute = [CODE_ROOT, ...segments].join("/");
  const isInside = writableRoots(site).some((root) => absolute === root || absolute.startsWith(`${root}/`));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get in
  if (isInside && !segments.includes("..") && !/[\u0000-\u001f\u007f]/.test(path)) return absolute;
  const paths = site.mounts.map((mount) => mount.path).join(", ");
  throw new HowdahError("data/path-refused", `${JSON.stringify(path)} is not below a writable path of ${site.name}`, {
    hint: paths === "" ? "The site has no mounts." : `Its writable paths: ${paths}.`,
  });
}
