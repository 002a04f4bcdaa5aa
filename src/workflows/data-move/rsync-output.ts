/** Where a copy is, from one of rsync's running lines. */
export interface CopyProgress {
  /** Of the files' content, what needed no sending included. */
  readonly bytes: number;
  readonly percent: number;
  readonly bytesPerSecond: number;
  /** As rsync reckons, `0:01:07`. */
  readonly remaining: string;
  /** How many entries are looked at, of how many; undefined until the first file is done. */
  readonly entries: { readonly done: number; readonly total: number } | undefined;
}

/** What a copy did, from rsync's last lines. */
export interface CopyStats {
  /** Regular files that the source has. */
  readonly files: number;
  /** Everything that the source has: directories and links, too. */
  readonly entries: number;
  readonly transferred: number;
  readonly deleted: number;
  /** Of the source's files, holes counted as if they were full. */
  readonly bytes: number;
  /** What went over the wire, both ways, after compression. */
  readonly sent: number;
}

const UNIT: Readonly<Record<string, number>> = { k: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4, "": 1 };

/** Reads `  1234  45%  12.34MB/s    0:00:05 (xfr#5, to-chk=169/396)`; undefined for any other line. */
export function parseProgress(line: string): CopyProgress | undefined {
  const found = /^\s*(\d+)\s+(\d{1,3})%\s+([\d.]+)([kMGT]?)B\/s\s+(\d+:\d\d:\d\d)(?: \(xfr#\d+, (?:to|ir)-chk=(\d+)\/(\d+)\))?\s*$/.exec(
    line,
  );
  if (found === null) return undefined;
  const [, bytes = "", percent = "", speed = "", unit = "", remaining = "", left, total] = found;
  return {
    bytes: Number(bytes),
    percent: Number(percent),
    bytesPerSecond: Number(speed) * (UNIT[unit] ?? 1),
    remaining,
    entries: left === undefined || total === undefined ? undefined : { done: Number(total) - Number(left), total: Number(total) },
  };
}

/** Reads what `--info=stats2` says in the end; undefined when rsync did not come to its end. */
export function parseStats(lines: readonly string[]): CopyStats | undefined {
  const number = (pattern: RegExp): number | undefined => {
    for (const line of lines) {
      const found = pattern.exec(line)?.[1];
      if (found !== undefined) return Number(found);
    }
    return undefined;
  };
  const entries = number(/^Number of files: (\d+)/);
  const sent = number(/^Total bytes sent: (\d+)/);
  if (entries === undefined || sent === undefined) return undefined;
  return {
    entries,
    files: number(/^Number of files: .*\breg: (\d+)/) ?? 0,
    transferred: number(/^Number of regular files transferred: (\d+)/) ?? 0,
    deleted: number(/^Number of deleted files: (\d+)/) ?? 0,
    bytes: number(/^Total file size: (\d+)/) ?? 0,
    sent: sent + (number(/^Total bytes received: (\d+)/) ?? 0),
  };
}

/** The entry that a line says was left out, and why; undefined for any other line. */
export function parseLeftOut(line: string): { readonly path: string; readonly why: "link" | "special" } | undefined {
  const special = /^skipping non-regular file "(.*)"$/.exec(line)?.[1];
  if (special !== undefined) return { path: plainName(special), why: "special" };
  const link = /^(?:ignoring unsafe symlink|skipping unsafe symlink):? "(.*)" -> "(.*)"$/.exec(line)?.[1];
  return link === undefined ? undefined : { path: plainName(link), why: "link" };
}

/** A name as it is: rsync prints what is no printable character as `\#ooo`, one for each byte. */
export function plainName(printed: string): string {
  if (!printed.includes("\\#")) return printed;
  const bytes: Buffer[] = [];
  let rest = printed;
  for (;;) {
    const at = rest.search(/\\#[0-3][0-7]{2}/);
    if (at < 0) return Buffer.concat([...bytes, Buffer.from(rest)]).toString("utf8");
    bytes.push(Buffer.from(rest.slice(0, at)), Buffer.of(Number.parseInt(rest.slice(at + 2, at + 5), 8)));
    rest = rest.slice(at + 5);
  }
}

/** Divides what comes in pieces into lines; a running line ends in a carriage return. The last one is given by `end`. */
export function lineReader(onLine: (line: string) => void): { readonly write: (piece: string) => void; readonly end: () => void } {
  let rest = "";
  return {
    write(piece) {
      const lines = (rest + piece).split(/[\r\n]/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") onLine(line);
    },
    end() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
