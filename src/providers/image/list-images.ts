import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { ImageSummary } from "../image-builder.ts";
import { programFailure, type Ran, run } from "../process.ts";

/** The images that Howdah made on this machine, by their label; sorted by reference. */
export async function listImages(signal?: AbortSignal): Promise<readonly ImageSummary[]> {
  const ran = await listing(signal);
  const found = JSON.parse(ran.stdout === "" ? "[]" : ran.stdout) as readonly {
    readonly Names?: readonly string[] | null;
    readonly Digest?: string;
    readonly Size?: number;
    readonly Labels?: Readonly<Record<string, string>> | null;
  }[];
  return found
    .flatMap((image) =>
      (image.Names ?? []).map((reference): ImageSummary => {
        const site = image.Labels?.[`${LABEL_PREFIX}/site`];
        return {
          reference,
          digest: image.Digest ?? "",
          sizeBytes: image.Size ?? 0,
          kind: image.Labels?.[`${LABEL_PREFIX}/kind`] ?? "",
          ...(site === undefined ? {} : { site }),
        };
      }),
    )
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** podman fails when another process removes an image while it lists them: then it is asked again. */
async function listing(signal: AbortSignal | undefined): Promise<Ran> {
  const argv = ["podman", "images", "--filter", `label=${LABEL_PREFIX}/kind`, "--format", "json"];
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    const ran = await run(argv, { signal, accept: "any" });
    if (ran.code === 0) return ran;
    if (!ran.lastLines.some((line) => /image not known/.test(line))) throw programFailure(argv, ran);
  }
  return run(argv, { signal });
}

const ATTEMPTS = 4;
