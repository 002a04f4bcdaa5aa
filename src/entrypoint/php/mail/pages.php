<?php
declare(strict_types=1);

namespace Howdah\Mail;

const STYLE = <<<'CSS'
:root{color-scheme:light dark;--line:#d8dde3;--soft:#5b6570;--back:#fff;--card:#f6f8fa;--ink:#1c2128;--blue:#0b5cad}
@media(prefers-color-scheme:dark){:root{--line:#343b44;--soft:#9aa4af;--back:#16191d;--card:#1e2329;--ink:#e6e9ed;--blue:#6cb2f5}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;background:var(--back);color:var(--ink)}
header,main{max-width:60rem;margin:0 auto;padding:1rem}header{display:flex;gap:1rem;align-items:baseline;justify-content:space-between;flex-wrap:wrap}
h1{font-size:1.25rem;margin:0;overflow-wrap:anywhere}a{color:var(--blue)}p{margin:.5rem 0}.soft{color:var(--soft)}
button{font:inherit;padding:.25rem .75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);color:inherit;cursor:pointer}
ul.mails{list-style:none;margin:0;padding:0;border:1px solid var(--line);border-radius:.5rem}ul.mails li+li{border-top:1px solid var(--line)}
ul.mails a{display:grid;grid-template-columns:minmax(0,14rem) minmax(0,1fr) auto;gap:0 1rem;padding:.6rem .9rem;text-decoration:none;color:inherit}
ul.mails a:hover,ul.mails a:focus{background:var(--card)}ul.mails span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}ul.mails .subject{font-weight:600}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:1rem 0;padding:.8rem 1rem;background:var(--card);border-radius:.5rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid var(--line);border-radius:.5rem;font:13px/1.5 ui-monospace,monospace}
iframe{width:100%;height:32rem;border:1px solid var(--line);border-radius:.5rem;background:#fff}h2{font-size:1rem;margin:1.2rem 0 .4rem}
@media(max-width:40rem){ul.mails a{grid-template-columns:minmax(0,1fr) auto}ul.mails .subject{grid-column:1/-1;grid-row:2}}
CSS;

/** Any text as HTML. */
function e(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

function size_words(int $bytes): string
{
    return $bytes < 1024 ? "$bytes B" : ($bytes < 1 << 20 ? round($bytes / 1024) . ' kB' : round($bytes / (1 << 20), 1) . ' MB');
}

/** A time that both people and programs read. */
function time_tag(string $received): string
{
    return '<time class="soft" datetime="' . e($received) . '">' . e(str_replace('T', ' ', substr($received, 0, 19))) . ' UTC</time>';
}

function button_to(string $action, string $words): string
{
    return '<form method="post" action="' . e($action) . '"><button>' . e($words) . '</button></form>';
}

/** A whole page. Nothing on it runs, and nothing of it comes from elsewhere. */
function page(string $title, string $header, string $main, bool $reloads = false): string
{
    return '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        . ($reloads ? '<meta http-equiv="refresh" content="10">' : '')
        . '<title>' . e($title) . '</title><style>' . STYLE . "</style></head><body><header>$header</header><main>$main</main></body></html>\n";
}

/** @param list<array<string, mixed>> $mails @param int $all how many there are */
function list_page(array $mails, int $all): string
{
    $rows = '';
    foreach ($mails as $mail) {
        $to = implode(', ', $mail['to']);
        $rows .= '<li><a href="' . e($mail['id']) . '"><span title="' . e($to) . '">' . e($to !== '' ? $to : '(nobody)') . '</span><span class="subject">'
            . e($mail['subject'] !== '' ? $mail['subject'] : '(no subject)') . '</span>' . time_tag($mail['received']) . '</a></li>';
    }
    $main = $rows === ''
        ? '<p>Nothing yet. Whatever this environment sends by mail appears here and goes nowhere else.</p>'
        : "<ul class=\"mails\">$rows</ul>" . ($all > count($mails) ? '<p class="soft">The newest ' . count($mails) . " of $all.</p>" : '');
    $header = '<h1>Mail of this environment</h1>' . ($all > 0 ? button_to('clear', 'Delete all') : '');
    return page('Mail', $header, $main . '<p class="soft">The newest ' . MOST_MAILS . ' mails of ' . MOST_DAYS . ' days are kept.</p>', true);
}

/** @param array<string, mixed> $mail */
function mail_page(array $mail): string
{
    $id = $mail['id'];
    $subject = $mail['subject'] !== '' ? $mail['subject'] : '(no subject)';
    $facts = ['From' => $mail['from'], 'To' => implode(', ', $mail['to']), 'Reply to' => $mail['replyTo'], 'Sender' => $mail['sender'], 'Sent by' => $mail['by'], 'Size' => size_words($mail['bytes'])];
    $list = '<dt>Received</dt><dd>' . time_tag($mail['received']) . '</dd>';
    foreach (array_filter($facts, static fn(string $fact): bool => $fact !== '') as $name => $fact) {
        $list .= '<dt>' . e($name) . '</dt><dd>' . e($fact) . '</dd>';
    }
    $main = '<p><a href="./">All mails</a> · <a href="' . e($id) . '/raw">as it was sent</a></p>' . "<dl>$list</dl>";
    if ($mail['html'] !== null) {
        // No scripts, no forms, no pictures from elsewhere; links open by themselves.
        $main .= '<h2>HTML</h2><iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" src="' . e($id) . '/html"></iframe>';
    }
    if ($mail['text'] !== null) {
        $main .= '<h2>Text</h2><pre>' . e($mail['text']) . '</pre>';
    }
    $files = '';
    foreach ($mail['attachments'] as $file) {
        $files .= '<li><a href="' . e("$id/part/{$file['number']}") . '" download>' . e($file['name']) . '</a> <span class="soft">' . e($file['type']) . ', ' . size_words($file['bytes']) . '</span></li>';
    }
    $main .= $files === '' ? '' : "<h2>Attachments</h2><ul>$files</ul>";
    return page($subject, '<h1>' . e($subject) . '</h1>' . button_to("$id/delete", 'Delete'), $main);
}

/** A mail's HTML for the frame: its own pictures (`cid:`) become part of it, links open in a tab of their own. @param array<string, mixed> $mail */
function framed_html(array $mail): string
{
    $pictures = [];
    foreach ($mail['parts'] as $part) {
        if ($part['id'] !== '' && in_array($part['type'], ['image/png', 'image/jpeg', 'image/gif', 'image/webp'], true)) {
            $pictures['cid:' . $part['id']] = "data:{$part['type']};base64," . base64_encode($part['body']);
        }
    }
    return '<!doctype html><meta charset="utf-8"><base target="_blank">' . strtr((string) $mail['html'], $pictures);
}
