/** Thrown by everything that a killed process would have done. */
export class Killed extends Error {}

/** When a process is killed: at its n-th act, before the act or after it. */
export interface Death {
  /** From 1; infinite for a life without an end. */
  readonly act: number;
  readonly when: "before" | "after";
}

/** What a process that can be killed has done. */
export interface Life {
  readonly acts: string[];
  /** The same object, whose acts count, and which does nothing any more once the process is dead. */
  mortal<T extends object>(name: string, object: T, acts: readonly (keyof T & string)[]): T;
}

/** Makes a process that is killed at one act (B1 of the reliability list: `kill -9` before and after every write). */
export function life(death: Death): Life {
  const acts: string[] = [];
  let dead = false;
  const perform = async (label: string, act: () => unknown): Promise<unknown> => {
    acts.push(label);
    const mine = acts.length === death.act;
    if (mine && death.when === "before") dead = true;
    if (dead) throw new Killed(label);
    const answer = await act();
    if (mine) dead = true;
    // oxlint-disable-next-line no-unnecessary-condition -- it may have died while this act was under way
    if (dead) throw new Killed(label);
    return answer;
  };
  return {
    acts,
    mortal: (name, object, counted) =>
      new Proxy(object, {
        get: (target, key) => {
          const found: unknown = Reflect.get(target, key);
          if (typeof found !== "function") return found;
          return (...given: readonly unknown[]) => {
            const act = (): unknown => Reflect.apply(found, target, given);
            if ((counted as readonly (string | symbol)[]).includes(key)) return perform(`${name}.${String(key)}`, act);
            if (dead) throw new Killed(String(key));
            return act();
          };
        },
      }),
  };
}
