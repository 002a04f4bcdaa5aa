import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { ShownStorage } from "../../workflows/dataset-storage/show-storage.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

const HOW: Readonly<Record<ShownStorage["driver"], string>> = {
  btrfs: "btrfs: a clone takes milliseconds and no room until it is written to",
  reflink: "reflink: a clone takes milliseconds for a database, a second for 20,000 files, and no room until it is written to",
  copy: "copy: a clone takes the time and the room of a whole copy",
  claims: "claims: VolumeSnapshots of the cluster, copied by the driver of their class",
};

/** The answer of `dataset storage`. */
export function storageWords(storage: ShownStorage | undefined): string {
  if (storage === undefined) return "No datasets have been made on this machine, so there is no storage of them.\n";
  const { driver, root, loopFile, freeBytes, warnings, volumes, generations } = storage;
  const lines = [
    HOW[driver],
    `  in       ${root}`,
    ...(loopFile === null ? [] : [`  file     ${loopFile} (mounted there; this disk itself can't copy on write)`]),
    `  free     ${readableBytes(freeBytes)}`,
    ...warnings.map((warning) => `  note     ${warning}`),
  ];
  const rows = volumes.map(({ id, kind, source, usage }) => [
    ...[id, source === null ? kind : `${kind} of ${source}`],
    ...(usage === null ? ["", ""] : [readableBytes(usage.ownBytes), readableBytes(usage.totalBytes)]),
  ]);
  const shown = rows.length === 0 ? "Nothing is in it.\n" : table([["VOLUME", "WHAT", "ITS OWN", "WHOLE"], ...rows]);
  const held = generations.map(({ site, generation, isCurrent, holders, freesBytes }) => [
    `${site} ${generation}`,
    [...(isCurrent ? ["published"] : []), ...holders].join(", "),
    readableBytes(freesBytes),
  ]);
  const room = held.length === 0 ? "" : `\n${table([["GENERATION", "KEPT FOR", "WOULD FREE"], ...held])}`;
  return `${lines.map((line) => terminalText(line)).join("\n")}\n${shown}${room}`;
}
