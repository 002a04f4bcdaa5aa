import { columnsOf } from "./columns-of.ts";
import type { DatasetPreset, TableRule } from "./dataset-rules.ts";

const user: TableRule = {
  columns: {
    ...columnsOf("keep", "id uuid roles is_verified is_active enabled locale created_at updated_at last_login"),
    ...columnsOf("email", "email email_canonical"),
    ...columnsOf("user-name", "username username_canonical"),
    first_name: { use: "first-name", per: "id" },
    last_name: { use: "last-name", per: "id" },
    ...columnsOf("full-name", "name full_name"),
    phone: "phone",
    password: "password",
    ...columnsOf("clear", "salt confirmation_token password_requested_at api_token"),
  },
};

/** What Symfony's own commands and usual bundles make; an application's own tables have rules in the site file. */
export const symfony: DatasetPreset = {
  title: "Symfony's conventions",
  prefix: "",
  tables: {
    user,
    users: user,
    app_user: user,
    fos_user: user,
    ...Object.fromEntries(["doctrine_migration_versions", "migration_versions"].map((name) => [name, "keep" as const])),
    ...Object.fromEntries(
      "messenger_messages reset_password_request rememberme_token sessions lock_keys cache_items ext_log_entries refresh_tokens oauth2_*"
        .split(" ")
        .map((name) => [name, "empty" as const]),
    ),
  },
  files: [
    { mount: "var/log", match: "**", action: "drop" },
    { mount: "var", match: "log/**", action: "drop" },
    { mount: "var", match: "sessions/**", action: "drop" },
    { mount: "var", match: "cache/**", action: "drop" },
  ],
};
