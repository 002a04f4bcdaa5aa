/** Rows of INSERT … SELECT at one time: a transaction of its own each. */
const AT_ONCE = 50_000;

const FIRST = "ELT(1 + MOD(seq * 7, 8), 'Anna', 'Björn', 'Cem', 'Dörte', 'Emil', 'Fatma', 'Georg', 'Hanna')";
const LAST = "ELT(1 + MOD(seq * 11, 9), 'Albrecht', 'Brandt', 'Çelik', 'Dietrich', 'Engel', 'Fuchs', 'Günther', 'Hartmann', 'Ivanov')";
const MAIL = "CONCAT('kunde', seq, '.', MOD(seq * 13, 977), '@mail-', MOD(seq, 400), '.example.org')";
const PHONE = "CONCAT('+49 30 ', 1000000 + MOD(seq * 7919, 8999999))";
const WORDS = "CONCAT(SHA2(seq, 256), ' ', SHA2(seq + 1, 256))";

function serialized(pairs: readonly (readonly [string, string])[]): string {
  const inner = pairs.map(([key, value]) => `'s:${String(key.length)}:"${key}";s:', LENGTH(${value}), ':"', ${value}, '";'`).join(", ");
  return `CONCAT('a:${String(pairs.length)}:{', ${inner}, '}')`;
}

const TABLES: readonly { readonly name: string; readonly columns: string; readonly perUser: number; readonly select: string }[] = [
  {
    name: "wp_users",
    columns:
      "ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_login VARCHAR(60) NOT NULL DEFAULT '', user_pass VARCHAR(255) NOT NULL DEFAULT '', user_nicename VARCHAR(50) NOT NULL DEFAULT '', user_email VARCHAR(100) NOT NULL DEFAULT '', user_url VARCHAR(100) NOT NULL DEFAULT '', user_registered DATETIME NOT NULL DEFAULT '2020-01-01', user_activation_key VARCHAR(255) NOT NULL DEFAULT '', user_status INT NOT NULL DEFAULT 0, display_name VARCHAR(250) NOT NULL DEFAULT '', KEY user_login_key (user_login), KEY user_nicename (user_nicename), KEY user_email (user_email)",
    perUser: 1,
    select: `seq, CONCAT('kunde', seq), CONCAT('$P$B', LEFT(SHA2(seq, 256), 30)), CONCAT('kunde', seq), ${MAIL}, '', '2020-01-01' + INTERVAL MOD(seq, 2000) DAY, '', 0, CONCAT(${FIRST}, ' ', ${LAST})`,
  },
  {
    name: "wp_usermeta",
    columns:
      "umeta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id BIGINT UNSIGNED NOT NULL DEFAULT 0, meta_key VARCHAR(255), meta_value LONGTEXT, KEY user_id (user_id), KEY meta_key (meta_key(191))",
    perUser: 6,
    select: `seq, 1 + seq DIV 6, ELT(1 + MOD(seq, 6), 'first_name', 'last_name', 'billing_email', 'billing_phone', 'wp_capabilities', 'profile'), CASE MOD(seq, 6) WHEN 0 THEN ${FIRST} WHEN 1 THEN ${LAST} WHEN 2 THEN ${MAIL} WHEN 3 THEN ${PHONE} WHEN 4 THEN 'a:1:{s:8:"customer";b:1;}' ELSE ${serialized(
      [
        ["mail", MAIL],
        ["phone", PHONE],
      ],
    )} END`,
  },
  {
    name: "wp_posts",
    columns:
      "ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, post_author BIGINT UNSIGNED NOT NULL DEFAULT 0, post_date DATETIME NOT NULL DEFAULT '2020-01-01', post_date_gmt DATETIME NOT NULL DEFAULT '2020-01-01', post_content LONGTEXT NOT NULL, post_title TEXT NOT NULL, post_excerpt TEXT NOT NULL, post_status VARCHAR(20) NOT NULL DEFAULT 'publish', comment_status VARCHAR(20) NOT NULL DEFAULT 'open', ping_status VARCHAR(20) NOT NULL DEFAULT 'open', post_password VARCHAR(255) NOT NULL DEFAULT '', post_name VARCHAR(200) NOT NULL DEFAULT '', to_ping TEXT NOT NULL, pinged TEXT NOT NULL, post_modified DATETIME NOT NULL DEFAULT '2020-01-01', post_modified_gmt DATETIME NOT NULL DEFAULT '2020-01-01', post_content_filtered LONGTEXT NOT NULL, post_parent BIGINT UNSIGNED NOT NULL DEFAULT 0, guid VARCHAR(255) NOT NULL DEFAULT '', menu_order INT NOT NULL DEFAULT 0, post_type VARCHAR(20) NOT NULL DEFAULT 'post', post_mime_type VARCHAR(100) NOT NULL DEFAULT '', comment_count BIGINT NOT NULL DEFAULT 0, KEY post_name (post_name(191)), KEY type_status_date (post_type, post_status, post_date, ID), KEY post_author (post_author)",
    perUser: 1,
    select: `seq, 1, '2024-01-01', '2024-01-01', REPEAT(${WORDS}, 4), CONCAT('Post ', seq), '', 'publish', 'open', 'open', '', CONCAT('post-', seq), '', '', '2024-01-01', '2024-01-01', '', 0, CONCAT('http://shop.localhost/?p=', seq), 0, 'post', '', 0`,
  },
  {
    name: "wp_comments",
    columns:
      "comment_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, comment_post_ID BIGINT UNSIGNED NOT NULL DEFAULT 0, comment_author TINYTEXT NOT NULL, comment_author_email VARCHAR(100) NOT NULL DEFAULT '', comment_author_url VARCHAR(200) NOT NULL DEFAULT '', comment_author_IP VARCHAR(100) NOT NULL DEFAULT '', comment_date DATETIME NOT NULL DEFAULT '2020-01-01', comment_date_gmt DATETIME NOT NULL DEFAULT '2020-01-01', comment_content TEXT NOT NULL, comment_karma INT NOT NULL DEFAULT 0, comment_approved VARCHAR(20) NOT NULL DEFAULT '1', comment_agent VARCHAR(255) NOT NULL DEFAULT '', comment_type VARCHAR(20) NOT NULL DEFAULT 'comment', comment_parent BIGINT UNSIGNED NOT NULL DEFAULT 0, user_id BIGINT UNSIGNED NOT NULL DEFAULT 0, KEY comment_post_ID (comment_post_ID), KEY comment_author_email (comment_author_email(10))",
    perUser: 4,
    select: `seq, 1 + MOD(seq, 1000), CONCAT(${FIRST}, ' ', ${LAST}), ${MAIL}, '', CONCAT('84.', MOD(seq, 250), '.', MOD(seq * 3, 250), '.', 1 + MOD(seq * 7, 250)), '2024-01-01', '2024-01-01', CONCAT(${WORDS}, ' write to ', ${MAIL}), 0, '1', 'Mozilla/5.0', 'comment', 0, 1 + MOD(seq, 1000)`,
  },
  {
    name: "wp_wc_orders",
    columns:
      "id BIGINT UNSIGNED NOT NULL PRIMARY KEY, status VARCHAR(20), currency VARCHAR(10), type VARCHAR(20), tax_amount DECIMAL(26,8), total_amount DECIMAL(26,8), customer_id BIGINT UNSIGNED, billing_email VARCHAR(320), date_created_gmt DATETIME, date_updated_gmt DATETIME, parent_order_id BIGINT UNSIGNED, payment_method VARCHAR(100), payment_method_title TEXT, transaction_id VARCHAR(100), ip_address VARCHAR(100), user_agent TEXT, customer_note TEXT, KEY customer_id_billing_email (customer_id, billing_email(171)), KEY billing_email (billing_email(191))",
    perUser: 3,
    select: `seq, 'wc-completed', 'EUR', 'shop_order', 1.9, MOD(seq, 500), 1 + MOD(seq, 1000), ${MAIL}, '2024-01-01', '2024-01-01', 0, 'paypal', 'PayPal', SHA2(seq, 224), '84.1.2.3', 'Mozilla/5.0', CONCAT('please call ', ${PHONE})`,
  },
];

/** A WordPress with a shop, as SQL, one statement after another: so many people, six times as much of what is known of them, four times of what they said, three times of what they bought. */
export function* wordpressStatements(people: number): Generator<string> {
  for (const { name, columns, perUser, select } of TABLES) {
    yield `CREATE TABLE ${name} (${columns}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;`;
    const rows = people * perUser;
    for (let from = 1; from <= rows; from += AT_ONCE)
      yield `INSERT INTO ${name} SELECT ${select} FROM seq_${String(from)}_to_${String(Math.min(rows, from + AT_ONCE - 1))};`;
  }
}

/** How many rows they make. */
export function wordpressRows(people: number): number {
  return TABLES.reduce((sum, { perUser }) => sum + people * perUser, 0);
}
