import { HowdahError } from "../../kernel/howdah-error.ts";

const UNITS: Readonly<Record<string, number>> = { k: 1000, m: 1000 ** 2, g: 1000 ** 3 };

/** `20M`, `500k`, `1.5G` bytes a second: decimal, as networks are sold. Error: `usage/invalid`. */
export function bytesPerSecond(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)([kKmMgG])$/.exec(text) ?? [];
  const rate = Number(number) * (UNITS[unit.toLowerCase()] ?? 0);
  // rsync counts in KiB: less than one is none
  if (rate >= 1024) return rate;
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no rate: bytes a second, such as 20M or 500k, at least 2k`);
}
