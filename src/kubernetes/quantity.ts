const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of an amount of storage or memory as an API server says it (`10Gi`, `1500M`, `128974848`, `1e9`, `500m`); 0 for what is none. */
export function bytesOf(quantity: string): number {
  const [, number = "", unit = ""] = /^([\d.]+(?:e\d+)?)([kMGTP]i?|m)?$/.exec(quantity) ?? [];
  return Math.round(Number(number) * (unit === "m" ? 0.001 : (units[unit] ?? 0)));
}
