import type { ApacheDirective, ApacheNode, ApacheSection } from "./apache-node.ts";
import { notTranslated, type Place, type WebDraft } from "./web-draft.ts";

/** A `<Files>` or `<FilesMatch>` around a directive: which names it is about. */
export type FilesScope = { readonly kind: "glob" | "regex"; readonly pattern: string };

/** A directive that counts, with where it stands and which names it is about. */
export interface ActiveDirective {
  readonly directive: ApacheDirective;
  readonly place: Place;
  readonly files: FilesScope | undefined;
}

interface Scope {
  readonly file: string;
  readonly dir: string;
  readonly files: FilesScope | undefined;
}

/**
 * Flattens sections to the directives that an Apache 2.4 with the usual modules would obey: `<IfModule x>` holds, `<IfModule !x>` does not
 * (it is how files keep the syntax of Apache 2.2). Sections that ask about the request are named as not translated.
 */
export function activeDirectives(nodes: readonly ApacheNode[], scope: Scope, draft: WebDraft): ActiveDirective[] {
  return nodes.flatMap((node): ActiveDirective[] => {
    if (node.kind === "directive") {
      return [{ directive: node, place: { file: scope.file, line: node.line, dir: scope.dir }, files: scope.files }];
    }
    const inner = enter(node, scope, draft);
    return inner === undefined ? [] : activeDirectives(node.children, inner, draft);
  });
}

function enter(section: ApacheSection, scope: Scope, draft: WebDraft): Scope | undefined {
  const [first = "", second] = section.args;
  switch (section.name) {
    case "ifmodule":
      return first.startsWith("!") ? undefined : scope;
    case "ifversion":
      return /^(>=?|)$/.test(second === undefined ? "" : first) ? scope : undefined;
    case "ifdefine":
      return first.startsWith("!") ? scope : undefined;
    case "files":
      return { ...scope, files: first === "~" ? { kind: "regex", pattern: second ?? "" } : { kind: "glob", pattern: first } };
    case "filesmatch":
      return { ...scope, files: { kind: "regex", pattern: first } };
    case "requireany":
    case "requireall":
      return scope;
    // Access that depends on the method says nothing for the usual GET; `LimitExcept GET POST` denies what PHP would not know anyway.
    case "limit":
      return section.args.some((method) => /^get$/i.test(method)) ? scope : undefined;
    case "limitexcept":
      return undefined;
    default:
      notTranslated(
        draft,
        { file: scope.file, line: section.line, dir: scope.dir },
        `<${section.name} ${section.args.join(" ")}> depends on the request, which the site file can't say`,
        "Look whether the site needs it; a location or a deny pattern in spec.web may do the same",
      );
      return undefined;
  }
}
