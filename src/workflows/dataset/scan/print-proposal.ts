import { Document, isMap, isScalar, type Node, parseDocument } from "yaml";
import type { RuleEvidence } from "../../../anonymize/scan/propose-rules.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { ProposedDataset } from "./scan-dataset.ts";

const WIDTH = { lineWidth: 0 } as const;

/** The proposal as YAML to paste below `spec:`, with the evidence as comments. */
export function printProposal(proposed: ProposedDataset, evidence: readonly RuleEvidence[]): string {
  const document = new Document({ spec: { dataset: proposed } });
  comment(document, evidence);
  return document.toString(WIDTH).split("\n").slice(1).join("\n");
}

/** A site file's text with the proposal in it: what is there stays, with its comments. Error: `site/invalid` for a file that is no map. */
export function withProposal(text: string, proposed: ProposedDataset, evidence: readonly RuleEvidence[]): string {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) throw new HowdahError("site/invalid", "The site file can't be read");
  for (const [key, value] of Object.entries(proposed)) {
    if (key !== "tables") {
      document.setIn(["spec", "dataset", key], document.createNode(value));
      continue;
    }
    for (const [table, rule] of Object.entries(value as Readonly<Record<string, unknown>>)) setTable(document, table, rule);
  }
  comment(document, evidence);
  return document.toString(WIDTH);
}

/** Columns are added to those that the file names. */
function setTable(document: Document, table: string, rule: unknown): void {
  const columns = (rule as { readonly columns?: Readonly<Record<string, unknown>> }).columns;
  const known = document.getIn(["spec", "dataset", "tables", table]);
  if (columns === undefined || !isMap(known)) {
    document.setIn(["spec", "dataset", "tables", table], document.createNode(rule));
    return;
  }
  for (const [column, strategy] of Object.entries(columns))
    document.setIn(["spec", "dataset", "tables", table, "columns", column], document.createNode(strategy));
}

/** Behind the value, or behind the key where the value has lines of its own. */
function comment(document: Document, evidence: readonly RuleEvidence[]): void {
  for (const { field, because, confidence } of evidence) {
    if (because === "") continue;
    const path = pathOf(field, document);
    const parent = path.length === 0 ? undefined : document.getIn(path.slice(0, -1));
    if (!isMap(parent) || parent.flow === true) continue; // a list in one line stays one
    const pair = parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === path.at(-1));
    if (pair === undefined) continue;
    const words = ` ${because}${confidence === "guess" ? " (a guess: look)" : ""}`.replaceAll(/[\r\n\u0000-\u001f]+/g, " ");
    const at = (isScalar(pair.value) ? pair.value : pair.key) as Node & { comment?: string | null; commentBefore?: string | null };
    if (isScalar(pair.value)) at.comment = words;
    else at.commentBefore = words;
  }
}

/** Names of tables and columns may hold dots: the way is found along what is there. */
function pathOf(field: string, document: Document): readonly string[] {
  const path: string[] = [];
  let rest = field;
  while (rest !== "") {
    const at = path.length === 0 ? document.contents : document.getIn(path);
    if (!isMap(at)) return [];
    const keys = at.items.map(({ key }) => String(isScalar(key) ? key.value : key));
    const key = keys.filter((one) => rest === one || rest.startsWith(`${one}.`)).toSorted((a, b) => b.length - a.length)[0];
    if (key === undefined) return [];
    path.push(key);
    rest = rest.slice(key.length + 1);
  }
  return path;
}
