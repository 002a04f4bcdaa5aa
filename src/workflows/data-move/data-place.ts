import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import { CODE_CLAIM } from "../../render/site/render-volumes.ts";
import type { Site } from "../../site/site.ts";
import { mountPath } from "../files/mount-path.ts";

/** A directory of a site as a volume has it. */
export interface DataPlace {
  readonly claim: string;
  /** Below the volume's root; empty for the root itself. */
  readonly below: string;
  /** As people write it, below the code's root. */
  readonly path: string;
}

/**
 * Which volume has a path of a site. Without a path: the one mount that is shared. Errors: `data/path-refused` outside of the mounts, and for one that
 * every pod has its own of; `usage/invalid` when a path must be named.
 */
export function dataPlace(site: Site, path: string | undefined): DataPlace {
  const shared = site.mounts.filter(({ storage }) => storage === "shared");
  const [only, ...others] = shared;
  if (path === undefined && (only === undefined || others.length > 0 || site.code === "writable"))
    throw new HowdahError("usage/invalid", `Which of the paths of ${site.name} should be filled?`, {
      hint: shared.length === 0 ? "The site has no shared mounts." : `Name one: ${shared.map((mount) => mount.path).join(", ")}.`,
    });
  const absolute = mountPath(site, path ?? only?.path ?? "");
  const roots = [
    ...site.mounts.map((mount) => ({ at: `${CODE_ROOT}/${mount.path}`, claim: mount.storage === "shared" ? mount.volume : null })),
    ...(site.code === "writable" ? [{ at: CODE_ROOT, claim: CODE_CLAIM }] : []),
  ].sort((a, b) => b.at.length - a.at.length);
  const root = roots.find(({ at }) => absolute === at || absolute.startsWith(`${at}/`));
  const shown = absolute.slice(CODE_ROOT.length + 1);
  if (root === undefined || root.claim === null)
    throw new HowdahError(
      "data/path-refused",
      `${shown} is \`storage: local\`: every pod of ${site.name} has its own, and it goes with the pod`,
      {
        hint: "Make the mount `storage: shared` and deploy; its volume can then be filled.",
      },
    );
  return { claim: root.claim, below: absolute.slice(root.at.length + 1), path: shown };
}
