/**
 * Waits for all of several works, then fails with the first failure. `Promise.all` fails while others still go on: they would work on a
 * site whose lock is free again.
 */
export async function sideBySide<T extends readonly unknown[]>(...works: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const settled = await Promise.allSettled(works);
  const failed = settled.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return settled.map((one) => (one.status === "fulfilled" ? one.value : undefined)) as unknown as T;
}
