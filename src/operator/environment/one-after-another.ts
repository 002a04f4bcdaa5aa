/**
 * Does work one after the other, in the order in which it was asked for, whatever became of the work before: an object's status then ends with what was
 * said last. Each caller gets the answer, or the failure, of its own work.
 */
export function oneAfterAnother(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
