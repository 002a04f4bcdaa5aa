import { columnsOf } from "./columns-of.ts";
import type { DatasetPreset, TableRule } from "./dataset-rules.ts";

const scrubbed: TableRule = { others: "text" };

/** Stud.IP 5: tables with people in them, from its documentation. What a version or plugin has besides, the site file says. */
export const studip: DatasetPreset = {
  title: "Stud.IP",
  prefix: "",
  tables: {
    auth_user_md5: {
      columns: {
        ...columnsOf("keep", "user_id perms auth_plugin locked visible jsonapi_oauth2 mkdate chdate"),
        username: "user-name",
        password: "password",
        Vorname: { use: "first-name", per: "user_id" },
        Nachname: { use: "last-name", per: "user_id" },
        Email: "email",
        matriculation_number: { use: "hash", length: 16 },
        ...columnsOf("clear", "validation_key lock_comment locked_by"),
      },
    },
    user_info: {
      columns: {
        ...columnsOf("clear", "hobby lebenslauf publi schwerp Home motto geschlecht oercampus_description"),
        ...columnsOf("phone", "privatnr privatcell"),
        privadr: "street",
      },
      others: "text",
    },
    message: { columns: columnsOf("keep", "message_id autor_id"), others: "text" },
    forum_entries: {
      columns: { ...columnsOf("keep", "topic_id seminar_id user_id"), author: "full-name", author_host: "ip" },
      others: "text",
    },
    files: { columns: { ...columnsOf("keep", "id user_id mime_type"), author_name: "full-name" }, others: "text" },
    user_studiengang: "keep",
    ...Object.fromEntries(
      "message_user contact statusgruppen statusgruppe_user seminar_user seminar_inst user_inst Institute seminar_cycle_dates termine seminar_sem_tree sem_tree range_tree semester_data datafields schema_version log_actions config abschluss fach roles roles_user roles_permissions resource_* file_refs folders sem_classes sem_types plugins plugins_activated"
        .split(" ")
        .map((name) => [name, "keep" as const]),
    ),
    ...Object.fromEntries(
      "seminare datafields_entries user_config config_values kategorien comments news blubber_threads blubber_comments wiki wiki_pages wiki_versions questionnaires questionnaire_questions questionnaire_answers calendar_dates event_data scm guestbook"
        .split(" ")
        .map((name) => [name, scrubbed]),
    ),
    ...Object.fromEntries(
      "session_data user_online log_events mail_queue_entries personal_notifications personal_notifications_user user_token webservice_access_rules api_* oauth* object_views object_user_visits cache questionnaire_anonymous_answers extern_config users_tfa users_tfa_tokens"
        .split(" ")
        .map((name) => [name, "empty" as const]),
    ),
  },
  files: [{ match: "**", action: "replace" }],
};
