import type { InspectedImage, ListedImage } from "../../workflows/images/list-images.ts";
import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { CliContext } from "../context.ts";
import { table } from "./table.ts";

/** The answer of `image ls`. */
export function printImages(images: readonly ListedImage[], context: CliContext): number {
  if (context.terminal.output === "json") {
    context.terminal.out(`${JSON.stringify({ images }, null, 2)}\n`);
    return 0;
  }
  if (images.length === 0) {
    context.terminal.out("Howdah has no images here yet: `howdah up DIR` makes some.\n");
    return 0;
  }
  const rows = images.map(({ references, id, kind, site, bytes, storedAt, kept }) => [
    references[0] === undefined ? id.slice(0, 12) : shortName(references[0]),
    kind,
    site ?? "-",
    readableBytes(bytes.total),
    readableBytes(bytes.unique),
    time(storedAt),
    keptWords(kept),
  ]);
  context.terminal.out(table([["IMAGE", "KIND", "SITE", "SIZE", "UNIQUE", "STORED (UTC)", "KEPT BECAUSE"], ...rows]));
  const unused = images.filter(({ kept }) => kept.length === 0).length;
  if (unused > 0) context.terminal.err(`${String(unused)} unused: \`howdah image prune --dry-run\` tells what deleting them would free.\n`);
  return 0;
}

/** The answer of `image inspect`. */
export function printImage(image: InspectedImage, context: CliContext): number {
  if (context.terminal.output === "json") {
    context.terminal.out(`${JSON.stringify(image, null, 2)}\n`);
    return 0;
  }
  const { references, id, digest, kind, site, bytes, storedAt, kept, layers, packages, labels } = image;
  const facts = [
    ...references.map((reference) => ["Name", reference]),
    ["Id", id],
    ["Digest", digest],
    ["Kind", site === null ? kind : `${kind} of ${site}`],
    ["Size", `${readableBytes(bytes.total)}, ${readableBytes(bytes.unique)} of them in no other image`],
    ["Stored", time(storedAt)],
    ...(kept.length === 0 ? [["Kept", "unused"]] : kept.map((because) => ["Kept", because])),
  ];
  const layerRows = layers.map((layer) => [layer.diffId, readableBytes(layer.bytes), String(layer.images)]);
  const labelRows = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const packageRows = packages.map(({ name, version, architecture }) => [name, version, architecture]);
  context.terminal.out(
    [
      table(facts),
      table([["LAYER", "SIZE", "IMAGES"], ...layerRows]),
      labelRows.length === 0 ? "" : table([["LABEL", "VALUE"], ...labelRows]),
      packageRows.length === 0 ? "" : table([["PACKAGE", "VERSION", "ARCHITECTURE"], ...packageRows]),
    ]
      .filter((part) => part !== "")
      .join("\n"),
  );
  return 0;
}

/** Without the place where all of ours lie. */
export function shortName(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function keptWords([first, ...others]: readonly string[]): string {
  if (first === undefined) return "unused";
  return others.length === 0 ? first : `${first} and ${String(others.length)} more`;
}

function time(at: string | null): string {
  return at === null ? "-" : at.slice(0, 16).replace("T", " ");
}
