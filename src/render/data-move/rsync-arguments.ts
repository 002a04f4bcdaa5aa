/** One copy, as rsync is told of it. Both ends are whole words of an argument array: rsync takes them with secluded arguments, so no shell reads them. */
export interface RsyncCopy {
  /** Ends in `/`: what is in it is copied, not the directory. */
  readonly from: string;
  readonly to: string;
  /**
   * `in-place`: into the file itself, so that nothing is sent twice whatever is killed; for a site that has no visitors yet. `whole-files`: a
   * file appears when it is complete; what was cut off waits beside it in `.howdah-partial`.
   */
  readonly write: "in-place" | "whole-files";
  /** Deletes at the target what the source does not have. */
  readonly delete: boolean;
  /** Reads both sides to see what to copy, instead of looking at sizes and times. */
  readonly checksum: boolean;
  /** Bytes a second. */
  readonly rate: number | undefined;
  /** Words that only one kind of copy has: `--rsh=…`, `--password-file=…`. */
  readonly extra: readonly string[];
}

/** Where a file that was cut off waits for the next run, when files appear whole. */
export const PARTIAL = ".howdah-partial";

/**
 * Times, modes, hard links, ACLs, extended attributes, holes. Owners are left out: whoever receives may not give files away, so all belong
 * to the site's user. Links that lead out of the tree are left out, too: they would lead to something else there. `--no-inc-recursive` reads all names
 * first (about 100 bytes of memory each on both sides), so that what is left is known from the first second.
 */
const KEEP = ["-rlptHAXS", "--specials", "--safe-links", "--no-inc-recursive", "--secluded-args", `--exclude=${PARTIAL}/`];

/**
 * What rsync prints: numbers without units, one running line of progress, and the names of what it leaves out. Of links it names those only when it names
 * files, too: these become a `+`, so that no file's name is taken for anything else.
 */
const SAY = ["--no-human-readable", "--info=progress2,stats2,nonreg1,symsafe1,name1", "--out-format=+", "--outbuf=N"];

/** The arguments of a copy. A device file is left out and named. */
export function copyArguments({ from, to, write, delete: deletes, checksum, rate, extra }: RsyncCopy): readonly string[] {
  return [
    ...KEEP,
    ...SAY,
    "--mkpath",
    "--compress",
    ...(write === "in-place" ? ["--inplace"] : [`--partial-dir=${PARTIAL}`]),
    ...(checksum ? ["--checksum"] : []),
    ...(deletes ? ["--delete-delay"] : []),
    // rsync counts in KiB and takes no part of one.
    ...(rate === undefined ? [] : [`--bwlimit=${String(Math.max(1, Math.round(rate / 1024)))}`]),
    ...extra,
    "--",
    from,
    to,
  ];
}

/**
 * The arguments of a look that changes nothing and names every difference, one a line: `ITEMS NAME`. `checksum` reads every byte on both sides;
 * without it sizes and times are compared.
 */
export function compareArguments(copy: RsyncCopy, checksum: boolean): readonly string[] {
  return [
    ...KEEP,
    "--dry-run",
    "--itemize-changes",
    "--out-format=%i %n",
    ...(checksum ? ["--checksum"] : []),
    ...(copy.delete ? ["--delete"] : []),
    ...copy.extra,
    "--",
    copy.from,
    copy.to,
  ];
}

/** A command as rsync's `--rsh` reads it: words in quotes, a quote doubled. rsync divides it itself; no shell sees it. */
export function remoteShellWords(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", "''")}'`).join(" ");
}
