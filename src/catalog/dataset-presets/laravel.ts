import { columnsOf } from "./columns-of.ts";
import type { DatasetPreset } from "./dataset-rules.ts";

/** What Laravel, its starter kits, Sanctum, Passport, Horizon and Telescope make; an application's own tables have rules in the site file. */
export const laravel: DatasetPreset = {
  title: "Laravel's conventions",
  prefix: "",
  tables: {
    users: {
      columns: {
        ...columnsOf("keep", "id email_verified_at created_at updated_at deleted_at current_team_id two_factor_confirmed_at"),
        name: { use: "full-name", per: "id" },
        email: "email",
        password: "password",
        ...columnsOf("clear", "remember_token two_factor_secret two_factor_recovery_codes profile_photo_path"),
      },
    },
    ...Object.fromEntries(
      ["migrations", "roles", "permissions", "model_has_roles", "model_has_permissions", "role_has_permissions", "team_user"].map(
        (name) => [name, "keep" as const],
      ),
    ),
    ...Object.fromEntries(
      "password_resets password_reset_tokens sessions personal_access_tokens failed_jobs jobs job_batches cache cache_locks notifications activity_log oauth_* telescope_* team_invitations"
        .split(" ")
        .map((name) => [name, "empty" as const]),
    ),
  },
  files: [
    { mount: "storage", match: "logs/**", action: "drop" },
    { mount: "storage", match: "framework/**", action: "drop" },
    { mount: "storage", match: "oauth-*.key", action: "drop" },
    { mount: "storage", match: "app/private/**", action: "replace" },
  ],
};
