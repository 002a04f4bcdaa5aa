import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, parseAddress } from "./ip-network.ts";

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

describe("an address", () => {
  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "ldap",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    ":1",
    "fe80::1%eth0",
  ])("is not %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it("is the same in IPv4 and as IPv6 writes it", () => {
    expect(parseAddress("::ffff:169.254.169.254")).toBe(parseAddress("169.254.169.254"));
    expect(parseAddress("::ffff:a9fe:a9fe")).toBe(parseAddress("169.254.169.254"));
  });

  it("is whatever Node takes for one, and lies where Node says", () => {
    const network = fc.oneof(fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })), fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), network, (address, [start, length]) => {
        if (family(address) !== family(start)) return;
        const list = new BlockList();
        list.addSubnet(start, length, family(start));
        const parsed = parseAddress(address);
        expect(parsed).toBeDefined();
        expect(isWithin(parsed ?? 0n, `${start}/${String(length)}`)).toBe(list.check(address, family(address)));
      }),
      { numRuns: 2000 },
    );
  });
});
