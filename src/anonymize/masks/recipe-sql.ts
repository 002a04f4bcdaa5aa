import { number, type Sql, Sql as Piece, sql, text } from "../../kernel/sql.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import { digestSql } from "./mask-key.ts";
import type { Part } from "./recipes.ts";

/** A recipe as an expression. `seed` is what the digests are of, `original` the value whose place the fake takes (an address of IPv6 gets one of IPv6). */
export function recipeSql(recipe: readonly Part[], seed: Sql, original: Sql): Sql {
  const [first = text(""), ...rest] = recipe.map((part) => partSql(part, seed, original));
  return rest.length === 0 ? first : sql`CONCAT(${commas([first, ...rest])})`;
}

/** Pieces with commas between them. */
export function commas(pieces: readonly Sql[]): Sql {
  return new Piece(pieces.map((piece) => piece.text).join(", "));
}

/** 32 bits of a digest as a whole number. */
export function wholeSql(domain: string, at: number, seed: Sql): Sql {
  return sql`CAST(CONV(SUBSTR(${digestSql(domain, seed)}, ${number(at + 1)}, 8), 16, 10) AS UNSIGNED)`;
}

function partSql(part: Part, seed: Sql, original: Sql): Sql {
  switch (part.part) {
    case "literal":
      return text(part.text);
    case "pick":
      return sql`ELT(1 + ${wholeSql(part.domain, part.at, seed)} % ${number(part.list.length)}, ${commas(part.list.map(text))})`;
    case "number":
      return numberSql(part, seed);
    case "hex":
      return sql`SUBSTR(${digestSql(part.domain, seed)}, ${number(part.at + 1)}, ${number(part.length)})`;
    case "ip":
      return ipSql(part.domain, seed, original);
    case "iban":
      return ibanSql(part.domain, seed);
    default:
      return unreachable(part);
  }
}

function numberSql({ domain, at, from, count, width }: Extract<Part, { part: "number" }>, seed: Sql): Sql {
  const value = sql`${number(from)} + ${wholeSql(domain, at, seed)} % ${number(count)}`;
  return width === 1 ? sql`CAST(${value} AS CHAR)` : sql`LPAD(${value}, ${number(width)}, '0')`;
}

function ipSql(domain: string, seed: Sql, original: Sql): Sql {
  const digest = digestSql(domain, seed);
  const six = sql`CONCAT('fd00::', INSERT(LEFT(${digest}, 8), 5, 0, ':'))`;
  return sql`IF(LOCATE(':', ${original}) > 0, ${six}, INET_NTOA(167772160 + CONV(LEFT(${digest}, 6), 16, 10)))`;
}

/** Check digits: 98 less the remainder of the account, D = 13, E = 14 and 00 divided by 97 (ISO 13616). */
function ibanSql(domain: string, seed: Sql): Sql {
  const account = sql`LPAD(${wholeSql(domain, 0, seed)}, 10, '0')`;
  const check = sql`LPAD(98 - CAST(CONCAT(${account}, '131400') AS DECIMAL(30)) % 97, 2, '0')`;
  return sql`CONCAT('DE', ${check}, '00000000', ${account})`;
}
