import { describe, expect, it } from "vitest";
import { parseAddress, refuseOwnAddress } from "./server-address.ts";

describe("an address as typed", () => {
  it.each([
    ["10.0.0.5", "10.0.0.5", 3306],
    ["10.0.0.5:3307", "10.0.0.5", 3307],
    ["db.example.org", "db.example.org", 3306],
    ["[fd00::5]:33", "fd00::5", 33],
    ["[fd00::5]", "fd00::5", 3306],
    ["fd00::5", "fd00::5", 3306],
  ])("%s", (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  it.each(["", ":3306", "a:0", "a:70000", "a b", "a;b", "-a", "user@host", "[a]:1", "a:3306:1", "$(x)"])("%j is refused", (text) => {
    expect(() => parseAddress(text)).toThrow("is no address");
  });

  it.each(["127.0.0.1", "localhost", "::1", "0.0.0.0"])("%s is this machine", (host) => {
    expect(() => refuseOwnAddress({ host, port: 3306 })).toThrow("is this machine");
  });

  it("another machine is taken", () => expect(() => refuseOwnAddress({ host: "192.0.2.7", port: 3306 })).not.toThrow());
});
