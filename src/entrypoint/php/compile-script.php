<?php
// One request of prime-opcache: compiles a script and runs none of it. One that PHP refuses (another version's syntax) ends only this request.
error_reporting(0);
opcache_compile_file($_SERVER['HOWDAH_SCRIPT']);
