import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseImageReference } from "../../kernel/image-reference.ts";
import type { VerifiedImage } from "../../workflows/attest/verify-image.ts";
import type { Choose } from "../program.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah verify`: whether an image of a registry is what those who hold a key have pushed. */
export function verifyCommand(program: Command, choose: Choose): void {
  program
    .command("verify")
    .argument("<image>", "an image of a registry: registry.example.org/team/blog/php:1.2.3, or with @sha256:…")
    .summary("check the signature, bill of materials and provenance of a pushed image")
    .requiredOption("--key <file>", "the public key: cosign.pub")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah verify registry.example.org/team/blog/php:1.2.3 --key cosign.pub\n  howdah verify registry.example.org/team/blog/php:1.2.3 --key cosign.pub --output json | jq .sbom.document\n\nA tag may stand for another image a moment later: deploy the digest that is printed.",
    )
    .action((given: string, flags: { readonly key: string }) => {
      choose((context) =>
        withReporter(context, async (ports, { emit, signal }) => {
          const { openPublicKey } = await import("../../workflows/attest/open-key.ts");
          const { verifyImage } = await import("../../workflows/attest/verify-image.ts");
          const reference = parseImageReference(given);
          if (reference === undefined) throw new HowdahError("usage/invalid", `${JSON.stringify(given)} is no image's name`);
          const key = await openPublicKey(flags.key, context.directory, ports);
          const id = "verify";
          emit({ type: "task-started", id, title: `Signatures of ${given}` });
          const call = {
            progress: (detail: string) => emit({ type: "task-progress", id, detail }),
            notice: (message: string) => emit({ type: "notice", level: "info", message }),
            signal,
          };
          try {
            const verified = await verifyImage(reference, key, ports.registry, call);
            emit({ type: "task-done", id, outcome: "unchanged" });
            context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(verified, null, 2)}\n` : words(verified));
            return 0;
          } catch (error) {
            if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
            throw error;
          }
        }),
      );
    });
}

function words({ image, signedAs, sbom, provenance }: VerifiedImage): string {
  const { builder, commit, source, dirty } = provenance;
  const tree = dirty === true ? ", with changes that are in no commit" : "";
  const from = commit === null ? "a tree without version control" : `commit ${commit}${source === null ? "" : ` of ${source}`}${tree}`;
  return `${image}\nsignature   good, signed as ${signedAs}\nSBOM        good, ${String(sbom.packages)} packages\nprovenance  good, from ${from}, by ${builder}\n`;
}
