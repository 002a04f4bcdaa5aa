import { siteUrl } from "./site-url.ts";

/** wp-config.php of WordPress: everything from the environment, so that one image serves any database and hostname. */
export const wordpress = String.raw`<?php
// Written by Howdah (preset "wordpress"): every value comes from the environment.
define('DB_NAME', (string) getenv('DB_NAME'));
define('DB_USER', (string) getenv('DB_USER'));
define('DB_PASSWORD', (string) getenv('DB_PASSWORD'));
define('DB_HOST', getenv('DB_HOST') . ':' . (getenv('DB_PORT') ?: '3306'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');

define('AUTH_KEY', (string) getenv('WP_AUTH_KEY'));
define('SECURE_AUTH_KEY', (string) getenv('WP_SECURE_AUTH_KEY'));
define('LOGGED_IN_KEY', (string) getenv('WP_LOGGED_IN_KEY'));
define('NONCE_KEY', (string) getenv('WP_NONCE_KEY'));
define('AUTH_SALT', (string) getenv('WP_AUTH_SALT'));
define('SECURE_AUTH_SALT', (string) getenv('WP_SECURE_AUTH_SALT'));
define('LOGGED_IN_SALT', (string) getenv('WP_LOGGED_IN_SALT'));
define('NONCE_SALT', (string) getenv('WP_NONCE_SALT'));

$table_prefix = getenv('WP_TABLE_PREFIX') ?: 'wp_';

${siteUrl}define('WP_HOME', $howdah_url);
define('WP_SITEURL', $howdah_url);

// wp-cron.php runs as a cron where the site has one for it, else in a visitor's request.
define('DISABLE_WP_CRON', strpos((string) getenv('HOWDAH_CRONS'), 'wp-cron.php') !== false);
define('FS_METHOD', 'direct');
define('WP_TEMP_DIR', sys_get_temp_dir());
// With sealed code an update in the admin could not work; the next image brings it.
if (!is_writable(__DIR__)) {
    define('DISALLOW_FILE_MODS', true);
    define('AUTOMATIC_UPDATER_DISABLED', true);
}
define('WP_DEBUG', getenv('WP_DEBUG') === '1' || getenv('WP_DEBUG') === 'true');
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', false);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
`;
