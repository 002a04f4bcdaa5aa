import { columnsOf } from "./columns-of.ts";
import type { DatasetPreset, TableRule } from "./dataset-rules.ts";
import { buyerKeys, secretSettings } from "./people-keys.ts";

const options: TableRule = {
  rows: { where: [{ column: "option_name", notLike: ["\\_transient\\_%", "\\_site\\_transient\\_%"] }] },
  columns: {
    ...columnsOf("keep", "option_id option_name autoload"),
    option_value: [
      {
        when: {
          column: "option_name",
          is: ["admin_email", "new_admin_email", "mailserver_login", "woocommerce_email_from_address", "woocommerce_stock_email_recipient"],
        },
        use: "email",
      },
      { when: { column: "option_name", is: ["cron", "recently_edited", "active_sitewide_sessions"] }, use: "constant", value: "a:0:{}" },
      {
        when: { column: "option_name", is: ["siteurl", "home", "active_plugins", "template", "stylesheet", "rewrite_rules", "db_version"] },
        use: "keep",
      },
      { when: { column: "option_name", like: ["%user_roles"] }, use: "keep" },
      { when: { column: "option_name", like: secretSettings }, use: "clear" },
      { use: "text" },
    ],
  },
};

const meta = (id: string, owner: string): TableRule => ({
  columns: { ...columnsOf("keep", `${id} ${owner} meta_key`), meta_value: "text" },
});

const orderMeta = (id: string, owner: string): TableRule => ({
  columns: {
    ...columnsOf("keep", `${id} ${owner} meta_key`),
    meta_value: [
      ...buyerKeys("_"),
      { when: { column: "meta_key", is: ["_customer_ip_address"] }, use: "ip" },
      {
        when: {
          column: "meta_key",
          is: [
            "_customer_user_agent",
            "_order_key",
            "_cart_hash",
            "_transaction_id",
            "_payment_tokens",
            "_stripe_customer_id",
            "_stripe_source_id",
          ],
        },
        use: "hash",
      },
      {
        when: {
          column: "meta_key",
          is: ["_edit_lock", "_edit_last", "_wp_attached_file", "_wp_page_template", "_thumbnail_id", "_customer_user"],
        },
        use: "keep",
      },
      { when: { column: "meta_key", like: secretSettings }, use: "clear" },
      { use: "text" },
    ],
  },
});

const core: Readonly<Record<string, TableRule>> = {
  users: {
    columns: {
      ...columnsOf("keep", "ID user_registered user_status spam deleted"),
      // whoever reviews has to be able to log in, and knows this one's password
      user_login: [{ when: { column: "ID", is: ["1"] }, use: "constant", value: "admin" }, { use: "user-name" }],
      user_nicename: "user-name",
      user_pass: "password",
      user_email: "email",
      ...columnsOf("clear", "user_url user_activation_key"),
      display_name: { use: "full-name", per: "ID" },
    },
  },
  usermeta: {
    rows: {
      where: [
        {
          column: "meta_key",
          not: ["session_tokens", "_application_passwords", "community-events-location", "_new_email", "wc_last_active"],
        },
      ],
    },
    columns: {
      ...columnsOf("keep", "umeta_id user_id meta_key"),
      meta_value: [
        { when: { column: "meta_key", is: ["first_name"] }, use: "first-name", per: "user_id" },
        { when: { column: "meta_key", is: ["last_name"] }, use: "last-name", per: "user_id" },
        { when: { column: "meta_key", is: ["nickname"] }, use: "user-name" },
        { when: { column: "meta_key", is: ["aim", "yim", "jabber", "googleplus", "twitter", "facebook"] }, use: "clear" },
        { when: { column: "meta_key", like: ["%capabilities", "%user_level", "%user-settings", "%user-settings-time"] }, use: "keep" },
        ...buyerKeys(""),
        { when: { column: "meta_key", like: secretSettings }, use: "clear" },
        { use: "text" },
      ],
    },
  },
  comments: {
    columns: {
      ...columnsOf(
        "keep",
        "comment_ID comment_post_ID comment_date comment_date_gmt comment_karma comment_approved comment_type comment_parent user_id",
      ),
      comment_author: [
        { when: { column: "user_id", is: ["0"] }, use: "full-name" },
        { use: "full-name", per: "user_id" },
      ],
      comment_author_email: "email",
      comment_author_url: "clear",
      comment_author_IP: "ip",
      comment_content: "text",
      comment_agent: { use: "constant", value: "Mozilla/5.0" },
    },
  },
  commentmeta: meta("meta_id", "comment_id"),
  posts: {
    columns: {
      ...columnsOf(
        "keep",
        "ID post_author post_date post_date_gmt post_status comment_status ping_status post_name post_modified post_modified_gmt post_parent guid menu_order post_type post_mime_type comment_count",
      ),
      ...columnsOf("text", "post_content post_title post_excerpt post_content_filtered"),
      ...columnsOf("clear", "to_ping pinged"),
      post_password: { use: "hash", length: 20 },
    },
  },
  postmeta: orderMeta("meta_id", "post_id"),
  termmeta: meta("meta_id", "term_id"),
  terms: "keep",
  term_relationships: "keep",
  term_taxonomy: { columns: { ...columnsOf("keep", "term_taxonomy_id term_id taxonomy parent count"), description: "text" } },
  links: {
    columns: {
      ...columnsOf("keep", "link_id link_url link_image link_target link_visible link_owner link_rating link_updated link_rel link_rss"),
      ...columnsOf("text", "link_name link_description link_notes"),
    },
  },
  options,
};

const network: Readonly<Record<string, TableRule>> = {
  blogs: "keep",
  site: "keep",
  blogmeta: meta("meta_id", "blog_id"),
  sitemeta: {
    columns: {
      ...columnsOf("keep", "meta_id site_id meta_key"),
      meta_value: [
        { when: { column: "meta_key", is: ["admin_email"] }, use: "email" },
        { when: { column: "meta_key", like: ["\\_site\\_transient\\_%", ...secretSettings] }, use: "clear" },
        { use: "text" },
      ],
    },
  },
  signups: "empty",
  registration_log: "empty",
};

const woocommerce: Readonly<Record<string, TableRule>> = {
  wc_orders: {
    columns: {
      ...columnsOf(
        "keep",
        "id status currency type tax_amount total_amount customer_id date_created_gmt date_updated_gmt parent_order_id payment_method payment_method_title",
      ),
      billing_email: "email",
      transaction_id: "hash",
      ip_address: "ip",
      user_agent: { use: "constant", value: "Mozilla/5.0" },
      customer_note: "text",
    },
  },
  wc_order_addresses: {
    columns: {
      ...columnsOf("keep", "id order_id address_type state country"),
      first_name: "first-name",
      last_name: "last-name",
      company: "company",
      address_1: "street",
      address_2: "clear",
      city: "city",
      postcode: "postcode",
      email: "email",
      phone: "phone",
    },
  },
  wc_order_operational_data: {
    columns: {
      ...columnsOf(
        "keep",
        "id order_id created_via woocommerce_version prices_include_tax coupon_usages_are_counted download_permission_granted new_order_email_sent order_stock_reduced date_paid_gmt date_completed_gmt shipping_tax_amount shipping_total_amount discount_tax_amount discount_total_amount recorded_sales",
      ),
      ...columnsOf("hash", "cart_hash order_key"),
    },
  },
  wc_orders_meta: orderMeta("id", "order_id"),
  wc_customer_lookup: {
    columns: {
      ...columnsOf("keep", "customer_id user_id date_last_active date_registered country state"),
      username: "user-name",
      first_name: "first-name",
      last_name: "last-name",
      email: "email",
      postcode: "postcode",
      city: "city",
    },
  },
  woocommerce_order_itemmeta: meta("meta_id", "order_item_id"),
  wc_admin_notes: { others: "text" },
  ...Object.fromEntries(
    "wc_order_stats wc_order_product_lookup wc_order_tax_lookup wc_order_coupon_lookup wc_product_meta_lookup wc_product_attributes_lookup wc_product_download_directories wc_category_lookup wc_tax_rate_classes wc_reserved_stock wc_admin_note_actions woocommerce_order_items woocommerce_attribute_taxonomies woocommerce_shipping_zones woocommerce_shipping_zone_locations woocommerce_shipping_zone_methods woocommerce_tax_rates woocommerce_tax_rate_locations"
      .split(" ")
      .map((name) => [name, "keep"] as const),
  ),
  ...Object.fromEntries(
    "wc_rate_limits wc_webhooks wc_download_log woocommerce_api_keys woocommerce_downloadable_product_permissions woocommerce_log woocommerce_payment_tokens woocommerce_payment_tokenmeta woocommerce_sessions actionscheduler_actions actionscheduler_claims actionscheduler_groups actionscheduler_logs"
      .split(" ")
      .map((name) => [name, "empty"] as const),
  ),
};

/** WordPress with several sites or one, and WooCommerce: tables as of WordPress 6.8 and WooCommerce 9. */
export const wordpress: DatasetPreset = {
  title: "WordPress and WooCommerce",
  prefix: "wp_",
  numbered: true,
  tables: { ...core, ...network, ...woocommerce },
  files: [
    ...[
      "**/*.sql",
      "**/*.sql.gz",
      "**/*.log",
      "**/*.bak",
      "**/*.zip",
      "**/*.tar",
      "**/*.tar.gz",
      "**/*.csv",
      "**/*.xls",
      "**/*.xlsx",
      "**/*.eml",
      "**/*.vcf",
    ].map((match) => ({ match, action: "drop" as const })),
    ...[
      "woocommerce_uploads/**",
      "wc-logs/**",
      "gravity_forms/**",
      "wpforms/**",
      "wpcf7_uploads/**",
      "ninja-forms/**",
      "backup*/**",
      "updraft/**",
      "cache/**",
    ].map((match) => ({
      mount: "wp-content/uploads",
      match,
      action: "drop" as const,
    })),
    { mount: "wp-content/uploads", match: "**", action: "keep", reason: "the site publishes its uploads" },
  ],
};
