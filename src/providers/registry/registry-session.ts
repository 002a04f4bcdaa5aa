import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Credentials } from "./auth-file.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { readUpTo, wordsOf } from "./read-body.ts";
import { failureOf, speaksNoTls } from "./registry-failure.ts";
import { basicOf, fetchToken, type Token } from "./token.ts";
import { isLoopback, type Wire, type WireAnswer, type WireRequest } from "./wire.ts";

/** What may be done with a repository. */
export type Access = "pull" | "pull,push";

/** One question to a registry. */
export interface Ask extends WireRequest {
  /** A path (`/v2/…`), or an address that the registry gave. */
  readonly at: string | URL;
  /** What it needs a permission for: repository to access. */
  readonly access: Readonly<Record<string, Access>>;
  /** Statuses that the caller understands; everything else is a failure. */
  readonly accept: readonly number[];
  /** What is done, for messages: `push of team/blog/web`. */
  readonly what: string;
}

/** An answer, and the address that gave it: relative locations start there. */
export interface Answered extends WireAnswer {
  readonly url: URL;
}

/** What a session needs. */
export interface SessionOptions {
  /** `registry.example.org:5000`; docker.io's own machine has another name. */
  readonly registry: string;
  /** Plain http is allowed though it is not this machine (`insecure = true` in registries.conf). */
  readonly insecure: boolean;
  /** Asked once, when the registry wants to know who we are. */
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const LONGEST_ERROR = 64 * 1024;
const MOST_REDIRECTS = 5;

/**
 * Talks to one registry: finds out whether it speaks TLS, signs in when it is asked to, renews what has expired, follows redirects without
 * taking credentials along. One `ask` is one attempt: what may pass fails with `PassingFailure`.
 */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly host: string;
  #base: Promise<URL> | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: Challenge | undefined;
  readonly #tokens = new Map<string, Token>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.host = options.registry === "docker.io" ? "registry-1.docker.io" : options.registry;
  }

  /** Errors: `registry/*`, `PassingFailure`; the abort when the signal fires. */
  async ask(ask: Ask): Promise<Answered> {
    const base = await this.#findBase();
    let url = new URL(ask.at, base);
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const answer = url.origin === base.origin ? await this.#signedIn(url, ask) : await this.#send(url, ask);
      const next = redirectOf(answer, url);
      if (next === undefined || ask.accept.includes(answer.status)) return await this.#judged({ ...answer, url }, ask);
      await answer.body.dump();
      if (next.protocol !== "https:" && url.protocol === "https:")
        throw new HowdahError("registry/refused", `${url.host} sends the ${ask.what} on to an address without TLS`);
      url = next;
    }
    throw new HowdahError("registry/refused", `${this.host} sends the ${ask.what} on and on`);
  }

  /** An address that an answer names. A proxy that hides TLS from the registry makes it say `http` for its own host: that stays TLS. */
  location(answer: Answered): URL {
    const given = answer.headers["location"] ?? "";
    if (!URL.canParse(given, String(answer.url)))
      throw new HowdahError("registry/refused", `${this.host} does not say where an upload goes`);
    const url = new URL(given, answer.url);
    if (url.protocol === "http:" && answer.url.protocol === "https:") {
      if (url.hostname !== answer.url.hostname)
        throw new HowdahError("registry/refused", `${this.host} sends an upload to an address without TLS`);
      url.protocol = "https:";
      url.port = answer.url.port;
    }
    return url;
  }

  /** https; http only where it is allowed and the other side speaks nothing else. */
  #findBase(): Promise<URL> {
    this.#base ??= this.#probe().catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    });
    return this.#base;
  }

  async #probe(): Promise<URL> {
    const { wire, insecure, signal } = this.#options;
    const secure = new URL(`https://${this.host}`);
    if (!insecure && !isLoopback(secure.hostname)) return secure;
    try {
      const answer = await wire.send(new URL("/v2/", secure), { method: "GET" }, signal);
      await answer.body.dump();
      return secure;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!speaksNoTls(cause)) throw error;
      return new URL(`http://${this.host}`);
    }
  }

  #send(url: URL, ask: Ask, authorization?: string): Promise<WireAnswer> {
    const headers = { ...ask.headers, ...(authorization === undefined ? {} : { authorization }) };
    return this.#options.wire.send(url, { ...ask, headers }, this.#options.signal);
  }

  async #signedIn(url: URL, ask: Ask): Promise<WireAnswer> {
    const answer = await this.#send(url, ask, await this.#authorization(ask));
    if (answer.status !== 401) return answer;
    const offered = parseChallenges(answer.headers["www-authenticate"] ?? "");
    await answer.body.dump();
    const known = await this.#known(ask);
    const challenge =
      offered.find(({ scheme }) => scheme === "bearer") ??
      (known === undefined ? undefined : offered.find(({ scheme }) => scheme === "basic"));
    if (challenge === undefined) throw this.#unauthorized(ask, known);
    this.#challenge = challenge;
    this.#tokens.delete(scopesOf(ask).join(" ")); // whatever we had is not good any more
    const again = await this.#send(url, ask, await this.#authorization(ask));
    if (again.status !== 401) return again;
    await again.body.dump();
    throw this.#unauthorized(ask, known);
  }

  async #authorization(ask: Ask): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const credentials = await this.#known(ask);
    if (challenge.scheme === "basic") return credentials?.kind === "password" ? basicOf(credentials) : undefined;
    const scopes = scopesOf(ask);
    const key = scopes.join(" ");
    const { clock, wire, signal } = this.#options;
    let token = this.#tokens.get(key);
    if (token === undefined || token.until <= clock.now()) {
      const plainAllowed = (await this.#findBase()).protocol === "http:";
      token = await fetchToken({ challenge, scopes, credentials, plainAllowed, what: ask.what, now: clock.now() }, wire, signal);
      this.#tokens.set(key, token);
    }
    return `Bearer ${token.value.reveal()}`;
  }

  #known(_ask: Ask): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.credentials();
    return this.#credentials;
  }

  #unauthorized(ask: Ask, known: Credentials | undefined): HowdahError {
    const { registry } = this.#options;
    if (known === undefined) {
      return new HowdahError(
        "registry/unauthorized",
        `${this.host} wants to know who asks for the ${ask.what}, and no credentials for it are known`,
        {
          hint: `\`podman login ${registry}\` keeps them for Howdah, too; or name a secret in spec.image.secret.`,
        },
      );
    }
    const who = known.kind === "password" ? `the user ${known.username}` : "the identity token";
    return new HowdahError("registry/unauthorized", `${this.host} does not take ${who} for the ${ask.what}`);
  }

  async #judged(answer: Answered, ask: Ask): Promise<Answered> {
    if (ask.accept.includes(answer.status)) return answer;
    const { host } = answer.url;
    const words = wordsOf(await readUpTo(answer.body, LONGEST_ERROR, host).catch(() => ""));
    throw failureOf({
      host,
      status: answer.status,
      headers: answer.headers,
      words: await this.#redacted(words),
      what: ask.what,
      now: this.#options.clock.now(),
    });
  }

  /** A registry may repeat what it was told. */
  async #redacted(words: string): Promise<string> {
    const known = await this.#credentials;
    const secrets = [...this.#tokens.values()].map(({ value }) => value.reveal());
    if (known?.kind === "password") secrets.push(known.password.reveal(), basicOf(known).slice("Basic ".length));
    if (known?.kind === "identity-token") secrets.push(known.token.reveal());
    return secrets.reduce((text, secret) => (secret === "" ? text : text.replaceAll(secret, "***")), words);
  }
}

function scopesOf(ask: Ask): readonly string[] {
  return Object.entries(ask.access)
    .map(([path, access]) => `repository:${path}:${access}`)
    .sort();
}

function redirectOf(answer: WireAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined || !URL.canParse(location, String(from)))
    return undefined;
  return new URL(location, from);
}
