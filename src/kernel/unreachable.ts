/** Closes a `switch` over a union: the compiler finds the forgotten case, and a value that slipped past the types fails loudly. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
