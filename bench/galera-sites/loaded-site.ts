import { type Answer, type Asked, httpAnswer } from "../../test/support/http-answer.ts";

/** How a site is loaded. Each rejects with what the visitor saw. */
export interface LoadedSite {
  readonly name: string;
  readonly host: string;
  /** Somebody reads a page that no cache has. */
  read(number: number): Promise<void>;
  /** Somebody who is logged in writes something under a title that nothing else has, once. It resolves when the site has said that it is kept. */
  write(title: string): Promise<void>;
  /** All titles that are there and begin so, as often as they are there, each only when its words are whole. */
  titles(begin: string): Promise<readonly string[]>;
}

/** Asks a site as one browser does that keeps its cookies. */
export class Session {
  readonly #cookies = new Map<string, string>();
  readonly #host: string;
  readonly #address: string;

  constructor(address: string, host: string, cookies: Readonly<Record<string, string>> = {}) {
    this.#address = address;
    this.#host = host;
    for (const [name, value] of Object.entries(cookies)) this.#cookies.set(name, value);
  }

  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(cookie === "" ? {} : { cookie }), ...asked.headers };
    const answer = await httpAnswer({ address: this.#address, port: 80 }, this.#host, path, { ...asked, headers });
    for (const set of answer.headers["set-cookie"] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
    return answer;
  }

  /** A form, as browsers send it. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return this.ask(path, { method: "POST", headers, body: new URLSearchParams(fields).toString() });
  }
}

/** What a visitor sees of an answer that is not what it should be: its status and what a person would read. */
export function whatIsSeen({ status, body }: Pick<Answer, "status" | "body">): string {
  const title = /<title>([^<]*)/.exec(body)?.[1] ?? body;
  return `${String(status)} ${title.trim().replaceAll(/\s+/g, " ").slice(0, 60)}`.trim();
}
