import { unreachable } from "../../kernel/unreachable.ts";
import type { MaskKey } from "./mask-key.ts";
import type { Part } from "./recipes.ts";

/** The same fake as `recipeSql` makes; a test compares them on a real server. */
export function recipeText(recipe: readonly Part[], key: MaskKey, seed: string, original: string): string {
  return recipe.map((part) => partText(part, key, seed, original)).join("");
}

function partText(part: Part, key: MaskKey, seed: string, original: string): string {
  switch (part.part) {
    case "literal":
      return part.text;
    case "pick":
      return part.list[whole(part, key, seed) % part.list.length] ?? "";
    case "number":
      return String(part.from + (whole(part, key, seed) % part.count)).padStart(part.width, "0");
    case "hex":
      return key.digest(part.domain, seed).slice(part.at, part.at + part.length);
    case "ip":
      return ip(key.digest(part.domain, seed), original);
    case "iban":
      return iban(whole({ domain: part.domain, at: 0 }, key, seed));
    default:
      return unreachable(part);
  }
}

function whole({ domain, at }: { readonly domain: string; readonly at: number }, key: MaskKey, seed: string): number {
  return Number.parseInt(key.digest(domain, seed).slice(at, at + 8), 16);
}

function ip(digest: string, original: string): string {
  if (original.includes(":")) return `fd00::${digest.slice(0, 4)}:${digest.slice(4, 8)}`;
  return `10.${[0, 2, 4].map((at) => Number.parseInt(digest.slice(at, at + 2), 16)).join(".")}`;
}

function iban(number: number): string {
  const account = String(number).padStart(10, "0");
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, "0")}00000000${account}`;
}
