import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import type { Settings } from "../ports.ts";

/** Refuses what watching is not for. Error: `site/not-watchable` with what to do instead. */
export function checkWatchable(site: Site, { allowPublic }: { readonly allowPublic: boolean }, { bind }: Pick<Settings, "bind">): void {
  if (site.code === "writable")
    throw new HowdahError(
      "site/not-watchable",
      `The code of ${site.name} lies on a volume of its own (code: writable), where the site changes it`,
      {
        hint: `Nothing of it can be shown as it is saved here without overwriting what the site wrote: \`howdah deploy ${site.name}\` merges it, \`howdah files put\` puts single files there.`,
      },
    );
  if (isLoopback(bind) || allowPublic) return;
  throw new HowdahError(
    "site/not-watchable",
    `The way in listens on ${bind}: others than you would meet every file of ${site.name} the moment it is saved`,
    {
      hint: "On a machine for development say so with `--allow-public`; anywhere else `howdah deploy` makes releases.",
    },
  );
}

function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}
