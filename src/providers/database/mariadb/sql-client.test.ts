import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { Sql } from "../../../kernel/sql.ts";
import { withSqlClient } from "./sql-client.ts";

const login = {
  server: { name: "mariadb-11", locate: () => Promise.resolve({ address: "10.0.0.9", port: 3306 }) },
  user: "root",
  password: new Secret("x", "a test"),
};

/** A way through an API server whose other side never ends by itself, as a port-forward does. */
function silentWay(answer: Buffer | undefined): Duplex {
  const way = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  if (answer !== undefined) way.push(answer);
  return way;
}

/** What a server says that takes no more connections: packet 0, error 1040. */
function refusal(): Buffer {
  const text = Buffer.from("Too many connections");
  const body = Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), text]);
  return packet(0, body);
}

/** A server that takes every login and says OK to every statement; it does not end a connection. */
function obligingWay(): Duplex {
  const way: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      done();
      setImmediate(() => way.push(packet((chunk[3] ?? 0) + 1, Buffer.from([0, 0, 0, 2, 0, 0, 0]))));
    },
  });
  const capabilities = Buffer.from([0x00, 0xa2, 33, 2, 0, 0x08, 0x00, 21]); // of both ends of the flags, with charset and status between
  const greeting = [Buffer.from("\n11.8.0\0"), Buffer.from([1, 0, 0, 0]), Buffer.alloc(8, "a"), Buffer.alloc(1), capabilities];
  way.push(packet(0, Buffer.concat([...greeting, Buffer.alloc(10), Buffer.from("abcdefghijkl\0mysql_native_password\0")])));
  return way;
}

function packet(sequence: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([body.length, 0, 0, sequence]), body]);
}

describe("withSqlClient", () => {
  it("leaves no way through a cluster open when the work is done", async () => {
    const way = obligingWay();
    const work = withSqlClient(
      login as never,
      (client) => client.query(new Sql("SELECT 1")),
      () => Promise.resolve(way),
    );
    await expect(work).resolves.toEqual([]);
    expect(way.destroyed).toBe(true);
  });

  it("leaves no way through a cluster open when the server refuses", async () => {
    const way = silentWay(refusal());
    await expect(
      withSqlClient(
        login as never,
        () => Promise.resolve(),
        () => Promise.resolve(way),
      ),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^database\//) as string,
    });
    expect(way.destroyed).toBe(true);
  });
});
