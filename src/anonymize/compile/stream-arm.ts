import { type DatasetLanguage, fakes, type Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { LeafMask } from "../plan.ts";
import { type ArmCompiler, isTextual, misfit, problem } from "./place.ts";

/** What has an inside, or is free text, goes through TypeScript. */
export const streamArm: ArmCompiler = (rule, place) => {
  if (!isTextual(place)) return misfit(rule, place);
  const limit = {
    length: place.column.length,
    unit: ["char", "varchar"].includes(place.column.type) ? ("characters" as const) : ("bytes" as const),
  };
  const language = rule.language ?? place.language;
  if (rule.use === "text") return { kind: "stream", mask: { kind: "text", language, names: place.names, limit } };
  const leaf = (strategy: Strategy): LeafMask | undefined => leafMask(strategy, language);
  const paths = Object.entries(rule.paths ?? {}).map(([path, strategy]) => ({ path: path.split("."), strategy, mask: leaf(strategy) }));
  const strange = [
    ...paths.filter(({ mask }) => mask === undefined).map(({ strategy }) => strategy),
    ...(leaf(rule.otherwise ?? "text") === undefined ? [rule.otherwise] : []),
  ];
  if (strange.length > 0)
    return problem(`\`${String(strange[0])}\` can't be used inside a value`, "Inside: keep, clear, text, hash, email, or a fake.");
  const inside = {
    paths: paths.map(({ path, mask }) => ({ path, mask: mask ?? { mask: "text" as const } })),
    otherwise: leaf(rule.otherwise ?? "text") ?? { mask: "text" as const },
  };
  return {
    kind: "stream",
    mask: { kind: "structure", format: rule.use === "json" ? "json" : "serialized", language, inside, names: place.names, limit },
  };
};

function leafMask(strategy: Strategy, language: DatasetLanguage): LeafMask | undefined {
  if (strategy === "keep" || strategy === "clear" || strategy === "text" || strategy === "email") return { mask: strategy };
  if (strategy === "hash") return { mask: "hash", length: 32 };
  const fake = fakes.find((name) => name === strategy);
  return fake === undefined ? undefined : { mask: "fake", fake, language };
}
