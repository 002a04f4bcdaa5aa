import { isTenantProfile, noBounds, type TenantBounds, type TenantProfile } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { bytesOf } from "../../site/resolving/quantity.ts";
import { size } from "../../site/schema/grammar.ts";
import { secondsFrom } from "../seconds-from.ts";

/** Numbers of the profile `own`, as typed. */
export interface BoundFlags {
  readonly replicas?: string;
  readonly workers?: string;
  readonly memory?: string;
  readonly connections?: string;
  readonly statementTime?: string;
  readonly disk?: string;
}

/** The profile that flags ask for. Error: `usage/invalid`, naming the flag. */
export function profileFrom(name: string, flags: BoundFlags): { readonly profile: TenantProfile; readonly bounds?: TenantBounds } {
  if (!isTenantProfile(name))
    throw new HowdahError("usage/invalid", `${JSON.stringify(name)} is no profile`, { hint: "small, medium, large or own." });
  const given = Object.entries(flags).filter(([flag, value]) => flag in own && value !== undefined);
  if (name !== "own") {
    if (given.length > 0)
      throw new HowdahError("usage/invalid", `--${kebab(given[0]?.[0] ?? "")} is for the profile own`, { hint: "Say --profile own." });
    return { profile: name };
  }
  const bounds: TenantBounds = given.reduce(
    (all, [flag, value]) => ({ ...all, ...own[flag as keyof BoundFlags](String(value)) }),
    noBounds,
  );
  return { profile: name, bounds };
}

const own: Readonly<Record<keyof BoundFlags, (text: string) => Partial<TenantBounds>>> = {
  replicas: (text) => ({ replicas: count("replicas", text, 1, 50) }),
  workers: (text) => ({ workers: count("workers", text, 1, 200) }),
  memory: (text) => ({ memoryBytes: bytes("memory", text) }),
  connections: (text) => ({ connections: count("connections", text, 0, 10_000) }),
  statementTime: (text) => ({ statementSeconds: secondsFrom(text, "--statement-time") }),
  disk: (text) => ({ diskBytes: bytes("disk", text) }),
};

function kebab(flag: string): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function count(flag: string, text: string, least: number, most: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new HowdahError("usage/invalid", `--${flag} takes a whole number from ${String(least)} to ${String(most)}, not ${text}`);
}

function bytes(flag: string, text: string): number {
  if (size.safeParse(text).success) return bytesOf(text);
  throw new HowdahError("usage/invalid", `--${flag} is ${JSON.stringify(text)}: it takes a size such as 512Mi or 10Gi`);
}
