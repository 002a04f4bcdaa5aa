import { HowdahError } from "../../kernel/howdah-error.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** Kubernetes' byte quantities (`256Mi`, `1G`, `1.5Gi`) as bytes. */
export function bytesOf(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)$/.exec(quantity);
  if (match === null) throw new HowdahError("render/unsafe", `"${quantity}" is not a quantity of bytes`);
  return Math.floor(Number(match[1]) * (factors[match[2] ?? ""] ?? 1));
}

/** Kubernetes' CPU quantities (`500m`, `2`, `0.5`) as cores. */
export function coresOf(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity);
  if (match === null) throw new HowdahError("render/unsafe", `"${quantity}" is not a quantity of CPU`);
  return match[2] === "m" ? Number(match[1]) / 1000 : Number(match[1]);
}
