import { setImmediate as turn } from "node:timers/promises";

/** Something whose steps are told one by one: it waits before each until it is its turn. */
export type Stepwise = (step: () => Promise<void>) => Promise<unknown>;

/**
 * Runs several things at the same time in every possible order of their steps, beginning anew for each, and looks after each. Answers how many orders there were.
 * What the things do between two steps must be done when the event loop has turned.
 */
export async function everyOrder(start: () => readonly Stepwise[], look: (order: string) => void): Promise<number> {
  let orders = 0;
  let wanted: readonly number[] | undefined = [];
  while (wanted !== undefined) {
    const taken = await oneOrder(start(), wanted);
    look(taken.map(({ name }) => name).join(""));
    orders += 1;
    wanted = next(taken);
  }
  return orders;
}

interface Taken {
  /** Which of all it was. */
  readonly name: number;
  readonly choice: number;
  readonly of: number;
}

async function oneOrder(works: readonly Stepwise[], wanted: readonly number[]): Promise<readonly Taken[]> {
  const waiting = new Map<number, () => void>();
  const ended = new Set<number>();
  const all = works.map((work, name) => work(() => new Promise((go) => waiting.set(name, go))).finally(() => ended.add(name)));
  const taken: Taken[] = [];
  while (ended.size < works.length) {
    while (waiting.size + ended.size < works.length) await turn();
    const ready = [...waiting.keys()].toSorted((a, b) => a - b);
    const choice = wanted[taken.length] ?? 0;
    const name = ready[choice];
    if (name === undefined) continue;
    taken.push({ name, choice, of: ready.length });
    const go = waiting.get(name);
    waiting.delete(name);
    go?.();
    await turn();
  }
  await Promise.all(all);
  return taken;
}

/** The order after this one; undefined: it was the last. */
function next(taken: readonly Taken[]): readonly number[] | undefined {
  const left = [...taken];
  for (let last = left.pop(); last !== undefined; last = left.pop())
    if (last.choice + 1 < last.of) return [...left.map(({ choice }) => choice), last.choice + 1];
  return undefined;
}
