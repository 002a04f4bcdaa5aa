/** What a database is made of, as far as another server must be able to take it. */
export interface MovedDatabase {
  readonly tables: number;
  readonly bytes: number;
  /** Storage engines of its tables, sorted: `InnoDB`. */
  readonly engines: readonly string[];
  /** Collations of its tables and columns, sorted. */
  readonly collations: readonly string[];
  /** Tables that keep their former rows (SYSTEM VERSIONING): a dump has only the present ones. */
  readonly versioned: readonly string[];
}

/** What a server says of itself. */
export interface ServerFacts {
  /** `11.8.3-MariaDB-0+deb13u1`. */
  readonly version: string;
  /** Those that it knows, in small letters. */
  readonly engines: readonly string[];
  readonly collations: readonly string[];
  /** It writes every row that changes into a log that can be read again. */
  readonly binlog: "rows" | "other" | "unreadable" | "no-program" | "off";
  /** Whether the administrator may give somebody the right to replay such a log. */
  readonly mayReplay: boolean;
  /** Free bytes where its data lies; null: nobody knows. */
  readonly freeBytes: number | null;
}

/** Both servers and what is to be moved. */
export interface MoveFacts {
  readonly from: ServerFacts & { readonly name: string };
  readonly to: ServerFacts & { readonly name: string };
  readonly database: MovedDatabase;
}

/** Why a move is not begun. */
export interface MoveProblem {
  readonly message: string;
  readonly hint: string;
}

/** What a look at both servers says. */
export interface MoveJudgement {
  readonly problems: readonly MoveProblem[];
  /** What a person should know, and goes on. */
  readonly notices: readonly string[];
  /** Null: what is written during the copy can be brought after; else why the whole copy has to happen while the site is held. */
  readonly noCatchUp: string | null;
}

/** The oldest on which accounts can be kept right (ensure-database.ts), and which knows the right to replay. */
const OLDEST = [10, 5] as const;
/** Data in InnoDB, its indexes made anew, and the log of both: never less than this much room beyond. */
const SPARE_BYTES = 256 * 1024 * 1024;
const ROOM_FACTOR = 2;

/** Whether a database can move, and how. Pure: the machine and an operator say the same. */
export function judgeMove({ from, to, database }: MoveFacts): MoveJudgement {
  const problems = [...versionProblems(to), ...unknownParts(to, database), ...historyProblems(database), ...roomProblems(to, database)];
  const older = compareVersions(to.version, from.version) < 0;
  const notices = older
    ? [
        `${to.name} (${shortVersion(to.version)}) is older than ${from.name} (${shortVersion(from.version)}): what it does not know stops the move, and nothing is changed`,
      ]
    : [];
  return { problems, notices, noCatchUp: whyNoCatchUp({ from, to, database }, older) };
}

function versionProblems({ name, version }: MoveFacts["to"]): MoveProblem[] {
  const [major, minor] = numbersOf(version);
  const isNewEnough = /mariadb/i.test(version) && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]));
  if (isNewEnough) return [];
  return [{ message: `${name} runs ${version}, and databases of sites need MariaDB 10.5 or later`, hint: "Choose another server." }];
}

function unknownParts({ name, engines, collations }: MoveFacts["to"], database: MovedDatabase): MoveProblem[] {
  const missing = (words: readonly string[], known: readonly string[]): readonly string[] =>
    words.filter((word) => !known.includes(word.toLowerCase()));
  const engine = missing(database.engines, engines);
  const collation = missing(database.collations, collations);
  return [
    ...(engine.length === 0
      ? []
      : [
          {
            message: `${name} has no storage engine ${engine.join(", ")}, which tables of the database use`,
            hint: "`ALTER TABLE … ENGINE=InnoDB` on the former server first.",
          },
        ]),
    ...(collation.length === 0
      ? []
      : [
          {
            message: `${name} does not know the collation ${collation.join(", ")}, which tables of the database use`,
            hint: "Choose a newer server, or convert the tables: `ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`.",
          },
        ]),
  ];
}

function historyProblems({ versioned }: MovedDatabase): MoveProblem[] {
  if (versioned.length === 0) return [];
  return [
    {
      message: `${versioned.join(", ")} keep their former rows (SYSTEM VERSIONING), which a copy would not have`,
      hint: "Give up that history first: `ALTER TABLE … DROP SYSTEM VERSIONING`.",
    },
  ];
}

function roomProblems({ name, freeBytes }: MoveFacts["to"], { bytes }: MovedDatabase): MoveProblem[] {
  const needed = bytes * ROOM_FACTOR + SPARE_BYTES;
  if (freeBytes === null || freeBytes >= needed) return [];
  const mega = (count: number): string => `${String(Math.round(count / 1e6))} MB`;
  return [
    {
      message: `The database takes ${mega(bytes)}; its copy may need ${mega(needed)}, and ${name} has ${mega(freeBytes)} left`,
      hint: "Make room there first: `howdah image prune` frees images that nothing needs.",
    },
  ];
}

function whyNoCatchUp({ from, to, database }: MoveFacts, older: boolean): string | null {
  if (from.binlog === "off") return `${from.name} keeps no log of what changes (log_bin)`;
  if (from.binlog === "no-program") return `the image of ${from.name} has no mariadb-binlog: it is from before Howdah moved databases`;
  if (from.binlog === "unreadable") return `the administrator of ${from.name} may not read its log (REPLICATION SLAVE, BINLOG MONITOR)`;
  if (from.binlog === "other") return `the log of ${from.name} is not of rows (binlog_format)`;
  if (older) return `${to.name} is older than ${from.name}, whose log it may not understand`;
  if (!to.mayReplay) return `the administrator of ${to.name} may not let anybody replay a log (BINLOG REPLAY)`;
  const others = database.engines.filter((engine) => engine !== "InnoDB");
  return others.length === 0 ? null : `tables of ${others.join(", ")} can't be copied at one moment while the site writes`;
}

/** Below 0: the first is older. Only the series counts: 10.11 and 11.8. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  return a[0] - b[0] || a[1] - b[1];
}

function shortVersion(version: string): string {
  return numbersOf(version).join(".");
}

/** Old clients are told `5.5.5-` before the real one. */
function numbersOf(version: string): readonly [number, number] {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, "")) ?? [];
  return [Number(major), Number(minor)];
}
