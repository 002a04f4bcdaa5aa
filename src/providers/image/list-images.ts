import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { ImageSummary } from "../image-builder.ts";
import { programFailure, type Ran, run } from "../process.ts";
import type { ImageNames } from "./image-names.ts";

/** The images of one instance, by their names; sorted by reference. */
export async function listImages(names: ImageNames, signal?: AbortSignal): Promise<readonly ImageSummary[]> {
  const ran = await listing(names.pattern, signal);
  const found = JSON.parse(ran.stdout === "" ? "[]" : ran.stdout) as readonly {
    readonly Names?: readonly string[] | null;
    readonly Digest?: string;
    readonly Size?: number;
    readonly Labels?: Readonly<Record<string, string>> | null;
  }[];
  const summaries = found.flatMap((image) =>
    (image.Names ?? [])
      .filter((name) => names.owns(name))
      .map((reference): ImageSummary => {
        const kind = kindOf(reference);
        const site = kind === "site" ? image.Labels?.[`${LABEL_PREFIX}/site`] : undefined;
        return {
          reference,
          digest: image.Digest ?? "",
          sizeBytes: image.Size ?? 0,
          kind,
          ...(site === undefined ? {} : { site }),
        };
      }),
  );
  // podman lists an image as often as it has names, each time with all of them
  const byName = new Map(summaries.map((summary) => [summary.reference, summary]));
  return [...byName.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** By the name, as an image of somebody else may have any label. */
export function kindOf(reference: string): string {
  const [name = ""] = reference.slice(reference.lastIndexOf("/") + 1).split(":");
  return name.startsWith("site-") ? "site" : name;
}

/**
 * podman fails when another process removes an image while it lists them: then it is asked again. It computes the size of every image that
 * it lists, 7 ms of CPU each, so it is asked for ours alone.
 */
async function listing(pattern: string, signal: AbortSignal | undefined): Promise<Ran> {
  const argv = ["podman", "images", "--format", "json", "--filter", `reference=${pattern}`];
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    const ran = await run(argv, { signal, accept: "any" });
    if (ran.code === 0) return ran;
    if (!ran.lastLines.some((line) => /image not known/.test(line))) throw programFailure(argv, ran);
  }
  return run(argv, { signal });
}

const ATTEMPTS = 4;
