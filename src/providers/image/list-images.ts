import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { ImageSummary } from "../image-builder.ts";
import { run } from "../process.ts";

/** The images that Howdah made on this machine, by their label; sorted by reference. */
export async function listImages(signal?: AbortSignal): Promise<readonly ImageSummary[]> {
  const ran = await run(["podman", "images", "--filter", `label=${LABEL_PREFIX}/kind`, "--format", "json"], { signal });
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
