import type { Personal } from "./find-personal-text.ts";

const FOUR = /(?<![0-9A-Za-z._-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z_-]|\.[0-9])/g;
const SIX = /(?<![0-9A-Za-z:._-])(?:[0-9A-Fa-f]{1,4}:){1,7}(?::?[0-9A-Fa-f]{1,4})?(?::[0-9A-Fa-f]{1,4}){0,6}(?![0-9A-Za-z:])/g;

/** Addresses of the public internet: those of networks at home, of this machine and of documentation's masks are nobody's. */
export function findNetworkAddresses(text: string): readonly Personal[] {
  const four = text.includes(".") ? Array.from(text.matchAll(FOUR)).filter(([address]) => isPublicFour(address)) : [];
  const six = text.includes(":") ? Array.from(text.matchAll(SIX)).filter(([address]) => isPublicSix(address)) : [];
  return [...four, ...six].map((match) => ({ kind: "ip", start: match.index, end: match.index + match[0].length }));
}

/** Networks, and versions such as 4.9.2.0, end in 0. */
function isPublicFour(address: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || a === 0 || a === 10 || a === 127 || a >= 224 || d === 0) return false;
  // Versions of programs have small numbers (1.2.3.4); nobody's address is among them who matters more than a version's being broken.
  if (a < 10 && b < 20 && c < 20 && d < 20) return false;
  return !((a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b <= 127));
}

/** Global unicast: its first group is 2000 to 3fff. */
function isPublicSix(address: string): boolean {
  const groups = address.split(":");
  const first = Number.parseInt(groups[0] ?? "", 16);
  const shortened = address.includes("::");
  const right = shortened ? groups.length <= 8 && address.indexOf("::") === address.lastIndexOf("::") : groups.length === 8;
  return right && (groups[0] ?? "").length === 4 && first >= 0x2000 && first <= 0x3fff;
}
