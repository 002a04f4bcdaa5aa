const units: Readonly<Record<string, number>> = { "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** Bytes of `256Mi` or `536870912`: the two forms that rendering writes. */
export function bytesOfQuantity(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,16})([KMGT]i)?$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === "" || factor === undefined) throw new TypeError(`not a quantity: ${text}`);
  return Number(number) * factor;
}

/** The smaller of two amounts of CPU (`500m`, `0.5`, `2`), in its own notation: a request above its limit is refused. */
export function lesserCpu(left: string, right: string): string {
  return millis(left) <= millis(right) ? left : right;
}

function millis(text: string): number {
  return text.endsWith("m") ? Number(text.slice(0, -1)) : Number(text) * 1000;
}
