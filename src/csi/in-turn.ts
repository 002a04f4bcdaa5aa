/** Runs work for keys one after another: two calls about one volume never overlap, calls about different ones do. */
export type InTurn = <T>(keys: readonly string[], work: () => Promise<T>) => Promise<T>;

/** Keys are taken in their order, whatever order they are named in: two calls that need the same two never wait for each other. */
export function createInTurn(): InTurn {
  const tails = new Map<string, Promise<unknown>>();
  const after = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (tails.get(key) ?? Promise.resolve()).then(work);
    const tail = turn
      .catch(() => undefined)
      .then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
    tails.set(key, tail);
    return turn;
  };
  const take = <T>([key, ...rest]: readonly string[], work: () => Promise<T>): Promise<T> =>
    key === undefined ? work() : after(key, () => take(rest, work));
  return (keys, work) => take([...new Set(keys)].toSorted(), work);
}
