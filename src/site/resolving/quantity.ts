const binary: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `512Mi` in bytes. The schema's grammar has checked the text; anything else is a bug. */
export function bytesOf(size: string): number {
  return amount(size.replace(/i$/, ""), binary);
}

/** PHP's `256M` in bytes. */
export function bytesOfPhp(size: string): number {
  return amount(size, binary);
}

/** `2m` in seconds. */
export function secondsOf(duration: string): number {
  return amount(duration, seconds);
}

function amount(text: string, units: Readonly<Record<string, number>>): number {
  const unit = units[text.slice(-1)];
  const number = Number(text.slice(0, -1));
  if (unit === undefined || !Number.isSafeInteger(number)) throw new TypeError(`not a quantity: ${text}`);
  return number * unit;
}
