import { findPersonalText } from "../personal/find-personal-text.ts";
import { isFullName } from "./name-words.ts";

/** A rule for files with what speaks for it. */
export interface FileProposal {
  readonly match: string;
  readonly action: "drop" | "replace" | "keep";
  readonly because: string;
}

const kinds: readonly { readonly form: RegExp; readonly action: "drop" | "replace"; readonly what: string }[] = [
  {
    form: /\.(sql|dump|bak|mbox|eml|pst|vcf|log|csv|xlsx?|ods|mdb|sqlite3?)(\.(gz|bz2|xz|zip))?$/i,
    action: "drop",
    what: "dumps, logs, tables and mail",
  },
  { form: /\.(zip|tar|tgz|gz|7z|rar)$/i, action: "drop", what: "archives, which nobody looks into" },
  {
    form: /\.(key|pem|p12|pfx|env|htpasswd)$|(^|\/)(\.env[^/]*|id_[a-z0-9]+|[^/]*secret[^/]*)$/i,
    action: "drop",
    what: "keys and secrets",
  },
  { form: /\.(pdf|docx?|odt|rtf|pptx?|odp)$/i, action: "replace", what: "documents, which may be anybody's" },
  {
    form: /(^|\/)(avatars?|profile[-_]?(photos?|pictures?|images?)|signatures?|applications?|bewerbung[a-z]*|invoices?|rechnung[a-z]*|passports?|ausweise?)\//i,
    action: "replace",
    what: "pictures and papers of people",
  },
];

/** Proposes what becomes of the files of a mount from their names; what is left is kept or replaced by a person's word, so no last rule is among them. */
export function proposeFileRules(paths: Iterable<string>): readonly FileProposal[] {
  const counts = kinds.map((kind) => ({ kind, count: 0, patterns: new Set<string>() }));
  let personal = 0;
  for (const path of paths) {
    const found = counts.find(({ kind }) => kind.form.test(path));
    if (found !== undefined) {
      found.count += 1;
      if (found.patterns.size < 20) found.patterns.add(patternOf(path, found.kind.form));
    } else if (namesSomebody(path)) personal += 1;
  }
  return [
    ...counts.flatMap(({ kind, count, patterns }) =>
      [...patterns].sort().map((match) => ({ match, action: kind.action, because: `${String(count)} files are ${kind.what}` })),
    ),
    ...(personal === 0
      ? []
      : [{ match: "**", action: "replace" as const, because: `${String(personal)} other names are of people, addresses or numbers` }]),
  ];
}

/** All in the folder that tells, else all of the same ending. */
function patternOf(path: string, form: RegExp): string {
  const found = form.exec(path)?.[0] ?? "";
  if (found.endsWith("/")) return `**/${found.replaceAll("/", "")}/**`;
  const extension = /\.[A-Za-z0-9]{1,8}(\.(?:gz|bz2|xz|zip))?$/.exec(path)?.[0].toLowerCase();
  return extension === undefined ? path : `**/*${extension}`;
}

/** `anna.meier@example.org.jpg`, `Anna_Meier_2024.jpg`. */
function namesSomebody(path: string): boolean {
  const name = (path.split("/").at(-1) ?? "").replace(/\.[A-Za-z0-9]{1,5}$/, "");
  return (
    findPersonalText(name).length > 0 ||
    isFullName(
      name
        .replaceAll(/[_-]+/g, " ")
        .replaceAll(/[0-9]+/g, "")
        .trim(),
    )
  );
}
