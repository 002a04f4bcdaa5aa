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

// TLS ends at the edge; nginx passes on what the edge says and nothing that a browser claims.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

// The address of the request when it is one of the site's own hostnames (so any port and scheme works), else the main one.
$howdah_url = (static function (): string {
    $main = rtrim(getenv('HOWDAH_URL') ?: 'http://localhost', '/');
    $host = strtolower($_SERVER['HTTP_HOST'] ?? '');
    if (!preg_match('/^([a-z0-9.-]+)(:[0-9]{1,5})?$/D', $host, $part)) {
        return $main;
    }
    $names = array_filter(explode(',', getenv('HOWDAH_HOSTNAMES') . ',' . parse_url($main, PHP_URL_HOST)));
    foreach ($names as $name) {
        if ($part[1] === $name || (strncmp($name, '*.', 2) === 0 && substr($part[1], -strlen($name) + 1) === substr($name, 1))) {
            return (($_SERVER['HTTPS'] ?? '') === 'on' ? 'https://' : 'http://') . $host;
        }
    }
    return $main;
})();
define('WP_HOME', $howdah_url);
define('WP_SITEURL', $howdah_url);

// wp-cron.php runs as a cron of the site, not in a visitor's request.
define('DISABLE_WP_CRON', true);
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
