/** Whether an object says what is wanted; what the server or others added does not matter. */
export function holds(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(found) && found.length === wanted.length && wanted.every((one, index) => holds(found[index], one));
  if (wanted === null || typeof wanted !== "object") return found === wanted;
  if (found === null || typeof found !== "object") return Object.keys(wanted).length === 0;
  return Object.entries(wanted).every(([key, value]) => value === undefined || holds((found as Record<string, unknown>)[key], value));
}
