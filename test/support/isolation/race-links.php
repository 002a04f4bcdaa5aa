<?php
// A program of a site that puts symbolic links in the place of its files (f0…) and directories (d0…) and takes them away again, as fast as it
// can, until it is ended: php race-links.php DIRECTORY COUNT OUTSIDE. All of them become links, then all are themselves again, some
// thousand times a second: whoever looks at one and then opens it meets the change between the two now and then.
[, $root, $count, $outside] = $argv;
$away = dirname($root) . '/away';
mkdir($away);
for ($at = 0; $at < $count; $at++) {
    symlink("$outside/secret", "$away/link-f$at");
    symlink($outside, "$away/link-d$at");
}
for (;;) {
    foreach (['f', 'd'] as $kind) {
        for ($at = 0; $at < $count; $at++) {
            @rename("$root/$kind$at", "$away/own-$kind$at");
            @rename("$away/link-$kind$at", "$root/$kind$at");
        }
        for ($at = 0; $at < $count; $at++) {
            @rename("$root/$kind$at", "$away/link-$kind$at");
            @rename("$away/own-$kind$at", "$root/$kind$at");
        }
    }
}
