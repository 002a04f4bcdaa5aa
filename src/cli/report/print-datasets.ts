import { readableBytes } from "../../workflows/database/byte-progress.ts";
import type { DatasetReport } from "../../workflows/dataset/dataset-report.ts";
import type { Generation } from "../../workflows/dataset/generation.ts";
import type { ShownGeneration } from "../../workflows/dataset/show-datasets.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** The answer of `dataset ls`. */
export function datasetTable(shown: readonly ShownGeneration[]): string {
  if (shown.length === 0) return "No datasets. `howdah dataset breed SITE` makes one.\n";
  const rows = shown.map(({ generation, holders }) => {
    const { site, id, capturedAt, volumes } = generation;
    const size = volumes.length === 0 ? "" : readableBytes(volumes.reduce((sum, { bytes }) => sum + bytes, 0));
    const used = holders.length === 0 ? "" : holders.join(", ");
    return [site, id, stateWords(generation), capturedAt?.slice(0, 19) ?? "", size, used];
  });
  return table([["SITE", "GENERATION", "STATE", "DATA OF", "SIZE", "USED BY"], ...rows]);
}

/** What state means to a person. */
function stateWords({ state, reason }: Generation): string {
  if (state === "failed" || state === "rejected") return `${state}: ${reason ?? ""}`;
  return state === "draining" ? "superseded" : state;
}

/** The answer of `dataset show`. */
export function generationWords({ generation, holders }: ShownGeneration): string {
  const { site, id, source, capturedAt, publishedAt, position, version, release, volumes } = generation;
  const from = source.kind === "backup" ? `backup ${source.backup} of ${source.server}` : `${source.database} on ${source.server}`;
  const lines = [
    `${site} ${id}: ${stateWords(generation)}`,
    `  from       ${from}`,
    `  data of    ${capturedAt ?? "-"}${position === null ? "" : `, binlog ${position.file}:${String(position.offset)}${position.gtid === null ? "" : ` (${position.gtid})`}`}`,
    `  published  ${publishedAt ?? "-"}`,
    `  MariaDB    ${version ?? "-"}, release ${release ?? "-"}`,
    `  used by    ${holders.length === 0 ? "nobody" : holders.join(", ")}`,
    ...volumes.map(({ name, snapshot, bytes }) => `  ${name.padEnd(9)}  ${readableBytes(bytes)}, ${snapshot}`),
  ];
  return `${lines.map((line) => terminalText(line)).join("\n")}\n`;
}

/** The answer of `dataset report`: what became of everything, and what was looked at before it was published. */
export function reportWords(report: DatasetReport): string {
  const title = `${report.site} ${report.generation}: ${report.outcome}${report.reason === null ? "" : `, ${report.reason}`}\n`;
  const tables = report.tables.map(({ name, how, rows, milliseconds, columns, because }) => [
    name,
    how,
    rows === null ? "" : rows.toLocaleString("en"),
    milliseconds === 0 ? "" : `${(milliseconds / 1000).toFixed(1)} s`,
    columns.map((one) => `${one.name}: ${one.strategy}`).join(", ") || because,
  ]);
  const files = report.files.map(({ path, kept, replaced, dropped, bytes }) => [
    path,
    `${String(kept)} kept, ${String(replaced)} replaced, ${String(dropped)} left out`,
    readableBytes(bytes),
  ]);
  const checks = report.checks.map(({ name, passed, detail, places }) => [
    passed ? "ok" : "FOUND",
    name,
    `${detail}${places.length === 0 ? "" : `: ${places.join(", ")}`}`,
  ]);
  const steps = report.steps.map(({ step, seconds }) => `${step} ${String(seconds)} s`).join(", ");
  const left = report.leftOut.length === 0 ? "" : `\nLeft out: ${terminalText(report.leftOut.join(", "))}\n`;
  return [
    title,
    ...(tables.length === 0 ? [] : ["\n", table([["TABLE", "HOW", "ROWS", "TOOK", "COLUMNS"], ...tables])]),
    ...(files.length === 0 ? [] : ["\n", table([["FILES", "", "SIZE"], ...files])]),
    ...(checks.length === 0 ? [] : ["\n", table([["", "CHECK", ""], ...checks])]),
    left,
    `\nSteps: ${steps}.\n`,
  ].join("");
}
