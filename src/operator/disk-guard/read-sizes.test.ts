import { expect, it } from "vitest";
import { readRoom, readSizes } from "./read-sizes.ts";

const DATA = "/var/lib/mysql/data";

it("counts what a program without privileges may write, without what is kept for root", () => {
  expect(readRoom("4096 1000 300 250\n")).toEqual({ totalBytes: 950 * 4096, freeBytes: 250 * 4096 });
});

it.each(["", "no such file\n", "4096 1000 300\n", "a b c d\n"])("refuses %j for a file system", (output) => {
  expect(() => readRoom(output)).toThrow("can't be measured");
});

it("takes sites' databases apart from what is the server's own", () => {
  const lines = [`40\t${DATA}/acme_blog`, `8\t${DATA}/mysql`, `4\t${DATA}/#rocksdb`, `4\t${DATA}/odd@002dname`, `200\t${DATA}`];
  expect(readSizes(`${lines.join("\n")}\n`, DATA)).toEqual({
    databases: new Map([["acme_blog", 40 * 1024]]),
    ownBytes: 160 * 1024,
  });
});

it.each(["", `40\t${DATA}/acme_blog\n`, "40\t/elsewhere\n"])("refuses %j for a data directory: nobody is blocked for a guess", (output) => {
  expect(() => readSizes(output, DATA)).toThrow("can't be measured");
});
