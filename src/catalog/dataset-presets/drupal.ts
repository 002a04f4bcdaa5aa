import { columnsOf } from "./columns-of.ts";
import type { DatasetPreset, TableRule } from "./dataset-rules.ts";
import { secretSettings } from "./people-keys.ts";

/** Fields of entities have tables of their own: what of them is text is scrubbed, numbers and dates stay. */
const scrubbed: TableRule = { others: "text" };

/** Drupal 9 to 11 with its own modules. Tables of entities' fields are named after the site's own fields. */
export const drupal: DatasetPreset = {
  title: "Drupal",
  prefix: "",
  tables: {
    users: "keep",
    users_field_data: {
      columns: {
        ...columnsOf(
          "keep",
          "uid langcode preferred_langcode preferred_admin_langcode timezone status created changed access login default_langcode",
        ),
        name: "user-name",
        pass: "password",
        ...columnsOf("email", "mail init"),
      },
    },
    comment_field_data: {
      columns: { name: "user-name", mail: "email", homepage: "clear", hostname: "ip" },
      others: "text",
    },
    key_value: {
      columns: {
        ...columnsOf("keep", "collection name"),
        value: [{ when: { column: "name", like: secretSettings }, use: "clear" }, { use: "text" }],
      },
    },
    ...Object.fromEntries(
      "config users_data node_field_data node_field_revision node_revision taxonomy_term_field_data taxonomy_term_field_revision block_content_field_data block_content_field_revision media_field_data media_field_revision menu_link_content_data menu_link_content_field_revision shortcut_field_data contact_message file_managed path_alias path_alias_revision node__* node_revision__* user__* comment__* taxonomy_term__* taxonomy_term_revision__* media__* media_revision__* block_content__* block_content_revision__* paragraph__* paragraph_revision__* menu_link_content__* paragraphs_item*"
        .split(" ")
        .map((name) => [name, scrubbed]),
    ),
    ...Object.fromEntries(
      "node comment comment_entity_statistics taxonomy_term_data taxonomy_term_revision taxonomy_term_hierarchy taxonomy_index block_content block_content_revision media media_revision menu_link_content menu_link_content_revision shortcut shortcut_set_users menu_tree router sequences file_usage node_access locale_file locales_location locales_source locales_target user__roles cache_tags help_search_items"
        .split(" ")
        .map((name) => [name, "keep" as const]),
    ),
    ...Object.fromEntries(
      "sessions watchdog flood history semaphore batch queue key_value_expire cache_* cachetags search_dataset search_index search_total node_counter old_*"
        .split(" ")
        .map((name) => [name, "empty" as const]),
    ),
  },
  files: [
    ...["**/*.sql", "**/*.sql.gz", "**/*.log", "**/*.mbox"].map((match) => ({ match, action: "drop" as const })),
    ...["private/**", "webform/**", "css/**", "js/**", "php/**"].map((match) => ({
      mount: "sites/default/files",
      match,
      action: "drop" as const,
    })),
    { mount: "sites/default/files", match: "**", action: "keep", reason: "the site publishes its files" },
  ],
};
