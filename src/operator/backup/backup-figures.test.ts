import { expect, it } from "vitest";
import type { BackupStatus } from "../../resources/schema/backup.ts";
import { backupFigures } from "./backup-figures.ts";

const at = Date.parse("2026-11-22T12:00:00Z");

function ageOf(status: Partial<BackupStatus>): number {
  const metadata = { name: "site", creationTimestamp: "2026-11-01T00:00:00Z" };
  const backup = { apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata, spec: { schedule: "0 3 * * *" }, status };
  const figures = new Map<string, () => number>();
  const gauge = (name: string, _labels: object, read: () => number) => void figures.set(name, read);
  backupFigures({ all: () => [backup] }, { gauge }, { now: () => at });
  return figures.get("howdah_backup_verified_age_seconds")?.() ?? -1;
}

it("counts the age of what was proved from when it was made: proving an old one again makes nothing younger", () => {
  const verified = { id: "20261120-120000-ab12", at: "2026-11-22T11:00:00Z" };
  expect(ageOf({ verified })).toBe(2 * 86_400);
});

it("takes the youngest that was proved, whichever was proved last", () => {
  const verified = { id: "20261110-120000-ab12", at: "2026-11-22T11:00:00Z" };
  const backups = [
    { id: "20261122-110000-ab12", why: "schedule" },
    { id: "20261121-120000-ab12", why: "schedule", verified: "2026-11-21T12:10:00Z" },
  ];
  expect(ageOf({ verified, backups })).toBe(86_400);
  expect(ageOf({})).toBe(21.5 * 86_400);
});
