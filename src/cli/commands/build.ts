import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { PushedImage as Pushed, pushSite } from "../../workflows/build/push-site.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import type { Choose } from "../program.ts";
import { signingKey } from "./signing-key.ts";
import { withReporter } from "./with-reporter.ts";

interface BuildFlags {
  readonly push: boolean;
  readonly to?: string;
  readonly tag: readonly string[];
  readonly signKey?: string;
  readonly attach: boolean;
}

const collect = (tag: string, before: readonly string[]): readonly string[] => [...before, tag];

/** `howdah build`: the images, without running anything. */
export function buildCommand(program: Command, choose: Choose): void {
  program
    .command("build")
    .argument("[site]", "directory or site file", ".")
    .summary("build a site's images without running them; --push brings them to a registry")
    .option("--push", "push the images to the site's repository (spec.image.repository)", false)
    .option("--to <repository>", "another repository: registry.example.org/team/blog")
    .option("--tag <tag>", "tag of the pushed images, more than once if needed (default: from git)", collect, [])
    .option("--sign-key <file>", "sign what is pushed with this key, as cosign does (default: HOWDAH_SIGN_KEY)")
    .option("--no-attach", "push the images alone, without bill of materials, provenance and signature")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah build\n  howdah build ./blog --output json\n  howdah build --push --to registry.example.org/team/blog\n  COSIGN_PASSWORD=… howdah build --push --sign-key cosign.key\n\nA bill of materials (SPDX) and provenance (SLSA) are attached to what is pushed; with a key they and the image are signed.\nTags from git: release-v1.2.3 gives 1.2.3 and 1.2, main gives nightly, another branch its name. Only what the registry lacks is sent.",
    )
    .action((given: string, flags: BuildFlags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { loadSite } = await import("../../workflows/load-site/load-site.ts");
          const { prepareImages } = await import("../../workflows/up/prepare-images.ts");
          checkFlags(flags);
          const { site, source, text, lockFile } = await loadSite(given, context.directory, ports.files);
          const { requireRoot } = await import("../../workflows/up/check-machine.ts");
          await requireRoot(ports);
          const key = flags.push && flags.attach ? await signingKey(flags.signKey, context, ports) : null; // a wrong password is told before minutes of work
          const { buildFromSource } = await import("../../workflows/attest/source-place.ts");
          const build = () => prepareImages(site, source, lockFile, ports, engine);
          const { place, built: images } = flags.push
            ? await buildFromSource(source, { signed: key !== null }, ports, build)
            : { place: null, built: await build() };
          const { exportingOnce } = await import("../../workflows/attest/exporting-once.ts");
          const exported = exportingOnce(ports, engine);
          const attach = flags.attach ? { built: { site, source, text, place, images, version: context.version, exported }, key } : null;
          const pushed = await pushIfAsked(flags, { site, place, images: images.site, attach, sessions: images.sessions }, ports, engine);
          const made = [images.site.web, ...(images.site.php === null ? [] : [images.site.php])];
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ site: site.name, codeDigest: images.site.codeDigest, files: images.site.files, images: made, ...(pushed === undefined ? {} : { pushed }) }, null, 2)}\n`
              : made.map((image) => `${image.reference}  ${image.digest}  ${(image.sizeBytes / 1e6).toFixed(1)} MB\n`).join("") +
                  (pushed ?? []).map(pushedLine).join(""),
          );
          return 0;
        }),
      );
    });
}

function checkFlags({ push, to, tag, signKey, attach }: BuildFlags): void {
  if (!push && (to !== undefined || tag.length > 0 || signKey !== undefined))
    throw new HowdahError("usage/invalid", "--to, --tag and --sign-key are for --push");
  if (!attach && signKey !== undefined) throw new HowdahError("usage/invalid", "--no-attach leaves nothing for --sign-key to sign");
}

async function pushIfAsked(
  { push, to, tag }: BuildFlags,
  given: Parameters<typeof pushSite>[1],
  ports: Ports,
  engine: EngineContext,
): Promise<readonly Pushed[] | undefined> {
  if (!push) return undefined;
  const { pushSite } = await import("../../workflows/build/push-site.ts");
  return pushSite({ to, tags: tag }, given, ports, engine);
}

function pushedLine({ repository, digest, tags, bytes, attached }: Pushed): string {
  const [sent, existing, mounted] = [bytes.sent, bytes.existing, bytes.mounted].map((count) => (count / 1e6).toFixed(1));
  return `${repository}@${digest}  ${tags.join(", ")}  ${sent} MB sent, ${existing} MB were there, ${mounted} MB mounted${attached === undefined ? "" : `, ${attached.signed ? "signed" : "not signed"}`}\n`;
}
