/** Works on items with at most so many at once, in their order. All have settled when it returns: the first failure is thrown then. */
export async function runInPool<T, R>(items: readonly T[], size: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item));
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.max(1, Math.min(size, items.length)) }, worker));
  for (const one of settled) if (one.status === "rejected") throw one.reason;
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
