import { inspect } from "node:util";

/** A value that refuses to be printed: template strings, JSON and `util.inspect` show where it comes from, never what it is. */
export class Secret {
  readonly origin: string;
  readonly #value: string;

  constructor(value: string, origin: string) {
    this.#value = value;
    this.origin = origin;
  }

  /** The only way out; easy to search for. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `<secret from ${this.origin}>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
