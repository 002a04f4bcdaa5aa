/** A name that Debian's alternatives system would link, as a package's postinst script registers it. */
export interface Alternative {
  /** Absolute path of the link. */
  readonly link: string;
  readonly path: string;
  readonly priority: number;
}

/**
 * Reads the `update-alternatives --install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…` calls of a postinst script without running it.
 * `for NAME in WORDS; do` loops over literal words are unrolled. Only literal absolute paths count: a call with another variable is left out.
 */
export function parseAlternatives(postinst: string): readonly Alternative[] {
  let loop: { readonly variable: string; readonly words: readonly string[] } | undefined;
  return postinst
    .replace(/\\\n/g, " ")
    .split("\n")
    .flatMap((line) => {
      const start = /^\s*for\s+(\w+)\s+in\s+([^;$`]+?)\s*(?:;|$)/.exec(line);
      if (start !== null) loop = { variable: start[1] ?? "", words: (start[2] ?? "").split(/\s+/) };
      if (/^\s*done\b/.test(line)) loop = undefined;
      const at = line.indexOf("update-alternatives");
      if (at === -1) return [];
      const call = line.slice(at).replace(/[;&|]+.*$/, "");
      return unrolled(call, loop).flatMap(parseCall);
    });
}

function unrolled(call: string, loop: { readonly variable: string; readonly words: readonly string[] } | undefined): readonly string[] {
  if (loop === undefined) return [call];
  const use = new RegExp(`\\$(?:${loop.variable}\\b|\\{${loop.variable}\\})`, "g");
  return loop.words.map((word) => call.replace(use, () => word));
}

function parseCall(call: string): readonly Alternative[] {
  const words = call.split(/\s+/).map((word) => word.replace(/^["']|["']$/g, ""));
  const install = words.indexOf("--install");
  if (install === -1) return [];
  const [link = "", , path = "", priority = ""] = words.slice(install + 1);
  const rank = Number.parseInt(priority, 10);
  const found: Alternative[] = [{ link, path, priority: rank }];
  words.forEach((word, index) => {
    if (word !== "--slave") return;
    const [slaveLink = "", , slavePath = ""] = words.slice(index + 1);
    found.push({ link: slaveLink, path: slavePath, priority: rank });
  });
  return found.filter((each) => isLiteral(each.link) && isLiteral(each.path) && Number.isInteger(each.priority));
}

function isLiteral(path: string): boolean {
  return /^\/[A-Za-z0-9._+/@-]+$/.test(path) && !path.includes("..");
}
