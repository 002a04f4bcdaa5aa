import { describe, expect, it } from "vitest";
import { connectedTo } from "./connections.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0105590A:D431 0305590A:1F90 01 00000000:00000000 00:00000000 00000000 50000        0 2
   2: 0105590A:D432 0405590A:1F90 06 00000000:00000000 00:00000000 00000000     0        0 3
`;

describe("connections to a pod", () => {
  it.each([
    ["10.89.5.3", true],
    ["10.89.5.4", false], // TIME_WAIT
    ["10.89.5.1", false], // our own end
    ["0.0.0.0", false], // who listens has no other end
    ["fd00::1", false],
  ])("%s: %s", (address, expected) => expect(connectedTo(table, new Set([address]))).toBe(expected));
});
