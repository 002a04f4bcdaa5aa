import { expect, it } from "vitest";
import { addressFor } from "./bridge-address.ts";

it.each([
  ["10.89.0.1", "02:68:0a:59:00:01"],
  ["10.255.16.129", "02:68:0a:ff:10:81"],
])("gives the bridge at %s the address %s", (gateway, address) => {
  expect(addressFor(gateway)).toBe(address);
});
