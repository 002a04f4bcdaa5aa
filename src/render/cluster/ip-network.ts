/** Bits of an address: IPv4 is read as the part of IPv6 that stands for it. */
const BITS = 128;
const MAPPED = 0xffffn << 32n;

/** An address as a number, `10.0.0.1` and `::ffff:10.0.0.1` the same; undefined for anything else, names too. */
export function parseAddress(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const four = parseFour(text);
    return four === undefined ? undefined : MAPPED | four;
  }
  const tail = /^(.*:)([^:]*\..*)$/.exec(text);
  if (tail !== null) {
    const four = parseFour(tail[2] ?? "");
    if (four === undefined) return undefined;
    return parseGroups(`${tail[1] ?? ""}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`);
  }
  return parseGroups(text);
}

/** Whether an address lies in a network (`10.0.0.0/8`, `fc00::/7`). */
export function isWithin(address: bigint, network: string): boolean {
  const [start = "", length = ""] = network.split("/");
  const first = parseAddress(start);
  if (first === undefined) return false;
  const rest = BigInt((start.includes(":") ? BITS : 32) - Number(length));
  return address >> rest === first >> rest;
}

function parseFour(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parseGroups(text: string): bigint | undefined {
  const halves = text.split("::");
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 1 ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
