import type { ApacheDirective } from "./apache-node.ts";

/** One `RewriteCond`, read. */
export interface RewriteCondition {
  readonly subject: string;
  readonly pattern: string;
  readonly negated: boolean;
  readonly noCase: boolean;
  readonly or: boolean;
}

/** One `RewriteRule` with the conditions before it, read. */
export interface RewriteRule {
  readonly pattern: string;
  readonly negated: boolean;
  readonly target: string;
  /** Flags by upper-case short name; the value after `=`, or "". */
  readonly flags: ReadonlyMap<string, string>;
  /** Values of the `E=` flags, which may come several times. */
  readonly environment: readonly string[];
  readonly conditions: readonly RewriteCondition[];
}

const SHORT: Readonly<Record<string, string>> = {
  LAST: "L",
  FORBIDDEN: "F",
  GONE: "G",
  NOCASE: "NC",
  REDIRECT: "R",
  QSAPPEND: "QSA",
  QSDISCARD: "QSD",
  NOESCAPE: "NE",
  PASSTHROUGH: "PT",
  PROXY: "P",
  CHAIN: "C",
  SKIP: "S",
  NEXT: "N",
  ENV: "E",
  TYPE: "T",
  COOKIE: "CO",
  HANDLER: "H",
};

/** Reads a `RewriteCond`. */
export function readCondition({ args }: ApacheDirective): RewriteCondition {
  const [subject = "", raw = "", flags = ""] = args;
  const list = flagList(flags).map(([name]) => name);
  return {
    subject,
    pattern: raw.replace(/^!/, ""),
    negated: raw.startsWith("!"),
    noCase: list.includes("NC"),
    or: list.includes("OR") || list.includes("ORNEXT"),
  };
}

/** Reads a `RewriteRule`, given the conditions that stand before it. */
export function readRule({ args }: ApacheDirective, conditions: readonly RewriteCondition[]): RewriteRule {
  const [raw = "", target = "", flags = ""] = args;
  const list = flagList(flags);
  return {
    pattern: raw.replace(/^!/, ""),
    negated: raw.startsWith("!"),
    target,
    flags: new Map(list),
    environment: list.filter(([name]) => name === "E").map(([, value]) => value),
    conditions,
  };
}

function flagList(text: string): [string, string][] {
  const inner = text.trim().replace(/^\[/, "").replace(/\]$/, "");
  return inner
    .split(",")
    .map((flag) => flag.trim())
    .filter((flag) => flag !== "")
    .map((flag) => {
      const [name = "", ...value] = flag.split("=");
      const upper = name.trim().toUpperCase();
      return [SHORT[upper] ?? upper, value.join("=")];
    });
}
