/**
 * Rewrites the strings of a serialized value of PHP whose lengths are wrong, as a careless search-and-replace leaves them: a string ends where a quote, a semicolon and the
 * beginning of another value stand. Lengths are right afterwards.
 */
export function repairSerialized(value: Buffer, rewrite: (value: Buffer) => Buffer): Buffer {
  const text = value.toString("latin1");
  const out: string[] = [];
  let from = 0;
  for (const match of text.matchAll(/s:[0-9]{1,10}:"/g)) {
    if (match.index < from) continue;
    const start = match.index + match[0].length;
    const end = endOfString(text, start);
    if (end < 0) break;
    const written = rewrite(Buffer.from(text.slice(start, end), "latin1")).toString("latin1");
    out.push(text.slice(from, match.index), `s:${String(written.length)}:"${written}"`);
    from = end + 1;
  }
  return Buffer.from(out.join("") + rewrite(Buffer.from(text.slice(from), "latin1")).toString("latin1"), "latin1");
}

function endOfString(text: string, start: number): number {
  const ending = /"(?:;(?=[}sibdNaORrCE]|$)|$)/g;
  ending.lastIndex = start;
  return ending.exec(text)?.index ?? -1;
}
