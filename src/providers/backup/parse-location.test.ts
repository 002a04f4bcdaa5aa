import { describe, expect, it } from "vitest";
import { parseLocation, printLocation } from "./parse-location.ts";

describe("a place for backups", () => {
  it.each(["/mnt/backups", "sftp://backup@nas.example:2222/srv/b", "s3://s3.example/howdah", "s3+http://127.0.0.1:9000/howdah/a/b"])(
    "%s is printed as it was written",
    (text) => {
      expect(printLocation(parseLocation(text))).toBe(text);
    },
  );

  it.each([
    "backups",
    "/",
    "/mnt/../etc",
    "/mnt/-o",
    "/mnt/$(id)",
    "/mnt/a\nb",
    "sftp://-oProxyCommand=x@host/srv",
    "sftp://backup@-oProxyCommand=x/srv",
    "sftp://backup@host",
    "sftp://backup@host:99999/srv",
    "s3://host/",
    "s3://host/UPPER",
    "s3://host/bucket/../other",
    "https://host/bucket",
  ])("%s is refused", (text) => {
    expect(() => parseLocation(text)).toThrow("is no place for backups");
  });
});
