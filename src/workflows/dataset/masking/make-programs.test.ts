import { expect, it } from "vitest";
import { withOurDefiner } from "./make-programs.ts";

const program = (created: string) => ({ kind: "view", name: "v", created, sqlMode: "" }) as const;

it.each([
  [
    "CREATE ALGORITHM=UNDEFINED DEFINER=`shop`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
    "CREATE ALGORITHM=UNDEFINED DEFINER='dataset'@'localhost' SQL SECURITY DEFINER VIEW `v` AS select 1",
  ],
  [
    "CREATE DEFINER=`a``b`@`10.0.%` PROCEDURE `p`()\nSELECT 'DEFINER=`x`@`y`'",
    "CREATE DEFINER='dataset'@'localhost' PROCEDURE `p`()\nSELECT 'DEFINER=`x`@`y`'",
  ],
])("gives %s a definer that exists", (created, expected) => {
  expect(withOurDefiner(program(created))).toBe(expected);
});

it("gives an event one too", () => {
  expect(withOurDefiner({ ...program("CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO DELETE FROM t"), kind: "event" })).toBe(
    "CREATE DEFINER='dataset'@'localhost' EVENT `e` ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
  );
});
