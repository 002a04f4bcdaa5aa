<?php
// WordPress without a browser and without wp-cli: `wordpress.php install` makes the tables and the administrator,
// `wordpress.php migrate` brings an older database to this code's version. Runs in the code root; reads HOWDAH_* of the environment.
declare(strict_types=1);

define('WP_INSTALLING', true);
$finished = false;
register_shutdown_function(static function () use (&$finished): void {
    // wp_die() ends with HTML and exit code 0 or 1 as it pleases: not having come to the end is a failure.
    if (!$finished) {
        fwrite(STDERR, "WordPress stopped before its end\n");
        exit(1);
    }
});

/** Nothing is mailed from here: a missing mail server must not hold up an installation. */
function wp_mail(): bool
{
    return true;
}

$url = parse_url(getenv('HOWDAH_URL') ?: 'http://localhost');
$_SERVER['HTTP_HOST'] = $_SERVER['SERVER_NAME'] = ($url['host'] ?? 'localhost') . (isset($url['port']) ? ':' . $url['port'] : '');
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
if (($url['scheme'] ?? 'http') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

require getcwd() . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
// The installer asks its own site whether pretty permalinks work; nothing answers yet, and nginx's front controller is known to work.
add_filter('pre_http_request', static function () {
    return new WP_Error('howdah', 'No requests while installing');
});

if (($argv[1] ?? '') === 'install' && !is_blog_installed()) {
    $user = getenv('HOWDAH_ADMIN_USER') ?: 'admin';
    $host = $url['host'] ?? 'localhost';
    $email = getenv('HOWDAH_ADMIN_EMAIL') ?: 'admin@' . (strpos($host, '.') === false ? 'example.org' : $host);
    $password = (string) getenv('HOWDAH_ADMIN_PASSWORD');
    if ($password === '') {
        fwrite(STDERR, "HOWDAH_ADMIN_PASSWORD is not set\n");
        $finished = true;
        exit(1);
    }
    $language = getenv('HOWDAH_LANGUAGE') ?: '';
    wp_install(getenv('HOWDAH_SITE_TITLE') ?: 'WordPress', $user, $email, true, '', wp_slash($password), $language);
    $GLOBALS['wp_rewrite']->set_permalink_structure('/%year%/%monthnum%/%day%/%postname%/');
    flush_rewrite_rules(false);
    wp_cache_flush();
    $done = is_blog_installed();
    echo $done ? "WordPress is installed, administrator $user\n" : "WordPress is not installed\n";
    $finished = true;
    exit($done ? 0 : 1);
}

if (is_blog_installed()) {
    $before = get_option('db_version');
    wp_upgrade();
    wp_cache_flush();
    $after = get_option('db_version');
    echo $before === $after ? "WordPress's database is at version $after\n" : "WordPress's database went from version $before to $after\n";
    $finished = true;
    exit((int) $after === (int) $GLOBALS['wp_db_version'] || (int) $after > 0 ? 0 : 1);
}
echo "WordPress has no tables\n";
$finished = true;
exit(($argv[1] ?? '') === 'migrate' ? 0 : 1);
