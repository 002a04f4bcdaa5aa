import { InvalidArgumentError, Option } from "commander";

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** An option that takes an age (`90m`, `12h`, `7d`, `4w`) and gives milliseconds. */
export function ageOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(millisecondsOf);
}

/** Error: commander's own, which names the option. */
export function millisecondsOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor === undefined) throw new InvalidArgumentError("It takes a number and a unit: 90m, 12h, 7d, 4w.");
  return Number(number) * factor;
}
