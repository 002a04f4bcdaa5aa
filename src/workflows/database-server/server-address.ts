import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** `HOST`, `HOST:PORT`, `[fd00::5]:3306` as typed; the port is 3306 when it is left out. Error: `usage/invalid`. */
export function parseAddress(text: string): ServerAddress {
  const [, bracketed, plain, given] = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? (isIP(text) === 6 ? text : "");
  const port = Number(given ?? 3306);
  const isHost = bracketed === undefined && isIP(text) !== 6 ? HOST.test(host) : isIP(host) === 6;
  if (isHost && port >= 1 && port <= 65_535) return { host, port };
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no address of a server`, {
    hint: "Write HOST or HOST:PORT: `10.0.0.5`, `db.example.org:3307`, `[fd00::5]:3306`.",
  });
}

/**
 * Refuses addresses of this very machine: sites have networks of their own, from which they reach other machines, and of this one nothing but its edge.
 * Error: `usage/invalid`.
 */
export function refuseOwnAddress({ host }: ServerAddress): void {
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  if (!/^(localhost|127\.|0\.0\.0\.0|::1$|::$)/.test(host) && !own.includes(host)) return;
  throw new HowdahError("usage/invalid", `${host} is this machine, whose own services sites can't reach`, {
    hint: "Name a server of another machine. What a MariaDB here holds can move into Howdah's: `mariadb-dump … | howdah db import SITE - --yes`.",
  });
}
