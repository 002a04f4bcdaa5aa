import { createHash } from "node:crypto";

/** Macros in five fields, as Jenkins has them: a day's job of a hundred sites must not begin at one midnight. */
const macros: Readonly<Record<string, string>> = {
  "@hourly": "H * * * *",
  "@daily": "H H * * *",
  "@midnight": "H H(0-2) * * *",
  "@weekly": "H H * * H",
  "@monthly": "H H H * *",
  "@yearly": "H H H H *",
  "@annually": "H H H H *",
};

/** Least and greatest value of each field that `H` chooses. Day 28 is in every month (Jenkins' rule too). */
const ranges: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 28],
  [1, 12],
  [0, 6],
];

/** `H`, `H/15`, `H(0-29)` and `H(0-29)/10`; Lagoon's `M` is another word for it. */
const hashed = /^[HM](?:\((\d{1,2})-(\d{1,2})\))?(?:\/(\d{1,2}))?$/;

/**
 * A schedule with its `H` settled: the same for the same seed (site and cron) for ever, spread evenly over different seeds.
 * What it doesn't know it leaves to whoever reads the five fields.
 */
export function spreadHash(schedule: string, seed: string): string {
  const fields = (macros[schedule] ?? schedule).split(" ");
  return fields
    .map((field, index) =>
      field
        .split(",")
        .map((part) => settled(part, index, seed))
        .join(","),
    )
    .join(" ");
}

/** A number from 0 to `below` - 1 that a seed always gets. */
export function stableNumber(seed: string, below: number): number {
  return createHash("sha256").update(seed).digest().readUIntBE(0, 6) % below;
}

function settled(part: string, index: number, seed: string): string {
  const found = hashed.exec(part);
  const range = ranges[index];
  if (found === null || range === undefined) return part;
  const [, from, to, step] = found;
  const least = from === undefined ? range[0] : Number(from);
  const most = to === undefined ? range[1] : Number(to);
  if (most < least || least < range[0] || most > range[1]) return part; // no range: the reader says so
  const pick = (below: number): number => least + stableNumber(`${seed}/${index}`, below);
  if (step === undefined) return String(pick(most - least + 1));
  const every = Number(step);
  if (every === 0) return part;
  const start = pick(Math.min(every, most - least + 1));
  return start + every > most ? String(start) : `${start}-${most}/${every}`;
}
