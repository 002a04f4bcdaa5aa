import { type Directive, directive } from "./directive.ts";
import { printNginx, printPart } from "./print-nginx.ts";

/** Where pods have the files of their nginx. */
const DIRECTORY = "/etc/howdah/nginx";

/**
 * A configuration as files of at most `limit` bytes each: `nginx.conf`, and, when that would be larger, parts that it includes where their
 * directives stood. A directive that is larger by itself stays whole; none of ours is.
 */
export function splitNginx(tree: readonly Directive[], limit: number): Readonly<Record<string, string>> {
  const whole = printNginx(tree);
  if (bytesOf(whole) <= limit) return { "nginx.conf": whole };
  const parts: string[] = [];
  const main = tree.map((one) => shrunk(one, limit / 2, parts));
  return { "nginx.conf": printNginx(main), ...Object.fromEntries(parts.map((text, index) => [nameOf(index), text])) };
}

/** The block with its contents in parts when it is too large, its own blocks first. */
function shrunk(one: Directive, most: number, parts: string[]): Directive {
  if (one.block === undefined || bytesOf(printPart([one])) <= most) return one;
  const children = one.block.map((child) => shrunk(child, most, parts));
  return { ...one, block: chunks(children, most).map((chunk) => included(chunk, parts)) };
}

function included(chunk: readonly Directive[], parts: string[]): Directive {
  parts.push(printPart(chunk));
  return directive("include", `${DIRECTORY}/${nameOf(parts.length - 1)}`);
}

/** In order, each at most so many bytes unless a directive is larger alone. */
function chunks(children: readonly Directive[], most: number): Directive[][] {
  const found: Directive[][] = [];
  let room = 0;
  for (const child of children) {
    const size = bytesOf(printPart([child]));
    const last = found.at(-1);
    if (last === undefined || size > room) {
      found.push([child]);
      room = most - size;
    } else {
      last.push(child);
      room -= size;
    }
  }
  return found;
}

const nameOf = (index: number): string => `part-${String(index + 1)}.conf`;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
