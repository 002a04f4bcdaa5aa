/** A name that Debian's alternatives system would link, as a package's postinst script registers it. */
export interface Alternative {
  /** Absolute path of the link. */
  readonly link: string;
  readonly path: string;
  readonly priority: number;
}

/**
 * Reads the `update-alternatives --install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…` calls of a postinst script without running it.
 * Only literal absolute paths count: a call with variables is left out.
 */
export function parseAlternatives(postinst: string): readonly Alternative[] {
  const lines = postinst.replace(/\\\n/g, " ").split("\n");
  return lines.flatMap((line) => {
    const at = line.indexOf("update-alternatives");
    if (at === -1) return [];
    const words = line
      .slice(at)
      .replace(/[;&|]+.*$/, "")
      .split(/\s+/)
      .map((word) => word.replace(/^["']|["']$/g, ""));
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
  });
}

function isLiteral(path: string): boolean {
  return /^\/[A-Za-z0-9._+/@-]+$/.test(path) && !path.includes("..");
}
