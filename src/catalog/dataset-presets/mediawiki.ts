import { columnsOf } from "./columns-of.ts";
import type { ColumnRule, DatasetPreset, MaskRule, TableRule } from "./dataset-rules.ts";

/** MediaWiki wants names with a capital first. The same name gets the same one in every table. */
const userName: MaskRule = { use: "template", template: "U{hash:20}" };

/** Titles of pages about users are their names. */
function title(namespace: string): ColumnRule {
  return [{ when: { column: namespace, is: ["2", "3"] }, ...userName }, { use: "keep" }];
}

function kept(names: string): Readonly<Record<string, TableRule>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, "keep" as const]));
}

function emptied(names: string): Readonly<Record<string, TableRule>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, "empty" as const]));
}

const people: Readonly<Record<string, TableRule>> = {
  user: {
    columns: {
      ...columnsOf(
        "keep",
        "user_id user_newpass_time user_touched user_email_authenticated user_registration user_editcount user_password_expires user_is_temp",
      ),
      user_name: userName,
      user_real_name: { use: "full-name", per: "user_id" },
      user_password: { use: "password", scheme: "mediawiki" },
      user_email: "email",
      ...columnsOf("clear", "user_newpassword user_token user_email_token user_email_token_expires"),
    },
  },
  actor: { columns: { ...columnsOf("keep", "actor_id actor_user"), actor_name: userName } },
  user_properties: {
    columns: {
      ...columnsOf("keep", "up_user up_property"),
      up_value: [{ when: { column: "up_property", like: ["%token%", "%secret%", "%key%"] }, use: "clear" }, { use: "text" }],
    },
  },
  abuse_filter_history: {
    columns: {
      ...columnsOf(
        "keep",
        "afh_id afh_filter afh_actor afh_timestamp afh_pattern afh_flags afh_actions afh_deleted afh_changed_fields afh_group afh_user afh_user_text",
      ),
      ...columnsOf("text", "afh_comments afh_public_comments"),
    },
  },
};

/** What was written: kept readable, with what looks personal in it scrubbed. */
const content: Readonly<Record<string, TableRule>> = {
  text: {
    columns: {
      ...columnsOf("keep", "old_id old_flags"),
      // A compressed text can't be looked into: it is emptied, and its revision shows nothing.
      old_text: [{ when: { column: "old_flags", like: ["%gzip%", "%object%"] }, use: "clear" }, { use: "text" }],
    },
  },
  comment: { columns: { ...columnsOf("keep", "comment_id comment_hash"), ...columnsOf("text", "comment_text comment_data") } },
  page: {
    columns: {
      ...columnsOf(
        "keep",
        "page_id page_namespace page_is_redirect page_is_new page_random page_touched page_links_updated page_latest page_len page_content_model page_lang page_restrictions",
      ),
      page_title: title("page_namespace"),
    },
  },
  linktarget: { columns: { ...columnsOf("keep", "lt_id lt_namespace"), lt_title: title("lt_namespace") } },
  pagelinks: { columns: { ...columnsOf("keep", "pl_from pl_target_id pl_from_namespace pl_namespace"), pl_title: title("pl_namespace") } },
  templatelinks: {
    columns: { ...columnsOf("keep", "tl_from tl_target_id tl_from_namespace tl_namespace"), tl_title: title("tl_namespace") },
  },
  redirect: { columns: { ...columnsOf("keep", "rd_from rd_namespace rd_interwiki rd_fragment"), rd_title: title("rd_namespace") } },
  archive: {
    columns: {
      ...columnsOf(
        "keep",
        "ar_id ar_namespace ar_comment_id ar_actor ar_timestamp ar_minor_edit ar_rev_id ar_deleted ar_len ar_page_id ar_parent_id ar_sha1",
      ),
      ar_title: title("ar_namespace"),
    },
  },
  watchlist: { columns: { ...columnsOf("keep", "wl_id wl_user wl_namespace wl_notificationtimestamp"), wl_title: title("wl_namespace") } },
  protected_titles: {
    columns: {
      ...columnsOf("keep", "pt_namespace pt_user pt_reason_id pt_timestamp pt_expiry pt_create_perm"),
      pt_title: title("pt_namespace"),
    },
  },
  externallinks: "empty",
  page_props: { columns: { ...columnsOf("keep", "pp_page pp_propname pp_sortkey"), pp_value: "text" } },
  image: {
    columns: {
      ...columnsOf(
        "keep",
        "img_name img_size img_width img_height img_bits img_media_type img_major_mime img_minor_mime img_description_id img_actor img_timestamp img_sha1",
      ),
      img_metadata: "text",
    },
  },
  oldimage: {
    columns: {
      ...columnsOf(
        "keep",
        "oi_name oi_archive_name oi_size oi_width oi_height oi_bits oi_description_id oi_actor oi_timestamp oi_media_type oi_major_mime oi_minor_mime oi_deleted oi_sha1",
      ),
      oi_metadata: "text",
    },
  },
};

/** MediaWiki's own tables, and those of the extensions that Debian's package brings: as of 1.39 and 1.43. */
export const mediawiki: DatasetPreset = {
  title: "MediaWiki",
  prefix: "",
  tables: {
    ...people,
    ...content,
    ...kept(
      "category categorylinks change_tag change_tag_def content content_models imagelinks interwiki iwlinks langlinks revision revision_comment_temp slots slot_roles sites site_identifiers site_stats user_groups user_former_groups user_autocreate_serial watchlist_expiry page_restrictions updatelog abuse_filter abuse_filter_action oathauth_types echo_push_provider echo_push_topic l10n_cache querycache_info linter",
    ),
    ...emptied(
      "block block_target ipblocks ipblocks_restrictions ip_changes recentchanges logging log_search bot_passwords oathauth_devices oathauth_users job objectcache module_deps uploadstash user_newtalk searchindex filearchive abuse_filter_log echo_email_batch echo_event echo_notification echo_push_subscription echo_target_page loginnotify_seen_net querycache querycachetwo mathoid mathlatexml",
    ),
  },
  files: [
    ...["deleted/**", "temp/**", "lockdir/**", "tmp/**"].map((match) => ({ mount: "images", match, action: "drop" as const })),
    { mount: "images", match: "**", action: "keep", reason: "the wiki publishes its files" },
  ],
};
