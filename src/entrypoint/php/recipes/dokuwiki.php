<?php
// DokuWiki without its installer: `dokuwiki.php install` writes the administrator and who may read and write, once;
// `dokuwiki.php migrate` brings the files in conf/ that nobody may edit to this release (a volume hides what the image has there).
declare(strict_types=1);

$conf = getcwd() . '/conf';

/** Writes a file unless it is there: what an administrator changed stays. */
function write_once(string $path, string $content): void
{
    if (is_file($path) && filesize($path) > 0) {
        return;
    }
    if (file_put_contents("$path.tmp", $content) !== strlen($content) || !rename("$path.tmp", $path)) {
        fwrite(STDERR, "Can't write $path\n");
        exit(1);
    }
}

if (($argv[1] ?? '') === 'migrate') {
    // Beside the mounts when code is sealed, with the whole tree when it is writable.
    $seed = (getenv('HOWDAH_SEEDS') ?: '/usr/share/howdah/seed') . '/conf';
    $seed = is_dir($seed) ? $seed : '/usr/share/howdah/code/conf';
    $personal = '/^(local|users\.auth|acl\.auth)\.|\.local\.|\.protected\.|^user/';
    foreach (is_dir($seed) ? scandir($seed) : [] as $name) {
        if (is_file("$seed/$name") && !preg_match($personal, $name) && (!is_file("$conf/$name") || md5_file("$seed/$name") !== md5_file("$conf/$name"))) {
            copy("$seed/$name", "$conf/$name.tmp") && rename("$conf/$name.tmp", "$conf/$name");
            echo "conf/$name is this release's\n";
        }
    }
    exit(0);
}

$password = (string) getenv('HOWDAH_ADMIN_PASSWORD');
$user = strtolower(getenv('HOWDAH_ADMIN_USER') ?: 'admin');
if ($password === '' || !preg_match('/^[a-z0-9._-]+$/', $user)) {
    fwrite(STDERR, "HOWDAH_ADMIN_PASSWORD is not set, or HOWDAH_ADMIN_USER is no login name\n");
    exit(1);
}
$title = var_export(getenv('HOWDAH_SITE_TITLE') ?: 'DokuWiki', true);
$language = var_export(getenv('HOWDAH_LANGUAGE') ?: 'en', true);
// bcrypt, as DokuWiki itself writes it; `:` separates fields and can't be in the hash.
$hash = password_hash($password, PASSWORD_BCRYPT);
$email = str_replace(':', '', getenv('HOWDAH_ADMIN_EMAIL') ?: 'admin@example.org');
$head = "# <?php exit()?>\n# Don't modify the lines above\n";
write_once("$conf/users.auth.php", "$head#\n# login:passwordhash:Real Name:email:groups,comma,separated\n\n$user:$hash:Administrator:$email:admin,user\n");
write_once("$conf/acl.auth.php", "$head#\n*\t@ALL\t1\n*\t@user\t8\n");
write_once("$conf/local.php", "<?php\n\$conf['savedir'] = './data';\n\$conf['title'] = $title;\n\$conf['lang'] = $language;\n\$conf['useacl'] = 1;\n\$conf['superuser'] = '@admin';\n\$conf['disableactions'] = 'register';\n\$conf['userewrite'] = '1';\n");
echo "DokuWiki is installed, administrator $user\n";
